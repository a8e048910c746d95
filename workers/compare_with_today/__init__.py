"""What new observations change about those of today: contradiction and containment, by a model's judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memoryengine.answers import ask, json_lines, memory_rows
from memoryengine.ports import ChatModel, Clock
from memoryengine.prompts import Prompt, fence
from memoryengine.text import language, terms
from memoryengine.values import Changes, Locale, Memory
from memoryengine.verdicts import Verdict, read_verdicts, settle
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Compared:
    """The new memories that stay, the expiries they bring, and those of today that were said again."""

    changes: Changes


@worker("compare_with_today")
@dataclass(frozen=True)
class CompareWithToday:
    """Compare new observations with each other and with those of today, at most `most` of them, the newest first.

    One of the separate stages of the classic pipeline; `find_conflicts` compares with all that is near, however old,
    and asks only then. Here one call is made wherever there are two memories. What follows from the verdicts is the
    same (`memoryengine.verdicts`).
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    clock: Clock
    most: int = 50

    async def run(self, observations: Memories = (), timed: Memories = (), today: Memories = ()) -> Compared:
        """Compare; raises `ModelAnswerError` if the answer cannot be read or names a memory that was not given."""
        held = {terms(memory.content): memory.id for memory in today}
        told = (*observations, *timed)
        new = [memory for memory in told if terms(memory.content) not in held]
        again = [(held[key], m.sources) for m in told if (key := terms(m.content)) in held]
        rows = sorted((*new, *today), key=lambda m: (m.said_at, m.recorded_at), reverse=True)[: self.most]
        verdicts = await self._ask(rows) if new and len(rows) > 1 else []
        changes = settle(verdicts, new, self.clock.now())
        return Compared(replace(changes, known=(*again, *changes.known)))

    async def _ask(self, rows: Sequence[Memory]) -> list[Verdict]:
        spoken = self.locale.language or language("\n".join(m.content for m in rows))
        lines = fence("memories", json_lines(memory_rows(rows, self.locale.zone)))
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=lines)
        return await ask(self.chat, turns, lambda text: read_verdicts(text, rows))
