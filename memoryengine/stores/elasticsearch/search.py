"""Keyword and vector queries as searches, and their answers as matches: what is sent, and what is made of it.

**Keyword.** The server finds candidates by its own BM25 over tokens that belong to one scope; the score is computed
here by `memoryengine.ranking.bm25`, with the statistics of the documents that pass. So three searches stand for a
query, all in one request: how many documents pass and their length; how many of them hold each term; and the best
candidates with their term counts. The server's order is coarse, because it weighs terms by its own statistics: the 150
best candidates are scored, or some more than are wanted. It weighs at most `MOST_TERMS` terms, for a server bounds the
parts of a query; what holds others is found, and comes behind.

**Vector.** Approximate nearest neighbours under the filter (exact for an index of kind `flat`, and where few pass, and
where many are equally near; but which of more than a window of equally near ones are found, the server chooses).
The server's score is (1 + cosine) / 2 already; it is rounded as the embedded store rounds it, so that ties are ties.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ...errors import StoreError
from ...ports import Collection, FilterQuery, KeywordQuery, VectorQuery
from ...ports import Query as StoreQuery
from ...ranking import bm25, idf
from ..vectors import unit_vector
from .dsl import MOST_TERMS as MOST_VALUES
from .dsl import Query, living, query_of
from .keys import SLOTS, read_counts, term_keys

CANDIDATES = 150
MOST_TERMS = 800
SPARE = 20
WINDOW = 10_000
Found = dict[str, float]  # ids of documents, and their scores
Body = dict[str, Any]
Answer = Mapping[str, Any]
Answers = Sequence[Answer]

# Stored fields lie in packed blocks among the vectors, so that even an `_id` is dear to read; doc values are not.
BARE: Body = {"stored_fields": "_none_", "track_total_hits": False}


def id_of(hit: Answer) -> str:
    """The id of the document that was hit."""
    return str(hit["fields"]["id"][0])


@dataclass(frozen=True)
class Asking:
    """One query of one scope, with all that is needed to ask it."""

    scope: str
    collection: Collection
    vector_field: str | None
    candidates: int
    window: int = WINDOW

    def passing(self, query: StoreQuery, *more: Query) -> Query:
        """The documents that pass the query's filter."""
        return living(self.scope, query_of(self.collection, query.where, self.vector_field), *more)


def any_body(asking: Asking, query: FilterQuery) -> Body:
    """Whether any document passes: without hits, for such an answer the server keeps until something is written."""
    return {"size": 0, "track_total_hits": 1, "query": asking.passing(query)}


def first_body(asking: Asking, query: FilterQuery) -> Body:
    """The first documents that pass, by id."""
    return {
        "query": asking.passing(query),
        "sort": [{"id": "asc"}],
        "docvalue_fields": ["id", "document"],
        **BARE,
    }


# --- keyword ----------------------------------------------------------------------------------------------------


def keyword_bodies(asking: Asking, query: KeywordQuery) -> list[Body]:
    """Totals, how many hold each term, and candidates."""
    keys = term_keys(asking.scope)
    tokens = [keys.token(term) for term in _distinct(query)]
    if len(tokens) > MOST_VALUES:
        raise StoreError(f"A question of {len(tokens):,} different terms was asked; at most {MOST_VALUES:,} can be.")
    passing = asking.passing(query)
    weighed = [_term(token) for token in tokens[:MOST_TERMS]]
    others = [{"terms": {"terms": tokens[MOST_TERMS:], "boost": 0}}] if len(tokens) > MOST_TERMS else []
    holding = {"bool": {"filter": [passing], "should": weighed + others, "minimum_should_match": 1}}
    having: Body = {"filters": {"filters": {str(n): _term(t) for n, t in enumerate(tokens)}}}
    most = min(max(CANDIDATES, query.top_k + SPARE), asking.window)
    return [
        # by itself, for the server keeps the answer until something is written: it is the same for all questions
        {"size": 0, "track_total_hits": True, "query": passing, "aggs": {"length": {"sum": {"field": "length"}}}},
        {"size": 0, "track_total_hits": False, "query": passing, "aggs": {"having": having}},
        {"query": holding, "size": most, "docvalue_fields": ["id", "counts", "document"], **BARE},
    ]


def more_candidates(body: Body, answer: Mapping[str, Any]) -> Body | None:
    """The search for the candidates behind a full window; None if there are no more."""
    hits = answer["hits"]["hits"]
    if len(hits) < body["size"]:
        return None
    if "sort" not in hits[-1]:
        return body | {"sort": ["_score", {"id": "asc"}]}
    return body | {"sort": ["_score", {"id": "asc"}], "search_after": hits[-1]["sort"]}


