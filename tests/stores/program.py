"""Seeded random programs of store calls, run on two stores at once; every answer must be the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from memoryengine.errors import MemoryEngineError
from memoryengine.filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not
from memoryengine.ports import (
    HISTORY,
    Document,
    KeywordQuery,
    Match,
    Patch,
    Sort,
    Store,
    VectorQuery,
    Writes,
)
from memoryengine.testing.store_samples import ENTRY
from memoryengine.values import Scope

WORDS = ("吉他", "吉", "guitar", "play", "music", "😀", "a", "b")
SCOPES = (Scope("a"), Scope("a "), Scope("b", namespace="a"))
START = datetime(2026, 1, 1, tzinfo=UTC)


class Program:
    """One random program: the same calls to a store and to the model of it."""

    def __init__(self, seed: int, stores: Sequence[Store], model: Store) -> None:
        self.chance = random.Random(seed)
        self.stores = stores
        self.model = model
        self.calls: dict[str, int] = {}

    async def run(self, steps: int) -> None:
        moves = [self.append, self.commit, self.attach, self.look, self.search, self.page, self.purge]
        for step in range(steps):
            move = self.chance.choices(moves, weights=[5, 6, 3, 3, 5, 5, 1])[0]
            self.calls[move.__name__] = self.calls.get(move.__name__, 0) + 1
            try:
                await move(self.chance.choice(SCOPES))
            except AssertionError as error:
                raise AssertionError(f"step {step}, {move.__name__}: {error}") from error

    async def same(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The answer of one of the stores, after checking that the model gives the same."""
        wanted = await outcome(self.model, name, args, kwargs)
        found = await outcome(self.chance.choice(self.stores), name, args, kwargs)
        assert equal(found, wanted), (name, args, kwargs, found, wanted)
        return found

    async def append(self, scope: Scope) -> None:
        documents = [self.document() for _ in range(self.chance.randint(0, 6))]
        await self.same("append", scope, "note", documents)

    async def commit(self, scope: Scope) -> None:
        chance = self.chance
        writes = Writes(
            put=tuple(("note", self.document()) for _ in range(chance.randint(0, 3))),
            patch=tuple(Patch("note", self.id(), self.fields(none=0.3)) for _ in range(chance.choice((0, 0, 1, 2)))),
            delete=tuple(("note", self.id()) for _ in range(chance.choice((0, 0, 0, 1)))),
            entry={**ENTRY, "n": chance.random()},
        )
        revision = await self.same("revision", scope)
        await self.same("commit", scope, writes, expect=revision if chance.random() < 0.9 else revision + 1)

    async def attach(self, scope: Scope) -> None:
        vectors = {self.id(): [self.chance.gauss(0, 1) for _ in range(4)] for _ in range(self.chance.randint(1, 5))}
        await self.same("attach", scope, "note", vectors)

    async def look(self, scope: Scope) -> None:
        await self.same("get", scope, "note", [self.id() for _ in range(4)])
        await self.same("count", scope, "note", self.filter())
        await self.same("count", scope, HISTORY)
        await self.same("scopes", "default", after=self.chance.choice(("", "a")))

    async def search(self, scope: Scope) -> None:
        where = self.filter()
        queries = [
            KeywordQuery("note", tuple(self.chance.choices(WORDS, k=3)), where, self.chance.choice((1, 5, 100))),
            KeywordQuery("note", tuple(self.chance.choices(WORDS, k=2))),
            VectorQuery("note", [self.chance.gauss(0, 1) for _ in range(4)], where, self.chance.choice((2, 100))),
        ]
        await self.same("search", scope, queries)

    async def page(self, scope: Scope) -> None:
        order = [Sort(field, self.chance.random() < 0.5) for field in ("status", "rank", "at", "open")]
        order = self.chance.sample(order, self.chance.randint(0, 3))
        where = self.filter()
        found: list[Document] = []
        cursor = None
        while True:
            page = await self.stores[0].page(scope, "note", where, order=order, limit=3, cursor=cursor)
            found += page.documents
            cursor = page.cursor
            if cursor is None:
                break
        wanted = await self.model.page(scope, "note", where, order=order, limit=10_000)
        assert equal(found, wanted.documents), (where, order)

    async def purge(self, scope: Scope) -> None:
        where = AllOf(self.filter(), self.filter(), Has("rank"))
        await self.same("purge", scope, [("note", where), (HISTORY, Between("revision", 0, 3))], entry=ENTRY)

    def id(self) -> str:
        return f"n{self.chance.randrange(40):02d}"

    def document(self) -> Document:
        terms = tuple(self.chance.choices(WORDS, k=self.chance.randint(0, 9)))
        id_ = self.id()
        digest = id_ if self.chance.random() < 0.95 else "another"
        return Document(id_, self.fields(none=0.05), {"text": " ".join(terms)}, terms, digest)

    def fields(self, *, none: float) -> dict[str, Any]:
        chance = self.chance
        values = {
            "status": chance.choice(("valid", "expired", "")),
            "tags": tuple(chance.choices(("red", "blue", "绿"), k=chance.randint(0, 3))),
            "rank": chance.choice((0, 1, -1.5, 2, 2**53)),
            "at": START + timedelta(microseconds=chance.randrange(5)),
            "open": chance.random() < 0.5,
            "metadata": {chance.choice("kl"): chance.choice("xy")} if chance.random() < 0.8 else {},
        }
        chosen = chance.sample(sorted(values), chance.randint(0, 6))
        return {name: None if chance.random() < none else values[name] for name in chosen}

    def filter(self, depth: int = 2) -> Filter:
        chance = self.chance
        leaves: list[Filter] = [
            EVERYTHING,
            Is("status", *chance.choices(("valid", "expired", "", "x"), k=chance.randint(0, 2))),
            Is("tags", chance.choice(("red", "blue", "绿"))),
            Is("rank", chance.choice((0, 1.0, True, "1", 2**53))),
            Is("open", chance.choice((True, False, 1, 0))),
            Is("at", START + timedelta(microseconds=chance.randrange(5))),
            Is(f"metadata.{chance.choice('klm')}", chance.choice("xy")),
            Between("rank", chance.choice((None, -2, 0.5)), chance.choice((None, 1, 2.5))),
            Between("at", chance.choice((None, START + timedelta(microseconds=2)))),
            Between("open", 0.5),
            Has(chance.choice(("status", "tags", "rank", "at", "open", "metadata", "metadata.k", "vector"))),
        ]
        if not depth or chance.random() < 0.5:
            return chance.choice(leaves)
        parts = [self.filter(depth - 1) for _ in range(chance.randint(0, 3))]
        return chance.choice((AllOf(*parts), AnyOf(*parts), Not(self.filter(depth - 1))))


async def outcome(store: Store, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call returns, or the class of what it raises."""
    try:
        return await getattr(store, name)(*args, **kwargs)
    except MemoryEngineError as error:
        return type(error)


def equal(found: Any, wanted: Any) -> bool:
    """Whether two answers are the same; scores may differ in the sixth digit."""
    if isinstance(wanted, Match):
        return isinstance(found, Match) and found.document == wanted.document and abs(found.score - wanted.score) < 1e-6
    if isinstance(wanted, tuple | list):
        return len(found) == len(wanted) and all(map(equal, found, wanted))
    return bool(found == wanted)
