"""Other vectors for a file, while others go on using it; see `upkeep.Reindexable`.

One transaction names the new embedder and takes all vectors away. From then on every document waits to be embedded,
as a new one does, and is found by keyword meanwhile; a process with the old embedder is refused by name. So there is
nothing to take back and nothing to go on with but the documents that wait: killed at any point, the next call (or the
next search of each user) embeds the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ...filters import Has, Not
from ...ports import Collection, Document, Store, VectorSpace
from ...upkeep import Embed, Step, Told
from ...values import Scope
from .copying import Do, SqliteCopying
from .declare import find_space, set_space
from .documents import Tables
from .writes import erase_contents

UNEMBEDDED = Not(Has("vector"))


class SqliteReindexing:
    """The file as a `Reindexable`; `read` and `write` do a job in a transaction."""

    def __init__(self, path: Path, tables: Tables, space: VectorSpace | None, read: Do, write: Do) -> None:
        self._path, self._tables, self._write = path, tables, write
        self._copying = SqliteCopying(path, tables, space, read, write)

    async def reindex(self, space: VectorSpace | None, embed: Embed, told: Told, *, batch: int) -> None:
        """Take the vectors of another space away, and embed all that waits."""
        if space is None:
            told(Step("The config names no embedder, so there is nothing to embed."))
            return
        if await self._write(lambda c: _change_space(c, space)):
            told(Step(f"The vectors of the old embedder are gone; {space.model} makes new ones."))
        from .store import SqliteStore  # that one imports this

        store = SqliteStore(self._path)
        await store.open(self._searchable(), space)
        try:
            await self._embed_all(store, embed, told, batch)
        finally:
            await store.close()

    async def abandon(self) -> str:
        """There is nothing to take back."""
        return "A reindexing of this store needs no taking back: nobody waits for it, and the next one goes on."

    async def _embed_all(self, store: Store, embed: Embed, told: Told, batch: int) -> None:
        wait = [(scope, one.name) async for scope, one in self._places()]
        counts = [await store.count(scope, name, UNEMBEDDED) for scope, name in wait]
        done, total = 0, sum(counts)
        for scope, name in (place for place, count in zip(wait, counts, strict=True) if count):
            async for documents in _waiting(store, scope, name, batch):
                vectors = await embed(name, documents)
                await store.attach(scope, name, {d.id: v for d, v in zip(documents, vectors, strict=True)})
                done += len(documents)
                told(Step("documents", done, total))

    async def _places(self) -> AsyncIterator[tuple[Scope, Collection]]:
        async for scope in self._copying.scopes():
            for collection in self._searchable():
                yield scope, collection

    def _searchable(self) -> list[Collection]:
        return [table.collection for table in self._tables.values() if table.collection.searchable]


async def _waiting(store: Store, scope: Scope, collection: str, batch: int) -> AsyncIterator[Sequence[Document]]:
    cursor: str | None = None
    while True:
        page = await store.page(scope, collection, UNEMBEDDED, limit=batch, cursor=cursor)
        if page.documents:
            yield page.documents
        cursor = page.cursor
        if cursor is None:
            return


def _change_space(connection: sqlite3.Connection, space: VectorSpace) -> bool:
    """Name the embedder, and take away what another one made; whether there was such."""
    if find_space(connection) == space:
        return False
    held = [key for (key,) in connection.execute("SELECT vector FROM documents WHERE vector IS NOT NULL")]
    erase_contents(connection, held)
    # each scope's next `seq`, by which its readers learn of it
    connection.execute(
        "UPDATE documents SET vector = NULL, seq = (SELECT s.seq + 1 FROM scopes s WHERE s.key = documents.scope)"
        " WHERE vector IS NOT NULL"
    )
    connection.execute("UPDATE scopes SET seq = seq + 1")
    set_space(connection, space)
    return bool(held)
