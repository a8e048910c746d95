"""The next batch of messages that wait to be consolidated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from memoryengine.filters import Is
from memoryengine.ports import OLDEST_FIRST, Reader
from memoryengine.prompts import unfenced
from memoryengine.values import Patience
from memoryengine.worker import Messages, Stop, worker

from .cutting import MESSAGE_TOKENS, batch_length, halved, message_tokens


@dataclass(frozen=True)
class Loaded:
    """Messages in the order in which they were said."""

    batch: Messages


@worker("load_messages")
@dataclass(frozen=True)
class LoadMessages:
    """Load the oldest messages that wait, as many as a model takes at once.

    A batch has about `tokens` tokens at most (`text.token_estimate`, and 30 for the frame of each message; of a
    message of the assistant, which is only context, `longest_context` characters count). Where more waits, the batch
    ends at the last pause in the talk of `pause_minutes`, else at the end of a turn, unless that would leave it less
    than half full: then it ends where it is full. One message alone is a batch however long it is, and `most` bounds
    the number of messages (0: any). Where the oldest message has failed as often as `patience` allows, the batch is
    halved once, and once more for each further failure. What a message quotes of a prompt, between marks of
    `prompts.fence`, is left out of what comes back: memories that stood there are not said once more.
    """

    reader: Reader
    tokens: int = 3_000
    pause_minutes: float = 30.0
    longest_context: int = 500
    most: int = 0
    patience: Patience = field(default_factory=Patience)

    async def run(self) -> Loaded | Stop:
        """Stops when no message waits."""
        # No message counts less than its frame, so what is beyond these can be of no batch.
        limit = self.most if self.most > 0 else max(self.tokens, 0) // MESSAGE_TOKENS + 1
        waiting = await self.reader.messages(Is("state", "pending"), order=OLDEST_FIRST, limit=limit)
        if not waiting:
            return Stop("no message waits")
        costs = [message_tokens(message, self.longest_context) for message in waiting]
        length = batch_length(waiting, costs, self.tokens, timedelta(minutes=self.pause_minutes))
        batch = waiting[: halved(length, waiting[0].attempts, self.patience.attempts)]
        return Loaded(tuple(replace(message, content=unfenced(message.content)) for message in batch))
