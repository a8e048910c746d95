"""Reading an index from end to end, as it was when the reading began."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

from ...errors import StoreError
from .server import RealServer

KEPT = "30m"
"""How long the server keeps what is being read, from one page to the next."""


async def scan(
    server: RealServer, index: str, body: Mapping[str, Any], size: int, *, routing: str | None = None
) -> AsyncGenerator[list[Mapping[str, Any]], None]:
    """The hits of a search, some at a time, in the order in which they lie; to be closed with `aclosing`."""
    opened = await server.ask(lambda client: client.open_point_in_time(index=index, keep_alive=KEPT, routing=routing))
    pit, after = opened["id"], None
    try:
        while True:
            asked = {**body, "size": size, "sort": ["_shard_doc"], "search_after": after, "track_total_hits": False}
            held = {"id": pit, "keep_alive": KEPT}
            answer = await server.ask(lambda client, asked=asked, held=held: client.search(pit=held, **asked))  # type: ignore[misc]  # the defaults bind them
            hits = answer["hits"]["hits"]
            pit = answer["pit_id"]
            if hits:
                yield hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
    finally:
        with suppress(StoreError):  # the server drops it by itself
            await server.ask(lambda client: client.close_point_in_time(id=pit), 0.0)
