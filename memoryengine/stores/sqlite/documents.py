"""Reading documents by SQL.

Every function takes the connection of a transaction that its caller has begun.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b32decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ...errors import StoreUnreadable
from ...filters import Filter, Value, matches
from ...ports import Collection, Document
from ...values import Scope
from ..checks import check_text
from ..portable import document_key, scope_key
from .schema import chunks, marks


@dataclass(frozen=True, slots=True)
class Table:
    """A collection as it was declared, and its key in the file."""

    key: int
    collection: Collection
    restore: Callable[[dict[str, Any]], Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Place:
    """A scope's row: its key, its revision, and the `seq` of its newest write."""

    key: int
    revision: int
    seq: int


@dataclass(frozen=True, slots=True)
class Row:
    """What `documents` holds of one id; the last four are keys of `contents`."""

    key: int
    id: str
    gone: bool
    fields: int | None
    terms: int | None
    body: int | None
    vector: int | None

    @property
    def contents(self) -> tuple[int, ...]:
        """The keys of what this document holds."""
        return tuple(key for key in (self.fields, self.terms, self.body, self.vector) if key is not None)


Tables = Mapping[str, Table]
KEYED = "keyed"
"""The fact that some tombstones have a key in the place of an id, because they were copied from another store."""
_decoder = json.JSONDecoder()


def parse(data: bytes) -> Any:
    """The value of compact JSON as the store wrote it, quicker than `json.loads`; else raises `StoreUnreadable`."""
    try:
        return _decoder.raw_decode(data.decode())[0]
    except ValueError as error:
        raise StoreUnreadable(
            f"A document in the store is damaged: what is written of it cannot be read ({type(error).__name__}). "
            "Restore a copy of the file."
        ) from None


def parse_fields(data: bytes) -> dict[str, Any]:
    """The plain fields of a document: their numbers are such that orjson reads them exactly, unlike those of a body."""
    try:
        found: dict[str, Any] = orjson.loads(data)
    except orjson.JSONDecodeError:
        found = parse(data)
    return found


# --- scopes -----------------------------------------------------------------------------------------------------


def find_place(connection: sqlite3.Connection, scope: Scope) -> Place | None:
    """The scope's row; None before its first write."""
    row = connection.execute(
        "SELECT key, revision, seq FROM scopes WHERE namespace = ? AND user = ?", (scope.namespace, scope.user)
    ).fetchone()
    return Place(*row) if row else None


def users(connection: sqlite3.Connection, namespace: str, after: str, limit: int) -> tuple[str, ...]:
    """The users of a namespace that come after `after`, by code point."""
    found = connection.execute(
        "SELECT user FROM scopes WHERE namespace = ? AND user > ? ORDER BY user LIMIT ?", (namespace, after, limit)
    )
    return tuple(user for (user,) in found)


# --- reading ----------------------------------------------------------------------------------------------------

_ROW = "SELECT key, id, gone, fields, terms, body, vector FROM documents WHERE scope = ? AND collection = ?"
_DOCUMENT = (
    "SELECT d.key, d.id, d.revision, f.data, b.data, t.data FROM documents d JOIN contents f ON f.key = d.fields"
    " JOIN contents b ON b.key = d.body LEFT JOIN contents t ON t.key = d.terms"
)
_WITHOUT_TERMS = (
    "SELECT d.key, d.id, d.revision, f.data, b.data FROM documents d JOIN contents f ON f.key = d.fields"
    " JOIN contents b ON b.key = d.body"
)


def find_rows(connection: sqlite3.Connection, place: Place, table: Table, ids: Sequence[str]) -> dict[str, Row]:
    """The rows of these ids, tombstones too."""
    found: dict[str, Row] = {}
    for some in chunks([check_text(id_, f"An id in {table.collection.name!r}") for id_ in ids]):
        rows = connection.execute(f"{_ROW} AND id IN ({marks(some)})", (place.key, table.key, *some))
        found.update((row[1], Row(*row)) for row in rows)
    if len(found) < len(ids) and connection.execute("SELECT 1 FROM facts WHERE name = ?", (KEYED,)).fetchone():
        found |= _rows_by_key(connection, place, table, [id_ for id_ in ids if id_ not in found])
    return found


