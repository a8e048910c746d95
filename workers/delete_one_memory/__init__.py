"""The deletion of one memory, by a person's wish."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from memoryengine.errors import NotFound
from memoryengine.ports import Reader
from memoryengine.values import Changes
from memoryengine.worker import worker


@dataclass(frozen=True)
class Deletion:
    """The wish to delete."""

    changes: Changes


@worker("delete_one_memory")
@dataclass(frozen=True)
class DeleteOneMemory:
    """Delete one memory for good, and with `with_messages` the messages that it came from."""

    reader: Reader

    async def run(self, memory_id: str, with_messages: bool = False) -> Deletion:
        """Ask for the deletion; raises `NotFound` for an id that no memory has."""
        wanted = memory_id.strip()
        known = [memory.id for memory in await self.reader.memories()]
        if wanted not in known:
            near = difflib.get_close_matches(wanted, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"There is no memory with the id {wanted[:80]!r}; list_memory shows the ids.{hint}")
        return Deletion(Changes(deleted=(wanted,), with_messages=with_messages))
