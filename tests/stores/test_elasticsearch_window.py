"""More matches than Elasticsearch gives at once; the window is made small, so that a few hundred documents are many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from memoryengine.filters import EVERYTHING, Between
from memoryengine.ports import FilterQuery, KeywordQuery, Query, VectorQuery
from memoryengine.stores.elasticsearch.codec import Codec
from memoryengine.stores.elasticsearch.connect import Connection
from memoryengine.stores.elasticsearch.find import Finder
from memoryengine.stores.elasticsearch.layout import Names
from memoryengine.stores.elasticsearch.log import Log
from memoryengine.stores.elasticsearch.server import RealServer
from memoryengine.stores.elasticsearch.view import View
from memoryengine.testing.store_samples import ALICE, BOB, COLLECTIONS, SPACE, ids_of, note

from .elasticsearch_stores import opened_store, prefix_for
from .naive import NaiveStore
from .program import VECTOR, alike

pytestmark = pytest.mark.elasticsearch

COUNT = 400
WINDOW = 60
NOTES = [note(f"n{i * 7 % COUNT:03d}", "word " * (i % 7 + 1) + f"w{i % 5}", rank=i) for i in range(COUNT)]
VECTORS = {one.id: [1.0, i % 50, i // 50, 1.0] for i, one in enumerate(NOTES)}
ASKED = (0.0, 1.0, 2.0, 0.0)


@asynccontextmanager
async def held(url: str) -> AsyncIterator[tuple[str, NaiveStore]]:
    """The prefix of a store that holds the notes of two people, and a model that does."""
    model = NaiveStore()
    async with prefix_for(url) as prefix, opened_store(url, prefix) as store:
        for one in (store, model):
            for scope in (ALICE, BOB):
                await one.append(scope, "note", NOTES)
                await one.attach(scope, "note", VECTORS)
        yield prefix, model


@asynccontextmanager
async def finder(url: str, prefix: str, window: int) -> AsyncIterator[Finder]:
    """What searches that store through a window of its own."""
    server, names = RealServer(Connection(url).client, url, 10), Names(prefix)
    codecs = {one.name: Codec(one) for one in COLLECTIONS}
    view = View(server, names, Log(server, names, codecs))
    try:
        yield Finder(server, names, view, codecs, SPACE, candidates=WINDOW, window=window)
    finally:
        await server.close()


async def test_all_are_found_beyond_the_window(es_url: str) -> None:
    """Each once, in the order of the contract, with every number of matches around the window."""
    few = Between("rank", 0, 150)
    async with held(es_url) as (prefix, model), finder(es_url, prefix, WINDOW) as found:
        for top_k in (1, 39, 40, 41, 59, 60, 61, 100, 399, 400, 5_000):
            queries: list[Query] = [VectorQuery("note", ASKED, where, top_k) for where in (EVERYTHING, few)]
            queries += [FilterQuery("note", where, top_k) for where in (EVERYTHING, few)]
            if top_k >= WINDOW:  # below it the server's coarse order chooses, which counts other people's words too
                queries += [KeywordQuery("note", ("word", "w3"), where, top_k) for where in (EVERYTHING, few)]
            wanted = await model.search(ALICE, queries)
            for query, one, other in zip(queries, await found.search(ALICE, queries), wanted, strict=True):
                assert alike(one, other, VECTOR), (query, ids_of(one), ids_of(other))
        assert len(other) == 150


async def test_ties_are_cut_by_id(es_url: str) -> None:
    """Words and vectors that all documents share: the first by id are found, though the server ranks them at will."""
    equal = [note(f"n{i * 7 % COUNT:03d}", "same words") for i in range(COUNT)]
    queries: list[Query] = [KeywordQuery("note", ("same",), top_k=k) for k in (1, 30, 40)]
    queries += [VectorQuery("note", ASKED, top_k=k) for k in (1, 30)]
    async with prefix_for(es_url) as prefix, opened_store(es_url, prefix) as store:
        await store.append(ALICE, "note", equal)
        await store.attach(ALICE, "note", {one.id: [1, 2, 3, 4] for one in equal})
        async with finder(es_url, prefix, 2 * COUNT) as found:
            answers = await found.search(ALICE, queries)
            by_id = sorted(one.id for one in equal)
            assert [ids_of(one) for one in answers] == [by_id[: query.top_k] for query in queries]
        async with finder(es_url, prefix, WINDOW) as found:
            answers = await found.search(ALICE, queries[:3])
            assert [ids_of(one) for one in answers] == [by_id[: query.top_k] for query in queries[:3]]
            assert all(len({one.score for one in matches}) == 1 for matches in answers)


async def test_ties_beyond_a_thousand_candidates(es_url: str) -> None:
    """The store itself, with 1,300 equal documents: what comes first by id is among the candidates."""
    equal = [note(f"n{i * 7 % 1300:04d}", "same words") for i in range(1300)]
    async with opened_store(es_url) as store:
        await store.append(ALICE, "note", [*equal, note("other", "better same words same")])
        await store.attach(ALICE, "note", {one.id: [1, 2, 3, 4] for one in equal})
        queries: Sequence[Query] = [
            KeywordQuery("note", ("same",), top_k=11),
            VectorQuery("note", ASKED, top_k=11),
            KeywordQuery("note", ("same", "better"), top_k=1_250),
        ]
        keyword, vector, many = await store.search(ALICE, queries)
        by_id = sorted(one.id for one in equal)
        assert ids_of(keyword) == ["other", *by_id[:10]]
        assert ids_of(vector) == by_id[:11]
        assert ids_of(many) == ["other", *by_id[:1_249]]
