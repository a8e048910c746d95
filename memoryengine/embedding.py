"""The texts that wait for a vector: embedded in batches before the next search that needs them.

So that ingest is as fast as a write, a new text is stored without a vector. The queue is the store itself (documents
without a vector), so nothing is forgotten when a process dies.
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import ModelError, StoreUnavailable
from .filters import Has, Not
from .locks import ScopeLocks
from .ports import Embedder, Store
from .records import MEMORIES, MESSAGES, memory_of, message_of, searched_text
from .values import Scope

UNEMBEDDED = Not(Has("vector"))
SEARCHED = (MESSAGES, MEMORIES)


class EmbeddingQueue:
    """Embeds what waits in a scope; searches of one scope at the same time share the work."""

    def __init__(self, store: Store, embedder: Embedder, batch: int = 256) -> None:
        self._store, self._embedder, self._batch = store, embedder, batch
        self._locks = ScopeLocks()

    async def flush(self, scope: Scope, collections: Iterable[str] = SEARCHED) -> str:
        """Attach vectors to all that waits in these collections; returns a warning, empty where all went well.

        What the model cannot embed now, or the store not write (a full disk must not end reading), waits on and is
        found by keyword meanwhile.
        """
        async with self._locks.of(scope):
            try:
                for collection in collections:
                    await self._flush(scope, collection)
            except (ModelError, StoreUnavailable) as error:
                return f"New texts wait for their vectors and are found by keyword alone until then: {error.message}"
        return ""

    async def _flush(self, scope: Scope, collection: str) -> None:
        read = message_of if collection == MESSAGES else memory_of
        cursor: str | None = None
        while True:
            page = await self._store.page(scope, collection, UNEMBEDDED, limit=self._batch, cursor=cursor)
            if page.documents:
                vectors = await self._embedder.embed([searched_text(read(d)) for d in page.documents])
                held = {d.id: v for d, v in zip(page.documents, vectors, strict=True)}
                await self._store.attach(scope, collection, held)
            cursor = page.cursor
            if cursor is None:
                return
