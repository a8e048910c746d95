"""What new observations change about what is known: contradiction and containment, by a model's judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from memoryengine.answers import ask, json_lines, memory_rows
from memoryengine.attributes import cue
from memoryengine.filters import AllOf, Is
from memoryengine.observed import is_parted
from memoryengine.ports import NEWEST_FIRST, ChatModel, Clock, Reader, Search
from memoryengine.prompts import Prompt, fence
from memoryengine.text import language, terms
from memoryengine.validity import begins
from memoryengine.values import Changes, Kind, Locale, Memory
from memoryengine.verdicts import Verdict, read_verdicts, settle
from memoryengine.worker import Memories, worker

from .nearness import Topic, nearness

COMPARED: tuple[Kind, ...] = ("observation", "custom")


@dataclass(frozen=True)
class Compared:
    """The new memories that stay, the expiries they bring, and known ones that were said again."""

    changes: Changes


@worker("find_conflicts")
@dataclass(frozen=True)
class FindConflicts:
    """Compare new observations with each other and with what is known about the same things.

    Known memories come from one search for all new ones. Near is what speaks of the same attribute ("lives in", "moved
    to"; `memoryengine.attributes`), shares `near_words` of its words (`nearness`), or has a cosine of `near_vector`:
    high, because sentences of one form are alike for embedders whatever they say. What repeats a known one word for
    word is told by rule. If any others are near, a model says which memory is contradicted by or contained in another,
    with the newest `recent` ones beside them, and the rules of `settle` say what follows: one call. With nothing near
    there is none.
    """

    chat: ChatModel
    prompt: Prompt
    reader: Reader
    locale: Locale
    clock: Clock
    near_vector: float = 0.8
    near_words: float = 0.5
    near_each: int = 5
    recent: int = 10
    most: int = 50

    async def run(self, observations: Memories) -> Compared:
        """Compare; raises `ModelAnswerError` if the answer cannot be read or names a memory that was not given."""
        if not observations:
            return Compared(Changes())
        topics = {memory.id: self._topic(memory) for memory in observations}
        known = await self._known(observations, topics)
        new, again = _told_again(known, observations, topics)
        near = self._near(new, known, topics)
        rows = _newest_first(await self._rows(new, near)) if near else []
        verdicts = await self._ask(rows) if rows else []
        changes = settle(verdicts, new, self.clock.now(), rows)
        return Compared(replace(changes, known=(*again, *changes.known)))

    async def _known(self, observations: Memories, topics: Mapping[str, Topic]) -> dict[str, Known]:
        """What the searches find for each new one and for the attributes that new ones speak of, in one round trip."""
        attributes = dict.fromkeys(name for topic in topics.values() for name in sorted(topic.attributes))
        searches = [Search(m.content, kinds=COMPARED, top_k=20, alike=True) for m in observations]
        searches += [Search(cue(name), kinds=COMPARED, top_k=50, alike=True) for name in attributes]
        known: dict[str, Known] = {}
        for place, hits in enumerate(await self.reader.search(*searches)):
            for hit in hits:
                if isinstance(hit.item, Memory):
                    held = known.setdefault(hit.item.id, Known(hit.item, self._topic(hit.item)))
                    if place < len(observations):
                        held.cosines[observations[place].id] = hit.channels.get("vector", 0.0)
        return known

    def _topic(self, memory: Memory) -> Topic:
        return Topic.of(memory, frozenset({self.locale.human("zh"), self.locale.human("en"), "user", "用户"}))

    def _near(self, new: Sequence[Memory], known: Mapping[str, Known], topics: Mapping[str, Topic]) -> list[Memory]:
        """The memories that are near to another, new ones first, then known ones, the nearest to any first."""
        alike = {
            memory.id: memory
            for one, other in combinations(new, 2)
            if nearness(topics[one.id], topics[other.id]) >= self.near_words
            for memory in (one, other)
        }
        ranked: list[tuple[int, Memory]] = []
        for memory in new:
            close = [(self._closeness(topics[memory.id], memory.id, one), one.memory) for one in known.values()]
            close = sorted((pair for pair in close if pair[0]), key=lambda pair: (-pair[0], pair[1].id))
            ranked += [(rank, found) for rank, (_, found) in enumerate(close[: self.near_each])]
            alike |= {memory.id: memory} if close else {}
        first = sorted(ranked, key=lambda pair: pair[0])
        return [m for m in new if m.id in alike] + list({m.id: m for _, m in first}.values())

    def _closeness(self, topic: Topic, id_: str, known: Known) -> float:
        """How near a known memory is to a new one, 0 where it is not."""
        shared, cosine = nearness(topic, known.topic), known.cosines.get(id_, 0.0)
        return max(shared, cosine) if shared >= self.near_words or cosine >= self.near_vector else 0.0

    async def _rows(self, new: Sequence[Memory], near: Sequence[Memory]) -> list[Memory]:
        """What the model is shown: those that are near, then the newest known ones and the other new ones."""
        fresh = {memory.id for memory in new}
        most = max(self.most, 2 * sum(memory.id in fresh for memory in near))
        where = AllOf(Is("status", "valid"), Is("kind", *COMPARED))
        recent = await self.reader.memories(where, order=NEWEST_FIRST, limit=self.recent) if self.recent > 0 else ()
        return list({memory.id: memory for memory in (*near, *recent, *new)}.values())[:most]

    async def _ask(self, rows: Sequence[Memory]) -> list[Verdict]:
        spoken = self.locale.language or language("\n".join(m.content for m in rows))
        lines = fence("memories", json_lines(memory_rows(rows, self.locale.zone)))
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=lines)
        return await ask(self.chat, turns, lambda text: read_verdicts(text, rows))


@dataclass(frozen=True, slots=True)
class Known:
    """A known memory that a search found, and its cosine to each new one that found it, by that one's id."""

    memory: Memory
    topic: Topic
    cosines: dict[str, float] = field(default_factory=dict)


def _told_again(
    known: Mapping[str, Known], observations: Memories, topics: Mapping[str, Topic]
) -> tuple[list[Memory], list[tuple[str, tuple[str, ...]]]]:
    """The observations that are new, and for those that repeat a known one word for word its id and their messages.

    One that was told late, of an earlier time than the known one, is new; and so is one before which another of these
    says something near ("I live in Beijing", known; now "I moved to Shanghai" and then "I live in Beijing").
    """
    held = {terms(one.memory.content): one.memory for one in known.values()}
    again = [(held[key], m) for m in observations if (key := terms(m.content)) in held]
    again = [
        (old, m)
        for old, m in again
        if begins(m) >= begins(old)
        and not is_parted(m, begins(old), m.said_at, observations, lambda one: topics[one.id].attributes)
    ]
    repeated = {m.id for _, m in again}
    return [m for m in observations if m.id not in repeated], [(old.id, m.sources) for old, m in again]


def _newest_first(memories: Iterable[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda m: (m.said_at, m.recorded_at), reverse=True)
