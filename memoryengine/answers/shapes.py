"""What the fields of an answer may hold, and the rows of an answer held to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import ModelAnswerError
from .json_text import EXCERPT, Answer, Row, read_answer, read_numbered
from .lines import breaks_off, cited_beside, cited_rows, keyed_rows, table_rows
from .names import cites, named, plain
from .nothing import is_nothing, says_nothing
from .speech import goes_in_circles, speech

MOST_ALIKE = 3
LONGEST_SPAN = 200
OF_LINES = ("role",)  # what only the lines of a prompt have, so an object with one was copied from there


class Shape(Protocol):
    """What one field may hold: `read` gives its value or raises ValueError with what is allowed."""

    def read(self, value: Any) -> Any:
        """The value in its own type."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, both included, also as text; what it counts less `before` is its value."""

    low: int
    high: int
    before: int = 0

    def read(self, value: Any) -> int:
        """The number; raises ValueError."""
        number = _whole(value)
        if number is None or not self.low <= number <= self.high:
            raise ValueError(f"a whole number from {self.low} to {self.high}")
        return number - self.before


@dataclass(frozen=True, slots=True)
class Wholes:
    """Whole numbers from `low` to `high`: a list, one alone or a text like "1, 2"; each once, in order.

    `optional` allows none at all, and `before` is taken off each.
    """

    low: int
    high: int
    optional: bool = False
    before: int = 0

    def read(self, value: Any) -> tuple[int, ...]:
        """The numbers; raises ValueError if there is none or one is outside."""
        parts = _listed(value) if isinstance(value, str) else value
        if self.optional and parts in (None, []):
            return ()
        one = Whole(self.low, self.high, self.before)
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
    """A text of at most `longest` characters, on one line, not the same over and over, with a letter or a digit.

    `optional` allows "" and mere marks.
    """

    longest: int = 1_000
    optional: bool = False

    def read(self, value: Any) -> str:
        """The text, white space joined; raises ValueError."""
        held = "" if value is None and self.optional else value
        text = " ".join(held.split()).rstrip(",，;；") if isinstance(held, str) else None
        said = self.optional or (text is not None and any(map(str.isalnum, text)))
        if text is None or not said or len(text) > self.longest or goes_in_circles(text):
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
    """The rows of an answer, each held to `schema`; other fields are dropped.

    Rows are JSON objects, else a table whose head names the fields, `field: value` lines, or lines that cite their
    ids in brackets. With `numbered`, whose schema has two fields, plain lines like `1: 3` and an object like {"1": 3}
    count too. No row at all is an answer only where it says so. Raises `ModelAnswerError`, which says which object and
    field is wrong.
    """
    pairs = read_numbered(text) if numbered else []
    if pairs:
        objects = [dict(zip(schema, pair, strict=True)) for pair in pairs]
    else:
        objects = _in_lines(speech(text), schema)
        answer = Answer(objects) if objects else read_answer(text)
        objects = [row for found in answer.rows for row in _unfold(found, schema, numbered)]
    rows = held_to(schema, objects, text)
    if not pairs:
        _check_all_read(schema, rows, answer.behind)
    return rows


def held_to(schema: Schema, objects: Iterable[Row], text: str) -> list[Row]:
    """Objects of the answer `text`, each held to `schema`, as `read_rows` does it.

    An object that says "none" is passed over. Raises `ModelAnswerError` also for the same object over and over.
    """
    objects = tuple(objects)
    held = [named(found, schema) for found in objects]
    if any(_is_line(row, found, schema) for row, found in zip(held, objects, strict=True)):
        raise ModelAnswerError("The model's answer repeats the lines that it was given.", excerpt=text[:EXCERPT])
    if any(_is_hidden_row(inner, found, schema) for found in objects for inner in _inside(found)):
        raise ModelAnswerError("The model's answer holds rows inside of rows; all must stand in one list.")
    rows = [_checked(place, row, schema, text) for place, row in enumerate(held, 1) if not _is_none(row, schema)]
    if any(count > MOST_ALIKE for count in Counter(map(repr, rows)).values()):
        raise ModelAnswerError("The model's answer says the same over and over.", excerpt=text.strip()[:EXCERPT])
    return rows


