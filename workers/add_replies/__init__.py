"""What the best hits answer, and what answers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memoryengine.ports import Reader
from memoryengine.questions import Question
from memoryengine.values import Hit, Message
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
        known = {hit.item.id for hit in hits}
        beside = await self.reader.replies([message for message, _ in messages])
        new = [Hit(one, 0.0) for one in beside if one.id not in known and one.id not in window]
        gains = _gains([hit.item for hit in (*hits, *new) if isinstance(hit.item, Message)], scores)
        whole = question is not None and question.said_by == "assistant"
        return Joined(tuple(self._gained(hit, gains.get(hit.item.id, 0.0), whole) for hit in (*hits, *new)))

    def _gained(self, hit: Hit, gain: float, whole: bool) -> Hit:
        if not gain:
            return hit
        gain *= 1.0 if whole else min(1.0, self.longest / len(hit.item.content))
        return hit.but(channels={**hit.channels, REPLY: gain})


def _gains(messages: Iterable[Message], scores: dict[str, float]) -> dict[str, float]:
    """The best score beside each message."""
    found: dict[str, float] = {}
    for message in messages:
        if message.answers:
            found[message.id] = max(found.get(message.id, 0.0), scores.get(message.answers, 0.0))
            found[message.answers] = max(found.get(message.answers, 0.0), scores.get(message.id, 0.0))
    return found
