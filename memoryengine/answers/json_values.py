"""The JSON values that stand in a text: strictly read if that goes, else after its marks and quotes were put right."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import ModelAnswerError

EXCERPT = 400

OPENER = re.compile(
    r"""[\[［【](?=\s*(?:[\[\]{}［］【】｛｝"'“”/#]|\Z))|[{｛](?=\s*(?:[\]}｝"'“”/#]|\w+\s*[:：]|\Z))"""
)
# An object that is written in a way nobody reads, with other quotes or bold names, or what is left of one.
ROWISH = re.compile(r"""[{｛]\W{0,12}\w{1,20}[^\w}｝]{0,4}[:：=]|\w["'”]\s?[:：]\s?["'“\[{\d]""")
_OMITTED = re.compile(r"\.{3}|…|\b(?:omitted|truncated|remaining)\b|省略|其余", re.IGNORECASE)
_CLOSED_BY = r"""\s*(?:[:：\]}］】｝]|\Z|[,，、]\s*(?:[“”"'{\[［【｛\]}］】｝]|\w+\s*[:：]))"""
_BY = re.compile(_CLOSED_BY)
_TOKEN = re.compile(
    r"(?P<straight>\")|(?P<curly>[“”])|(?P<single>')|(?P<comment>//[^\n]*|(?<=\s)\#[^\n]*|<br\s?/?>)|(?P<stars>/\*)"
    r"|(?P<mark>[\[\]{}［］【】｛｝：，、＂])"
)
# Where a string of each kind may end; told for the whole text at once, because a search from each of many quotes that
# are never closed takes the square of its length.
_ENDS = {
    "straight": re.compile(r'(?<!\\)(?:\\\\)*"'),
    "single": re.compile(r"(?<!\\)(?:\\\\)*'"),
    "curly": re.compile(rf"[“”](?={_CLOSED_BY})"),
}
_ESCAPED = re.compile(r"(?<!\\)(?:\\u[0-9a-fA-F]{4})+")
_MARKS = str.maketrans("［］【】｛｝：，、＂", '[][]{}:,,"')
# What stands in a string only when a mender took the end of one string for a part of it.
_SWALLOWED = re.compile(r"""["'”]\s*[}\]]|["'“”]\s*[:：]\s*["'“\d\[{]|["”]\s*[,，+]\s*["“]""")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """The values of a text and what is said beside them: `pieces` has one text more than there are values.

    Where a mender read all values at once, the pieces between them are empty.
    """

    values: list[Any]
    pieces: list[str]


def values_in(text: str) -> Found:
    """The JSON values of a text; raises `ModelAnswerError` for half a value, and for what could only be guessed."""
    found = _strict(text)
    if found is None and (opener := OPENER.search(text)):
        start = opener.start()
        rest = _mended(text[start:])
        found = Found(rest.values, [text[:start] + rest.pieces[0], *rest.pieces[1:]])
    if found is None:
        return Found([], [text])
    if any(ROWISH.search(piece) for piece in found.pieces):
        raise ModelAnswerError("The model's answer holds objects that are no JSON.", excerpt=text[:EXCERPT])
    return found


def _strict(text: str) -> Found | None:
    """The values that a strict reader finds; None where there is one that it cannot read."""
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_row)
    values: list[Any] = []
    pieces: list[str] = []
    at = 0
    while opener := OPENER.search(text, at):
        pieces.append(text[at : opener.start()])
        try:
            value, at = decoder.raw_decode(text, opener.start())
        except (ValueError, RecursionError):
            return None
        values.append(value)
    return Found(values, [*pieces, text[at:]])


def _row(pairs: list[tuple[str, Any]]) -> Row | list[Row]:
    """An object; several where a name comes again, for a reader that keeps the last value loses the ones before it."""
    rows: list[Row] = [{}]
    for name, value in pairs:
        if name in rows[-1]:
            rows.append({})
        rows[-1][name] = value
    return rows[0] if len(rows) == 1 else rows


def _mended(text: str) -> Found:
    """The values of a text after its marks and quotes were put right; raises `ModelAnswerError` for half a value."""
    text = _ESCAPED.sub(_plain, text)
    tidy, depth, end = _tidy(text)
    if depth:
        raise ModelAnswerError("The model's answer breaks off inside its JSON.", excerpt=text[:EXCERPT])
    found = _strict(tidy)
    if found and found.values:
        return found
    from json_repair import loads  # takes 50 ms to import, and few answers need it

    # Wrapped, because of several values in a row the mender would keep the last alone.
    mended: Any = loads(f"[{tidy[:end]}]", skip_json_loads=True)
    same = _letters(json.dumps(mended, ensure_ascii=False)) == _letters(tidy[:end])
    if not same or _swallowed(mended) or not _stands(mended, text, re.sub(r"\\(.)", r"\1", text)):
        raise ModelAnswerError("The quotes in the model's answer do not match.", excerpt=text[:EXCERPT])
    values = mended if isinstance(mended, list) else [mended]
    return Found(values, [*[""] * len(values), tidy[end:]])


def _plain(escaped: re.Match[str]) -> str:
    """Escaped letters as letters; what is no letter stays escaped."""
    plain: str = json.loads(f'"{escaped[0]}"')
    return plain if plain.isalpha() else escaped[0]


def _tidy(text: str) -> tuple[str, int, int]:
    """The text with ASCII marks and quotes outside its strings; how many brackets stay open; where the last closed."""
    parts: list[str] = []
    depth = at = size = end = 0
    for start, stop, written in _tokens(text):
        between = text[at:start]
        depth += (written in ("[", "{")) - (written in ("]", "}"))
        parts += (between, written)
        size += len(between) + len(written)
        at = stop
        if written in ("]", "}"):
            end = size
    parts.append(text[at:])
    return "".join(parts), max(depth, 0), end


def _tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """The strings, comments and marks of a text: where each begins and ends, and how it is written in JSON."""
    ends = {kind: [match.end() for match in pattern.finditer(text)] for kind, pattern in _ENDS.items()}
    at, last = 0, text.rfind("*/")
    while token := _TOKEN.search(text, at):
        at = token.end()
        match token.lastgroup:
            case "mark":
                yield token.start(), at, token[0].translate(_MARKS)
            case "comment":
                yield token.start(), at, _comment(token[0])
            case "stars":
                stop = text.find("*/", at) + 2 if at <= last else 0
                if stop:
                    yield token.start(), stop, _comment(text[at:stop])
                    at = stop
            case kind:
                stop = _end(ends[str(kind)], token.end())
                if stop and (kind != "single" or _BY.match(text, stop)):
                    said = text[token.start() : stop]
                    yield token.start(), stop, json.dumps(said[1:-1], ensure_ascii=False) if kind == "curly" else said
                    at = stop


def _end(ends: list[int], start: int) -> int:
    """Where the next string ends, of those that end behind a place; 0 where none does."""
    place = bisect_left(ends, start + 1)
    return ends[place] if place < len(ends) else 0


def _comment(text: str) -> str:
    if ROWISH.search(text) or _OMITTED.search(text):
        raise ModelAnswerError("The model's answer leaves a part to its comments.", excerpt=text[:EXCERPT])
    return ""


def _stands(value: Any, text: str, unescaped: str) -> bool:
    """Whether every string of a value stands in the text letter by letter, as it is or with its escapes."""
    if isinstance(value, dict):
        return all(_stands(held, text, unescaped) for pair in value.items() for held in pair)
    if isinstance(value, list):
        return all(_stands(held, text, unescaped) for held in value)
    return not isinstance(value, str) or value in text or value in unescaped or "\n" in value


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
