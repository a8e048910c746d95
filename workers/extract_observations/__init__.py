"""What the messages tell about the person, written down by a model as sentences that stand for themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from memoryengine.answers import Numbering, Row, Schema, Whole, Words, ask, json_lines, read_rows
from memoryengine.attributes import ATTRIBUTES
from memoryengine.errors import ModelAnswerError
from memoryengine.grounding import standing
from memoryengine.observed import each_once, observation
from memoryengine.ports import ChatModel, Clock
from memoryengine.prompts import Prompt, fence
from memoryengine.simplified import simplified
from memoryengine.text import clean, clip, language
from memoryengine.times import find_period, find_periods, has_time, stamp
from memoryengine.trace import note
from memoryengine.values import Language, Locale, Memory, Message, Period
from memoryengine.worker import Memories, Messages, worker

QUOTES = " \t\"'“”‘’„«»「」『』《》【】()[]<>*`.。"
_BETWEEN = re.compile(r"[()\[\]<>{}“”„\"«»「」『』《》【】,;、=|/]|\s[-–—]\s")


@dataclass(frozen=True)
class Extracted:
    """New memories, not yet compared with what is known."""

    observations: Memories


class Score:
    """How much a fact weighs, 0 to 3; one that cannot be read counts as 3, for what is dropped here is lost.

    A number from 0.0 to 1.0 with its point stays what it is: only all scores together tell which scale they are on.
    """

    def read(self, value: Any) -> float:
        """The weight, or a float from 0 to 1."""
        said = re.match(r"\s*([01]\.\d+)", value) if isinstance(value, str) else None
        held = float(said[1]) if said else value
        if isinstance(held, float) and 0 <= held <= 1:
            return held
        try:
            return Whole(0, 3).read(held)
        except ValueError:
            return 3


def weighed(scores: Sequence[float]) -> list[float]:
    """The weights of one answer's scores: those of another scale, with fractions or from 0.0 to 1.0, are 3 or 0."""
    other = any(0 < score < 1 for score in scores) or all(isinstance(score, float) for score in scores)
    return [3 if other and score else score for score in scores]


class Attribute:
    """One of `ATTRIBUTES`, or "" for anything else: it only helps to find conflicts."""

    def read(self, value: Any) -> str:
        """The attribute's name."""
        name = value.strip().lower() if isinstance(value, str) else ""
        return name if name in ATTRIBUTES else ""


@worker("extract_observations")
@dataclass(frozen=True)
class ExtractObservations:
    """Write down what messages tell about the person, one observation a fact, each citing its messages.

    The model weighs each fact from 1 (imagined) over 2 (general, passing or guessed) to 3 (clear and lasting); those of
    at least `least` stay. It copies time expressions; what they mean is resolved here against the moment of the
    message. It names the attribute that a fact tells, which becomes the observation's `subject`. What does not stand
    in its messages is dropped (`memoryengine.grounding`). One model call, none without a message of the person.
    Messages of the person longer than `longest` characters are shown without their middle, those of the assistant
    where they are longer than `longest_context`.
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    clock: Clock
    least: int = 2
    longest: int = 12_000
    longest_context: int = 500
    longest_memory: int = 500

    async def run(self, messages: Messages) -> Extracted:
        """Extract; raises `ModelAnswerError` if the answer cannot be read or cites a message that was not given."""
        messages = tuple(message for message in messages if message.role != "system")
        if not any(message.role == "user" for message in messages):
            return Extracted(())
        spoken = self.locale.language or language("\n".join(m.content for m in messages if m.role == "user"))
        numbers = Numbering.of(message.id for message in messages)
        turns = self.prompt.turns(
            spoken,
            human_en=self.locale.human("en"),
            human_zh=self.locale.human("zh"),
            lines=fence("lines", json_lines(self._row(n, m, spoken) for n, m in enumerate(messages, numbers.first))),
        )
        rows = await ask(self.chat, turns, lambda text: self._read(text, messages, numbers))
        return Extracted(each_once(self._memory(row, messages) for row in rows))

    def _row(self, number: int, message: Message, spoken: Language) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": number,
            "time": stamp(message.said_at, spoken, self.locale.zone),
            "role": message.role,
            "text": clip(message.content, self.longest if message.role == "user" else self.longest_context),
        }
        names = {self.locale.human("zh"), self.locale.human("en"), "user", ""}
        if message.role == "user" and message.speaker not in names:
            row["speaker"] = message.speaker
        return row

    def _read(self, text: str, messages: Messages, numbers: Numbering) -> list[Row]:
        schema: Schema = {
            "ids": numbers.some(),
            "memory": Words(self.longest_memory),
            "time": Words(100, optional=True),
            "score": Score(),
            "about": Attribute(),
        }
        rows = read_rows(text, schema)
        for row in rows:
            row["ids"] = tuple(n for n in row["ids"] if messages[n - 1].role == "user")
        own = [row for row in rows if row["ids"]]
        if rows and not own:
            raise ModelAnswerError(
                "The model's answer cites no line of the person; a memory must come from a line whose role is user.",
                excerpt=rows[0]["memory"],
            )
        if len(own) < len(rows):
            note("left out: cites no line of the person", len(rows) - len(own))
        weights = weighed([row["score"] for row in own])
        told = [row for row, weight in zip(own, weights, strict=True) if weight >= self.least]
        if len(told) < len(own):
            note("left out: imagined", len(own) - len(told))
        return standing(told, messages, self.locale)

    def _memory(self, row: Row, messages: Messages) -> Memory:
        cited = [messages[number - 1] for number in row["ids"]]
        event = self._event(row["time"], cited)
        made = observation(clean(row["memory"]), event, cited, self.locale, self.clock.now())
        return replace(made, subject=row["about"]) if row["about"] else made

    def _event(self, phrase: str, cited: list[Message]) -> Period | None:
        """What a time expression means; one that no cited message holds was made up and means nothing."""
        if not phrase:
            return None
        latest_first = sorted(cited, key=lambda m: m.said_at, reverse=True)
        meant = (self._meant(part, message) for part in _parts(phrase) for message in latest_first)
        return next((period for period in meant if period is not None), None)

    def _meant(self, phrase: str, message: Message) -> Period | None:
        wanted = _compared(phrase)
        if wanted not in _compared(message.content):
            return None
        said_at = message.said_at.astimezone(self.locale.zone)
        # Read in its sentence first, whose tense says which Friday is meant.
        told = (p for p in find_periods(message.content, said_at) if _same(_compared(p.text), wanted))
        return next(told, None) or find_period(phrase, said_at)


def _parts(phrase: str) -> list[str]:
    """A time as a model wrote it, as it stands, without its quotes, and what its brackets and commas part."""
    whole = unicodedata.normalize("NFKC", phrase)
    between = [part.strip(QUOTES) for part in _BETWEEN.split(whole)]
    parts = [whole, whole.strip(QUOTES), *filter(has_time, between)]
    return [part for part in dict.fromkeys(parts) if part]


def _compared(text: str) -> str:
    return simplified(" ".join(unicodedata.normalize("NFKC", text).split())).casefold()


def _same(one: str, other: str) -> bool:
    return bool(one) and (one in other or other in one)
