"""Requests may fail in many ways, and nothing is lost, nothing is there twice, and each error says what to do."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from memoryengine.errors import MemoryEngineError, StoreError, StoreUnavailable, StoreUnreadable
from memoryengine.filters import EVERYTHING, Is
from memoryengine.ports import HISTORY, Document, KeywordQuery, Patch, Query, Sort, Store, VectorQuery, Writes
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.store_samples import ENTRY, SettledStore, all_pages, entry, note
from memoryengine.values import Scope

from .elasticsearch_stores import opened_store, prefix_for
from .flaky_proxy import (
    Fault,
    FlakyProxy,
    Sent,
    cut,
    flaky_proxy,
    half,
    items,
    late,
    lost,
    nameless,
    narrow,
    page,
    refused,
)
from .naive import NaiveStore
from .program import Program

pytestmark = pytest.mark.elasticsearch

REJECTED = "es_rejected_execution_exception"
PASSING: dict[str, Fault] = {
    "429": refused(429),
    "503 with Retry-After": refused(503, headers={"Retry-After": "0"}),
    "502 of a gateway": page(502),
    "504 without a body": page(504, ""),
    "cut": cut,
    "lost": lost,
    "half an answer": half,
    "no shard": refused(503, "no_shard_available_action_exception"),
    "node closing": refused(500, "node_closed_exception"),
    "first item": items(429, REJECTED, lambda n: n == 0),
    "every second item": items(503, "unavailable_shards_exception", lambda n: n % 2 == 1),
    "all items": items(429, "circuit_breaking_exception", lambda n: True),
}
WORDS = ("pear", "fig", "nut", "date")
NOTES = [note(f"n{n}", f"apple {word}", rank=n, status="valid") for n, word in enumerate(WORDS)]
NUMBERS = count()


@pytest_asyncio.fixture
async def proxy(es_url: str) -> AsyncIterator[FlakyProxy]:
    async with flaky_proxy(es_url) as made:
        yield made


@pytest_asyncio.fixture
async def prefix(es_url: str) -> AsyncIterator[str]:
    async with prefix_for(es_url) as made:
        yield made


@dataclass
class Caller:
    """Whoever uses a store for one user, and after an error asks what became of it and goes on, at most so often."""

    store: Store
    scope: Scope
    again: int = 0
    errors: list[MemoryEngineError] = field(default_factory=list)

    async def insist(self, call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await call()
            except MemoryEngineError as error:
                self.errors.append(error)
                if len(self.errors) > self.again:
                    raise

    async def append(self, *documents: Document) -> None:
        done = await self.insist(lambda: self.store.append(self.scope, "note", documents))
        assert {*done.new, *done.known} == {one.id for one in documents}

    async def commit(self, makes: int, **writes: Any) -> None:
        async def once() -> None:
            if await self.store.revision(self.scope) < makes:
                whole = Writes(**writes, entry=entry(n=makes))
                assert await self.store.commit(self.scope, whole, expect=makes - 1) == makes

        await self.insist(once)

    async def read(self) -> Any:
        """All that the scope shows, by every way of reading."""
        store, scope, by_rank = self.store, self.scope, [Sort("rank", descending=True)]
        queries: list[Query] = [KeywordQuery("note", ("apple", "nut")), VectorQuery("note", [1, 1, 0, 0])]
        matches = await self.insist(lambda: store.search(scope, queries))
        first = await self.insist(lambda: store.page(scope, "note", order=by_rank, limit=2))
        return (
            await self.insist(lambda: store.revision(scope)),
            first,
            first.cursor and await self.insist(lambda: store.page(scope, "note", order=by_rank, cursor=first.cursor)),
            await self.insist(lambda: store.page(scope, HISTORY)),
            await self.insist(lambda: store.get(scope, "note", ["n0", "n1", "c", "n9"])),
            await self.insist(lambda: store.count(scope, "note", EVERYTHING)),
            [[(match.document.id, round(match.score, 6)) for match in found] for found in matches],
            scope.user in await self.insist(lambda: store.scopes(scope.namespace)),
        )

    async def all(self) -> list[Any]:
        """One of each call; what the reading ones answered."""
        store, scope = self.store, self.scope
        await self.append(*NOTES)
        new, patch = note("c", "apple grape", rank=9, status="valid"), Patch("note", "n0", {"status": "expired"})
        await self.commit(1, put=(("note", new),), patch=(patch,), delete=(("note", "n1"),))
        await self.insist(lambda: store.attach(scope, "note", {"n0": [1, 0, 0, 0], "c": [0, 1, 0, 0]}))
        seen = [await self.read()]
        await self.append(note("n9", "apple"), NOTES[2])
        await self.commit(2, patch=(Patch("note", "n9", {"rank": 1}), Patch("note", "n3", {"rank": None})))
        seen.append(await self.read())

        async def purge() -> None:
            if await store.revision(scope) < 3:
                assert await store.purge(scope, [("note", Is("status", "expired"))], entry=ENTRY) == (1,)

        await self.insist(purge)
        return [*seen, await self.read()]


async def reading(store: Store, scope: Scope) -> Any:
    """All that a scope shows."""
    return await Caller(store, scope).read()


def a_user() -> Scope:
    return Scope(f"user {next(NUMBERS)}")


def settled(store: ElasticsearchStore) -> Any:
    return SettledStore(store)


def every(step: int, first: int, draw: Callable[[], Fault]) -> Callable[[Sent], Fault | None]:
    """A fault for every so many requests, the first of them included or not."""
    numbers = count(step - first)
    return lambda sent: None if next(numbers) % step else draw()


async def test_every_request_may_fail(es_url: str, proxy: FlakyProxy, prefix: str) -> None:
    """In one of four rounds the answer to each request is lost, in others all kinds of faults befall them."""
    chance = random.Random(1)
    async with opened_store(es_url, prefix) as sound, opened_store(proxy.url, prefix) as flaky:
        wanted = await Caller(settled(sound), a_user()).all()
        for draw in (lambda: lost, lambda: PASSING[chance.choice(sorted(PASSING))]):
            for first in range(4):
                scope = a_user()
                proxy.calm()
                proxy.weather = every(4, first, draw)
                caller = Caller(settled(flaky), scope)
                assert await caller.all() == wanted
                assert await reading(sound, scope) == wanted[-1]
                assert proxy.done > 5
                assert caller.errors == []


async def test_the_caller_of_a_store_without_patience_may_ask_again(
    es_url: str, proxy: FlakyProxy, prefix: str
) -> None:
    """With no patience each fault is an error; whoever looks at the revision and asks again ends where all do."""
    chance = random.Random(2)
    async with opened_store(es_url, prefix) as sound, opened_store(proxy.url, prefix, patience=0) as flaky:
        wanted = await Caller(settled(sound), a_user()).all()
        for step in (7, 11, 13):
            for draw in (lambda: lost, lambda: PASSING[chance.choice(sorted(PASSING))]):
                scope = a_user()
                proxy.calm()
                proxy.weather = every(step, chance.randrange(step), draw)
                caller = Caller(settled(flaky), scope, again=100)
                # What was read before an error is read again, when more may be there; the end is the same.
                assert (await caller.all())[-1] == wanted[-1]
                proxy.weather = lambda sent: None
                assert await reading(sound, scope) == wanted[-1]
                assert {type(error) for error in caller.errors} == {StoreUnavailable}
                assert 2 < len(caller.errors) <= proxy.done  # aiohttp repeats a PUT whose connection is cut by itself
                assert all(proxy.url in error.message for error in caller.errors)


@pytest.mark.parametrize("seed", [11, 12])
async def test_programs_at_random_do_the_same_in_bad_weather(
    es_url: str, proxy: FlakyProxy, prefix: str, seed: int
) -> None:
    chance = random.Random(seed)
    faults = [PASSING[name] for name in sorted(PASSING)]
    async with opened_store(proxy.url, prefix, patience=60) as flaky, opened_store(es_url, prefix) as sound:
        proxy.weather = lambda sent: chance.choice(faults) if chance.random() < 0.1 else None
        program = Program(seed, [[settled(flaky), settled(sound)]], NaiveStore())
        await program.run(80)
        assert proxy.done > 10
        assert len(program.calls) > 6
        proxy.weather = lambda sent: None
        for scope in program.model.shelves:
            assert await sound.revision(scope) == await program.model.revision(scope)


async def test_a_request_that_arrives_after_its_repetition_does_nothing(
    es_url: str, proxy: FlakyProxy, prefix: str
) -> None:
    """The client gives up a request, sends it again, and the first arrives when all is done."""
    async with opened_store(es_url, prefix) as sound, opened_store(proxy.url, prefix, timeout=0.7) as flaky:
        wanted = await Caller(settled(sound), a_user()).all()
        scope = a_user()
        for after in (0, 2, 4, 6):
            proxy.order(late(2), on="_bulk", after=after)
        assert await Caller(settled(flaky), scope).all() == wanted
        assert proxy.done == 4
        await asyncio.sleep(2)
        assert await reading(sound, scope) == wanted[-1]
        assert await reading(flaky, scope) == wanted[-1]


async def test_the_writer_of_an_entry_knows_it_again(proxy: FlakyProxy, prefix: str) -> None:
    """The answer to the creation of the entry is lost: the writer is not told that somebody else came first."""
    async with opened_store(proxy.url, prefix) as store:
        scope = a_user()
        for revision, fault in enumerate((lost, late(2), items(429, REJECTED, lambda n: True))):
            proxy.order(fault, on=creates_entry)
            writes = Writes(put=(("note", note(f"n{revision}", "apple")),), entry=entry(n=revision))
            assert await store.commit(scope, writes, expect=revision) == revision + 1
        assert proxy.done == 3
        history = await all_pages(store, scope, collection=HISTORY)
        assert [one.body["n"] for one in history] == [0, 1, 2]
        assert await store.count(scope, "note") == 3


async def test_a_mark_is_written_after_what_came_late(es_url: str, proxy: FlakyProxy, prefix: str) -> None:
    """Some of a bulk failed, and another process read between the parts: it sees the rest as soon as that is there."""
    async with opened_store(es_url, prefix) as other, opened_store(proxy.url, prefix) as flaky:
        scope = a_user()
        seen = []

        async def look_between(sent: Sent, forward: Any) -> Any:
            seen.append(await other.count(scope, "note"))
            return await forward(sent)

        await flaky.append(scope, "note", [note("early", "apple")])
        proxy.calm()
        proxy.order(items(429, REJECTED, lambda n: n < 2), on="_bulk")
        proxy.order(look_between, on="_bulk")
        await flaky.append(scope, "note", NOTES)
        assert seen == [3]
        assert await other.count(scope, "note") == 5
        assert await flaky.count(scope, "note") == 5


async def test_how_long_an_error_takes_and_what_it_says(es_url: str, proxy: FlakyProxy, prefix: str) -> None:
    said = {
        "HTTP 429": refused(429),
        "HTTP 503": refused(503),
        "HTTP 502": page(502),
        "cannot be reached": cut,
        "did not answer in time": late(1.5),
        "cannot be understood": half,
    }
    async with opened_store(es_url, prefix), opened_store(proxy.url, prefix, patience=0.6, timeout=0.4) as store:
        for words, fault in said.items():
            proxy.calm()
            proxy.order(fault, times=1000)
            for call in (lambda: store.append(a_user(), "note", NOTES), lambda: reading(store, a_user())):
                began = time.monotonic()
                with pytest.raises(StoreUnavailable) as caught:
                    await call()
                assert words in caught.value.message
                assert proxy.url in caught.value.message
                assert "apple" not in str(caught.value)
                assert time.monotonic() - began < 0.6 + 0.4 + 0.7
            assert proxy.done > 2


async def test_a_server_that_asks_for_time_gets_it(proxy: FlakyProxy, prefix: str) -> None:
    async with opened_store(proxy.url, prefix, patience=5) as store:
        proxy.order(refused(429, headers={"Retry-After": "1"}), on="_bulk")
        began = time.monotonic()
        assert (await store.append(a_user(), "note", NOTES)).new == tuple(one.id for one in NOTES)
        assert time.monotonic() - began >= 1
        proxy.order(refused(503, headers={"Retry-After": "3600"}), on="_bulk")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="left alone for 3600 seconds") as caught:
            await store.append(a_user(), "note", NOTES)
        assert time.monotonic() - began < 2
        assert "`patience`" in caught.value.message


async def test_what_stands_between_may_take_less_at_once(proxy: FlakyProxy, prefix: str) -> None:
    long = [note(f"n{n:02d}", f"apple {'x' * 20_000}{n}") for n in range(40)]
    async with opened_store(proxy.url, prefix) as store:
        scope = a_user()
        proxy.order(narrow(300_000), times=1000)
        assert len((await store.append(scope, "note", long)).new) == 40
        patches = tuple(Patch("note", one.id, {"rank": 1}) for one in long)
        assert await store.commit(scope, Writes(patch=patches, entry=ENTRY), expect=0) == 1
        assert await store.count(scope, "note", Is("rank", 1)) == 40
        large = note("large", "y" * 400_000)
        with pytest.raises(StoreError, match="HTTP 413") as caught:
            await store.append(scope, "note", [large])
        assert "http.max_content_length" in caught.value.message
        with pytest.raises(StoreError, match="HTTP 413"):
            await store.commit(scope, Writes(put=(("note", large),), entry=ENTRY), expect=1)
        assert await store.revision(scope) == 1, "a commit that cannot be applied must not stand"
        assert await store.get(scope, "note", ["large"]) == (None,)
        assert await store.count(scope, "note") == 40


async def test_who_answers_must_be_elasticsearch(proxy: FlakyProxy, prefix: str) -> None:
    login = page(200, "<html>Please log in</html>")
    json = page(200, '{"login": "https://example.org"}', "application/json")
    for fault in (nameless, login, json, page(404), page(405), page(200, "<a/>", "application/xml")):
        proxy.calm()
        proxy.order(fault, times=1000)
        with pytest.raises((StoreUnreadable, StoreUnavailable), match=r"is no (Elasticsearch|answer)") as caught:
            async with opened_store(proxy.url, prefix, create=False):
                pass
        assert proxy.url in caught.value.message
        assert "store init" not in caught.value.message
    proxy.calm()
    async with opened_store(proxy.url, prefix) as store:
        scope = a_user()
        for fault in (nameless, login, json, page(404)):
            for call in (lambda: store.append(scope, "note", NOTES), lambda: reading(store, scope)):
                proxy.order(fault)
                with pytest.raises(StoreUnreadable, match="is no Elasticsearch"):
                    await call()
        await store.append(scope, "note", NOTES)
        assert await store.count(scope, "note") == 4


def creates_entry(sent: Sent) -> bool:
    """Whether a request creates the entry of a commit."""
    return sent.name == "_bulk" and "create" in sent.lines[0] and "payload" in sent.lines[1]
