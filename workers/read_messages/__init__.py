"""The conversation as it was said, hidden and consolidated messages too."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.errors import InputError
from memoryengine.ports import NEWEST_FIRST, Reader
from memoryengine.worker import Messages, worker


@dataclass(frozen=True)
class Read:
    """The messages, newest last."""

    messages: Messages


@worker("read_messages")
@dataclass(frozen=True)
class ReadMessages:
    """Read the messages of a person in the order in which they were said, all of them or the newest."""

    reader: Reader

    async def run(self, limit: int | None = None) -> Read:
        """Read all, or the newest `limit`; consolidated and hidden ones too."""
        if limit is not None and limit < 0:
            raise InputError(f"The limit is {limit}; it must be 0 or more.")
        found = await self.reader.messages(order=NEWEST_FIRST, limit=limit)
        return Read(found[::-1])
