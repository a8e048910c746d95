"""What the fields of an answer may hold, and the rows of an answer held to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import ModelAnswerError
from .json_text import EXCERPT, Row, read_numbered, read_objects


class Shape(Protocol):
    """What one field may hold: `read` gives its value or raises ValueError with what is allowed."""

    def read(self, value: Any) -> Any:
        """The value in its own type."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, both included; also as text."""

    low: int
    high: int

    def read(self, value: Any) -> int:
        """The number; raises ValueError."""
        number = _whole(value)
        if number is None or not self.low <= number <= self.high:
            raise ValueError(f"a whole number from {self.low} to {self.high}")
        return number


@dataclass(frozen=True, slots=True)
class Wholes:
    """Whole numbers from `low` to `high`: a list, one alone or a text like "1, 2"; each once, in order.

    `optional` allows none at all.
    """

    low: int
    high: int
    optional: bool = False

    def read(self, value: Any) -> tuple[int, ...]:
        """The numbers; raises ValueError if there is none or one is outside."""
        parts = re.findall(r"-?\d+", value) if isinstance(value, str) else value
        if self.optional and parts in (None, []):
            return ()
        one = Whole(self.low, self.high)
        try:
            numbers = tuple(dict.fromkeys(one.read(v) for v in (parts if isinstance(parts, list) else [parts])))
        except ValueError:
            numbers = ()
        if not numbers:
            few = "" if self.optional else ", at least one"
            raise ValueError(f"numbers from {self.low} to {self.high}{few}")
        return numbers


@dataclass(frozen=True, slots=True)
class Words:
    """A text of at most `longest` characters, on one line; `optional` allows none at all ("")."""

    longest: int = 1_000
    optional: bool = False

    def read(self, value: Any) -> str:
        """The text, white space joined; raises ValueError."""
        held = "" if value is None and self.optional else value
        text = " ".join(held.split()) if isinstance(held, str) else None
        if text is None or len(text) > self.longest or not (text or self.optional):
            raise ValueError(f"a text of {0 if self.optional else 1} to {self.longest} characters")
        return text


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words, in any case; `also` holds other words for them."""

    words: tuple[str, ...]
    also: Mapping[str, str] = field(default_factory=dict)

    def read(self, value: Any) -> str:
        """The word; raises ValueError."""
        word = value.strip().lower() if isinstance(value, str) else ""
        word = self.also.get(word, word)
        if word not in self.words:
            raise ValueError(f"one of {', '.join(self.words)}")
        return word


Schema = Mapping[str, Shape]


def read_rows(text: str, schema: Schema, *, numbered: bool = False) -> list[Row]:
    """The objects of an answer, each held to `schema`; other fields are dropped.

    With `numbered`, whose schema has two fields, plain lines like `1: 3` and an object like {"1": 3} count too.
    Raises `ModelAnswerError`, which says which object and field is wrong.
    """
    pairs = read_numbered(text) if numbered else []
    if pairs:
        objects = [dict(zip(schema, pair, strict=True)) for pair in pairs]
    else:
        objects = read_objects(text)
        if numbered:
            objects = [row for found in objects for row in _unfold(found, tuple(schema))]
    return held_to(schema, objects, text)


def held_to(schema: Schema, objects: Iterable[Row], text: str) -> list[Row]:
    """Objects of the answer `text`, each held to `schema`, as `read_rows` does it."""
    return [_checked(place, found, schema, text) for place, found in enumerate(objects, 1)]


def _unfold(found: Row, names: tuple[str, ...]) -> list[Row]:
    """The objects that {"1": 3, "2": 0} stands for; any other object alone."""
    if not found or not all(str(key).strip().isdecimal() for key in found):
        return [found]
    return [dict(zip(names, pair, strict=True)) for pair in found.items()]


def _checked(place: int, found: Row, schema: Schema, text: str) -> Row:
    held = {str(key).strip().strip("\"'“”").lower(): value for key, value in found.items()}
    row: Row = {}
    for name, shape in schema.items():
        try:
            row[name] = shape.read(held.get(name))
        except ValueError as error:
            lack = "is missing" if name not in held else "cannot be used"
            raise ModelAnswerError(
                f"Object {place} of the model's answer: the field {name!r} {lack}; it must be {error}.",
                excerpt=text.strip()[:EXCERPT],
            ) from None
    return row


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        match = re.fullmatch(r"\D{0,3}(\d{1,6})(?:\.0)?\D{0,3}", value.strip())
        return int(match[1]) if match and "-" not in value else None
    return value if isinstance(value, int) else None
