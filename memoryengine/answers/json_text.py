"""The JSON objects in a model's answer, read with patience.

Thoughts, fences, comments, full-width marks, Chinese quotes and stray commas are forgiven. What breaks off, and what a
mender could only guess, raises `ModelAnswerError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ModelAnswerError
from .fences import parts_of
from .json_values import EXCERPT, OPENER, ROWISH, Found, Row, values_in
from .names import cites, plain
from .nothing import check_nothing_meant, is_nothing, says_nothing
from .second_thoughts import check_meant
from .speech import speech

__all__ = ["EXCERPT", "Answer", "Row", "read_answer", "read_numbered", "read_objects"]

# Where an object says why it holds nothing, and where it says that something went wrong.
REASONS = frozenset(
    (
        *("reason", "reasons", "reasoning", "explanation", "note", "notes", "why", "comment", "comments", "rationale"),
        *("thinking", "thought", "thoughts", "analysis", "message", "status", "language"),
        *("理由", "原因", "说明", "备注", "解释", "思考", "状态"),
    )
)
TROUBLE = frozenset(
    (
        "error",
        "errors",
        "message",
        "msg",
        "status",
        "code",
        "detail",
        "details",
        "warning",
        "reason",
        "错误",
        "消息",
        "状态",
    )
)
# What an object calls the list that it holds, beside which it may give a reason why the list is empty.
CONTAINERS = (
    *("memories", "facts", "observations", "results", "result", "items", "data", "pairs", "conflicts", "subjects"),
    *("insights", "list", "answer", "output", "记忆", "事实", "结果", "列表"),
)

_NUMBERED = re.compile(
    r"^[\[(（【#*|\s-]{0,3}(?:(?:id|line|message|msg|no|第|行|消息|编号)[\s#.:：=]{0,2})?(\d{1,4})"
    r"(?:行|条|号)?\W{0,2}[.:)、：．）\s=>,，→|-]+\s*(?:(?:score|rating|分数|得分|评分)\s*[:：=]?\s*)?(.+?)[\s|]*$",
    re.IGNORECASE,
)
LONGEST_NUMBERED = 1_000
# A list that stops with dots; in a string they stand before a quote.
_LEFT_OUT = re.compile(
    r"^[ \t]*(?:\.{3}|…)+[ \t]*[,，]?[ \t]*$|[}｝][ \t\n]*(?:[,，][ \t\n]*)?(?:\.{3}|…)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer, and what it says before and behind the JSON that holds them."""

    rows: list[Row]
    before: str = ""
    behind: str = ""


def read_objects(text: str) -> list[Row]:
    """Every JSON object of an answer, in order; an empty list only where the answer holds an explicit empty list.

    A plain "None" or 没有 is such a list too. Reads bare or fenced JSON, one list, several objects in a row, or one
    list inside an object; comments, single and Chinese quotes, full-width marks and stray commas are forgiven. Raises
    `ModelAnswerError` for an answer without JSON, one that breaks off, one that holds something else than objects or
    lists of them, and one that says different things about the same lines.
    """
    return read_answer(text).rows


def read_answer(text: str) -> Answer:
    """The objects of an answer as `read_objects` reads them, with what is said around them."""
    said = speech(text)
    if _LEFT_OUT.search(said):
        raise ModelAnswerError("The model's answer leaves a part out (...).", excerpt=said[:EXCERPT])
    try:
        found = _found(said)
        lists = [_objects(value) for value in found.values]
    except (ValueError, RecursionError):
        raise ModelAnswerError("The JSON in the model's answer cannot be read.", excerpt=said[:EXCERPT]) from None
    if not any(rows is not None for rows in lists) and says_nothing(said):
        return Answer([])
    if not lists or None in lists:
        raise ModelAnswerError("The model's answer holds no JSON list of objects.", excerpt=said[:EXCERPT])
    rows = _agreed(_groups(found.values, [rows for rows in lists if rows is not None]))
    check_meant(found.pieces, empty=not rows)
    if not rows:
        check_nothing_meant(found.pieces)
    return Answer(rows, found.pieces[0], "\n".join(found.pieces[1:]))


