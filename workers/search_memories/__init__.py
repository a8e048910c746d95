"""Search of memories and messages, by keyword and by vector at once."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.errors import InputError
from memoryengine.ports import SEARCHABLE, Reader, Search, Searchable
from memoryengine.worker import Hits, worker


@dataclass(frozen=True)
class Found:
    """What was found, best first."""

    hits: Hits


@worker("search_memories")
@dataclass(frozen=True)
class SearchMemories:
    """Find memories and messages for a question, by keyword and by vector in one round trip."""

    reader: Reader
    kinds: tuple[str, ...] = SEARCHABLE
    top_k: int = 100

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist."""
        _checked(self.kinds)

    async def run(self, query: str, window: tuple[str, ...] = (), kinds: tuple[str, ...] | None = None) -> Found:
        """Search; messages in `window` are in front of the reader already, and `kinds` narrows the setting."""
        wanted = tuple(k for k in _checked(self.kinds) if kinds is None or k in _checked(kinds))
        if not wanted or not query.strip():
            return Found(())
        (hits,) = await self.reader.search(Search(query, kinds=wanted, top_k=self.top_k, window=window))
        return Found(hits)


def _checked(kinds: tuple[str, ...]) -> tuple[Searchable, ...]:
    unknown = sorted(set(kinds) - set(SEARCHABLE))
    if unknown:
        raise InputError(f"There is no kind {unknown[0]!r} to search; there is: {', '.join(SEARCHABLE)}.")
    return tuple(kind for kind in SEARCHABLE if kind in kinds)
