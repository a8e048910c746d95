"""The proxy that the environment names for an address."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests.utils

from ..errors import ModelUnavailable


def proxy_of(url: str) -> str | None:
    """The HTTP proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY for an address that NO_PROXY does not except, or None.

    Raises `ModelUnavailable` for one that speaks another protocol. That of the address itself goes before ALL_PROXY,
    which many people set to SOCKS beside the others.
    """
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    spoken = urlsplit(proxy).scheme.lower()
    if spoken not in ("http", "https"):
        scheme = urlsplit(url).scheme.upper()
        raise ModelUnavailable(
            f"The environment names a proxy that speaks {spoken!r} for {urlsplit(url).hostname}, and only HTTP proxies "
            f"are spoken here. Set {scheme}_PROXY to an HTTP proxy (most proxy programs have one too), or put the host "
            "into NO_PROXY to reach it directly."
        )
    return proxy