def _check_all_read(schema: Schema, rows: Iterable[Row], behind: str) -> None:
    """Raise `ModelAnswerError` where lines behind the JSON are rows too, or cite as rows do what no row cites."""
    if table_rows(behind, schema) or keyed_rows(behind, schema):
        raise ModelAnswerError("The model's answer goes on behind its JSON in another form; all rows must be JSON.")
    for name, shape in schema.items():
        if isinstance(shape, Wholes) and not shape.optional:
            told = {number - shape.before for number in cited_beside(behind) if shape.low <= number <= shape.high}
            if told.difference(*(row[name] for row in rows)):
                raise ModelAnswerError("The model's answer goes on behind its JSON list; all rows must stand in it.")


def _in_lines(said: str, schema: Schema) -> list[Row]:
    """The rows of an answer in another form than JSON; nothing where there is JSON in it, or a line that is no row."""
    if says_nothing(said) or re.search(r"[{｛]|\[\s*(?:\[|\])", said):
        return []
    rows = table_rows(said, schema) or keyed_rows(said, schema)
    ids = [name for name, shape in schema.items() if isinstance(shape, Wholes) and not shape.optional]
    texts = [name for name, shape in schema.items() if isinstance(shape, Words) and not shape.optional]
    rows = rows or (cited_rows(said, ids[0], texts[0]) if len(ids) == len(texts) == 1 else [])
    return [] if texts and breaks_off(rows, texts[-1]) else rows


def _is_none(row: Row, schema: Schema) -> bool:
    """Whether an object stands for nothing: its texts say so, or it has no field of the schema."""
    texts = [row.get(name) for name, shape in schema.items() if isinstance(shape, Words) and not shape.optional]
    return bool(texts) and all(map(is_nothing, texts))


def _is_line(row: Row, found: Row, schema: Schema) -> bool:
    """Whether an object was copied from the lines, whose fields have other names than those that were asked for."""
    own = set(map(plain, found))
    lacking = any(name not in own and not _is_optional(shape) for name, shape in schema.items())
    roles, texts = ([name for name in names if name in row and name not in schema] for names in (OF_LINES, ("text",)))
    return bool(roles) and (lacking or bool(texts))


def _is_hidden_row(inner: Row, outer: Row, schema: Schema) -> bool:
    """Whether an object inside of a row is a row as well, and no copy of a line that the row cites."""
    own = set(map(plain, inner)) >= {name for name, shape in schema.items() if not _is_optional(shape)}
    return _is_row(inner, schema) and (own or not set(cites(inner)) <= set(cites(outer)))


def _inside(row: Row) -> Iterator[Row]:
    """The objects that the fields of an object hold, however deep."""
    left: list[Any] = [*row.values()]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
        left += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _is_row(found: Row, schema: Schema) -> bool:
    held = named(found, schema)
    return all(name in held or _is_optional(shape) for name, shape in schema.items())


def _is_optional(shape: Shape) -> bool:
    return isinstance(shape, Words | Wholes) and shape.optional


def _unfold(found: Row, schema: Schema, numbered: bool) -> list[Row]:
    """The objects that one stands for: {"1": 3, "2": 0} where that is allowed, or {"id": [1, 2], "score": [3, 0]}."""
    if numbered and found and all(str(key).strip().isdecimal() for key in found):
        return [dict(zip(schema, pair, strict=True)) for pair in found.items()]
    held = named(found, schema)
    singles = [name for name, shape in schema.items() if name in held and not isinstance(shape, Wholes)]
    columns = [held[name] for name in schema if name in held]
    if singles and all(isinstance(held[name], list) for name in singles) and len(columns) > 1:
        lengths = {len(column) if isinstance(column, list) else -1 for column in columns}
        if len(lengths) == 1 and min(lengths) >= 2:
            names = [name for name in schema if name in held]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return [found]


def _checked(place: int, held: Row, schema: Schema, text: str) -> Row:
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
        match = re.fullmatch(r"\D{0,12}(\d{1,6})(?:\.0)?\D{0,40}", value.strip())
        return int(match[1]) if match and "-" not in value else None
    return value if isinstance(value, int) else None


def _listed(text: str) -> list[str]:
    """The numbers that a text names, also as the ends of a span: "1, 3-5"."""
    found: list[str] = []
    for first, last in re.findall(r"(-?\d{1,6})(?:\s*(?:-|–|~|～|至|到|to)\s*(\d{1,6}))?", text):
        span = range(int(first), int(last) + 1) if last else range(0)
        found += map(str, span) if 0 < len(span) <= LONGEST_SPAN else [first, *([last] if last else [])]
    return found
