"""Who may not come in is told why and what to do, by an error that keeps every secret."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import secrets
import ssl
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from memoryengine.errors import (
    ConfigError,
    DeletionPending,
    MemoryEngineError,
    StoreUnavailable,
    StoreUnreadable,
)
from memoryengine.filters import EVERYTHING
from memoryengine.ports import KeywordQuery, Query, VectorQuery
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, ENTRY, SPACE, note, put
from memoryengine.values import Scope

from ..elasticsearch_server import SecuredServer
from .elasticsearch_stores import opened_store, prefix_for
from .flaky_proxy import FlakyProxy, flaky_proxy, late, refused

pytestmark = pytest.mark.elasticsearch

SECRET = "geheim:/?#@ä"
DEAD = "http://127.0.0.1:1"


def told(error: BaseException) -> str:
    """All that a program could show of an error: its sentence, its causes and their traceback."""
    return "".join(traceback.format_exception(error)) + str(error) + repr(error)


@pytest_asyncio.fixture
async def prefix(es_secured: SecuredServer) -> AsyncIterator[str]:
    """A prefix that the roles of tests/elasticsearch_roles.yml cover."""
    made = f"memoryengine-t-{secrets.token_hex(5)}"
    yield made
    sees = AsyncElasticsearch(es_secured.url, basic_auth=(es_secured.user, es_secured.password), ca_certs=es_secured.ca)
    async with sees as client:
        found = await client.indices.get(index=f"{made}-*", features=["aliases"])
        if found.body:
            await client.indices.delete(index=",".join(found.body))


@asynccontextmanager
async def as_role(server: SecuredServer, role: str, prefix: str, **more: Any) -> AsyncIterator[ElasticsearchStore]:
    """A store that is opened as the user of a role."""
    store = ElasticsearchStore(
        server.url,
        **{
            "user": role,
            "password": server.password,
            "ca_certs": server.ca,
            "index_prefix": prefix,
            "patience": 10.0,
            **more,
        },
    )
    try:
        await store.open(COLLECTIONS, SPACE)
        yield store
    finally:
        await store.close()


async def refusal_of(url: Any, **settings: Any) -> MemoryEngineError:
    """The error of a store that cannot be opened."""
    store = ElasticsearchStore(url, **settings)
    with pytest.raises(MemoryEngineError) as caught:
        await store.open(COLLECTIONS, SPACE)
    await store.close()
    return caught.value


async def works(store: ElasticsearchStore) -> None:
    """All that a program does at run time."""
    scope = Scope(secrets.token_hex(4))
    await store.append(scope, "note", [note("n0", "apple"), note("n1", "fig")])
    assert await put(store, scope, note("n2", "apple pear")) == 1
    assert await store.attach(scope, "note", {"n0": [1, 0, 0, 0]}) == 1
    queries: list[Query] = [KeywordQuery("note", ("apple",)), VectorQuery("note", [1, 0, 0, 0])]
    assert [len(found) for found in await store.search(scope, queries)] == [2, 1]
    assert await store.count(scope, "note") == 3
    assert scope.user in await store.scopes("default")
    with pytest.raises(DeletionPending):
        await store.purge(scope, [("note", EVERYTHING)], entry=ENTRY)
    assert await store.count(scope, "note") == 0


# --- who is there -----------------------------------------------------------------------------------------------


async def test_wrong_credentials_are_named_and_not_shown(es_secured: SecuredServer) -> None:
    host = urlsplit(es_secured.url).netloc
    ways: list[dict[str, Any]] = [
        {"user": es_secured.user, "password": SECRET},
        {"user": "nobody-here", "password": es_secured.password},
        {"api_key": "id:geheim"},
        {"api_key": base64.b64encode(b"id:" + SECRET.encode()).decode()},
        {"url": f"https://{es_secured.user}:{quote(SECRET, safe='')}@{host}"},
        {},
    ]
    for way in ways:
        began = time.monotonic()
        error = await refusal_of(**{"url": es_secured.url, "ca_certs": es_secured.ca, **way})
        assert isinstance(error, StoreUnavailable)
        assert error.message == (
            f"Elasticsearch at {es_secured.url} refused the credentials: look at user, password or api_key."
        )
        assert not any(word in told(error) for word in ("geheim", quote(SECRET, safe=""), es_secured.password))
        assert time.monotonic() - began < 5, "it tried again what cannot pass"


async def test_each_way_in(es_secured: SecuredServer, prefix: str) -> None:
    parts = urlsplit(es_secured.url)
    assert parts.hostname is not None
    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((parts.hostname, parts.port or 443)))
    mine = hashlib.sha256(certificate).hexdigest()
    basic = {"user": es_secured.user, "password": es_secured.password}
    inside = f"https://{es_secured.user}:{es_secured.password}@{parts.netloc}"
    ways: list[dict[str, Any]] = [
        {**basic, "ca_certs": es_secured.ca},
        {**basic, "fingerprint": mine},
        {**basic, "fingerprint": ":".join(mine[n : n + 2] for n in range(0, 64, 2)).upper()},
        {"url": inside, "ca_certs": es_secured.ca},
        {"url": [inside.replace(str(parts.port), "1"), inside], "ca_certs": es_secured.ca},
    ]
    for way in ways:
        settings = {"url": es_secured.url, "index_prefix": prefix, "patience": 10, **way}
        store = ElasticsearchStore(**settings)
        await store.open(COLLECTIONS, SPACE)
        await works(store)
        said = str(await store.describe()) + repr(store._connection)
        assert es_secured.password not in said
        await store.close()


async def test_a_certificate_that_is_not_trusted(es_secured: SecuredServer, es_url: str) -> None:
    basic = {"user": es_secured.user, "password": es_secured.password}
    plain, other = es_secured.url.replace("https:", "http:"), es_url.replace("http:", "https:")
    cases: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        (es_secured.url, basic, ("(unable to get local issuer", "`ca_certs`", "`fingerprint`", es_secured.url)),
        (es_secured.url, {**basic, "fingerprint": "ab" * 32}, ("`fingerprint` names", "SHA-256 is ", es_secured.url)),
        (plain, basic, ("write https", plain)),
        (other, {}, ("does not speak TLS", "write http instead", other)),
    ]
    for url, settings, words in cases:
        began = time.monotonic()
        error = await refusal_of(url, **settings)
        assert isinstance(error, StoreUnavailable)
        assert all(word in error.message for word in words), error.message
        assert es_secured.password not in told(error)
        assert time.monotonic() - began < 7


# --- what one may -----------------------------------------------------------------------------------------------


async def test_which_rights_a_role_needs(es_secured: SecuredServer, prefix: str) -> None:
    """As README.md says: the owner makes the indices, the run-time role does all the rest with `create: false`."""
    for role in ("memoryengine_runtime", "memoryengine_reader"):
        with pytest.raises(StoreUnreadable, match="store init") as lacking:
            async with as_role(es_secured, role, prefix, create=False):
                pass
        assert "`create` is false" in lacking.value.message
        with pytest.raises(StoreUnavailable, match="too few rights") as denied:
            async with as_role(es_secured, role, prefix):
                pass
        assert "create_index" in denied.value.excerpt
    async with as_role(es_secured, "memoryengine_owner", prefix) as owner:
        await works(owner)
        assert await owner.erase(1) in (True, False)
        await put(owner, ALICE, note("a0", "apple"))
    async with as_role(es_secured, "memoryengine_runtime", prefix, create=False) as runtime:
        await works(runtime)
    async with as_role(es_secured, "memoryengine_runtime", prefix, erase_seconds=5) as cleaning:
        assert await cleaning.revision(ALICE) == 1
        with pytest.raises(DeletionPending, match="grants too few rights") as pending:
            await cleaning.purge(ALICE, [("note", EVERYTHING)], entry=ENTRY)
        assert pending.value.result == (1,)
        assert await cleaning.revision(ALICE) == 2


async def test_who_may_only_read_reads(es_secured: SecuredServer, prefix: str) -> None:
    async with (
        as_role(es_secured, "memoryengine_owner", prefix) as owner,
        as_role(es_secured, "memoryengine_reader", prefix, create=False) as reader,
    ):
        await put(owner, ALICE, note("n0", "apple"))
        assert [one.id for one in (await reader.page(ALICE, "note")).documents] == ["n0"]
        assert await reader.scopes("default") == ("alice",)
        for write in (
            lambda: reader.append(ALICE, "note", [note("n1", "fig")]),
            lambda: put(reader, ALICE, note("n1", "fig")),
            lambda: reader.attach(ALICE, "note", {"n0": [1, 0, 0, 0]}),
            lambda: reader.purge(ALICE, [("note", EVERYTHING)], entry=ENTRY),
        ):
            with pytest.raises(StoreUnavailable, match="too few rights") as caught:
                await write()
            assert "README.md" in caught.value.message
            assert "bulk" in caught.value.excerpt
        assert await owner.revision(ALICE) == 1
        assert await owner.count(ALICE, "note") == 1


def test_nothing_is_left_open_behind_an_error(es_secured: SecuredServer) -> None:
    """Four indices are asked for at the same time, and none may be made: no connection outlives the first refusal."""

    async def open_() -> MemoryEngineError:
        basic = {"user": "memoryengine_owner", "password": es_secured.password, "ca_certs": es_secured.ca}
        return await refusal_of(es_secured.url, index_prefix="another-program", **basic)

    for _ in range(2):
        error = asyncio.run(open_())
        gc.collect()  # what was left open would complain here
        assert isinstance(error, StoreUnavailable)
        assert "too few rights" in error.message
        assert "another-program" in error.excerpt


# --- what is sent -----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def proxy(es_url: str) -> AsyncIterator[FlakyProxy]:
    async with flaky_proxy(es_url) as made:
        yield made


async def test_what_is_sent_to_be_let_in(proxy: FlakyProxy, es_url: str) -> None:
    basic = "Basic " + base64.b64encode(b"me:" + SECRET.encode()).decode()
    key = base64.b64encode(b"id:secret").decode()
    inside = proxy.url.replace("//", f"//me:{quote(SECRET, safe='')}@")
    async with prefix_for(es_url) as prefix:
        ways: list[tuple[dict[str, Any], str | None]] = [
            ({"api_key": key}, f"ApiKey {key}"),
            ({"api_key": " id:secret\n"}, f"ApiKey {key}"),
            ({"user": "me", "password": SECRET}, basic),
            ({"url": inside}, basic),
            ({}, None),
        ]
        for way, header in ways:
            proxy.calm()
            async with opened_store(**{"url": proxy.url, "prefix": prefix, **way}) as store:
                await store.append(ALICE, "note", [note("n", "apple")])
            assert {sent.headers.get("Authorization") for sent in proxy.sent} == {header}
            assert len(proxy.sent) > 2


async def test_rights_that_are_taken_away_while_the_store_is_open(proxy: FlakyProxy, es_url: str) -> None:
    async with prefix_for(es_url) as prefix, opened_store(proxy.url, prefix) as store:
        await put(store, ALICE, note("n0", "apple"))
        for status, words in ((401, "refused the credentials"), (403, "too few rights")):
            proxy.order(refused(status, "security_exception"), times=1000)
            for call in (
                lambda: store.append(ALICE, "note", [note("n1", "fig")]),
                lambda: put(store, ALICE, note("n1", "fig")),
                lambda: store.count(ALICE, "note"),
                lambda: store.scopes("default"),
            ):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable, match=words):
                    await call()
                assert time.monotonic() - began < 3
            proxy.calm()
        assert await store.revision(ALICE) == 1
        assert await store.count(ALICE, "note") == 1


# --- who is not there -------------------------------------------------------------------------------------------


async def test_a_server_that_is_not_there_is_told_soon(proxy: FlakyProxy) -> None:
    began = time.monotonic()
    error = await refusal_of(DEAD, user="me", password=SECRET)
    assert isinstance(error, StoreUnavailable)
    assert f"{DEAD} cannot be reached" in error.message
    assert "Start it, or correct the url" in error.message
    assert "geheim" not in told(error)
    assert 2 < time.monotonic() - began < 7
    proxy.order(late(3), times=1000)
    began = time.monotonic()
    error = await refusal_of(proxy.url, timeout=0.5)
    assert isinstance(error, StoreUnavailable)
    assert "did not answer in time" in error.message
    assert time.monotonic() - began < 7


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"url": ""}, "url is ''"),
    ({"url": []}, "empty list"),
    ({"url": "ftp://me:geheim@host:9200"}, r"'\.\.\.@host:9200'"),
    ({"url": "http://me:ge/heim@host:9200"}, "%2F"),
    ({"url": "http://me:ge#heim@host:9200"}, "%23"),
    ({"url": "http://me:geheim@host:port"}, r"'\.\.\.@host:port'"),
    ({"url": "http://ho st:9200"}, "ho st"),
    ({"url": "http://host:9200?user=me"}, "must be like"),
    ({"url": "https://me:geheim@host", "user": "me", "password": "geheim"}, "by user and url"),
    ({"url": "https://host", "user": "me", "api_key": "geheim"}, "by user and api_key: give them once"),
    ({"url": "https://host", "password": "geheim"}, "needs a user"),
    ({"url": "https://host", "user": "me:too", "password": "geheim"}, "without a colon"),
    ({"url": "https://host", "api_key": "geheim gehe\nim"}, "copy it anew"),
    ({"url": "https://host", "api_key": "geheim-ä"}, "copy it anew"),
    ({"url": "https://host", "ca_certs": "/no/such/file.pem"}, "/no/such/file.pem"),
    ({"url": "http://host", "fingerprint": "ab" * 32}, "only https"),
    ({"url": ["https://host", "http://host"], "fingerprint": "ab" * 32}, "only https"),
    ({"url": "https://host", "fingerprint": "AB:CD"}, "64 hexadecimal"),
]


@pytest.mark.parametrize(("settings", "words"), IMPOSSIBLE)
def test_what_can_never_connect_is_refused_before_anything_is_sent(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        ElasticsearchStore(**settings)
    assert "heim" not in told(caught.value)
    assert len(caught.value.problems) == 1


def test_an_authority_that_is_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("geheim")
    with pytest.raises(ConfigError, match="PEM") as caught:
        ElasticsearchStore("https://host", ca_certs=str(file))
    assert str(file) in caught.value.message
    assert "geheim" not in told(caught.value)