def _rows_by_key(connection: sqlite3.Connection, place: Place, table: Table, ids: Sequence[str]) -> dict[str, Row]:
    """The tombstones of these ids that were copied from another store, with a key in the place of the id."""
    sql = "SELECT user, namespace FROM scopes WHERE key = ?"
    scope = scope_key(Scope(*connection.execute(sql, (place.key,)).fetchone()))
    id_of = {b32decode(document_key(scope, id_).upper()): id_ for id_ in ids}
    found: dict[str, Row] = {}
    for some in chunks(list(id_of)):
        rows = connection.execute(f"{_ROW} AND id IN ({marks(some)})", (place.key, table.key, *some))
        found.update((id_of[row[1]], Row(row[0], id_of[row[1]], *row[2:])) for row in rows)
    return found


def documents_by_id(
    connection: sqlite3.Connection, place: Place, table: Table, ids: Sequence[str]
) -> dict[str, Document]:
    """The documents of these ids that are there."""
    found = {}
    for some in chunks(ids):
        where = f" WHERE d.scope = ? AND d.collection = ? AND d.id IN ({marks(some)}) AND d.gone = 0"
        for row in connection.execute(_DOCUMENT + where, (place.key, table.key, *some)):
            found[row[1]] = _document(table, row)
    return found


def documents_by_key(
    connection: sqlite3.Connection, table: Table, keys: Sequence[int], *, terms: bool = True
) -> dict[int, Document]:
    """The documents of these rows, by key; without their terms they are read in two thirds of the time."""
    found, sql = {}, _DOCUMENT if terms else _WITHOUT_TERMS
    for some in chunks(keys):
        for row in connection.execute(f"{sql} WHERE d.key IN ({marks(some)})", some):
            found[row[0]] = _document(table, row)
    return found


def count_all(connection: sqlite3.Connection, place: Place, table: Table) -> int:
    """How many documents there are, without tombstones."""
    sql = "SELECT count(*) FROM documents WHERE scope = ? AND collection = ? AND gone = 0"
    return int(connection.execute(sql, (place.key, table.key)).fetchone()[0])


def rows_passing(connection: sqlite3.Connection, place: Place, table: Table, where: Filter) -> list[Row]:
    """The rows of the documents that pass, looked at one by one."""
    sql = (
        "SELECT d.key, d.id, d.gone, d.fields, d.terms, d.body, d.vector, f.data FROM documents d"
        " JOIN contents f ON f.key = d.fields WHERE d.scope = ? AND d.collection = ? AND d.gone = 0"
    )
    passing = []
    for *row, data in connection.execute(sql, (place.key, table.key)):
        fields = table.restore(parse(data))
        if matches(where, fields, has_vector=row[-1] is not None):
            passing.append(Row(*row))
    return passing


def contents_of(connection: sqlite3.Connection, keys: Sequence[int | None]) -> dict[int | None, bytes]:
    """The bytes of these contents, by key."""
    found: dict[int | None, bytes] = {}
    for some in chunks(keys):
        found.update(connection.execute(f"SELECT key, data FROM contents WHERE key IN ({marks(some)})", some))
    return found


def newest_key(connection: sqlite3.Connection, table: Literal["documents", "contents"]) -> int:
    """The key that was given last in a table of the file, whosever it is; 0 in an empty one."""
    return int(connection.execute(f"SELECT coalesce(max(key), 0) FROM {table}").fetchone()[0])


def _document(table: Table, row: tuple[Any, ...]) -> Document:
    """The document of a row of `_DOCUMENT`, or of `_WITHOUT_TERMS`."""
    _, id_, revision, fields, body, *terms = row
    digest, held = parse(body)
    return Document(
        id=id_,
        fields=table.restore(parse_fields(fields)),
        body=held,
        terms=tuple(terms[0].decode("utf-8", "surrogatepass").split(" ")) if terms and terms[0] else (),
        digest=digest,
        revision=revision,
    )
