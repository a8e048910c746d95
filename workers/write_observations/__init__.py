"""What messages without a time tell about the person, a line of the model's answer for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.answers import Numbering, Row, Schema, Words, ask, json_lines, read_rows
from memoryengine.grounding import standing
from memoryengine.observed import each_once, observation
from memoryengine.ports import ChatModel, Clock
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clean, clip, language
from memoryengine.times import find_periods
from memoryengine.values import Locale
from memoryengine.worker import Memories, Messages, worker


@dataclass(frozen=True)
class Written:
    """New memories without a time, not yet compared with what is known."""

    observations: Memories


@worker("write_observations")
@dataclass(frozen=True)
class WriteObservations:
    """Write down what the person's messages tell, of those that hold no word of time.

    One of the separate stages of the classic pipeline: `write_timed_observations` takes the other messages, and
    `extract_observations` does the work of both and of the filter in one call. One model call, or none.
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    clock: Clock
    longest: int = 2_000
    longest_memory: int = 500

    async def run(self, messages: Messages) -> Written:
        """Write down; raises `ModelAnswerError` if the answer cannot be read."""
        told = tuple(m for m in messages if m.role == "user" and not find_periods(m.content, m.said_at))
        if not told:
            return Written(())
        spoken = self.locale.language or language("\n".join(m.content for m in told))
        numbers = Numbering.of(message.id for message in told)
        lines = [{"id": n, "text": clip(m.content, self.longest)} for n, m in enumerate(told, numbers.first)]
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=fence("lines", json_lines(lines)))
        rows = await ask(self.chat, turns, lambda text: self._read(text, told, numbers))
        made = (
            observation(clean(row["memory"]), None, [told[n - 1] for n in row["ids"]], self.locale, self.clock.now())
            for row in rows
        )
        return Written(each_once(made))

    def _read(self, text: str, told: Messages, numbers: Numbering) -> list[Row]:
        schema: Schema = {"ids": numbers.some(), "memory": Words(self.longest_memory, optional=True)}
        rows = read_rows(text, schema)
        return standing([row for row in rows if row["memory"]], told, self.locale)
