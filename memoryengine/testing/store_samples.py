"""What the parts of the store contract share: collections, documents, and the reference that scores are held to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

from ..errors import DeletionPending
from ..filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, Value
from ..ports import Collection, Document, Match, Sort, Store, VectorSpace, Writes
from ..values import Scope

NOTES = Collection(
    "note",
    {
        "status": "keyword",
        "tags": "keywords",
        "rank": "number",
        "at": "moment",
        "open": "flag",
        "metadata": "map",
    },
    searchable=True,
)
JOBS = Collection("job", {"state": "keyword", "at": "moment"})
COLLECTIONS = (NOTES, JOBS)
SPACE = VectorSpace("contract-embedder", 4)
ALICE = Scope("alice")
BOB = Scope("bob")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = {"at": "2026-03-01T12:00:00+00:00", "run": "r1"}


def note(id_: str, text: str = "", /, **fields: Any) -> Document:
    """A document of the collection `note` whose terms are the words of `text`."""
    return Document(id_, fields, {"text": text}, tuple(text.split()), f"digest of {id_[:20]} {text}")


def entry(**more: Any) -> dict[str, Any]:
    """An entry for history."""
    return {**ENTRY, **more}


def ids_of(found: Iterable[Document | Match]) -> list[str]:
    """The ids of documents or matches, in their order."""
    return [(one.document if isinstance(one, Match) else one).id for one in found]


def fields_of(document: Document | None) -> dict[str, Value]:
    """The fields of a document that must be there."""
    assert document is not None, "the document is not there"
    return dict(document.fields)


async def all_pages(
    store: Store,
    scope: Scope,
    where: Filter = EVERYTHING,
    *,
    order: Sequence[Sort] = (),
    limit: int = 100,
    collection: str = "note",
) -> list[Document]:
    """Every document that passes, fetched page by page."""
    found: list[Document] = []
    cursor: str | None = None
    while True:
        page = await store.page(scope, collection, where, order=order, limit=limit, cursor=cursor)
        assert len(page.documents) <= limit, "a page holds more than was asked for"
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            return found


async def put(store: Store, scope: Scope, *documents: Document, expect: int | None = None) -> int:
    """Commit some notes at the present revision."""
    expect = await store.revision(scope) if expect is None else expect
    writes = Writes(put=tuple(("note", document) for document in documents), entry=ENTRY)
    return await store.commit(scope, writes, expect=expect)


def reference_bm25(texts: Mapping[str, Sequence[str]], query: Iterable[str]) -> dict[str, float]:
    """BM25 as the contract means it (k1 = 1.5, b = 0.75, Lucene's idf), of the documents that hold a query term."""
    average = sum(map(len, texts.values())) / len(texts)
    scores: dict[str, float] = {}
    for term in set(query):
        having = sum(term in terms for terms in texts.values())
        weight = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for id_, terms in texts.items():
            frequency = Counter(terms)[term]
            if frequency:
                norm = 1.5 * (1 - 0.75 + 0.75 * len(terms) / average)
                scores[id_] = scores.get(id_, 0.0) + weight * frequency / (frequency + norm)
    return scores


def reference_most(texts: Mapping[str, Sequence[str]], query: Iterable[str]) -> float:
    """The sum of the weights of the query's terms, which no score by `reference_bm25` passes."""
    having = [sum(term in terms for terms in texts.values()) for term in set(query)]
    return sum(math.log(1 + (len(texts) - count + 0.5) / (count + 0.5)) for count in having)


def reference_cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """(1 + cosine) / 2 of two vectors."""
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return (1 + dot / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))) / 2


def mixed_notes() -> list[Document]:
    """Thirty notes that hold every kind of field in many ways, or not at all."""
    places = ("北京", 'a "quoted" key', "x.y")
    east = timezone(timedelta(hours=8))
    notes = []
    for i in range(30):
        fields: dict[str, Value] = {}
        if i % 5:
            fields["status"] = ("valid", "expired", "", "Valid")[i % 4]
        if i % 3:
            fields["tags"] = ("red", "blue", "绿")[: i % 4]
        if i % 4:
            fields["rank"] = (i - 15) / (2 if i % 2 else 1)
        if i % 6:
            fields["at"] = (NOON + timedelta(microseconds=i // 2)).astimezone(east if i % 2 else UTC)
        if i % 7:
            fields["open"] = i % 2 == 0
        if i % 2:
            fields["metadata"] = {"place": places[i % 3], "k.d": str(i % 4)} if i % 9 else {}
        notes.append(note(f"n{i:02d}", ("apple pear", "apple", "苹果 梨")[i % 3], **fields))
    return notes


FILTERS: tuple[Filter, ...] = (
    EVERYTHING,
    AnyOf(),
    Is("status", "valid"),
    Is("status", "valid", "", "nothing of this name"),
    Is("status"),
    Not(Is("status", "valid")),
    Is("tags", "red"),
    Is("tags", "绿", "blue"),
    Not(Is("tags", "red")),
    Is("rank", 3),
    Is("rank", 0, -7.0, 2**53),
    Between("rank", -3, 4.5),
    Between("rank", None, 0),
    Between("rank", 2),
    Between("rank"),
    Is("at", NOON + timedelta(microseconds=3)),
    Is("at", (NOON + timedelta(microseconds=5)).astimezone(timezone(timedelta(hours=-5)))),
    Between("at", NOON + timedelta(microseconds=2), NOON + timedelta(microseconds=9)),
    Between("at", NOON + timedelta(microseconds=14)),
    Is("open", True),
    Is("open", False),
    Has("status"),
    Has("tags"),
    Has("rank"),
    Has("at"),
    Has("open"),
    Has("metadata"),
    Not(Has("metadata")),
    Has("metadata.place"),
    Has("metadata.nowhere"),
    Is("metadata.place", "北京"),
    Is("metadata.place", 'a "quoted" key', "x.y"),
    Is("metadata.k.d", "1", "3"),
    Not(Is("metadata.k.d", "1")),
    Has("vector"),
    Not(Has("vector")),
    AllOf(Is("status", "valid"), Between("rank", -10, 10), Not(Has("metadata"))),
    AnyOf(Is("tags", "red"), AllOf(Is("open", True), Has("at"))),
    Not(AnyOf(Is("status", "expired"), Not(Has("tags")))),
)


class SettledStore:
    """A store whose deletions return what they would have, where bytes are still to be cleaned from its files."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int | tuple[int, ...]:
        """`Store.commit`; the contract allows it to raise `DeletionPending`."""
        try:
            return await self.inner.commit(scope, writes, expect=expect)
        except DeletionPending as pending:
            return pending.result

    async def purge(
        self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Mapping[str, Any]
    ) -> int | tuple[int, ...]:
        """`Store.purge`; the contract allows it to raise `DeletionPending`."""
        try:
            return await self.inner.purge(scope, targets, entry=entry)
        except DeletionPending as pending:
            return pending.result


class StoreChecks:
    """What every part of the contract needs of the plug-in under test."""

    async def make_store(self, where: Path) -> Store:
        """The store that keeps its data at `where`, not opened yet; the same `where` must mean the same data.

        `where` is a path in a folder of the test's own. A store that lives elsewhere makes a name of its own of it.
        """
        raise NotImplementedError("override make_store")

    @asynccontextmanager
    async def opened(self, where: Path, *, vectors: VectorSpace | None = SPACE) -> AsyncIterator[Store]:
        """A store with the collections of the contract; closed at the end."""
        store = await self.make_store(where / "store")
        await store.open(COLLECTIONS, vectors)
        try:
            yield cast(Store, SettledStore(store))
        finally:
            await store.close()
