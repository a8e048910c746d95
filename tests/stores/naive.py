"""A store of plain dicts that does what the contract says in the simplest way; the measure of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from memoryengine.errors import IdConflict, Moved, StoreError
from memoryengine.filters import EVERYTHING, Filter, Value, matches
from memoryengine.ports import (
    HISTORY,
    Appended,
    Collection,
    Document,
    FilterQuery,
    KeywordQuery,
    Match,
    Page,
    Query,
    Sort,
    Vector,
    VectorSpace,
    Writes,
)
from memoryengine.ranking import bm25, cosine, idf, unit
from memoryengine.values import Scope

Key = tuple[str, str]


@dataclass
class Shelf:
    """Everything of one scope; a document of None is a tombstone."""

    revision: int = 0
    documents: dict[Key, Document | None] = field(default_factory=dict)
    vectors: dict[Key, Vector] = field(default_factory=dict)

    def living(self, collection: str, where: Filter = EVERYTHING) -> list[Document]:
        return [
            one
            for (name, id_), one in sorted(self.documents.items())
            if name == collection and one and matches(where, one.fields, has_vector=(name, id_) in self.vectors)
        ]

    def bury(self, key: Key) -> None:
        self.documents[key] = None
        self.vectors.pop(key, None)

    def note(self, entry: Mapping[str, Any]) -> None:
        fields: dict[str, Value] = {"revision": self.revision, "at": datetime.fromisoformat(entry["at"])}
        id_ = f"{self.revision:012d}"
        self.documents[HISTORY, id_] = Document(id_, fields, entry, revision=self.revision)


class NaiveStore:
    """Keeps the contract within one process; its cursors are the ids behind which to go on."""

    def __init__(self) -> None:
        self.shelves: dict[Scope, Shelf] = {}

    def shelf(self, scope: Scope) -> Shelf:
        return self.shelves.setdefault(scope, Shelf())

    async def open(self, collections: Sequence[Collection], vectors: VectorSpace | None) -> None:
        pass

    async def close(self) -> None:
        pass

    async def revision(self, scope: Scope) -> int:
        return self.shelf(scope).revision

    async def append(self, scope: Scope, collection: str, documents: Sequence[Document]) -> Appended:
        held = self.shelf(scope).documents
        unique = [one for i, one in enumerate(documents) if one.id not in {other.id for other in documents[:i]}]
        known = {one.id: held[collection, one.id] for one in unique if (collection, one.id) in held}
        for one in documents:
            for other in (known.get(one.id), *documents):
                if other is not None and other.id == one.id and other.digest != one.digest:
                    raise IdConflict((one.id,))
        held.update({(collection, one.id): clean(one, 0) for one in unique if one.id not in known})
        return Appended(
            tuple(one.id for one in unique if one.id not in known),
            tuple(one.id for one in unique if known.get(one.id)),
            tuple(one.id for one in unique if one.id in known and known[one.id] is None),
        )

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int:
        shelf = self.shelf(scope)
        if shelf.revision != expect:
            raise Moved(expect, shelf.revision)
        new = Shelf(expect + 1, dict(shelf.documents), dict(shelf.vectors))
        for name, document in writes.put:
            if new.documents.get((name, document.id), document) is None:
                raise StoreError("put of a deleted document")
            new.documents[name, document.id] = clean(document, new.revision)
            new.vectors.pop((name, document.id), None)
        for patch in writes.patch:
            held = new.documents.get((patch.collection, patch.id))
            if held is None:
                raise StoreError("patch of nothing")
            patched = replace(held, fields={**held.fields, **patch.fields})
            new.documents[patch.collection, patch.id] = clean(patched, new.revision)
        for key in dict.fromkeys(writes.delete):
            if new.documents.get(key) is None:
                raise StoreError("delete of nothing")
            new.bury(key)
        new.note(writes.entry)
        self.shelves[scope] = new
        return new.revision

    async def attach(self, scope: Scope, collection: str, vectors: Mapping[str, Vector]) -> int:
        shelf = self.shelf(scope)
        there = [id_ for id_ in vectors if shelf.documents.get((collection, id_))]
        shelf.vectors.update({(collection, id_): vectors[id_] for id_ in there})
        return len(there)

    async def get(self, scope: Scope, collection: str, ids: Sequence[str]) -> tuple[Document | None, ...]:
        return tuple(self.shelf(scope).documents.get((collection, id_)) for id_ in ids)

    async def page(
        self,
        scope: Scope,
        collection: str,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        found = self.shelf(scope).living(collection, where)
        for sort in reversed(order):
            present = [one for one in found if one.fields.get(sort.field) is not None]
            absent = [one for one in found if one.fields.get(sort.field) is None]
            present.sort(key=lambda one: one.fields[sort.field], reverse=sort.descending)  # type: ignore[arg-type,return-value]
            found = present + absent
        start = [one.id for one in found].index(cursor) + 1 if cursor else 0
        rest = found[start:]
        return Page(tuple(rest[:limit]), rest[limit - 1].id if len(rest) > limit else None)

    async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
        return len(self.shelf(scope).living(collection, where))

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        return tuple(self._answer(self.shelf(scope), query) for query in queries)

    def _answer(self, shelf: Shelf, query: Query) -> tuple[Match, ...]:
        passing = shelf.living(query.collection, query.where)
        if isinstance(query, FilterQuery):
            return tuple(Match(one, 0.0) for one in passing[: max(query.top_k, 0)])
        if isinstance(query, KeywordQuery):
            found = keyword(passing, list(dict.fromkeys(query.terms)))
        else:
            vectors = [(one, shelf.vectors.get((query.collection, one.id))) for one in passing]
            found = [Match(one, unit(round(cosine(vector, query.vector), 6))) for one, vector in vectors if vector]
        return tuple(sorted(found, key=lambda one: (-one.score, one.document.id))[: max(query.top_k, 0)])

    async def purge(
        self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Mapping[str, Any]
    ) -> tuple[int, ...]:
        shelf = self.shelf(scope)
        counts = []
        for name, where in targets:
            doomed = shelf.living(name, where)
            for one in doomed:
                shelf.bury((name, one.id))
            counts.append(len(doomed))
        shelf.revision += 1
        shelf.note(entry)
        return tuple(counts)

    async def scopes(self, namespace: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        users = [scope.user for scope, held in self.shelves.items() if scope.namespace == namespace and held.documents]
        return tuple(user for user in sorted(users) if user > after)[:limit]

    async def describe(self) -> Mapping[str, str]:
        return {"kind": "naive", "location": "memory", "schema": "0"}


def clean(document: Document, revision: int) -> Document:
    """As a store gives it back: no fields of None, moments in UTC."""
    fields = {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in document.fields.items()
        if value is not None
    }
    return replace(document, fields=fields, revision=revision)


def keyword(passing: Sequence[Document], terms: Sequence[str]) -> list[Match]:
    lengths = sum(len(one.terms) for one in passing)
    having = [sum(term in one.terms for one in passing) for term in terms]
    most = sum(idf(len(passing), count) for count in having)
    found = []
    for one in passing:
        score = 0.0
        for term, count in ((term, count) for term, count in zip(terms, having, strict=True) if term in one.terms):
            weight = idf(len(passing), count)
            score += bm25(weight, float(one.terms.count(term)), float(len(one.terms)), lengths / len(passing))
        if score:
            found.append(Match(one, score, score / most))
    return found
