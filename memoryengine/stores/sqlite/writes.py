"""Writing documents by SQL: one function for each way to write, in a transaction that its caller has begun."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...errors import IdConflict, Moved, StoreError
from ...filters import Filter, Value
from ...ports import HISTORY, Appended, Document, Json, Patch, Writes
from ...values import Scope
from ..checks import check_document, check_terms, plain_fields
from .documents import Place, Row, Table, Tables, contents_of, find_place, find_rows, newest_key, parse, rows_passing

# made once: `json.dumps` would make one for each of the many small values of a commit
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=dict).encode


def next_place(connection: sqlite3.Connection, scope: Scope, *, committed: bool) -> Place:
    """The scope's row with the next `seq`, and the next revision for a commit, as it is from now on."""
    connection.execute("INSERT OR IGNORE INTO scopes VALUES (NULL, ?, ?, 0, 0)", (scope.namespace, scope.user))
    found = find_place(connection, scope)
    assert found is not None, "it was made a line above"
    place = replace(found, revision=found.revision + committed, seq=found.seq + 1)
    connection.execute("UPDATE scopes SET revision = ?, seq = ? WHERE key = ?", (place.revision, place.seq, place.key))
    return place


class Inbox:
    """New rows for one transaction, kept in order and written at once; hands out keys that only rise."""

    def __init__(self, connection: sqlite3.Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self._row = newest_key(connection, "documents")
        self._content = newest_key(connection, "contents")
        self._rows: list[tuple[Any, ...]] = []
        self._contents: list[tuple[int, bytes]] = []

    def content(self, data: bytes | None) -> int | None:
        """The key under which `data` will be found; None for None."""
        if data is None:
            return None
        self._content += 1
        self._contents.append((self._content, data))
        return self._content

    def document(self, table: Table, document: Document, revision: int) -> None:
        """Take a whole document; raises `StoreError` if it breaks the contract."""
        plain = check_document(table.collection, document)
        fields = {name: value for name, value in plain.items() if value is not None}
        self._row += 1
        keys = (
            self.content(_json(fields)),
            self.content(check_terms(document.terms) if document.terms else None),
            self.content(_json([document.digest, document.body])),
        )
        self._rows.append((self._row, self._place.key, table.key, document.id, self._place.seq, revision, *keys))

    def write(self) -> None:
        """Put everything into the file."""
        self._connection.executemany("INSERT INTO contents VALUES (?, ?)", self._contents)
        self._connection.executemany("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, NULL)", self._rows)
        self._rows, self._contents = [], []


def append(connection: sqlite3.Connection, scope: Scope, table: Table, documents: Sequence[Document]) -> Appended:
    """`Store.append` for documents of which no two of one id differ."""
    place = next_place(connection, scope, committed=False)
    rows = find_rows(connection, place, table, [document.id for document in documents])
    _check_digests(connection, documents, rows)
    inbox = Inbox(connection, place)
    for document in documents:
        if document.id not in rows:
            inbox.document(table, document, 0)
    inbox.write()
    ids = [document.id for document in documents]
    return Appended(
        new=tuple(id_ for id_ in ids if id_ not in rows),
        known=tuple(id_ for id_ in ids if id_ in rows and not rows[id_].gone),
        deleted=tuple(id_ for id_ in ids if id_ in rows and rows[id_].gone),
    )


def _check_digests(connection: sqlite3.Connection, documents: Sequence[Document], rows: Mapping[str, Row]) -> None:
    known = [document for document in documents if document.id in rows and not rows[document.id].gone]
    held = contents_of(connection, [rows[document.id].body for document in known])
    conflicts = [document.id for document in known if parse(held[rows[document.id].body])[0] != document.digest]
    if conflicts:
        raise IdConflict(conflicts)


def commit(connection: sqlite3.Connection, scope: Scope, tables: Tables, writes: Writes, expect: int) -> int:
    """`Store.commit`, without the cleaning of the files."""
    found = find_place(connection, scope)
    if (found.revision if found else 0) != expect:
        raise Moved(expect, found.revision if found else 0)
    place = next_place(connection, scope, committed=True)
    _put(connection, place, tables, writes.put)
    _patch(connection, place, tables, writes.patch)
    for name, ids in _by_collection(writes.delete).items():
        rows = find_rows(connection, place, tables[name], ids)
        _bury(connection, place, [_living(rows, name, id_) for id_ in ids])
    _write_history(connection, place, tables, writes.entry)
    return place.revision


def _write_history(connection: sqlite3.Connection, place: Place, tables: Tables, entry: Json) -> None:
    try:
        at = datetime.fromisoformat(entry["at"])
    except (KeyError, TypeError, ValueError):
        raise StoreError('The entry of a commit needs "at", a moment as ISO 8601 text with its time zone.') from None
    fields: dict[str, Value] = {"revision": place.revision, "at": at}
    inbox = Inbox(connection, place)
    inbox.document(tables[HISTORY], Document(f"{place.revision:012d}", fields, entry), place.revision)
    inbox.write()


def purge(
    connection: sqlite3.Connection, scope: Scope, tables: Tables, targets: Sequence[tuple[str, Filter]], entry: Json
) -> tuple[int, ...]:
    """`Store.purge`, without the cleaning of the files."""
    place = next_place(connection, scope, committed=True)
    counts = []
    for name, where in targets:
        rows = rows_passing(connection, place, tables[name], where)
        _bury(connection, place, rows)
        counts.append(len(rows))
    _write_history(connection, place, tables, entry)
    return tuple(counts)


def attach(connection: sqlite3.Connection, scope: Scope, table: Table, vectors: Mapping[str, bytes]) -> int:
    """`Store.attach` for vectors as they are kept: float32, little-endian, of length 1."""
    if find_place(connection, scope) is None:
        return 0
    place = next_place(connection, scope, committed=False)
    rows = find_rows(connection, place, table, list(vectors))
    there = [row for row in rows.values() if not row.gone]
    inbox = Inbox(connection, place)
    changed = [(inbox.content(vectors[row.id]), place.seq, row.key) for row in there]
    inbox.write()
    erase_contents(connection, [row.vector for row in there if row.vector is not None])
    connection.executemany("UPDATE documents SET vector = ?, seq = ? WHERE key = ?", changed)
    return len(there)


def _put(connection: sqlite3.Connection, place: Place, tables: Tables, puts: Sequence[tuple[str, Document]]) -> None:
    wanted = {(name, document.id): document for name, document in puts}  # of one id the last stands
    for name, ids in _by_collection(wanted).items():
        inbox = Inbox(connection, place)
        rows = find_rows(connection, place, tables[name], ids)
        for row in rows.values():
            if row.gone:
                raise StoreError(f"The document {row.id!r} of {name!r} was deleted and cannot be put again.")
        erase_contents(connection, [key for row in rows.values() for key in row.contents])
        connection.executemany("DELETE FROM documents WHERE key = ?", [(row.key,) for row in rows.values()])
        for id_ in ids:
            inbox.document(tables[name], wanted[name, id_], place.revision)
        inbox.write()


def _patch(connection: sqlite3.Connection, place: Place, tables: Tables, patches: Sequence[Patch]) -> None:
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for patch in patches:
        plain = plain_fields(tables[patch.collection].collection, patch.fields)
        merged.setdefault((patch.collection, patch.id), {}).update(plain)
    for name, ids in _by_collection(merged).items():
        found = find_rows(connection, place, tables[name], ids)
        rows = [_living(found, name, id_) for id_ in ids]
        held = contents_of(connection, [row.fields for row in rows])
        inbox = Inbox(connection, place)
        changed = []
        for row in rows:
            fields = {**parse(held[row.fields]), **merged[name, row.id]}
            key = inbox.content(_json({name: value for name, value in fields.items() if value is not None}))
            changed.append((key, place.revision, place.seq, row.key))
        inbox.write()
        erase_contents(connection, [row.fields for row in rows])
        connection.executemany("UPDATE documents SET fields = ?, revision = ?, seq = ? WHERE key = ?", changed)


def _bury(connection: sqlite3.Connection, place: Place, rows: Sequence[Row]) -> None:
    erase_contents(connection, [key for row in rows for key in row.contents])
    connection.executemany(
        "UPDATE documents SET gone = 1, fields = NULL, terms = NULL, body = NULL, vector = NULL, revision = ?, seq = ?"
        " WHERE key = ?",
        [(place.revision, place.seq, row.key) for row in rows],
    )


def erase_contents(connection: sqlite3.Connection, keys: Iterable[int | None]) -> None:
    """Overwrite contents with zeros."""
    # of the same length, so that SQLite overwrites the bytes where they are and moves nothing
    connection.executemany("UPDATE contents SET data = zeroblob(length(data)) WHERE key = ?", [(key,) for key in keys])


def _living(rows: Mapping[str, Row], name: str, id_: str) -> Row:
    row = rows.get(id_)
    if row is None or row.gone:
        fate = "was deleted" if row else "is not there"
        raise StoreError(f"The document {id_!r} of {name!r} {fate}, so it cannot be patched or deleted.")
    return row


def _by_collection(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, dict[str, None]] = {}
    for name, id_ in pairs:
        grouped.setdefault(name, {})[id_] = None
    return {name: list(ids) for name, ids in grouped.items()}


def _json(value: object) -> bytes:
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write as an escape
        return json.dumps(value, separators=(",", ":"), default=dict).encode()
    except (TypeError, ValueError) as error:
        raise StoreError(f"The body of a document is no JSON: {error}.") from error
