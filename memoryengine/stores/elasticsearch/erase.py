"""Cleaning the server's files of what was deleted or replaced.

Elasticsearch keeps deleted documents in its segments until it merges them, and their source in the translog until it
flushes. A merge drops them once no copy of the shard could need them to catch up, which it learns every 30 seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from elastic_transport import ApiError, TransportError
from elasticsearch import AsyncElasticsearch

from ...errors import StoreError
from .server import RealServer

PAUSE = 2.0


async def erase(server: RealServer, prefix: str, seconds: float) -> bool:
    """Ask for it until no index of this prefix counts a deleted document, or the time is over; True if none does."""
    began = server.effects.elapsed()
    while True:
        left = max(1.0, seconds - (server.effects.elapsed() - began))
        if await server.ask(lambda client, left=left: _clean(client, f"{prefix}-*", left)) == 0:  # type: ignore[misc]  # the default binds it now
            return True
        if server.effects.elapsed() - began + PAUSE > seconds:
            return False
        await server.effects.sleep(PAUSE)


async def remove(client: AsyncElasticsearch, indices: Sequence[str]) -> None:
    """Delete whole indices, and close the client; raises `StoreError`."""
    async with client:
        try:
            if indices:
                await client.indices.delete(index=list(indices), ignore_unavailable=True)
        except (ApiError, TransportError) as error:
            named = ", ".join(indices)
            raise StoreError(f"Indices could not be deleted and are there still: {named} ({error}).") from error


async def _clean(client: AsyncElasticsearch, indices: str, seconds: float) -> int:
    """One flush, merge and flush; returns how many deleted documents are counted then."""
    patient = client.options(request_timeout=seconds)
    await patient.indices.flush(index=indices, force=True)
    await patient.indices.forcemerge(index=indices, only_expunge_deletes=True)
    await patient.indices.flush(index=indices, force=True)
    stats = await patient.indices.stats(index=indices, metric="docs")
    return sum(one["primaries"]["docs"]["deleted"] for one in stats["indices"].values())
