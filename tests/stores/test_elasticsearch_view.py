"""What need not be asked for, or not again, and what must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from memoryengine.errors import DeletionPending
from memoryengine.filters import Is
from memoryengine.ports import FilterQuery, KeywordQuery, Patch, Query, VectorQuery, Writes
from memoryengine.stores.elasticsearch.server import RealServer, Searching
from memoryengine.testing.store_samples import ALICE, BOB, ENTRY, ids_of, note

from .elasticsearch_stores import opened_store, prefix_for

pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many searches each request held."""
    held: list[int] = []
    whole = RealServer.msearch

    async def noted(self: RealServer, searches: Sequence[Searching]) -> list[Mapping[str, Any]]:
        held.append(len(searches))
        return await whole(self, searches)

    monkeypatch.setattr(RealServer, "msearch", noted)
    return held


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reading and writing requests, by name."""
    made: list[str] = []

    def noting(name: str) -> None:
        whole = getattr(RealServer, name)

        async def noted(self: RealServer, asked: Sequence[Any], **options: Any) -> Any:
            made.extend([name] if asked else [])
            return await whole(self, asked, **options)

        monkeypatch.setattr(RealServer, name, noted)

    noting("mget")
    noting("bulk")
    return made


async def test_new_documents_take_one_request_and_vectors_two(es_url: str, requests: list[str]) -> None:
    async with prefix_for(es_url) as prefix, opened_store(es_url, prefix) as store:
        await store.append(ALICE, "note", [note("a", "guitar")])
        await store.revision(ALICE)  # what the log is at is remembered
        requests.clear()
        assert (await store.append(ALICE, "note", [note("b", "piano"), note("c", "flute")])).new == ("b", "c")
        assert requests == ["bulk"]
        requests.clear()
        assert await store.attach(ALICE, "note", {"b": [1, 0, 0, 0], "x": [0, 1, 0, 0]}) == 1
        assert requests == ["mget", "bulk"]
        with suppress(DeletionPending):
            await store.commit(ALICE, Writes(delete=(("note", "b"),), entry=ENTRY), expect=0)
        requests.clear()
        again = await store.append(ALICE, "note", [note("a", "guitar"), note("b", "piano"), note("d", "drum")])
        assert (again.known, again.deleted, again.new) == (("a",), ("b",), ("d",))
        assert requests == ["bulk", "mget", "mget"]  # the log, then what was there


async def test_what_cannot_have_changed_is_not_asked_again(es_url: str, sent: list[int]) -> None:
    """Counts are asked for once, until anybody writes; a scope without anything is not searched at all."""
    queries: list[Query] = [
        KeywordQuery("note", ("guitar",)),
        VectorQuery("note", [1, 0, 0, 0]),
        FilterQuery("note", Is("status", "lost"), top_k=1),
    ]
    async with prefix_for(es_url) as prefix, opened_store(es_url, prefix) as one, opened_store(es_url, prefix) as other:
        await one.append(ALICE, "note", [note("a", "guitar"), note("b", "piano")])
        await one.attach(ALICE, "note", {"b": [1, 0, 0, 0]})
        for _ in range(3):
            sent.clear()
            found = await one.search(ALICE, queries)
            assert [ids_of(matches) for matches in found] == [["a"], ["b"], []]
        assert sent == [3]  # how many hold the word, candidates, and neighbours
        score = found[0][0].score
        await other.append(ALICE, "note", [note("c", "flute flute flute"), note("d", "guitar")])
        await other.commit(ALICE, Writes(patch=(Patch("note", "b", {"status": "lost"}),), entry=ENTRY), expect=0)
        found = await one.search(ALICE, queries)
        assert [sorted(ids_of(matches)) for matches in found] == [["a", "d"], ["b"], ["b"]]
        assert found[0][0].score != pytest.approx(score)


async def test_nothing_is_searched_where_a_scope_has_nothing(es_url: str, sent: list[int]) -> None:
    query = KeywordQuery("note", ("guitar",))
    async with prefix_for(es_url) as prefix, opened_store(es_url, prefix) as one, opened_store(es_url, prefix) as other:
        await other.append(ALICE, "note", [note("a", "guitar")])
        assert await one.search(BOB, [query]) == ((),)
        sent.clear()
        assert await one.search(BOB, [query, VectorQuery("note", [1, 0, 0, 0])]) == ((), ())
        assert await one.count(BOB, "note") == 0
        assert sum(sent) == 0
        await other.append(BOB, "note", [note("b", "guitar")])
        assert [ids_of(found) for found in await one.search(BOB, [query])] == [["b"]]
        assert await one.count(BOB, "note") == 1
