"""How the official client is made from a store's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from elastic_transport import BaseAsyncNode
from elasticsearch import AsyncElasticsearch


@dataclass(frozen=True)
class Connection:
    """Where a server is and how to be let in; secrets are not shown by `repr`."""

    url: str | Sequence[str]
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca_certs: str = ""
    fingerprint: str = ""
    timeout: float = 30.0
    node_class: type[BaseAsyncNode] | None = None

    @property
    def urls(self) -> list[str]:
        """The addresses, each with a port, which the client wants."""
        given = [self.url] if isinstance(self.url, str) else self.url
        return [_with_port(one) for one in given]

    @property
    def where(self) -> str:
        """The addresses for people, without credentials."""
        return ", ".join(_public(one) for one in self.urls)

    def client(self) -> AsyncElasticsearch:
        """A new client. It does not retry: the store does, and knows how long."""
        options: dict[str, Any] = {"request_timeout": self.timeout, "max_retries": 0, "retry_on_timeout": False}
        if self.api_key:
            options["api_key"] = self.api_key
        elif self.user:
            options["basic_auth"] = (self.user, self.password)
        if self.ca_certs:
            options["ca_certs"] = self.ca_certs
        if self.fingerprint:
            options["ssl_assert_fingerprint"] = self.fingerprint
        if self.node_class is not None:
            options["node_class"] = self.node_class
        return AsyncElasticsearch(self.urls, **options)


def _with_port(url: str) -> str:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.port is not None:
        return urlunsplit(parts)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 9200}"))


def _public(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
