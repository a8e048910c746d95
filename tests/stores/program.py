"""Seeded random programs of store calls, run on several stores at once; every answer must be the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from memoryengine.errors import DeletionPending, IdConflict, MemoryEngineError
from memoryengine.filters import EVERYTHING, AllOf, Between, Has, Is
from memoryengine.ports import (
    HISTORY,
    Appended,
    Document,
    KeywordQuery,
    Match,
    Page,
    Patch,
    Sort,
    Store,
    VectorQuery,
    Writes,
)
from memoryengine.testing.store_samples import ENTRY, note
from memoryengine.values import Scope

from .draws import EAST, Draws
from .naive import NaiveStore

KEYWORD, VECTOR = 1e-6, 2e-6
"""How far scores may lie apart: float64 sums, and cosines of float32 that are rounded to six digits."""


class Program:
    """One random program: the same calls to the model and, of each group of stores, to one by chance.

    The stores of a group stand at one place, as those of several processes would.
    """

    def __init__(self, seed: int, groups: Sequence[Sequence[Store]], model: NaiveStore) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.draw = Draws(self.chance)
        self.groups = groups
        self.model = model
        self.calls: dict[str, int] = {}
        self.operations = self.steps = 0

    async def run(self, steps: int) -> None:
        moves = {
            self.append: 4, self.commit: 5, self.expire: 2, self.attach: 4, self.look: 4, self.search: 6, self.page: 3,
            self.purge: 1, self.wrong: 1,
        }  # fmt: skip
        for _ in range(steps):
            (move,) = self.chance.choices(list(moves), weights=list(moves.values()))
            self.calls[move.__name__] = self.calls.get(move.__name__, 0) + 1
            self.steps += 1
            try:
                await move(self.draw.scope())
            except AssertionError as error:
                raise AssertionError(f"seed {self.seed}, step {self.steps}, {move.__name__}: {error}") from error

    async def same(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The answer of the model, after checking that every store gives the same."""
        wanted = await outcome(self.model, name, args, kwargs)
        self.operations += 1
        for store in self.some():
            found = await outcome(store, name, args, kwargs)
            assert equal(found, wanted), told(store, (name, args, kwargs), found, wanted)
        return wanted

    def some(self) -> list[Store]:
        """One store of each group."""
        return [self.chance.choice(group) for group in self.groups]

    # --- writing ------------------------------------------------------------------------------------------------

    async def append(self, scope: Scope) -> None:
        if self.chance.random() < 0.15:
            await self.same("append", scope, "job", [self.draw.job(self.draw.id()) for _ in range(3)])
            return
        documents = [self.draw.document(self.draw.id()) for _ in range(self.chance.randint(0, 8))]
        if await self.same("append", scope, "note", documents) is IdConflict:
            await self.append_the_rest(scope, documents)

    async def append_the_rest(self, scope: Scope, documents: Sequence[Document]) -> None:
        """Repeat an append without the conflicts; what was without conflict may be in already or not."""
        held = self.model.shelf(scope).documents
        digests: dict[str, set[str]] = {}
        for one in (*documents, *(held.get(("note", one.id)) for one in documents)):
            if one is not None:
                digests.setdefault(one.id, set()).add(one.digest)
        rest = [one for one in documents if len(digests[one.id]) == 1]
        self.operations += 1
        wanted = await self.model.append(scope, "note", rest)
        for store in self.some():
            found: Appended = await store.append(scope, "note", rest)
            same = {*found.new, *found.known} == {*wanted.new, *wanted.known} and found.deleted == wanted.deleted
            assert same, told(store, ("append again", rest), found, wanted)

    async def commit(self, scope: Scope) -> None:
        chance, draw = self.chance, self.draw
        there, free = self.ids(scope)
        if chance.random() < 0.1:
            there = free = [draw.id() for _ in range(4)]
        deleted = chance.choices(there, k=chance.choice((0, 0, 0, 0, 0, 0, 1, 2)) if there else 0)
        patched = chance.choices(there, k=chance.choice((0, 0, 1, 2)) if there else 0)
        writes = Writes(
            put=(
                *(("note", draw.document(chance.choice(free))) for _ in range(chance.randint(0, 3) if free else 0)),
                *(("job", draw.job(f"j{chance.randrange(30)}")) for _ in range(chance.random() < 0.1)),
            ),
            patch=tuple(Patch("note", id_, draw.fields(none=0.3)) for id_ in patched),
            delete=tuple(("note", id_) for id_ in deleted),
            entry=self.entry(),
        )
        revision = await self.same("revision", scope)
        expect = revision if chance.random() < 0.9 else max(0, revision + chance.choice((1, -1, -2)))
        await self.same("commit", scope, writes, expect=expect)

    async def expire(self, scope: Scope) -> None:
        """What the engine does most: patches of the status of documents that are there."""
        there, _ = self.ids(scope)
        chosen = self.chance.sample(there, min(len(there), self.chance.randint(1, 4)))
        status = self.chance.choice(("valid", "expired", None))
        writes = Writes(patch=tuple(Patch("note", id_, {"status": status}) for id_ in chosen), entry=self.entry())
        await self.same("commit", scope, writes, expect=await self.same("revision", scope))
        await self.same("count", scope, "note", Is("status", "expired"))

    async def attach(self, scope: Scope) -> None:
        there, free = self.ids(scope)
        chosen = self.chance.choices(there or free, k=5) + self.chance.choices(free, k=2)
        await self.same("attach", scope, "note", {id_: self.draw.vector() for id_ in chosen})

    async def purge(self, scope: Scope) -> None:
        where = AllOf(self.draw.filter(), self.draw.filter(), Has("rank"))
        targets = [("note", where), (HISTORY, Between("revision", 0, self.chance.randint(0, 8)))]
        if self.chance.random() < 0.1:
            targets = [("job", EVERYTHING), *targets, ("note", where), ("note", Has("vector"))]
        if self.chance.random() < 0.1:
            targets = [(HISTORY, EVERYTHING)]
        await self.same("purge", scope, targets, entry=self.entry())
        await self.same("revision", scope)

    def entry(self) -> dict[str, Any]:
        at = datetime(2026, 1, 1, self.chance.randrange(24), tzinfo=self.chance.choice((UTC, EAST)))
        return {"at": at.isoformat(), "n": self.chance.random()}

    def ids(self, scope: Scope) -> tuple[list[str], list[str]]:
        """Ids of notes that are there, and some of those that were not deleted."""
        held = self.model.shelf(scope).documents
        there = [id_ for (name, id_), one in held.items() if name == "note" and one is not None]
        drawn = [self.draw.id() for _ in range(9)]
        return there, [id_ for id_ in drawn if held.get(("note", id_), ENTRY) is not None] or [f"new{len(held)}"]

    # --- reading ------------------------------------------------------------------------------------------------

    async def look(self, scope: Scope) -> None:
        await self.same("get", scope, "note", [self.draw.id() for _ in range(4)])
        for _ in range(2):
            await self.same("count", scope, "note", self.draw.filter())
        await self.same("count", scope, HISTORY, self.draw.filter_of(HISTORY))
        after, limit = self.chance.choice(("", "a", "a ", "\U00010000")), self.chance.choice((0, 1, 1000))
        await self.same("scopes", self.draw.scope().namespace, after=after, limit=limit)

    async def search(self, scope: Scope) -> None:
        queries = self.draw.queries()
        wanted = await self.model.search(scope, queries)
        self.operations += 1
        for store in self.some():
            answers = await store.search(scope, queries)
            assert len(answers) == len(queries), told(store, queries, answers, wanted)
            for query, one, other in zip(queries, answers, wanted, strict=True):
                within = VECTOR if isinstance(query, VectorQuery) else KEYWORD
                assert alike(one, other, within), told(store, query, one, other)

    async def page(self, scope: Scope) -> None:
        """All pages, each store by its own cursors."""
        collection = self.chance.choice(("note", "note", "note", "job", HISTORY))
        order, where = self.draw.order(collection), self.draw.filter_of(collection)
        limit = self.chance.choice((3, 7, 50, 2_000))
        stores = [self.model, *self.some()]
        cursors: list[str | None] = [None] * len(stores)
        while True:
            pages: list[Page] = [
                await store.page(scope, collection, where, order=order, limit=limit, cursor=cursor)
                for store, cursor in zip(stores, cursors, strict=True)
            ]
            self.operations += 1
            for store, one in zip(stores, pages, strict=True):
                same = one.documents == pages[0].documents and (one.cursor is None) == (pages[0].cursor is None)
                assert same, told(store, (collection, where, order, limit), one, pages[0])
            cursors = [one.cursor for one in pages]
            if cursors[0] is None:
                return

    async def wrong(self, scope: Scope) -> None:
        """A call that breaks the contract: the same error in every store, and nothing is written."""
        name, args, kwargs = self.chance.choice(wrong_calls(scope))
        self.operations += 1
        found = [await outcome(store, name, args, kwargs) for store in self.some()]
        assert len(set(map(str, found))) == 1, told(self.groups, (name, args, kwargs), found, "one error")
        assert isinstance(found[0], type), told(self.groups, (name, args, kwargs), found, "an error")


