"""Answers several queries from one state of the file and its indices."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ...filters import AllOf, Filter, Has
from ...ports import KeywordQuery, Match, VectorQuery
from .columns import Mask
from .documents import Place, Table, documents_by_key
from .index import Indices, best, unit_vector

Query = KeywordQuery | VectorQuery
Found = list[tuple[int, float]]


def answer(
    connection: sqlite3.Connection, indices: Indices, place: Place, queries: Sequence[tuple[Query, Table]]
) -> tuple[tuple[Match, ...], ...]:
    """The matches of each query; queries with the same filter share its evaluation."""
    masks: dict[tuple[int, Filter], Mask] = {}
    return tuple(_answer(connection, indices, place, query, table, masks) for query, table in queries)


def _answer(
    connection: sqlite3.Connection,
    indices: Indices,
    place: Place,
    query: Query,
    table: Table,
    masks: dict[tuple[int, Filter], Mask],
) -> tuple[Match, ...]:
    rows, texts = indices.texts(connection, place, table)
    where = query.where if isinstance(query, KeywordQuery) else AllOf(query.where, Has("vector"))
    passing = masks.get((table.key, where))
    if passing is None:
        passing = masks[table.key, where] = rows.columns.passing(where)
    if isinstance(query, KeywordQuery):
        found = texts.keyword(query.terms, passing)
    else:
        found = texts.vector(unit_vector(query.vector), passing)
    chosen = best(*found, query.top_k, rows.ids)
    held = documents_by_key(connection, table, rows.keys([row for row, _ in chosen]))
    return tuple(Match(document, score) for document, (_, score) in zip(held, chosen, strict=True))
