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
        """Ask for the deletion; the whole text of a memory will do as its id.

        Raises `NotFound` for what no memory has.
        """
        wanted = memory_id.strip()
        held = await self.reader.memories()
        known = [memory.id for memory in held]
        same = tuple(memory.id for memory in held if wanted in (memory.id, memory.content))
        if not same:
            near = difflib.get_close_matches(wanted, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"There is no memory with the id {wanted[:80]!r}; list_memory shows the ids.{hint}")
        return Deletion(Changes(deleted=same, with_messages=with_messages))
