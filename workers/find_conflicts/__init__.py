"""What new observations change about what is known: contradiction and containment, by a model's judgement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memoryengine.answers import OneOf, Schema, Whole, ask, held_to, json_lines, memory_rows, read_objects
from memoryengine.errors import ModelAnswerError
from memoryengine.filters import AllOf, Is
from memoryengine.ports import NEWEST_FIRST, ChatModel, Clock, Reader, Search
from memoryengine.prompts import Prompt, fence
from memoryengine.text import language, similarity, terms
from memoryengine.values import Changes, Hit, Kind, Locale, Memory
from memoryengine.worker import Memories, worker

from .verdicts import CONTAINED, CONTRADICTED, Verdict, settle

COMPARED: tuple[Kind, ...] = ("observation", "custom")
NO_RELATION = frozenset({"none", "null", "no", "无", "没有"})
OTHER_WORDS = {
    **dict.fromkeys(("contradiction", "contradictory", "contradicts", "矛盾", "被取代"), CONTRADICTED),
    **dict.fromkeys(("containment", "contained in", "is contained", "包含", "被包含"), CONTAINED),
}


@dataclass(frozen=True)
class Compared:
    """The new memories that stay, the expiries they bring, and known ones that were said again."""

    changes: Changes


@worker("find_conflicts")
@dataclass(frozen=True)
class FindConflicts:
    """Compare new observations with each other and with what is known about the same things.

    Known memories come from one search for all new ones; near is what has a cosine of `near_vector` or a share of
    content words of `near_words` (`text.similarity`, the person's name aside). The newest `recent` ones stand beside
    them, because words alone do not bring "lives in" and "moved to" together. What repeats a known one word for word
    is told by rule; of the rest a model says which memory is contradicted by or contained in another, and the rules
    of `settle` say what follows. One model call at most, none where there is nothing to compare with.
    """

    chat: ChatModel
    prompt: Prompt
    reader: Reader
    locale: Locale
    clock: Clock
    near_vector: float = 0.5
    near_words: float = 0.3
    near_each: int = 5
    recent: int = 10
    most: int = 50

    async def run(self, observations: Memories) -> Compared:
        """Compare; raises `ModelAnswerError` if the answer cannot be read or names a memory that was not given."""
        if not observations:
            return Compared(Changes())
        found = await self._near(observations)
        new, again = _told_again(found, observations)
        rows = (*new, *found, *await self._recent(found))[: max(self.most, len(new))]
        verdicts = await self._ask(_newest_first(rows)) if new and len(rows) > 1 else []
        changes = settle(verdicts, new, self.clock.now())
        return Compared(replace(changes, known=(*again, *changes.known)))

    async def _near(self, observations: Memories) -> list[Memory]:
        """The known memories near to any of the new ones, nearest first."""
        searches = [Search(m.content, kinds=COMPARED, top_k=20) for m in observations]
        near: dict[str, Memory] = {}
        for new, hits in zip(observations, await self.reader.search(*searches), strict=True):
            close = [hit.item for hit in hits if isinstance(hit.item, Memory) and self._is_near(new, hit)]
            near |= {memory.id: memory for memory in close[: self.near_each]}
        return list(near.values())

    def _is_near(self, new: Memory, hit: Hit) -> bool:
        shared = similarity(self._bare(new.content), self._bare(hit.item.content))
        return hit.channels.get("vector", 0.0) >= self.near_vector or shared >= self.near_words

    def _bare(self, content: str) -> str:
        """A text without the person's name, which all observations share."""
        for name in (self.locale.human("zh"), self.locale.human("en"), self.locale.human("en").capitalize()):
            content = content.replace(name, " ")
        return content

    async def _recent(self, near: Sequence[Memory]) -> list[Memory]:
        where = AllOf(Is("status", "valid"), Is("kind", *COMPARED))
        held = {memory.id for memory in near}
        found = await self.reader.memories(where, order=NEWEST_FIRST, limit=self.recent) if self.recent > 0 else ()
        return [memory for memory in found if memory.id not in held]

    async def _ask(self, rows: Sequence[Memory]) -> list[Verdict]:
        spoken = self.locale.language or language("\n".join(m.content for m in rows))
        lines = fence("memories", json_lines(memory_rows(rows, self.locale.zone)))
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=lines)
        return await ask(self.chat, turns, lambda text: _read(text, rows))


def _read(text: str, rows: Sequence[Memory]) -> list[Verdict]:
    schema: Schema = {
        "id": Whole(1, len(rows)),
        "relation": OneOf((CONTRADICTED, CONTAINED), OTHER_WORDS),
        "by": Whole(1, len(rows)),
    }
    # Some models go through all memories and say "none" of most.
    told = [row for row in read_objects(text) if str(row.get("relation", "")).strip().lower() not in NO_RELATION]
    verdicts = []
    for row in held_to(schema, told, text):
        if row["id"] == row["by"]:
            raise ModelAnswerError(f"The model's answer sets memory {row['id']} against itself; name two memories.")
        verdicts.append(Verdict(rows[row["id"] - 1], row["relation"], rows[row["by"] - 1]))
    return verdicts


def _told_again(
    known: Iterable[Memory], observations: Memories
) -> tuple[list[Memory], list[tuple[str, tuple[str, ...]]]]:
    """The observations that are new, and for those that repeat a known one word for word its id and their messages."""
    held = {terms(memory.content): memory.id for memory in known}
    new = [memory for memory in observations if terms(memory.content) not in held]
    return new, [(held[key], m.sources) for m in observations if (key := terms(m.content)) in held]


def _newest_first(memories: Iterable[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda m: (m.said_at, m.recorded_at), reverse=True)
