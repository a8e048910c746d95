"""Answers several queries from one state of the file and its indices."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ...filters import AllOf, Has
from ...ports import Document, FilterQuery, KeywordQuery, Match, Query
from ..vectors import unit_vector
from .documents import Place, Table
from .index import Indices, best
from .rows import Rows

Found = list[tuple[int, float, float]]  # keys of documents, their scores, and which share of the most that is


def answer(
    connection: sqlite3.Connection, indices: Indices, place: Place, queries: Sequence[tuple[Query, Table]]
) -> tuple[tuple[Match, ...], ...]:
    """The matches of each query; what several of them need is worked out and read once."""
    found = [_find(connection, indices, place, query, table) for query, table in queries]
    documents: dict[int, Document] = {}
    for table in {table.key: table for _, table in queries}.values():
        keys = {
            key: None for one, (_, of) in zip(found, queries, strict=True) if of.key == table.key for key, *_ in one
        }
        documents |= indices.documents(connection, table, list(keys))
    return tuple(tuple(Match(documents[key], score, share) for key, score, share in one) for one in found)


def _find(connection: sqlite3.Connection, indices: Indices, place: Place, query: Query, table: Table) -> Found:
    if isinstance(query, FilterQuery):
        return _first(indices.rows(connection, place, table), query)
    rows, texts = indices.texts(connection, place, table)
    if not rows.ids:
        return []
    where = query.where if isinstance(query, KeywordQuery) else AllOf(query.where, Has("vector"))
    passing = rows.passing(where)
    if isinstance(query, KeywordQuery):
        found, scores, most = texts.keyword(query.terms, passing, query.top_k)
    else:
        found, scores = texts.vector(unit_vector(query.vector), passing, query.top_k)
        most = 0.0
    chosen = best(found, scores, query.top_k, rows.ids)
    keys = rows.keys([row for row, _ in chosen])
    return [(key, score, score / most if most else 0.0) for key, (_, score) in zip(keys, chosen, strict=True)]


def _first(rows: Rows, query: FilterQuery) -> Found:
    chosen, _ = rows.page(query.where, (), query.top_k, None) if query.top_k > 0 else ([], None)
    return [(key, 0.0, 0.0) for key in rows.keys(chosen)]
