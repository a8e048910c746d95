"""The JSON objects in a model's answer, read with patience.

Thoughts, fences, comments, full-width marks, Chinese quotes and stray commas are forgiven. What breaks off, and what a
mender could only guess, raises `ModelAnswerError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..errors import ModelAnswerError
from .second_thoughts import check_meant
from .speech import is_nothing, says_nothing, speech

Row = dict[str, Any]
EXCERPT = 400
# What an object calls the list that it holds, beside which it may give a reason why the list is empty.
CONTAINERS = (
    *("memories", "facts", "observations", "results", "result", "items", "data", "pairs", "conflicts", "subjects"),
    *("insights", "list", "answer", "output", "记忆", "事实", "结果", "列表"),
)

_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`~]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)
_OPENER = re.compile(
    r"""[\[［【](?=\s*(?:[\[\]{}［］【】｛｝"'“”/#]|\Z))|[{｛](?=\s*(?:[\]}｝"'“”/#]|\w+\s*[:：]|\Z))"""
)
_NUMBERED = re.compile(
    r"^[\[(（【#*|\s-]{0,3}(?:(?:id|line|message|msg|no|第|行|消息|编号)[\s#.:：=]{0,2})?(\d{1,4})"
    r"(?:行|条|号)?\W{0,2}[.:)、：．）\s=>,，→|-]+\s*(?:(?:score|rating|分数|得分|评分)\s*[:：=]?\s*)?(.+?)[\s|]*$",
    re.IGNORECASE,
)
# A list that stops with dots; in a string they stand before a quote.
_LEFT_OUT = re.compile(r"^[ \t]*(?:\.{3}|…)+[ \t]*[,，]?[ \t]*$|[}｝][ \t\n]*[,，]?[ \t\n]*(?:\.{3}|…)", re.MULTILINE)
_CLOSED_BY = r"""(?=\s*(?:[:：\]}］】｝]|\Z|[,，、]\s*(?:[“”"'{\[［【｛\]}］】｝]|\w+\s*[:：])))"""
_TOKEN = re.compile(
    r'(?P<straight>"(?:[^"\\]|\\.)*")'
    rf"|[“”](?P<curly>.*?)[“”]{_CLOSED_BY}"
    rf"|(?P<single>'(?:[^'\\]|\\.)*'){_CLOSED_BY}"
    r"|(?P<comment>//[^\n]*|(?<=\s)\#[^\n]*|/\*.*?\*/)"
    r"|(?P<mark>[\[\]{}［］【】｛｝：，、＂])",
    re.DOTALL,
)
_ESCAPED = re.compile(r"(?<!\\)(?:\\u[0-9a-fA-F]{4})+")
_MARKS = str.maketrans("［］【】｛｝：，、＂", '[][]{}:,,"')
# What stands in a string only when a mender took the end of one string for a part of it.
_SWALLOWED = re.compile(r"""["'”]\s*[}\]]|["'“”]\s*[:：]\s*["'“\d\[{]|["”]\s*[,，+]\s*["“]""")


def read_objects(text: str) -> list[Row]:
    """Every JSON object of an answer, in order; an empty list only where the answer holds an explicit empty list.

    A plain "None" or 没有 is such a list too. Reads bare or fenced JSON, one list, several objects in a row, or one
    list inside an object; comments, single and Chinese quotes, full-width marks and stray commas are forgiven. Raises
    `ModelAnswerError` for an answer without JSON, one that breaks off, and one whose list holds something else than
    objects.
    """
    said = speech(text)
    blocks = [block for _, block in _FENCED.findall(said) if _OPENER.search(block)]
    if _LEFT_OUT.search(said):
        raise ModelAnswerError("The model's answer leaves a part out (...).", excerpt=said[:EXCERPT])
    values = _values("\n".join(blocks) if blocks else said)
    lists = [found for value in values if (found := _objects(value)) is not None]
    if not lists and says_nothing(said):
        return []
    if not lists:
        raise ModelAnswerError("The model's answer holds no JSON list of objects.", excerpt=said[:EXCERPT])
    rows = [row for found in lists for row in found]
    if opener := _OPENER.search(said):
        check_meant(said, opener.start(), empty=not rows)
    return rows


def read_numbered(text: str) -> list[tuple[int, str]]:
    """The lines `1. text` or `1: text` of an answer that has no other lines; nothing if there is any other.

    One line that announces them is passed over where all values are numbers. For answers where a number and a value
    say everything; where a line could be the model's own numbering it must not be used.
    """
    said = speech(text)
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.strip().startswith("```")]
    found = [(int(m[1]), m[2].strip()) for line in lines if (m := _NUMBERED.match(line))]
    if any(value.startswith(("{", "｛")) or value.endswith(("]", "}", "］", "｝")) for _, value in found):
        return []  # that is JSON, whose first number is no line's
    headed = len(lines) > 1 and lines[0].endswith((":", "："))
    if headed and len(found) == len(lines) - 1 and all(re.search(r"\d", value) for _, value in found):
        return found
    return found if len(found) == len(lines) else []


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
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_row)
    at = 0
    while opener := _OPENER.search(text, at):
        try:
            value, at = decoder.raw_decode(text, opener.start())
        except (ValueError, RecursionError):
            yield _BROKEN
            return
        yield value


def _row(pairs: list[tuple[str, Any]]) -> Row | list[Row]:
    """An object; several where a name comes again, for a reader that keeps the last value loses the ones before it."""
    rows: list[Row] = [{}]
    for name, value in pairs:
        if name in rows[-1]:
            rows.append({})
        rows[-1][name] = value
    return rows[0] if len(rows) == 1 else rows


def _mended(text: str) -> list[Any]:
    """The values of a text after its marks and quotes were put right; raises `ModelAnswerError` for half a value."""
    text = _ESCAPED.sub(_plain, text)
    tidy, depth, end = _tidy(text)
    if depth:
        raise ModelAnswerError("The model's answer breaks off inside its JSON.", excerpt=text[:EXCERPT])
    found = list(_strict(tidy))
    if found and found[-1] is not _BROKEN:
        return found
    from json_repair import loads  # takes 50 ms to import, and few answers need it

    # Wrapped, because of several values in a row the mender would keep the last alone.
    mended: Any = loads(f"[{tidy[:end]}]", skip_json_loads=True)
    same = _letters(json.dumps(mended, ensure_ascii=False)) == _letters(tidy[:end])
    if not same or _swallowed(mended) or not _stands(mended, text):
        raise ModelAnswerError("The quotes in the model's answer do not match.", excerpt=text[:EXCERPT])
    return mended if isinstance(mended, list) else [mended]


def _plain(escaped: re.Match[str]) -> str:
    """Escaped letters as letters; what is no letter stays escaped."""
    plain: str = json.loads(f'"{escaped[0]}"')
    return plain if plain.isalpha() else escaped[0]


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


def _stands(value: Any, text: str) -> bool:
    """Whether every string of a value stands in the text letter by letter, as it is or with its escapes."""
    if isinstance(value, dict):
        return all(_stands(held, text) for pair in value.items() for held in pair)
    if isinstance(value, list):
        return all(_stands(held, text) for held in value)
    return not isinstance(value, str) or value in text or value in re.sub(r"\\(.)", r"\1", text) or "\n" in value


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
        return _of_object(value)
    if isinstance(value, list):
        nested = [_objects(held) if isinstance(held, list) else [held] for held in value]
        flat = [row for rows in nested if rows is not None for row in rows]
        return flat if all(isinstance(row, dict) for row in flat) and None not in nested else None
    return None


def _of_object(value: Row) -> list[Row]:
    """The objects that one object holds under a name, or under the numbers that it gave them; else itself."""
    if not value or (len(value) == 1 and _is_empty(next(iter(value.values())))):
        return []
    is_schema = value.get("type") in ("array", "object")  # the form of the answer instead of the answer
    none = any(value.get(name) == [] for name in CONTAINERS) and not is_schema
    if none and not any(isinstance(v, dict) or v for v in _lists(value)):
        return []
    inner = [held for held in value.values() if isinstance(held, list) and all(isinstance(v, dict) for v in held)]
    if len(inner) == 1 and (len(value) == 1 or inner[0]):
        return inner[0]
    if all(isinstance(held, dict) for held in value.values()):
        if len(value) == 1 and not _is_number(next(iter(value))):
            return _of_object(next(iter(value.values())))
        if all(map(_is_number, value)):
            return [{"id": key, **held} for key, held in value.items()]
    return [value]


def _lists(value: Row) -> list[Any]:
    return [held for held in value.values() if isinstance(held, list | dict)]


def _is_number(key: Any) -> bool:
    return str(key).strip().isdecimal()


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {}) or is_nothing(value)
