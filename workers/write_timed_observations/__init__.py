"""What messages with a time in them tell about the person, where the model works out the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memoryengine.answers import Numbering, Row, Schema, Words, ask, json_lines, read_rows
from memoryengine.grounding import standing
from memoryengine.observed import each_once, observation
from memoryengine.ports import ChatModel, Clock
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clean, clip, language
from memoryengine.times import find_period, find_periods, stamp
from memoryengine.values import Locale, Memory, Message, Period
from memoryengine.worker import Memories, Messages, worker


@dataclass(frozen=True)
class Written:
    """New memories with the time that they speak of, not yet compared with what is known."""

    timed: Memories


@worker("write_timed_observations")
@dataclass(frozen=True)
class WriteTimedObservations:
    """Write down what the person's messages tell, of those that hold a word of time, with the time worked out.

    The model is given the moment of each message and answers what "last Friday" or "every 28 April" means. A time that
    no rule can read, or that is no time of the message, leaves the observation with what the rules find in its words.
    One of the separate stages of the classic pipeline. One model call, or none.
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    clock: Clock
    longest: int = 2_000
    longest_memory: int = 500

    async def run(self, messages: Messages) -> Written:
        """Write down; raises `ModelAnswerError` if the answer cannot be read."""
        told = tuple(m for m in messages if m.role == "user" and find_periods(m.content, m.said_at))
        if not told:
            return Written(())
        spoken = self.locale.language or language("\n".join(m.content for m in told))
        numbers = Numbering.of(message.id for message in told)
        lines = [
            {"id": n, "time": stamp(m.said_at, spoken, self.locale.zone), "text": clip(m.content, self.longest)}
            for n, m in enumerate(told, numbers.first)
        ]
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=fence("lines", json_lines(lines)))
        rows = await ask(self.chat, turns, lambda text: self._read(text, told, numbers))
        return Written(each_once(self._memory(row, told) for row in rows))

    def _read(self, text: str, told: Messages, numbers: Numbering) -> list[Row]:
        schema: Schema = {
            "ids": numbers.some(),
            "memory": Words(self.longest_memory, optional=True),
            "time": Words(100, optional=True),
        }
        rows = read_rows(text, schema)
        return standing([row for row in rows if row["memory"]], told, self.locale)

    def _memory(self, row: Row, told: Messages) -> Memory:
        cited = [told[number - 1] for number in row["ids"]]
        content = clean(row["memory"])
        return observation(content, self._event(row["time"], content, cited), cited, self.locale, self.clock.now())

    def _event(self, worked_out: str, content: str, cited: Sequence[Message]) -> Period | None:
        """The time that the model worked out, if it is one of those that the messages name; else that of the words."""
        newest = max(cited, key=lambda m: m.said_at)
        said_at = newest.said_at.astimezone(self.locale.zone)
        named = [p for m in cited for p in find_periods(m.content, m.said_at.astimezone(self.locale.zone))]
        found = (find_period(worked_out, said_at) if worked_out else None) or find_period(content, said_at)
        meant = next((period for period in named if found is not None and _meet(found, period)), None)
        # The words of the message stay with the period, so that "yesterday" gets its date; only it can come again.
        return replace(meant, recurs=found.recurs) if meant and found and found.recurs else meant


def _meet(found: Period, named: Period) -> bool:
    """Whether a time that was worked out is one that a message names; of what comes again the day, not the year."""
    if found.recurs:
        day = named.start
        again = {"daily", f"weekly:{day.isoweekday()}", f"monthly:{day.day}", f"yearly:{day:%m-%d}", f"yearly:{day:%m}"}
        return found.recurs in again | {named.recurs}
    return found.start < named.end and named.start < found.end
