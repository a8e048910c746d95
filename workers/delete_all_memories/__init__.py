"""The deletion of everything, by a person's wish."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.values import Changes, Purge
from memoryengine.worker import worker


@dataclass(frozen=True)
class Deletion:
    """The wish to delete."""

    changes: Changes


@worker("delete_all_memories")
@dataclass(frozen=True)
class DeleteAllMemories:
    """Delete every memory of a person for good, and with `with_messages` every message too."""

    async def run(self, with_messages: bool = False) -> Deletion:
        """Ask for the deletion."""
        return Deletion(Changes(purge=Purge(messages=with_messages)))
