"""The end of retrieval: no more hits than asked for."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.errors import InputError
from memoryengine.trace import cut
from memoryengine.worker import Hits, worker


@dataclass(frozen=True)
class Limited:
    """The first hits."""

    hits: Hits


@worker("limit_hits")
@dataclass(frozen=True)
class LimitHits:
    """Keep the best hits, at most `top_k`."""

    top_k: int = 20

    async def run(self, hits: Hits, limit: int | None = None, *, found: Hits = (), only: bool = False) -> Limited:
        """Cut the list; `limit` asks for another number than the setting, and with `only` it is `found` that is cut."""
        hits = found if only else hits
        wanted = self.top_k if limit is None else limit
        if wanted < 0:
            raise InputError(f"The limit is {wanted}; it must be 0 or more.")
        cut(f"the limit of {wanted}", len(hits) - wanted)
        return Limited(hits[:wanted])
