"""Which messages are worth a closer look, by a model's judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memoryengine.answers import Numbering, Schema, Whole, ask, json_lines, read_rows
from memoryengine.ports import ChatModel
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clip, language
from memoryengine.values import Locale, Message
from memoryengine.worker import Messages, worker

HIGHEST = 3


@dataclass(frozen=True)
class Filtered:
    """What is left, in the order in which it was said."""

    messages: Messages


@worker("filter_messages")
@dataclass(frozen=True)
class FilterMessages:
    """Keep the messages of the person that say something worth remembering, with what they answer.

    A model scores each message from 0 (nothing) over 1 (imagined) and 2 (general, passing or guessed) to 3 (clear and
    lasting); those of at least `least` stay. It sees long messages without their middle. A message that it leaves
    out stays too: the next worker looks again, while nothing would bring back what is dropped here. Messages of the
    assistant stay only right before one that stays, as its context. One model call a batch, none without a message
    of the person.
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    least: int = 2
    longest: int = 200

    async def run(self, batch: Messages) -> Filtered:
        """Score and keep; raises `ModelAnswerError` if the scores cannot be read."""
        told = [place for place, message in enumerate(batch) if message.role == "user" and message.content.strip()]
        if not told:
            return Filtered(())
        numbers = Numbering.of(batch[place].id for place in told)
        rows = [self._row(number, batch, place) for number, place in enumerate(told, numbers.first)]
        spoken = self.locale.language or language("\n".join(batch[place].content for place in told))
        lines = fence("lines", json_lines(rows))
        turns = self.prompt.turns(spoken, human=self.locale.human(spoken), lines=lines, count=str(len(rows)))
        schema: Schema = {"id": numbers.one, "score": Whole(0, HIGHEST)}
        scores = await ask(self.chat, turns, lambda text: read_rows(text, schema, numbered=True))
        low = {told[row["id"] - 1] for row in scores if row["score"] < self.least}
        high = {told[row["id"] - 1] for row in scores if row["score"] >= self.least}
        return Filtered(_with_context(batch, {place for place in told if place in high or place not in low}))

    def _row(self, number: int, batch: Messages, place: int) -> dict[str, Any]:
        row: dict[str, Any] = {"id": number, "text": clip(batch[place].content, self.longest)}
        if _answered(batch, place):
            row["answers"] = clip(batch[place - 1].content, self.longest // 2)
        return row


def _with_context(batch: Messages, kept: set[int]) -> Messages:
    context = {place - 1 for place in kept if _answered(batch, place)}
    return tuple(batch[place] for place in sorted(kept | context))


def _answered(batch: Messages, place: int) -> bool:
    """Whether the message before is the assistant's, in the same session."""
    before: Message | None = batch[place - 1] if place else None
    return before is not None and before.role == "assistant" and before.session == batch[place].session
