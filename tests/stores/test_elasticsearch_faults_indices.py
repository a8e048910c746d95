"""What somebody else does to the indices is told by name, and no index is ever made by a write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio
from elasticsearch import AsyncElasticsearch

from memoryengine.errors import StoreError, StoreUnavailable, StoreUnreadable
from memoryengine.filters import EVERYTHING
from memoryengine.ports import KeywordQuery, Patch, Query, VectorQuery, Writes
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.store_samples import ALICE, BOB, COLLECTIONS, ENTRY, SPACE, note, put

from .elasticsearch_stores import opened_store, prefix_for
from .flaky_proxy import flaky_proxy, refused

pytestmark = pytest.mark.elasticsearch

Call = Callable[[], Awaitable[Any]]
BLOCKS = ("write", "read_only", "read_only_allow_delete")


@pytest_asyncio.fixture
async def prefix(es_url: str) -> AsyncIterator[str]:
    async with prefix_for(es_url) as made:
        yield made


@pytest_asyncio.fixture
async def client(es_url: str) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(es_url) as made:
        yield made


def writes_of(store: ElasticsearchStore) -> list[Call]:
    """One of each call that writes."""
    patch = Writes(patch=(Patch("note", "n0", {"rank": 1}),), entry=ENTRY)
    return [
        lambda: store.append(ALICE, "note", [note("new", "apple")]),
        lambda: store.commit(ALICE, patch, expect=1),
        lambda: store.attach(ALICE, "note", {"n0": [0, 1, 0, 0]}),
        lambda: store.purge(ALICE, [("note", EVERYTHING)], entry=ENTRY),
    ]


async def shown(store: ElasticsearchStore) -> Any:
    """What reads show, but for the revision, which waits for a commit under way."""
    queries: list[Query] = [KeywordQuery("note", ("apple",)), VectorQuery("note", [1, 1, 0, 0])]
    return [
        (await store.page(ALICE, "note")).documents,
        await store.count(ALICE, "note"),
        await store.get(ALICE, "note", ["n0", "n1", "n2", "pending"]),
        await store.search(ALICE, queries),
        await store.scopes("default"),
    ]


async def filled(store: ElasticsearchStore) -> None:
    """A commit, an append and a vector."""
    await put(store, ALICE, note("n0", "apple"), note("n1", "apple pear"))
    await store.append(ALICE, "note", [note("n2", "fig")])
    await store.attach(ALICE, "note", {"n0": [1, 0, 0, 0]})


async def names_of(client: AsyncElasticsearch, prefix: str) -> set[str]:
    found = await client.indices.get(index=f"{prefix}*", features=["aliases"], expand_wildcards=["open", "closed"])
    return set(found)


async def test_a_block_stops_writes_and_lets_reads_go_on(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        before = await shown(store)
        for block in BLOCKS:
            await client.indices.put_settings(index=f"{prefix}-*", settings={f"index.blocks.{block}": True})
            for write in writes_of(store):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable, match="read-only") as caught:
                    await write()
                assert "lift the block" in caught.value.message
                assert es_url in caught.value.message
                assert time.monotonic() - began < 8, "it waited as if a disk were emptied in seconds"
            assert await shown(store) == before
            async with opened_store(es_url, prefix, create=False) as other:
                assert await shown(other) == before
            await client.indices.put_settings(index=f"{prefix}-*", settings={f"index.blocks.{block}": None})
        assert await store.revision(ALICE) == 1
        await put(store, ALICE, note("after", "apple"))
        assert await store.count(ALICE, "note") == 4


async def test_reads_go_on_while_a_commit_cannot_be_finished(
    es_url: str, client: AsyncElasticsearch, prefix: str
) -> None:
    async with flaky_proxy(es_url) as proxy, opened_store(es_url, prefix) as store:
        await filled(store)
        before = await shown(store)
        async with opened_store(proxy.url, prefix, patience=0) as dying:
            await dying.revision(ALICE)
            proxy.order(refused(503), on="_bulk", after=1)  # behind the creation of the entry
            with pytest.raises(StoreUnavailable):
                await put(dying, ALICE, note("pending", "apple"))
        await client.indices.put_settings(index=f"{prefix}-*", settings={"index.blocks.write": True})
        assert await shown(store) == before
        with pytest.raises(StoreUnavailable, match="read-only"):
            await store.revision(ALICE)
        with pytest.raises(StoreUnavailable, match="read-only"):
            await store.append(ALICE, "note", [note("new")])
        assert await store.append(BOB, "note", []) is not None
        await client.indices.put_settings(index=f"{prefix}-*", settings={"index.blocks.write": None})
        assert await store.revision(ALICE) == 2
        assert [one.id for one in (await store.page(ALICE, "note")).documents] == ["n0", "n1", "n2", "pending"]


async def test_an_index_that_goes_is_not_made_anew_by_a_write(
    es_url: str, client: AsyncElasticsearch, prefix: str
) -> None:
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        await client.indices.delete(index=f"{prefix}-note-000001")
        rest = await names_of(client, prefix)
        assert len(rest) == 3
        reads: list[Call] = [lambda: store.count(ALICE, "note"), lambda: shown(store)]
        for call in [*writes_of(store), *reads]:
            with pytest.raises(StoreUnreadable, match="is gone") as caught:
                await call()
            assert "store init" in caught.value.message
        assert await names_of(client, prefix) == rest
        assert await store.revision(ALICE) == 1
        with pytest.raises(StoreUnreadable, match=f"{prefix}-note.*store init"):
            async with opened_store(es_url, prefix, create=False):
                pass
        async with opened_store(es_url, prefix):  # makes it anew
            assert await store.count(ALICE, "note") == 0
            assert (await store.append(ALICE, "note", [note("new", "apple")])).new == ("new",)
            assert await store.count(ALICE, "note") == 1


async def test_a_store_that_was_made_anew_is_read_as_it_is(
    es_url: str, client: AsyncElasticsearch, prefix: str
) -> None:
    """What a process remembers of the old indices must not mislead it."""
    async with opened_store(es_url, prefix) as old:
        for number in range(6):
            await put(old, ALICE, note(f"n{number}", "apple"))
        assert await old.count(ALICE, "note") == 6
        await client.indices.delete(index=",".join(await names_of(client, prefix)))
        async with opened_store(es_url, prefix) as new:
            assert await old.revision(ALICE) == 0
            assert await old.count(ALICE, "note") == 0
            for number in range(3):
                await put(new if number % 2 else old, ALICE, note(f"m{number}", "pear"))
                assert await old.count(ALICE, "note") == await new.count(ALICE, "note") == number + 1
            assert await old.revision(ALICE) == await new.revision(ALICE) == 3
            assert await new.scopes("default") == ("alice",)


async def test_an_alias_that_goes(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    index, alias = f"{prefix}-note-000001", f"{prefix}-note"
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        for lost in (alias, f"{index}-writer"):
            await client.indices.delete_alias(index=index, name=lost)
            names = await names_of(client, prefix)
            with pytest.raises(StoreError, match="is gone"):
                await put(store, ALICE, note("n0", "fig"))
            for create in (False, True):
                with pytest.raises(StoreUnreadable) as caught:
                    async with opened_store(es_url, prefix, create=create):
                        pass
                assert lost in caught.value.message
            assert f"PUT /{index}/_alias/{lost}" in caught.value.message
            assert await names_of(client, prefix) == names
            await client.indices.put_alias(index=index, name=lost)
        await put(store, ALICE, note("n3", "apple"))
        assert await store.count(ALICE, "note") == 4


async def test_an_alias_that_stands_for_more(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        other = f"{prefix}-stray"
        await client.indices.create(index=other, aliases={f"{prefix}-note": {}})
        for call in writes_of(store):
            with pytest.raises(StoreUnreadable, match="several indices"):
                await call()
        with pytest.raises(StoreUnreadable, match=f"{other} bears the alias {prefix}-note"):
            async with opened_store(es_url, prefix):
                pass
        mappings = (await client.indices.get_mapping(index=f"{prefix}-note"))[f"{prefix}-note-000001"]["mappings"]
        await client.indices.delete(index=other)
        await client.indices.create(index=other, mappings=mappings, aliases={f"{prefix}-note": {}})
        with pytest.raises(StoreUnreadable, match=r"stands for several indices \(.*-stray") as caught:
            async with opened_store(es_url, prefix):
                pass
        assert "take it from" in caught.value.message
        await client.indices.delete(index=other)
        assert await store.count(ALICE, "note") == 3


async def test_an_index_of_another_program_is_left_alone(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    """As an ingest of somebody makes it where indices are created by themselves."""
    await client.index(index=f"{prefix}-note", document={"status": 7})
    with pytest.raises(StoreUnreadable, match=f"an index that is called {prefix}-note") as caught:
        async with opened_store(es_url, prefix):
            pass
    assert "index_prefix" in caught.value.message
    await client.indices.delete(index=f"{prefix}-note")
    await client.indices.create(index=f"{prefix}-note-000001")
    for create, words in ((True, "already"), (False, "`create` is false")):
        with pytest.raises(StoreUnreadable, match=words):
            async with opened_store(es_url, prefix, create=create):
                pass
    await client.indices.put_alias(index=f"{prefix}-note-000001", name=f"{prefix}-note")
    with pytest.raises(StoreUnreadable, match="does not say in its mapping's _meta that memoryengine made it"):
        async with opened_store(es_url, prefix):
            pass
    assert (await client.indices.get_mapping(index=f"{prefix}-note"))[f"{prefix}-note-000001"]["mappings"] == {}


def without(mappings: Any, *path: str) -> dict[str, Any]:
    """Mappings without one of their parts."""
    first, *rest = path
    held = {name: value for name, value in mappings.items() if rest or name != first}
    return held | {first: without(held[first], *rest)} if rest else held


def retyped(mappings: Any, name: str, **kind: Any) -> dict[str, Any]:
    """Mappings with another type of one field."""
    return dict(mappings) | {"properties": mappings["properties"] | {name: kind}}


def newer(mappings: Any) -> dict[str, Any]:
    """Mappings of a version to come."""
    return dict(mappings) | {"_meta": {"memoryengine": mappings["_meta"]["memoryengine"] | {"schema": 99}}}


CHANGES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "does not say": lambda held: without(held, "_meta"),
    "does not say in": lambda held: without(held, "_meta", "memoryengine", "schema"),
    "does not say in its": lambda held: without(held, "_meta", "memoryengine", "fields"),
    "newer version .schema 99": newer,
    "'document' as text and not as binary": lambda held: retyped(held, "document", type="text"),
    "'terms' as text and not as text whitespace": lambda held: retyped(held, "terms", type="text"),
    "'revision' as nothing": lambda held: without(held, "properties", "revision"),
    "'fields.status' as nothing": lambda held: without(held, "properties", "fields", "properties", "status"),
    "takes any field": lambda held: dict(held) | {"dynamic": "true"},
}


async def test_a_mapping_that_was_changed_is_found_before_anything_is_written(
    es_url: str, client: AsyncElasticsearch, prefix: str
) -> None:
    index, alias = f"{prefix}-note-000001", f"{prefix}-note"
    async with opened_store(es_url, prefix):
        sound = (await client.indices.get_mapping(index=index))[index]["mappings"]
    for words, change in CHANGES.items():
        await client.indices.delete(index=index)
        aliases: dict[str, Any] = {alias: {}, f"{index}-writer": {}}
        await client.indices.create(index=index, mappings=change(sound), aliases=aliases)
        with pytest.raises(StoreUnreadable, match=words) as caught:
            async with opened_store(es_url, prefix):
                pass
        assert index in caught.value.message
    await client.indices.put_mapping(index=index, dynamic="strict", properties={"foreign": {"type": "keyword"}})
    async with opened_store(es_url, prefix) as store:  # a field more does no harm
        await filled(store)
        assert await store.count(ALICE, "note") == 3


async def test_a_mapping_that_changes_while_the_store_is_open(
    es_url: str, client: AsyncElasticsearch, prefix: str
) -> None:
    index = f"{prefix}-note-000001"
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        held = (await client.indices.get_mapping(index=index))[index]["mappings"]
        await client.indices.delete(index=index)
        wrong = held | {"properties": held["properties"] | {"slot": {"type": "boolean"}}}
        aliases: dict[str, Any] = {f"{prefix}-note": {}, f"{index}-writer": {}}
        await client.indices.create(index=index, mappings=wrong, aliases=aliases)
        with pytest.raises(StoreUnreadable, match="somebody changed it") as caught:
            await store.append(BOB, "note", [note("secret words", "secret")])
        assert "secret" not in caught.value.message
        assert await store.count(BOB, "note") == 0


async def test_a_closed_index_is_to_be_opened(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    async with opened_store(es_url, prefix) as store:
        await filled(store)
        before = await shown(store)
        await client.indices.close(index=f"{prefix}-note-000001")
        reads: list[Call] = [lambda: shown(store)]
        for call in [*writes_of(store), *reads]:
            with pytest.raises(StoreError, match="closed"):
                await call()
        with pytest.raises(StoreUnreadable, match="is closed"):
            async with opened_store(es_url, prefix):
                pass
        await client.indices.open(index=f"{prefix}-note-000001", wait_for_active_shards="1")
        assert await shown(store) == before
        assert await store.revision(ALICE) == 1


async def test_two_that_open_at_once_make_one_store(es_url: str, client: AsyncElasticsearch, prefix: str) -> None:
    stores = [ElasticsearchStore(es_url, index_prefix=prefix) for _ in range(4)]
    await asyncio.gather(*(store.open(COLLECTIONS, SPACE) for store in stores))
    for number, store in enumerate(stores):
        await store.append(ALICE, "note", [note(f"n{number}", "apple")])
    assert [await store.count(ALICE, "note") for store in stores] == [4, 4, 4, 4]
    assert len(await names_of(client, prefix)) == 4
    for store in stores:
        await store.close()
        await store.close()
