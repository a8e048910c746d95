"""The deletion of one message, by a person's wish."""

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


@worker("delete_one_message")
@dataclass(frozen=True)
class DeleteOneMessage:
    """Delete one message for good, whatever became of it, with the memories that came from it alone."""

    reader: Reader

    async def run(self, message_id: str) -> Deletion:
        """Ask for the deletion; raises `NotFound` for an id that no message has."""
        wanted = message_id.strip()
        known = [message.id for message in await self.reader.messages()]
        if wanted not in known:
            near = difflib.get_close_matches(wanted[:80], known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise NotFound(f"There is no message with the id {wanted[:80]!r}; read_message has the ids.{hint}")
        return Deletion(Changes(deleted_messages=(wanted,)))
