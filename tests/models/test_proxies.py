"""Which proxy is asked, by the environment, for all models alike."""

from __future__ import annotations

import asyncio

import pytest

from memoryengine.errors import ModelUnavailable
from memoryengine.models.proxies import proxy_of

from .conftest import Build
from .test_faults import call_of

NAMES = [name for kind in ("HTTP", "HTTPS", "ALL", "NO") for name in (f"{kind}_PROXY", f"{kind.lower()}_proxy")]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_proxy_of_the_address_goes_before_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_of("https://api.example.com/v1") is None
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:7890")
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:7891")
    assert proxy_of("https://api.example.com/v1") == "http://127.0.0.1:7891"
    monkeypatch.setenv("NO_PROXY", "localhost,example.com")
    assert proxy_of("https://api.example.com/v1") is None
    assert proxy_of("http://localhost:80/v1") is None


def test_a_socks_proxy_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:7890")
    with pytest.raises(ModelUnavailable) as refused:
        proxy_of("https://api.example.com/v1")
    assert "'socks5'" in refused.value.message
    assert "HTTPS_PROXY" in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("kind", ["chat", "embedder"])
async def test_a_local_endpoint_is_reached_beside_a_socks_proxy(
    build: Build, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="NO_PROXY"):
        await call_of(build, kind)()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert await call_of(build, kind)()
    assert await asyncio.gather(call_of(build, kind)(), call_of(build, kind)())