def wrong_calls(scope: Scope) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls that no store may take."""
    over = datetime(1, 1, 1, tzinfo=EAST)  # in UTC that is before the first year
    bad_documents = [
        note("", rank=1), note("\ud800"), note("broken", status="\0"), note("broken", rank=2**53 + 2),
        note("broken", at=over), note("broken", metadata={"k": "\0"}), note("broken", open="yes"),
        Document("broken", {}, {}, ("a b",)), Document("broken", {}, {"x": object()}),
    ]  # fmt: skip
    return [
        *(("append", (scope, "note", [note("good"), one]), {}) for one in bad_documents),
        ("commit", (scope, Writes(put=(("nothing", note("a")),), entry=ENTRY)), {"expect": 0}),
        ("attach", (scope, "note", {"n00": [1, 0, 0]}), {}),
        ("attach", (scope, "note", {"n00": [0, 0, 0, 0]}), {}),
        ("attach", (scope, "job", {"n00": [1, 0, 0, 0]}), {}),
        ("search", (scope, [VectorQuery("note", [1, 0, 0])]), {}),
        ("search", (scope, [VectorQuery("note", [0, 0, 0, 0])]), {}),
        ("search", (scope, [VectorQuery("note", [0, 0, 0, float("nan")], top_k=0)]), {}),
        ("search", (scope, [KeywordQuery("job", ("a",))]), {}),
        ("search", (scope, [KeywordQuery("note", ("a",), Is("colour", "red"))]), {}),
        ("count", (scope, "note", Is("status.x", "red")), {}),
        ("count", (scope, "note", Between("at", 5)), {}),
        ("purge", (scope, [("note", EVERYTHING), ("note", Has("colour"))]), {"entry": ENTRY}),
        ("purge", (scope, [("note", Is("status", "no such"))]), {"entry": {}}),
        ("page", (scope, "note"), {"limit": 0}),
        ("page", (scope, "note"), {"order": [Sort("tags")]}),
        ("page", (scope, "note"), {"cursor": "nonsense"}),
        ("get", (scope, "note", ["\0"]), {}),
        ("revision", (Scope(""),), {}),
        ("scopes", ("",), {}),
    ]


async def outcome(store: Store, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call returns or, if only bytes are left to be cleaned, would return; else the class of its error."""
    try:
        return await getattr(store, name)(*args, **kwargs)
    except DeletionPending as pending:
        return pending.result
    except MemoryEngineError as error:
        return type(error)


