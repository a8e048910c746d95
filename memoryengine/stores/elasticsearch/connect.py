"""How the official client is made from a store's settings, which are checked before anything is sent."""

from __future__ import annotations

import logging
import re
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

import orjson
from elastic_transport import BaseAsyncNode
from elasticsearch import AsyncElasticsearch, JsonSerializer

from ...errors import ConfigError
from .node import Node

# The transport warns of each node that it cannot reach, and the store's errors say all of it: whoever wants the
# warnings adds a handler, and nobody gets them on the screen by default.
logging.getLogger("elastic_transport").addHandler(logging.NullHandler())

FINGERPRINT_DIGITS = 64
_VISIBLE = re.compile(r"[!-~]+")


class FastJson(JsonSerializer):
    """Reads answers by orjson, for those to a search are large; requests may hold what only the standard one writes."""

    def json_loads(self, data: bytes) -> Any:
        """The answer."""
        return orjson.loads(data)


@dataclass(frozen=True)
class Connection:
    """Where a server is and how to be let in; secrets are not shown by `repr`, nor by any error.

    Raises `ConfigError` for what can never work.
    """

    url: str | Sequence[str] = field(repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca_certs: str = ""
    fingerprint: str = ""
    timeout: float = 30.0
    node_class: type[BaseAsyncNode] | None = None

    def __post_init__(self) -> None:
        if not self.urls:
            raise ConfigError("The store's url is an empty list: name one address of the cluster or several.")
        schemes = {urlsplit(url).scheme for url in self.urls}
        if schemes != {"https"} and (self.ca_certs or self.fingerprint):
            raise ConfigError(
                f"The store at {self.where} is given ca_certs or a fingerprint, which only https has: write https in "
                "the url, or take them away."
            )
        ways = {"user": bool(self.user), "api_key": bool(self.api_key), "url": any("@" in url for url in self.urls)}
        if sum(ways.values()) > 1:
            named = " and ".join(name for name, given in ways.items() if given)
            raise ConfigError(f"The store at {self.where} is given credentials by {named}: give them once.")
        if (self.password and not self.user) or ":" in (self.user or ""):
            raise ConfigError(f"The store at {self.where} needs a user for its password, without a colon in the name.")
        if self.api_key and not _VISIBLE.fullmatch(self.api_key.strip()):
            raise ConfigError(f"The api_key for the store at {self.where} has a sign that no key has: copy it anew.")
        _check_authority(self.ca_certs)
        _check_fingerprint(self.fingerprint)

    @property
    def urls(self) -> list[str]:
        """The addresses, each with a port, which the client wants."""
        given = [self.url] if isinstance(self.url, str) else self.url
        return [_with_port(one) for one in given]

    @property
    def where(self) -> str:
        """The addresses for people, without credentials."""
        return ", ".join(map(_public, self.urls))

    def client(self) -> AsyncElasticsearch:
        """A new client. It does not retry: the store does, and knows how long."""
        options: dict[str, Any] = {"request_timeout": self.timeout, "max_retries": 0, "retry_on_timeout": False}
        options["node_class"] = self.node_class or Node
        options["serializers"] = {FastJson.mimetype: FastJson()}
        if self.api_key:
            key = self.api_key.strip()
            # Elasticsearch gives a key as id and secret, and encoded as it is sent.
            options["headers"] = {"authorization": f"ApiKey {_encoded(key) if ':' in key else key}"}
        elif self.user:
            # The client's own way takes only ASCII.
            options["headers"] = {"authorization": f"Basic {_encoded(f'{self.user}:{self.password}')}"}
        if self.ca_certs:
            options["ca_certs"] = self.ca_certs
        if self.fingerprint:
            options["ssl_assert_fingerprint"] = self.fingerprint
        return AsyncElasticsearch(self.urls, **options)


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _with_port(url: str) -> str:
    """An address with scheme and port; raises `ConfigError` if it is none, without telling who logs in."""
    try:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        port = parts.port
    except ValueError:  # a password with one of /?#@: in it comes here too
        raise _no_url(url) from None
    host = parts.hostname or ""
    more = parts.query or parts.fragment or "@" in parts.path
    if parts.scheme not in ("http", "https") or not host or host != "".join(host.split()) or more:
        raise _no_url(url)
    if port is not None:
        return _joined(parts)
    return _joined(parts._replace(netloc=f"{parts.netloc}:{443 if parts.scheme == 'https' else 9200}"))


def _joined(parts: SplitResult) -> str:
    return urlunsplit(parts._replace(path=parts.path.rstrip("/")))


def _no_url(url: str) -> ConfigError:
    shown = f"...@{url.rpartition('@')[2]}" if "@" in url else url
    return ConfigError(
        f"The store's url is {shown!r}: it must be like http://127.0.0.1:9200 or https://user:password@host:9200, with "
        "the signs :/?#@ of a password written as %3A %2F %3F %23 %40."
    )


def _public(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _check_authority(path: str) -> None:
    if not path:
        return
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:  # an error of TLS is an OSError too
        raise ConfigError(
            f"The store's ca_certs is {path!r}, which cannot be used ({error}): name a file with the certificate of "
            "the authority as PEM."
        ) from error


def _check_fingerprint(text: str) -> None:
    digits = text.replace(":", "").lower()
    if digits and (len(digits) != FINGERPRINT_DIGITS or set(digits) - set("0123456789abcdef")):
        raise ConfigError(
            f"The store's fingerprint is {text!r}: it must be the SHA-256 of the server's certificate, "
            f"{FINGERPRINT_DIGITS} hexadecimal digits, with or without colons."
        )
