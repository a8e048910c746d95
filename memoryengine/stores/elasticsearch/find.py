"""Answers several queries in one round trip, with the exact scores and the order that the contract wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...filters import AllOf, Has
from ...ports import FilterQuery, KeywordQuery, Match, Query, VectorQuery, VectorSpace
from ...values import Scope
from .codec import Codec
from .dsl import living, query_of
from .keys import document_key, scope_key
from .layout import Names, vector_field
from .search import (
    WINDOW,
    Asking,
    Body,
    Found,
    any_body,
    crowded,
    first_body,
    hidden,
    id_of,
    keyword_bodies,
    keyword_scores,
    more_candidates,
    vector_body,
    vector_parts,
    vector_scores,
)
from .server import Ask, Server
from .view import View

Answer = Mapping[str, Any]


@dataclass
class Part:
    """One query on its way: what was asked for it, and what was found so far, by id.

    `most` is the score that none can pass, 0 where there is no such.
    """

    query: Query
    asking: Asking
    bodies: list[Body]
    found: Found = field(default_factory=dict)
    most: float = 0.0
    packed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finder:
    """Searches of all scopes of one store; `candidates` is how many neighbours a shard looks at."""

    server: Server
    names: Names
    view: View
    codecs: Mapping[str, Codec]
    space: VectorSpace | None
    candidates: int
    window: int = WINDOW

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        """The matches of each query, best first, then by id."""
        parts = [self._part(scope_key(scope), query) for query in queries]
        searches = [(part.query.collection, body) for part in parts for body in part.bodies]
        answers = iter(await self.view.search(scope, searches) if searches else ())
        for part in parts:
            await self._take(scope, part, [next(answers) for _ in part.bodies])
        chosen = [_best(part) for part in parts]
        await self._fetch(scope_key(scope), parts, chosen)
        return self._matches(parts, chosen)

    def _part(self, scope: str, query: Query) -> Part:
        field_name = None if self.space is None else vector_field(self.space)
        collection = self.codecs[query.collection].collection
        asking = Asking(scope, collection, field_name, self.candidates, self.window)
        if query.top_k <= 0:
            return Part(query, asking, [])
        if isinstance(query, FilterQuery):
            return Part(query, asking, [any_body(asking, query)])
        if isinstance(query, KeywordQuery):
            return Part(query, asking, keyword_bodies(asking, query) if query.terms else [])
        return Part(query, asking, [] if self.space is None else [vector_body(asking, query, self.space.dimensions)])

    async def _take(self, scope: Scope, part: Part, answers: Sequence[Answer]) -> None:
        """Score what was found, and search again where a window was too small."""
        if not answers:
            return
        if isinstance(part.query, FilterQuery):
            hits = await self._first(scope, part, part.query) if answers[0]["hits"]["total"]["value"] else ()
            part.found = dict.fromkeys(map(id_of, hits), 0.0)
            self._keep(part, hits)
        elif isinstance(part.query, KeywordQuery):
            totals, having, candidates = answers
            hits = await self._candidates(scope, part, part.bodies[2], candidates)
            part.found, part.most = keyword_scores(part.asking, part.query, totals, having, hits)
            self._keep(part, hits)
        else:
            hits = await self._neighbours(scope, part, part.query, answers[0]["hits"]["hits"])
            part.found = vector_scores(hits)
            self._keep(part, hits)

    async def _first(self, scope: Scope, part: Part, query: FilterQuery) -> Sequence[Answer]:
        """The documents of a filter alone, window after window."""
        found: list[Answer] = []
        body = first_body(part.asking, query)
        while len(found) < query.top_k:
            size = min(self.window, query.top_k - len(found))
            (answer,) = await self.view.search(scope, [(query.collection, body | {"size": size})])
            hits = answer["hits"]["hits"]
            found += hits
            if len(hits) < size:
                break
            body = body | {"search_after": hits[-1]["sort"]}
        return found

    async def _candidates(self, scope: Scope, part: Part, body: Body, answer: Answer) -> list[Answer]:
        """All candidates of a keyword query; more than a window of them only if so many matches are wanted.

        Where all that would follow are as good as the last one wanted, they are asked for again in the order of ids.
        """
        hits = list(answer["hits"]["hits"])
        deep, tied = part.query.top_k + 1 >= body["size"], _equal(hits[part.query.top_k - 1 :])
        more = more_candidates(body, answer) if deep or tied else None
        while more is not None:
            (answer,) = await self.view.search(scope, [(part.query.collection, more)])
            hits += answer["hits"]["hits"]
            more = more_candidates(more, answer) if deep else None
        return hits

    async def _neighbours(
        self, scope: Scope, part: Part, query: VectorQuery, hits: Sequence[Answer]
    ) -> Sequence[Answer]:
        """The neighbours; searched for exactly where some may be hidden, and where more than a window are wanted."""
        assert self.space is not None, "without a space nothing was asked"
        body, wanted = part.bodies[0], part.bodies[0]["size"]
        if query.top_k <= self.window and not crowded(hits):
            return hits
        passing = await self.count(scope, query)
        if passing <= body["knn"]["num_candidates"] and not hidden([hits], wanted, query.top_k):
            return hits  # it was exact
        while True:
            bodies = vector_parts(part.asking, query, self.space.dimensions, passing, wanted)
            answers = await self.view.search(scope, [(query.collection, one) for one in bodies])
            found = [answer["hits"]["hits"] for answer in answers]
            if wanted >= self.window or not hidden(found, wanted, query.top_k):
                return [hit for one in found for hit in one]
            wanted = min(4 * wanted, self.window)

    async def count(self, scope: Scope, query: VectorQuery) -> int:
        """How many documents a vector query could find."""
        field_name = None if self.space is None else vector_field(self.space)
        where = query_of(self.codecs[query.collection].collection, AllOf(query.where, Has("vector")), field_name)
        body = {"size": 0, "track_total_hits": True, "query": living(scope_key(scope), where)}
        (answer,) = await self.view.search(scope, [(query.collection, body)])
        return int(answer["hits"]["total"]["value"])

    def _keep(self, part: Part, hits: Iterable[Answer]) -> None:
        """Note the documents that came with hits."""
        part.packed |= {id_of(hit): hit["fields"]["document"][0] for hit in hits}

    async def _fetch(self, scope: str, parts: Sequence[Part], chosen: Sequence[Sequence[str]]) -> None:
        """Get the documents that were chosen and did not come with a search."""
        pairs = [(part, id_) for part, ids in zip(parts, chosen, strict=True) for id_ in ids]
        lacking = [(part, id_) for part, id_ in pairs if id_ not in part.packed]
        asks = [
            Ask(self.names.alias(part.query.collection), document_key(scope, id_), scope, ("document",))
            for part, id_ in lacking
        ]
        for (part, id_), got in zip(lacking, await self.server.mget(asks), strict=True):
            if got.source is not None and "document" in got.source:  # else it was deleted since
                part.packed[id_] = got.source["document"]

    def _matches(self, parts: Sequence[Part], chosen: Sequence[Sequence[str]]) -> tuple[tuple[Match, ...], ...]:
        """What was chosen; what several queries found is unpacked once."""
        rows = [
            [(part.found[id_], part.most, part.query.collection, part.packed[id_]) for id_ in ids if id_ in part.packed]
            for part, ids in zip(parts, chosen, strict=True)
        ]
        packed = {(collection, data) for row in rows for _, _, collection, data in row}
        documents = {one: self.codecs[one[0]].document(one[1]) for one in packed}
        return tuple(
            tuple([Match(documents[name, data], score, _share(score, most)) for score, most, name, data in row])
            for row in rows
        )


def _best(part: Part) -> list[str]:
    """The ids of the best, in order."""
    ordered = sorted(part.found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [id_ for id_, _ in ordered[: max(part.query.top_k, 0)]]


def _share(score: float, most: float) -> float:
    return score / most if most else 0.0


def _equal(hits: Sequence[Answer]) -> bool:
    """Whether the server gave all hits one score."""
    return bool(hits) and hits[0]["_score"] == hits[-1]["_score"]