def equal(found: Any, wanted: Any) -> bool:
    """Whether two answers are the same; a list is as good as a tuple."""
    if isinstance(wanted, tuple | list):
        return isinstance(found, tuple | list) and len(found) == len(wanted) and all(map(equal, found, wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def alike(found: Sequence[Match], wanted: Sequence[Match], within: float) -> bool:
    """Whether two answers of a search are the same; scores within a tolerance may change places, and only they."""
    if len(found) != len(wanted) or any(abs(a.score - b.score) > within for a, b in zip(found, wanted, strict=True)):
        return False
    if any(abs(a.share - b.share) > KEYWORD for a, b in zip(found, wanted, strict=True)):
        return False
    by_id = {one.document.id: one for one in wanted}
    for one in found:
        other = by_id.get(one.document.id)
        if other is None and one.score > wanted[-1].score + within:  # else the cut goes through a near-tie
            return False
        if other is not None and (not _same(other.document, one.document) or abs(other.score - one.score) > within):
            return False
    keys = [(-one.score, one.document.id) for one in found]
    return keys == sorted(set(keys))


def told(store: object, call: object, found: object, wanted: object) -> str:
    """A difference for people, who need not read 30,000 bytes of one id."""
    parts = {"store": type(store).__name__, "call": call, "found": found, "wanted": wanted}
    return "\n".join(f"{name}: {short(value)}" for name, value in parts.items())


def short(value: object) -> str:
    text = repr(value).replace("好" * 100, "").replace("x" * 100, "").replace("\\U0001f600" * 10, "")
    return text if len(text) < 3_000 else f"{text[:3_000]}..."


def _same(one: Document, other: Document) -> bool:
    """Whether two found documents are the same; a store may leave their terms out."""
    return replace(one, terms=()) == replace(other, terms=())
