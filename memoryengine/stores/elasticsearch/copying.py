"""Taking everything out of the indices of a store, and putting it into those of another one; see `upkeep.Copyable`.

What is taken out are the documents and tombstones alone. Marks (see `view`) are not: a copy is refreshed whole before
it ends. Entries of history are documents as others are, so the log of a copy goes on from the same revision. While a
copy is being made, the gate (see `log`) names its source, and keeps commits out.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from ...errors import StoreError
from ...ports import VectorSpace
from ...upkeep import Carried, Part
from ...values import Scope
from ..vectors import arrived_vector, carried_vector
from .codec import GONE, MARKER, Codec, Source, tombstone
from .keys import document_key, scope_key
from .layout import SCOPES, Names, vector_field
from .log import GATE, OPEN, Log, mark, mark_key, user_of
from .scan import scan
from .server import Action, Ask, RealServer

PART = 500


class ElasticsearchCopying:
    """The indices of an open store as a `Copyable`."""

    def __init__(
        self, server: RealServer, names: Names, log: Log, codecs: Mapping[str, Codec], space: VectorSpace | None
    ) -> None:
        self._server, self._names, self._log, self._codecs = server, names, log, codecs
        self._scopes = names.alias(SCOPES)
        self.space = space

    # --- out ----------------------------------------------------------------------------------------------------

    async def scopes(self) -> AsyncIterator[Scope]:
        """All scopes, by namespace and user."""
        await self._server.refresh([self._scopes])
        body = {
            "query": {"exists": {"field": "user"}},
            "sort": [{"namespace": "asc"}, {"user": "asc"}],
            "source": ["namespace", "user"],
        }
        while True:
            answer = await self._server.ask(lambda client: client.search(index=self._scopes, size=PART, **body))  # type: ignore[arg-type]
            hits = answer["hits"]["hits"]
            for hit in hits:
                yield Scope(hit["_source"]["user"], hit["_source"]["namespace"])
            if len(hits) < PART:
                return
            body["search_after"] = hits[-1]["sort"]

    async def stamp(self, scope: Scope) -> str:
        """The scope's revision, and its mark in each index, which every write there moves."""
        key = scope_key(scope)
        marks = [Ask(self._names.alias(name), mark_key(key), key, ("state",)) for name in self._codecs]
        seen = await self._log.settled(key, marks)
        return json.dumps([seen.revision, *((got.index, got.seq_no) for got in seen.more)])

    async def dump(self, scope: Scope, *, vectors: bool) -> AsyncGenerator[Part, None]:
        """All that the scope holds."""
        key = scope_key(scope)
        await self._log.settled(key)
        await self._server.refresh([self._names.alias(name) for name in self._codecs])
        field = vector_field(self.space) if vectors and self.space is not None else ""
        for name, codec in self._codecs.items():
            body: dict[str, Any] = {
                "query": {"bool": {"filter": [{"term": {"scope": key}}], "must_not": [{"term": {"state": MARKER}}]}},
                "source": False,
                "docvalue_fields": ["document", "state", "revision"],
            }
            if field and codec.collection.searchable:
                body["fields"] = [field]
            async with aclosing(scan(self._server, self._names.alias(name), body, PART, routing=key)) as found:
                async for hits in found:
                    yield _part(name, codec, hits, field)

    # --- in -----------------------------------------------------------------------------------------------------

    async def begin(self, source: str) -> None:
        """Note whose copy this becomes, in the gate; raises `StoreError` if anything else is in the indices."""
        where = f"The store {self._server.where}, indices {self._names.prefix}-*,"
        (gate,) = await self._server.mget([Ask(self._scopes, GATE, GATE, ("gate",))])
        held = gate.source["gate"] if gate.source else OPEN
        if held == _copy_of(source):
            return
        if held != OPEN:
            raise StoreError(f"{where} is {held}, so it cannot become a copy of {source}: choose another index_prefix.")
        await self._server.refresh([self._scopes])
        found = await self._server.ask(
            lambda client: client.count(index=self._scopes, query={"exists": {"field": "user"}})
        )
        if found["count"]:
            raise StoreError(f"{where} holds something already: copy to another index_prefix.")
        await self._shut(_copy_of(source))

    async def load(self, scope: Scope, part: Part) -> None:
        """Write documents and tombstones as they are."""
        key, alias, codec = scope_key(scope), self._names.alias(part.collection), self._codecs[part.collection]
        actions = [
            Action("index", alias, document_key(key, one.document.id), key, self._source(codec, key, one))
            for one in part.documents
        ]
        actions += [Action("index", alias, id_, key, tombstone(key, revision)) for id_, revision in part.deleted]
        await self._server.bulk(actions)

    async def settle(self, scope: Scope, revision: int) -> None:
        """Add the user, with a hint at the revision, and a mark in each index: readers may have found nothing there."""
        key = scope_key(scope)
        marks = [mark(self._names.alias(name), key) for name in self._codecs]
        await self._server.bulk([*marks, Action("index", self._scopes, key, key, user_of(scope, revision))])

    async def end(self) -> None:
        """Let all be seen, and take commits."""
        await self._server.refresh([self._names.alias(name) for name in (SCOPES, *self._codecs)])
        await self._shut(OPEN)

    async def _shut(self, gate: str) -> None:
        await self._server.bulk([Action("index", self._scopes, GATE, GATE, {"gate": gate})])

    def _source(self, codec: Codec, scope: str, one: Carried) -> Source:
        source = codec.source(scope, one.document, one.document.revision)
        if one.vector and self.space is not None:
            source[vector_field(self.space)] = arrived_vector(one.vector).tolist()
        return source


def _copy_of(source: str) -> str:
    return f"half a copy of {source}"


def _part(collection: str, codec: Codec, hits: list[Mapping[str, Any]], field: str) -> Part:
    documents, deleted = [], []
    for hit in hits:
        held = hit["fields"]
        if held["state"][0] == GONE:
            deleted.append((hit["_id"], int(held["revision"][0])))
        else:
            vector = carried_vector(held[field]) if field in held else b""
            documents.append(Carried(codec.document(held["document"][0]), vector))
    return Part(collection, tuple(documents), tuple(deleted))
