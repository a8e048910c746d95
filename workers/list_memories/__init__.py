"""The memories of a person, for people to look through."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.errors import InputError
from memoryengine.filters import EVERYTHING, Is
from memoryengine.ports import NEWEST_FIRST, Reader
from memoryengine.values import KINDS
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Listed:
    """The memories, oldest first."""

    memories: Memories


@worker("list_memories")
@dataclass(frozen=True)
class ListMemories:
    """List memories in the order in which they were said: the valid ones, and with `expired` all of them."""

    reader: Reader

    async def run(self, kind: str | None = None, expired: bool = False, limit: int | None = None) -> Listed:
        """List one kind or all; `limit` keeps the newest. Raises `InputError` for an unknown kind."""
        if kind is not None and kind not in KINDS:
            raise InputError(f"There is no kind {kind!r} of memory; there is: {', '.join(KINDS)}.")
        if limit is not None and limit < 0:
            raise InputError(f"The limit is {limit}; it must be 0 or more.")
        where = EVERYTHING if kind is None else Is("kind", kind)
        found = await self.reader.memories(where, order=NEWEST_FIRST, limit=limit, expired=expired)
        return Listed(found[::-1])
