"""`SqliteStore`: the async face of the file, with one thread that writes and one that reads."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import StoreError, VectorMismatch
from ...filters import EVERYTHING, Filter
from ...ports import (
    Appended,
    Collection,
    Document,
    FilterQuery,
    Json,
    Match,
    Page,
    Query,
    Sort,
    Vector,
    VectorQuery,
    VectorSpace,
    Writes,
)
from ...values import Scope
from ..checks import (
    check_filter,
    check_order,
    check_scope,
    check_sought,
    check_text,
    collections_of,
    distinct_documents,
)
from ..cursors import read_cursor
from . import documents as found
from . import writes as write
from .declare import check_space, declare, facts
from .documents import Table, Tables
from .lane import Lane, written
from .schema import MIGRATIONS, connect, open_file, reading

if TYPE_CHECKING:
    from ...upkeep import Copyable, Reindexable
    from .index import Indices

Result = TypeVar("Result")
CACHE_DOCUMENTS = 200_000


class SqliteStore:
    """The `Store` in one SQLite file; several processes and event loops may use it at the same time.

    `cache_documents` bounds how many documents are indexed in memory for paging and search (about 2 KB each and 4
    bytes a dimension); a collection of one user that is larger is indexed all the same, alone. The 10,000 documents
    read last are kept too. `patience` is how many seconds a call waits for a lock of another process before it raises
    `StoreUnavailable`.

    Keyword search is exact. So is vector search among up to 16,000 vectors; among more it finds by an estimate which
    to compare, and checks at each search that this is good enough (see `nearest`).

    Writes are on the disk when a call returns (WAL, synchronous=FULL). What was deleted is overwritten with zeros at
    once; the -wal file, which may still hold it, is emptied before the call returns. That must wait for other
    processes that are in the midst of reading, up to `patience`; then the call raises `DeletionPending`, and the next
    write or opening by any process empties it. The room that deleted and patched documents took is not given back.

    A call that is cancelled while its thread works is carried through all the same.
    """

    def __init__(self, path: Path | str, *, cache_documents: int = CACHE_DOCUMENTS, patience: float = 30.0) -> None:
        self.path = Path(path).expanduser().absolute()
        self._cache_documents = cache_documents
        self._patience = patience
        self._lanes: tuple[Lane, Lane] | None = None
        self._state = "is not open: call open() first"
        self._release: Callable[[], object] = lambda: None
        self._tables: Tables = {}
        self._space: VectorSpace | None = None
        self._indices: Indices | None = None

    # --- opening and closing ------------------------------------------------------------------------------------

    async def open(self, collections: Sequence[Collection], vectors: VectorSpace | None) -> None:
        """Make the file or check what is there; `vectors` None opens any file."""
        if self._lanes is not None:
            raise StoreError(f"The store {self.path} is open already.")
        path, patience = self.path, self._patience
        lanes = (
            Lane(path, "writer", lambda: open_file(path, patience)),
            Lane(path, "reader", lambda: connect(path, patience, reader=True)),
        )
        try:
            self._tables, self._space = await lanes[0].run(lambda c: declare(c, path, collections, vectors))
        except BaseException:
            _release(lanes)
            raise
        self._lanes = lanes
        # for a store that is never closed: when it is collected, and at the end of the process
        self._release = weakref.finalize(self, _release, lanes)

    async def close(self) -> None:
        """Close the file; a second call does nothing."""
        lanes, self._lanes, self._indices = self._lanes, None, None
        if lanes is not None:
            self._state = "was closed"
            try:
                for lane in reversed(lanes):  # the writer last, so that it can put the -wal file away
                    await lane.close()
            finally:
                self._release()

    # --- writing ------------------------------------------------------------------------------------------------

    async def append(self, scope: Scope, collection: str, documents: Sequence[Document]) -> Appended:
        """Add documents, all or (for `IdConflict`) none of them; on the disk when it returns."""
        table = self._table(collection, scope)
        new = distinct_documents(documents)
        if not new:
            return Appended()
        return await self._write(lambda c: write.append(c, scope, table, new))

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int:
        """Write everything or nothing, if the scope is still at `expect`; returns the next revision."""
        check_scope(scope)
        for name in collections_of(writes):
            self._table(name)
        tables, erase = self._tables, bool(writes.delete)
        return await self._write(lambda c: write.commit(c, scope, tables, writes, expect), erase=erase)

    async def attach(self, scope: Scope, collection: str, vectors: Mapping[str, Vector]) -> int:
        """Set the vectors of documents; returns how many were there to take one."""
        table = self._table(collection, scope, searchable=True)
        space = self._space
        if space is None:
            raise VectorMismatch(f"The store {self.path} was opened without an embedder, so it takes no vectors.")
        path = self.path

        def job(connection: sqlite3.Connection) -> int:
            packed = _packed(vectors, space)  # first, for the file is not to be locked while it lasts
            return written(connection, path, lambda c: attached(c, packed), None)

        def attached(connection: sqlite3.Connection, packed: Mapping[str, bytes]) -> int:
            check_space(connection, path, space)
            return write.attach(connection, scope, table, packed)

        writer, _ = self._open_lanes()
        return await writer.run(job) if vectors else 0

    async def purge(self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Json) -> tuple[int, ...]:
        """Delete every document that passes, and return when no byte of them is left in the files."""
        check_scope(scope)
        for name, where in targets:
            check_filter(self._table(name).collection, where)
        tables = self._tables
        return await self._write(lambda c: write.purge(c, scope, tables, targets, entry), erase=True)

    async def _write(self, job: Callable[[sqlite3.Connection], Result], *, erase: bool = False) -> Result:
        writer, _ = self._open_lanes()
        patience, path = self._patience, self.path
        return await writer.run(lambda c: written(c, path, job, patience if erase else None))

    # --- reading ------------------------------------------------------------------------------------------------

    async def revision(self, scope: Scope) -> int:
        """The scope's revision: 0 before its first commit."""
        check_scope(scope)
        place = await self._read(lambda c: found.find_place(c, scope))
        return place.revision if place else 0

    async def get(self, scope: Scope, collection: str, ids: Sequence[str]) -> tuple[Document | None, ...]:
        """The documents of these ids in this order; None where there is none or it was deleted."""
        table = self._table(collection, scope)
        wanted = [check_text(id_, "An id") for id_ in ids]

        def job(connection: sqlite3.Connection) -> tuple[Document | None, ...]:
            place = found.find_place(connection, scope)
            held = found.documents_by_id(connection, place, table, wanted) if place else {}
            return tuple(map(held.get, wanted))

        return await self._read(job)

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
        """The documents that pass, by `order` and then by id, `limit` at a time, from `cursor` on."""
        table = self._table(collection, scope)
        check_filter(table.collection, where)
        check_order(table.collection, order)
        if limit < 1:
            raise StoreError(f"A page of {limit} documents was asked for; ask for 1 or more.")
        after = None if cursor is None else read_cursor(order, cursor)

        def job(connection: sqlite3.Connection) -> Page:
            place = found.find_place(connection, scope)
            if place is None:
                return Page(())
            rows = self._index().rows(connection, place, table)
            chosen, behind = rows.page(where, order, limit, after)
            keys = rows.keys(chosen)
            held = found.documents_by_key(connection, table, keys)
            return Page(tuple(held[key] for key in keys), behind)

        return await self._read(job)

    async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
        """How many documents pass."""
        table = self._table(collection, scope)
        check_filter(table.collection, where)

        def job(connection: sqlite3.Connection) -> int:
            place = found.find_place(connection, scope)
            if place is None:
                return 0
            if where == EVERYTHING:
                return found.count_all(connection, place, table)
            return self._index().rows(connection, place, table).passing(where).count

        return await self._read(job)

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        """The answers to all queries from one state of the file; each by score, best first, then by id."""
        tables = [
            self._table(query.collection, scope, searchable=not isinstance(query, FilterQuery)) for query in queries
        ]
        for query, table in zip(queries, tables, strict=True):
            check_filter(table.collection, query.where)
            if isinstance(query, VectorQuery):
                check_sought(query.vector, self._space, str(self.path))

        space = self._space if any(isinstance(query, VectorQuery) for query in queries) else None
        path = self.path

        def job(connection: sqlite3.Connection) -> tuple[tuple[Match, ...], ...]:
            from .search import answer

            if space is not None:
                check_space(connection, path, space)
            place = found.find_place(connection, scope)
            if place is None:
                return tuple(() for _ in queries)
            return answer(connection, self._index(), place, list(zip(queries, tables, strict=True)))

        return await self._read(job)

    async def scopes(self, namespace: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """The users of a namespace that have or had documents, by name, those after `after`."""
        return await self._read(lambda c: found.users(c, check_text(namespace, "The namespace"), after, limit))

    async def describe(self) -> Mapping[str, str]:
        """Kind, location, schema version, size in bytes, the vectors' model, and whether an erasure is pending."""
        known = await self._read(facts)
        return {
            "kind": "sqlite",
            "location": str(self.path),
            "schema": str(len(MIGRATIONS)),
            "sqlite": sqlite3.sqlite_version,
            "bytes": str(self.path.stat().st_size),
            "vectors": f"{known['model']}, {known['dimensions']} dimensions" if "model" in known else "none",
            "erasure": "pending" if "erase" in known else "complete",
        }

    async def _read(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        _, reader = self._open_lanes()

        def consistent(connection: sqlite3.Connection) -> Result:
            try:
                with reading(connection):
                    return job(connection)
            except BaseException:
                if self._indices is not None:
                    self._indices.forget()  # it may have been taken in by half
                raise

        return await reader.run(consistent)

    # --- upkeep -------------------------------------------------------------------------------------------------

    async def parts(self) -> tuple[str, ...]:
        """The path, if the file is there."""
        return (str(self.path),) if self.path.exists() else ()

    def copying(self) -> Copyable:
        """The open file, as something to be copied."""
        from .copying import SqliteCopying

        self._open_lanes()
        return SqliteCopying(self.path, self._tables, self._space, self._read, self._write)

    def reindexing(self) -> Reindexable:
        """The open file, as something to be embedded anew."""
        from .reindexing import SqliteReindexing

        self._open_lanes()
        return SqliteReindexing(self.path, self._tables, self._space, self._read, self._write)

    # --- what is open -------------------------------------------------------------------------------------------

    def _open_lanes(self) -> tuple[Lane, Lane]:
        if self._lanes is None:
            raise StoreError(f"The store {self.path} {self._state}.")
        return self._lanes

    def _table(self, name: str, scope: Scope | None = None, *, searchable: bool = False) -> Table:
        self._open_lanes()
        if scope is not None:
            check_scope(scope)
        table = self._tables.get(name)
        if table is None:
            raise StoreError(f"There is no collection {name!r}; there are: {', '.join(sorted(self._tables))}.")
        if searchable and not table.collection.searchable:
            raise StoreError(f"The collection {name!r} is not searchable.")
        return table

    def _index(self) -> Indices:
        """The indices, used by the reading thread alone; numpy is loaded by the first who asks for them."""
        if self._indices is None:
            from .index import Indices

            self._indices = Indices(self._cache_documents)
        return self._indices


def _release(lanes: Sequence[Lane]) -> None:
    for lane in reversed(lanes):
        lane.release()


def _packed(vectors: Mapping[str, Vector], space: VectorSpace) -> dict[str, bytes]:
    from ..vectors import unit_vector

    try:
        return {id_: unit_vector(vector, space.dimensions).tobytes() for id_, vector in vectors.items()}
    except ValueError as error:
        raise VectorMismatch(
            f"The store takes vectors of {space.dimensions} numbers ({space.model}), and one has {error}."
        ) from error
