"""Taking everything out of the file, and putting it into another one; see `upkeep.Copyable`.

What was deleted elsewhere arrives as a key without an id. It is written as a row that is gone whose id is that key, as
bytes: no id of a document is bytes, so none can be mistaken for it, and `documents.find_rows` looks for both.
"""

from __future__ import annotations

import sqlite3
from base64 import b32decode, b32encode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StoreError
from ...ports import VectorSpace
from ...upkeep import Carried, Part
from ...values import Scope
from ..portable import document_key, scope_key
from ..vectors import arrived_vector, carried_vector
from .declare import facts
from .documents import KEYED, Place, Table, Tables, contents_of, documents_by_key, find_place
from .writes import Inbox, erase_contents, next_place

PART = 500
COPYING = "copying"

Job = Callable[[sqlite3.Connection], Any]
Do = Callable[[Job], Awaitable[Any]]
Found = tuple[int, Any, int, int, int | None]  # key, id (or key of what was deleted), revision, gone, vector


class SqliteCopying:
    """The file as a `Copyable`; `read` and `write` do a job in a transaction."""

    def __init__(self, path: Path, tables: Tables, space: VectorSpace | None, read: Do, write: Do) -> None:
        self._path, self._tables, self._read, self._write = path, tables, read, write
        self._loaded: set[Scope] = set()
        self.space = space

    # --- out ----------------------------------------------------------------------------------------------------

    async def scopes(self) -> AsyncIterator[Scope]:
        """All scopes, by namespace and user."""
        sql = "SELECT user, namespace FROM scopes ORDER BY namespace, user"
        for row in await self._read(lambda c: c.execute(sql).fetchall()):
            yield Scope(*row)

    async def stamp(self, scope: Scope) -> str:
        """The number of the scope's newest write."""
        place = await self._read(lambda c: find_place(c, scope))
        return f"{place.revision} {place.seq}" if place else ""

    async def dump(self, scope: Scope, *, vectors: bool) -> AsyncGenerator[Part, None]:
        """All that the scope holds."""
        place = await self._read(lambda c: find_place(c, scope))
        for table in self._tables.values() if place else ():
            after: Any = ""
            while True:
                after, part = await self._read(partial(_part, scope, place, table, after, vectors))
                if after is None:
                    break
                yield part

    # --- in -----------------------------------------------------------------------------------------------------

    async def begin(self, source: str) -> None:
        """Note whose copy this becomes; raises `StoreError` if anything else is in the file."""
        path = self._path

        def job(connection: sqlite3.Connection) -> None:
            held = facts(connection).get(COPYING)
            if held is None and connection.execute("SELECT 1 FROM scopes LIMIT 1").fetchone():
                raise StoreError(f"The store {path} holds something already: copy into a new file.")
            if held not in (None, source):
                raise StoreError(
                    f"The store {path} holds half a copy of {held}, not of {source}: go on with that one, or copy "
                    "into a new file."
                )
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (COPYING, source))

        await self._write(job)

    async def load(self, scope: Scope, part: Part) -> None:
        """Write documents and tombstones as they are; the first part of a scope clears it of an earlier copy's."""
        table, first = self._tables[part.collection], scope not in self._loaded
        await self._write(lambda c: _load(c, scope, table, part, first=first))
        self._loaded.add(scope)

    async def settle(self, scope: Scope, revision: int) -> None:
        """Set the scope's revision."""

        def job(connection: sqlite3.Connection) -> None:
            place = next_place(connection, scope, committed=False)
            connection.execute("UPDATE scopes SET revision = ? WHERE key = ?", (revision, place.key))

        await self._write(job)

    async def end(self) -> None:
        """Forget whose copy it was."""
        await self._write(lambda c: c.execute("DELETE FROM facts WHERE name = ?", (COPYING,)))


def _part(
    scope: Scope, place: Place, table: Table, after: Any, vectors: bool, connection: sqlite3.Connection
) -> tuple[Any, Part]:
    """The documents behind the id `after`, and the id of the last of them; None if there are no more."""
    sql = (
        "SELECT key, id, revision, gone, vector FROM documents WHERE scope = ? AND collection = ? AND id > ?"
        " ORDER BY id LIMIT ?"
    )
    rows: list[Found] = connection.execute(sql, (place.key, table.key, after, PART)).fetchall()
    held = documents_by_key(connection, table, [key for key, _, _, gone, _ in rows if not gone])
    packed = contents_of(connection, [vector for *_, vector in rows if vector is not None]) if vectors else {}
    documents = [Carried(held[key], _carried(packed.get(vector))) for key, _, _, gone, vector in rows if not gone]
    deleted = [(_key(scope, id_), revision) for _, id_, revision, gone, _ in rows if gone]
    last = rows[-1][1] if rows else None
    return last, Part(table.collection.name, tuple(documents), tuple(deleted))


def _carried(packed: bytes | None) -> bytes:
    return carried_vector(np.frombuffer(packed, "<f4")) if packed else b""


def _key(scope: Scope, id_: str | bytes) -> str:
    return b32encode(id_).decode().lower() if isinstance(id_, bytes) else document_key(scope_key(scope), id_)


def _load(connection: sqlite3.Connection, scope: Scope, table: Table, part: Part, *, first: bool) -> None:
    place = next_place(connection, scope, committed=False)
    if first:
        _clear(connection, place)
    inbox = Inbox(connection, place)
    for one in part.documents:
        inbox.document(table, one.document, one.document.revision)
    embedded = [one for one in part.documents if one.vector]
    vectors = [(inbox.content(arrived_vector(one.vector).astype("<f4").tobytes()), one) for one in embedded]
    inbox.write()
    connection.executemany(
        "UPDATE documents SET vector = ? WHERE scope = ? AND collection = ? AND id = ?",
        [(key, place.key, table.key, one.document.id) for key, one in vectors],
    )
    _bury(connection, place, table, part.deleted)


def _clear(connection: sqlite3.Connection, place: Place) -> None:
    """Take away what a copy that was broken off brought."""
    sql = "SELECT fields, terms, body, vector FROM documents WHERE scope = ?"
    keys = [key for row in connection.execute(sql, (place.key,)).fetchall() for key in row if key is not None]
    erase_contents(connection, keys)
    connection.execute("DELETE FROM documents WHERE scope = ?", (place.key,))


def _bury(connection: sqlite3.Connection, place: Place, table: Table, deleted: Sequence[tuple[str, int]]) -> None:
    if not deleted:
        return
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, 'yes')", (KEYED,))
    connection.executemany(
        "INSERT OR REPLACE INTO documents (scope, collection, id, seq, revision, gone) VALUES (?, ?, ?, ?, ?, 1)",
        [(place.key, table.key, b32decode(key.upper()), place.seq, revision) for key, revision in deleted],
    )
