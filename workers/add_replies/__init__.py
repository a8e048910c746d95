"""What the best hits answer, and what answers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memoryengine.hits import with_channel
from memoryengine.ports import Reader
from memoryengine.questions import Question
from memoryengine.values import Message
from memoryengine.worker import Hits, worker

REPLY = "reply"


@dataclass(frozen=True)
class Joined:
    """The hits, and the messages beside the best of them."""

    hits: Hits


@worker("add_replies")
@dataclass(frozen=True)
class AddReplies:
    """Let a message gain from the one that it answers and from its answer, found or not.

    A short answer is nothing without its question. The channel `reply` is the score of the better of the two, of the
    `best` hits alone; what it brings along has no other channel. Messages longer than `longest` characters speak for
    themselves and gain less, in proportion, unless the question asks for what the assistant said.
    """

    reader: Reader
    best: int = 30
    longest: int = 300

    async def run(self, hits: Hits, *, window: tuple[str, ...] = (), question: Question | None = None) -> Joined:
        """Look up the neighbours in one round trip; messages in `window` are in front of the reader already."""
        messages = [(hit.item, hit.score) for hit in hits[: self.best] if isinstance(hit.item, Message)]
        scores = {message.id: score for message, score in messages}
        if not scores:
            return Joined(hits)
        beside = [one for one in await self.reader.replies([m for m, _ in messages]) if one.id not in window]
        whole = question is not None and question.said_by == "assistant"
        there = {one.id: one for one in (*(hit.item for hit in hits), *beside) if isinstance(one, Message)}
        gains = {
            id_: gain * self._share(there[id_], whole)
            for id_, gain in _gains(there.values(), scores).items()
            if gain and id_ in there
        }
        return Joined(with_channel(hits, REPLY, gains, beside))

    def _share(self, message: Message, whole: bool) -> float:
        return 1.0 if whole else min(1.0, self.longest / len(message.content))


def _gains(messages: Iterable[Message], scores: dict[str, float]) -> dict[str, float]:
    """The best score beside each message."""
    found: dict[str, float] = {}
    for message in messages:
        if message.answers:
            found[message.id] = max(found.get(message.id, 0.0), scores.get(message.answers, 0.0))
            found[message.answers] = max(found.get(message.answers, 0.0), scores.get(message.id, 0.0))
    return found
