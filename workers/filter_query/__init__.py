"""Which questions need no memory at all."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.statements import is_small_talk
from memoryengine.worker import Stop, worker


@worker("filter_query")
@dataclass(frozen=True)
class FilterQuery:
    """Stop for a greeting, thanks, a goodbye, emoji or nothing at all; every other query passes."""

    async def run(self, query: str) -> Stop | None:
        """Look at the query alone; no model is asked."""
        if is_small_talk(query):
            return Stop("a greeting or a reply needs no memory" if query.strip() else "an empty query needs no memory")
        return None
