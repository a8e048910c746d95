"""The next batch of messages that wait to be consolidated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from memoryengine.filters import Is
from memoryengine.ports import OLDEST_FIRST, Reader
from memoryengine.worker import Messages, Stop, worker


@dataclass(frozen=True)
class Loaded:
    """Messages in the order in which they were said."""

    batch: Messages


@worker("load_messages")
@dataclass(frozen=True)
class LoadMessages:
    """Load the oldest messages that wait, at most `most` of them and about `characters` long together."""

    reader: Reader
    most: int = 20
    characters: int = 8_000

    async def run(self) -> Loaded | Stop:
        """Stops when no message waits; one message alone is a batch however long it is."""
        waiting = await self.reader.messages(Is("state", "pending"), order=OLDEST_FIRST, limit=max(1, self.most))
        if not waiting:
            return Stop("no message waits")
        lengths = accumulate(len(message.content) for message in waiting)
        fitting = sum(length <= self.characters for length in lengths)
        return Loaded(waiting[: max(1, fitting)])