def _found(said: str) -> Found:
    """The values of the fenced blocks, where nothing outside may look like more; of the whole where there are none."""
    parts = parts_of(said)
    places = [place for place, part in enumerate(parts) if part.fenced and OPENER.search(part.text)]
    if not places:
        return values_in(said)
    found = values_in("\n".join(parts[place].text for place in places))
    before = [part.text for part in parts[: places[0]]]
    behind = [part.text for place, part in enumerate(parts) if place > places[0] and place not in places]
    if any(ROWISH.search(text) for text in (*before, *behind)):
        raise ModelAnswerError("The model's answer holds JSON outside of its fences too.", excerpt=said[:EXCERPT])
    return Found(
        found.values, ["\n".join([*before, found.pieces[0]]), *found.pieces[1:], *(f"\n{text}" for text in behind)]
    )


def _groups(values: Sequence[Any], lists: Sequence[list[Row]]) -> list[list[Row]]:
    """The rows of each list; objects that stand in a row without one are a list too."""
    groups: list[list[Row]] = []
    loose = False
    for value, rows in zip(values, lists, strict=True):
        alone = isinstance(value, dict) and rows == [value]
        if alone and loose:
            groups[-1] += rows
        else:
            groups.append([*rows])
        loose = alone
    return groups


def _agreed(groups: Iterable[list[Row]]) -> list[Row]:
    """The rows of all lists, of lists that are the same only one; lists that speak of the same lines do not agree."""
    kept: list[list[Row]] = []
    cited: set[object] = set()
    for rows in groups:
        if rows in kept:
            continue
        about = {cites(row) or repr(row) for row in rows}
        if about & cited:
            raise ModelAnswerError("The model's answer holds two lists about the same; it must be one list.")
        kept.append(rows)
        cited |= about
    return [row for rows in kept for row in rows]


def read_numbered(text: str) -> list[tuple[int, str]]:
    """The lines `1. text` or `1: text` of an answer that has no other lines; nothing if there is any other.

    One line that announces them is passed over where all values are numbers. For answers where a number and a value
    say everything; where a line could be the model's own numbering it must not be used.
    """
    said = speech(text)
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.strip().startswith("```")]
    found = [
        (int(m[1]), m[2].strip()) for line in lines if len(line) <= LONGEST_NUMBERED and (m := _NUMBERED.match(line))
    ]
    if any(value.startswith(("{", "｛")) or value.endswith(("]", "}", "］", "｝")) for _, value in found):
        return []  # that is JSON, whose first number is no line's
    headed = len(lines) > 1 and lines[0].endswith((":", "："))
    if headed and len(found) == len(lines) - 1 and all(re.search(r"\d", value) for _, value in found):
        return found
    return found if len(found) == len(lines) else []


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
    if not value or (
        len(value) == 1 and _is_empty(next(iter(value.values()))) and not TROUBLE & set(map(plain, value))
    ):
        return []
    is_schema = value.get("type") in ("array", "object")  # the form of the answer instead of the answer
    none = any(value.get(name) == [] for name in CONTAINERS) and not is_schema
    if none and not any(_says_more(name, held) for name, held in value.items()):
        return []
    inner = [held for held in value.values() if isinstance(held, list) and all(isinstance(v, dict) for v in held)]
    full = [held for held in inner if held]
    if len(full) == 1 and not _is_row_itself(value, full[0]):
        return full[0]
    if inner and len(value) == 1:
        return []
    if all(isinstance(held, dict) for held in value.values()):
        if len(value) == 1 and not _is_number(next(iter(value))):
            return _of_object(next(iter(value.values())))
        if all(map(_is_number, value)):
            return [{"id": key, **held} for key, held in value.items()]
    return [value]


def _is_row_itself(value: Row, held: list[Row]) -> bool:
    """Whether an object that holds a list of objects is more than its wrapping: of their kind, or a text that cites."""
    outer = {name: other for name, other in value.items() if other is not held}
    told = any(
        isinstance(other, str) and not other.isdecimal() and _says_more(name, other) for name, other in outer.items()
    )
    return (told and bool(cites(outer))) or len(set(map(plain, outer)) & set(map(plain, held[0]))) >= 2


def _says_more(name: Any, held: Any) -> bool:
    """Whether a field beside an empty list holds what may be a row, or a part of one."""
    if isinstance(held, str):
        return plain(name) not in REASONS and not is_nothing(held) and not says_nothing(held) and bool(held.strip())
    return isinstance(held, dict) or (isinstance(held, list) and bool(held))


def _is_number(key: Any) -> bool:
    return str(key).strip().isdecimal()


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {}) or is_nothing(value)