def keyword_scores(
    asking: Asking, query: KeywordQuery, totals: Answer, having: Answer, hits: Answers
) -> tuple[Found, float]:
    """The exact score of every candidate, by id, and the most that one could reach."""
    count, length = totals["hits"]["total"]["value"], totals["aggregations"]["length"]["value"]
    if not hits or not length:
        return {}, 0.0
    keys, terms = term_keys(asking.scope), _distinct(query)
    holding = having["aggregations"]["having"]["buckets"]
    weights: Any = np.array([idf(count, holding[str(n)]["doc_count"]) for n in range(len(terms))])
    data = [a2b_base64(hit["fields"]["counts"][0]) for hit in hits]
    numbers, counts = read_counts(b"".join(data))
    rows = np.repeat(np.arange(len(data)), [len(one) // 8 for one in data])
    lengths = np.bincount(rows, counts, len(data))
    wanted = np.array([keys.number(term) for term in terms], np.uint64)
    order = np.argsort(wanted)
    ordered = wanted[order]
    nearest = np.minimum(np.searchsorted(ordered, numbers), len(terms) - 1)
    kept = ordered[nearest] == numbers
    # one pair of row and term for each place where a term occurs, however many entries it has there
    pairs, place = np.unique(rows[kept] * len(terms) + order[nearest[kept]], return_inverse=True)
    row, term = np.divmod(pairs, len(terms))
    scores = np.bincount(
        row, bm25(weights[term], np.bincount(place, counts[kept]), lengths[row], length / count), len(data)
    )
    return dict(zip(map(id_of, hits), scores.tolist(), strict=True)), float(weights.sum())


def _distinct(query: KeywordQuery) -> list[str]:
    return list(dict.fromkeys(query.terms))


def _term(token: str) -> Query:
    return {"term": {"terms": token}}


# --- vector -----------------------------------------------------------------------------------------------------


def vector_body(asking: Asking, query: VectorQuery, space: int) -> Body:
    """The search for the nearest."""
    wanted = min(query.top_k + SPARE, asking.window)
    return _nearest(asking, query, space, wanted, min(max(asking.candidates, wanted), WINDOW))


def vector_parts(asking: Asking, query: VectorQuery, space: int, passing: int, wanted: int) -> list[Body]:
    """The exact search for `wanted` in each of several parts of the scope, of which `passing` documents pass in all.

    A server looks at every vector where no more pass than it weighs candidates.
    """
    parts = max(1, -(-passing * 2 // asking.window))  # a part is half full, so that an uneven one has room
    limits = [SLOTS * n // parts for n in range(parts + 1)]
    ranges = [{"range": {"slot": {"gte": low, "lt": high}}} for low, high in pairwise(limits)]
    return [_nearest(asking, query, space, wanted, asking.window, one) for one in ranges]


def _nearest(asking: Asking, query: VectorQuery, space: int, wanted: int, candidates: int, *more: Query) -> Body:
    assert asking.vector_field is not None, "checked by the store"
    knn = {
        "field": asking.vector_field,
        "query_vector": unit_vector(query.vector, space).round(7).tolist(),
        "k": wanted,
        "num_candidates": candidates,
        "filter": asking.passing(query, *more),
    }
    return {"knn": knn, "size": wanted, "docvalue_fields": ["id", "document"], **BARE}


def vector_scores(hits: Answers) -> Found:
    """The score of each neighbour, by id: rounded so that the cosine has six digits."""
    return {id_of(hit): _rounded(hit) for hit in hits}


def crowded(hits: Answers) -> bool:
    """Whether so many neighbours are equally near that others may be behind them.

    A tie may go through the last of them; and in the graph of an index only some thirty equal vectors are linked, so
    that the rest of them cannot be found by walking it (seen: 34 of 3,000 on 8.19).
    """
    return any(len(list(group)) >= SPARE for _, group in groupby(hits, _rounded))


def hidden(parts: Sequence[Answers], wanted: int, top_k: int) -> bool:
    """Whether a part may hold more that ties with the last of the best `top_k`, as all `wanted` from it are so good."""
    scores = sorted((_rounded(hit) for part in parts for hit in part), reverse=True)
    least = scores[top_k - 1] if len(scores) >= top_k else 0.0
    return any(len(part) == wanted and _rounded(part[-1]) >= least for part in parts)


def _rounded(hit: Mapping[str, Any]) -> float:
    return (1.0 + round(min(1.0, max(-1.0, 2.0 * float(hit["_score"]) - 1.0)), 6)) / 2.0
