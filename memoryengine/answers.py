"""What a model answers, read with patience and then held to its word.

A small model fences its JSON, thinks aloud before it, leaves commas standing and writes Chinese quotes; all that is
read. What stays unclear is no answer: a part that broke off, a number that was never given, a field of another type
raise `ModelAnswerError`, because memories that were guessed from half an answer cannot be told from true ones later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from .errors import ModelAnswerError
from .ports import ChatModel, Turn

T = TypeVar("T")
Row = dict[str, Any]
EXCERPT = 400
SHOWN_AGAIN = 4_000

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>|\A.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_UNFINISHED_THOUGHT = re.compile(r"<think(?:ing)?>.*\Z", re.DOTALL | re.IGNORECASE)
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`~]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)
_OPENER = re.compile(
    r"""[\[［【](?=\s*(?:[\[\]{}［］【】｛｝"'“”/#]|\Z))|[{｛](?=\s*(?:[\]}｝"'“”/#]|\w+\s*[:：]|\Z))"""
)
_NUMBERED = re.compile(r"^[\[(（【#*\s-]{0,3}(\d{1,4})\W{0,2}[.:)、：．）\s=-]\s*(.+)$")
_CLOSED_BY = r"""(?=\s*(?:[:：\]}］】｝]|\Z|[,，、]\s*(?:[“”"'{\[［【｛\]}］】｝]|\w+\s*[:：])))"""
_TOKEN = re.compile(
    r'(?P<straight>"(?:[^"\\]|\\.)*")'
    rf"|[“”](?P<curly>.*?)[“”]{_CLOSED_BY}"
    rf"|(?P<single>'(?:[^'\\]|\\.)*'){_CLOSED_BY}"
    r"|(?P<comment>//[^\n]*|(?<=\s)\#[^\n]*|/\*.*?\*/)"
    r"|(?P<mark>[\[\]{}［］【】｛｝：，、＂])",
    re.DOTALL,
)
_MARKS = str.maketrans("［］【】｛｝：，、＂", '[][]{}:,,"')
# What stands in a string only when a mender took the end of one string for a part of it.
_SWALLOWED = re.compile(r"""["'”]\s*[}\]]|["'“”]\s*[:：]\s*["'“\d\[{]|["”]\s*[,，]\s*["“]""")


def read_objects(text: str) -> list[Row]:
    """Every JSON object of an answer, in order; an empty list only where the answer holds an explicit empty list.

    Reads bare or fenced JSON, one list, several objects in a row, or one list inside an object; comments, single and
    Chinese quotes, full-width marks and stray commas are forgiven. Raises `ModelAnswerError` for an answer without
    JSON, one that breaks off, and one whose list holds something else than objects.
    """
    said = _UNFINISHED_THOUGHT.sub("", _THOUGHT.sub("", text)).strip()
    if not said:
        raise ModelAnswerError("The model's answer is empty, where a JSON list of objects was asked for.")
    blocks = [block for _, block in _FENCED.findall(said) if _OPENER.search(block)]
    values = _values("\n".join(blocks) if blocks else said)
    lists = [found for value in values if (found := _objects(value)) is not None]
    if not lists:
        raise ModelAnswerError("The model's answer holds no JSON list of objects.", excerpt=said[:EXCERPT])
    return [row for found in lists for row in found]


def read_numbered(text: str) -> list[tuple[int, str]]:
    """The lines `1. text` or `1: text` of an answer that has no other lines; nothing if there is any other.

    For answers where a number and a value say everything; where a line could be the model's own numbering it must not
    be used.
    """
    said = _UNFINISHED_THOUGHT.sub("", _THOUGHT.sub("", text)).strip()
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.strip().startswith("```")]
    found = [match for line in lines if (match := _NUMBERED.match(line))]
    return [(int(m[1]), m[2].strip()) for m in found] if len(found) == len(lines) else []


# --- what a field may hold --------------------------------------------------------------------------------------


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


# --- asking -----------------------------------------------------------------------------------------------------


async def ask(chat: ChatModel, turns: Sequence[Turn], read: Callable[[str], T], *, repairs: int = 1) -> T:
    """Ask the model and read its answer; an answer that cannot be used is shown to it with the error, once more.

    `read` raises `ModelAnswerError` for an answer that will not do; after `repairs` such answers the error is raised.
    """
    asked = tuple(turns)
    while True:
        reply = await chat.chat(asked)
        try:
            return read(reply.text)
        except ModelAnswerError as error:
            if repairs <= 0:
                raise
            repairs -= 1
            shown = Turn("assistant", reply.text[:SHOWN_AGAIN] or "-")
            asked = (*turns, shown, Turn("user", _repair(error, turns)))


def _repair(error: ModelAnswerError, turns: Sequence[Turn]) -> str:
    if re.search(r"[\u4e00-\u9fff]", turns[0].content):
        return (
            f"这个回答无法使用：{error.message}\n"
            "请重新回答，只输出要求的 JSON 列表，不要其他文字。没有内容时输出 []。"
        )
    return (
        f"This answer cannot be used: {error.message}\n"
        "Answer again with the JSON list that was asked for and nothing else. If there is nothing, answer []."
    )


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for a prompt, one JSON object a line: whatever a text holds, it can neither end its line nor begin one."""
    return "\n".join(_BREAKS.sub(_escaped, json.dumps(row, ensure_ascii=False)) for row in rows)


# JSON leaves these as they are, though readers may take some of them for the end of a line, and none is UTF-8 safe
# or visible: C1 controls, the two Unicode separators, directions, and half surrogates.
_BREAKS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


# --- reading JSON -----------------------------------------------------------------------------------------------


def _values(text: str) -> list[Any]:
    """The JSON values that stand in a text, strictly if that goes, else mended."""
    found = list(_strict(text))
    if not found or found[-1] is not _BROKEN:
        return found
    start = _OPENER.search(text)
    return _mended(text[start.start() :]) if start else []


_BROKEN = object()


def _strict(text: str) -> Iterator[Any]:
    """The values a strict reader finds; ends with `_BROKEN` at the first that it cannot read."""
    decoder = json.JSONDecoder(strict=False)
    at = 0
    while opener := _OPENER.search(text, at):
        try:
            value, at = decoder.raw_decode(text, opener.start())
        except (ValueError, RecursionError):
            yield _BROKEN
            return
        yield value


def _mended(text: str) -> list[Any]:
    """The values of a text after its marks and quotes were put right; raises `ModelAnswerError` for half a value."""
    tidy, depth, end = _tidy(text)
    if depth:
        raise ModelAnswerError("The model's answer breaks off inside its JSON.", excerpt=text[:EXCERPT])
    found = list(_strict(tidy))
    if found and found[-1] is not _BROKEN:
        return found
    from json_repair import loads  # takes 50 ms to import, and few answers need it

    # Wrapped, because of several values in a row the mender would keep the last alone.
    mended: Any = loads(f"[{tidy[:end]}]", skip_json_loads=True)
    if _swallowed(mended) or _letters(json.dumps(mended, ensure_ascii=False)) != _letters(tidy[:end]):
        raise ModelAnswerError("The quotes in the model's answer do not match.", excerpt=text[:EXCERPT])
    return mended if isinstance(mended, list) else [mended]


def _tidy(text: str) -> tuple[str, int, int]:
    """The text with ASCII marks and quotes outside its strings; how many brackets stay open; where the last closed."""
    parts: list[str] = []
    depth = at = size = end = 0
    for token in _TOKEN.finditer(text):
        between = text[at : token.start()]
        written = _token(token)
        if token.lastgroup == "mark":
            depth += (written in "[{") - (written in "]}")
        parts += (between, written)
        size += len(between) + len(written)
        at = token.end()
        if written in ("]", "}"):
            end = size
    parts.append(text[at:])
    return "".join(parts), max(depth, 0), end


def _token(token: re.Match[str]) -> str:
    match token.lastgroup:
        case "curly":
            return json.dumps(token["curly"], ensure_ascii=False)
        case "comment":
            return ""
        case "mark":
            return token[0].translate(_MARKS)
        case _:
            return token[0]


def _swallowed(value: Any) -> bool:
    if isinstance(value, str):
        unpaired = value.count("}") > value.count("{") or value.count("]") > value.count("[")
        return unpaired or bool(_SWALLOWED.search(value))
    if isinstance(value, dict):
        return any(map(_swallowed, value.values())) or any(map(_swallowed, value))
    return isinstance(value, list) and any(map(_swallowed, value))


def _letters(text: str) -> str:
    """The letters and digits of a text without its constants: mending must lose none of them."""
    return re.sub(r"(?i)\b(?:none|null|true|false)\b|\\[nrtu\"'/]|[\W_]", "", text)


def _objects(value: Any) -> list[Row] | None:
    """The objects of a value; None if it holds anything else."""
    if isinstance(value, dict):
        inner = [held for held in value.values() if isinstance(held, list) and all(isinstance(v, dict) for v in held)]
        if len(inner) == 1 and (len(value) == 1 or inner[0]):
            return inner[0]
        return [value]
    if isinstance(value, list):
        nested = [_objects(held) if isinstance(held, list) else [held] for held in value]
        flat = [row for rows in nested if rows is not None for row in rows]
        return flat if all(isinstance(row, dict) for row in flat) and None not in nested else None
    return None


