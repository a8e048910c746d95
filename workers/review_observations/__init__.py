"""Older observations looked at again beside what is like them: what no longer holds is put right or expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memoryengine.answers import Numbering, Row, Words, ask, json_lines, memory_rows
from memoryengine.ports import ChatModel, Clock, Reader, Search
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clean, language, similarity
from memoryengine.validity import is_later
from memoryengine.values import Changes, Conflict, Expiry, Locale, Memory, memory_id
from memoryengine.verdicts import CONTAINED, CONTRADICTED, read_relations
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Reviewed:
    """What expires, and the observations that are put right."""

    changes: Changes


@worker("review_observations")
@dataclass(frozen=True)
class ReviewObservations:
    """Compare each observation with the `near_each` known ones that are most like it, in one model call.

    Like is what has a cosine or shares words of at least `like`. Of two that contradict each other the earlier expires;
    where the model says how it reads rightly now, that takes its place, if it shares words with it (`least`). What is
    contained in another expires. A memory added by hand stays, and a contradiction of it is reported. This is the long
    comparison of the classic pipeline, part of a reflection: it speaks of pairs that were both known before.
    """

    chat: ChatModel
    prompt: Prompt
    reader: Reader
    locale: Locale
    clock: Clock
    like: float = 0.5
    near_each: int = 2
    most: int = 50
    least: float = 0.2
    longest: int = 500

    async def run(self, observations: Memories) -> Reviewed:
        """Review; raises `ModelAnswerError` if the answer cannot be read or names a memory that was not given."""
        rows = await self._rows(observations)
        return Reviewed(self._changes(await self._ask(rows), rows) if len(rows) > 1 else Changes())

    async def _rows(self, observations: Memories) -> list[Memory]:
        """The observations that are like another, and those others, the newest first."""
        searches = [Search(m.content, kinds=("observation", "custom"), top_k=20, alike=True) for m in observations]
        found: dict[str, Memory] = {}
        for memory, hits in zip(observations, await self.reader.search(*searches) if searches else (), strict=True):
            others = [hit for hit in hits if isinstance(hit.item, Memory) and hit.item.id != memory.id]
            near = [
                hit.item
                for hit in others
                if max(hit.channels.get("vector", 0.0), similarity(memory.content, hit.item.content)) >= self.like
            ]
            for other in near[: self.near_each]:
                if isinstance(other, Memory):
                    found |= {memory.id: memory, other.id: other}
        return sorted(found.values(), key=lambda m: (m.said_at, m.recorded_at), reverse=True)[: self.most]

    async def _ask(self, rows: Sequence[Memory]) -> list[Row]:
        spoken = self.locale.language or language("\n".join(m.content for m in rows))
        lines = fence("memories", json_lines(memory_rows(rows, self.locale.zone)))
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=lines)
        numbers = Numbering.of(memory.id for memory in rows)
        more = {"text": Words(self.longest, optional=True)}
        return await ask(self.chat, turns, lambda text: read_relations(text, numbers, more))

    def _changes(self, told: Sequence[Row], rows: Sequence[Memory]) -> Changes:
        changes, gone = Changes(), set[str]()
        for row in told:
            one, other = rows[row["id"] - 1], rows[row["by"] - 1]
            if row["relation"] == CONTRADICTED and is_later(one, other):
                one, other = other, one
            if gone & {one.id, other.id}:
                continue
            if one.kind == "custom":
                changes += Changes(conflicts=(Conflict(other.id, one.id),) if row["relation"] == CONTRADICTED else ())
                continue
            gone.add(one.id)
            changes += self._retired(row, one, other)
        return changes

    def _retired(self, row: Row, old: Memory, by: Memory) -> Changes:
        if row["relation"] == CONTAINED:
            return Changes(expired=(Expiry(old.id, CONTAINED, by.id),))
        righted = clean(row["text"])
        if not righted or righted in (old.content, by.content) or similarity(righted, old.content) < self.least:
            return Changes(expired=(Expiry(old.id, CONTRADICTED, by.id),))
        sources = tuple(dict.fromkeys((*old.sources, *by.sources)))
        recorded_at = self.clock.now()
        made = replace(
            old,
            id=memory_id("observation", righted, sources, recorded_at),
            content=righted,
            sources=sources,
            said_at=max(old.said_at, by.said_at),
            recorded_at=recorded_at,
            valid_from=None,
            valid_to=None,
            reflected=False,
        )
        return Changes(memories=(made,), expired=(Expiry(old.id, "updated", made.id),))
