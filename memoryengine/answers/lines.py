"""Rows that a model wrote as a table, as `field: value` lines or as lines that cite: read where every line is one.

A line that is left over might be a row of another form, so then nothing is read at all.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .names import known_as
from .nothing import is_nothing

Row = dict[str, Any]

_RULE = re.compile(r"[\s|:=+\-—–_*`~]*")
_BULLET = re.compile(r"(?:[-*•·–+]|\(?\d{1,3}[.)、）:：](?=\s|[^\d\s]))\s*")
_HEADING = re.compile(r"[^\n]{1,80}[:：]\**\s*")
_WORDS_OF_CITES = r"(?:ids?|lines?|messages?|msgs?|sources?|from|no\.?|编号|来源|行|第|消息|行号|依据)"
_CITED = rf"{_WORDS_OF_CITES}?\s*[:：#]?\s*(?P<ids>\d{{1,4}}(?:\s*(?:[,，、;和]|and|&)\s*\d{{1,4}})*)\s*(?:行|条)?"
_CITE = re.compile(rf"[\[(（【<]\s*{_CITED}\s*[\])）】>]", re.IGNORECASE)
_CITES_FIRST = re.compile(rf"[\[(（【<]\s*{_CITED}\s*[\])）】>]\s*[:：.-]?\s*(?P<text>\S.*)", re.IGNORECASE)
_CITES_LAST = re.compile(rf"(?P<text>\S.*?)\s*[\[(（【<]\s*{_CITED}\s*[\])）】>]\s*[.。]?", re.IGNORECASE)

_PASSED_OVER = re.compile(
    r"\b(?:skip|ignor|omit|exclud|left out|leave out|greet|assistant|question|no facts?\b|nothing|not? (?:a |any |as )?"
    r"(?:new |lasting )?(?:fact|record|includ|memor|about))|忽略|跳过|略去|省略|没有|无关|不记|不含|未|助手|提问|问候",
    re.IGNORECASE,
)


def table_rows(said: str, schema: Mapping[str, Any]) -> list[Row]:
    """The rows of a table with a head that names the fields: Markdown, or values between commas, tabs or semicolons."""
    lines = _content(said)
    for delimiter in ("|", "\t", ",", ";"):
        rows = _table([line for line in lines if delimiter != "|" or not _RULE.fullmatch(line)], delimiter, schema)
        if rows:
            return rows
    return []


def _table(lines: Sequence[str], delimiter: str, schema: Mapping[str, Any]) -> list[Row]:
    head = next((place for place, line in enumerate(lines[:4]) if _head(line, delimiter, schema)), None)
    if head is None:
        return []
    if any(not _HEADING.fullmatch(line) for line in lines[:head]):
        return []
    if delimiter in ",;" and _spaced(lines[head + 1 :], delimiter) and not _spaced(lines[head : head + 1], delimiter):
        return []  # marks with a blank stand in sentences, those that part the columns of this table without
    names = _head(lines[head], delimiter, schema)
    closed = delimiter == "|" and lines[head].endswith("|")
    cells = [_cells(line, delimiter) for line in lines[head + 1 :] if not closed or line.endswith("|")]
    if len(cells) < len(lines) - head - 1 or not cells or any(len(row) != len(names) for row in cells):
        return []
    return [{name: value for name, value in zip(names, row, strict=True) if name} for row in cells]


def _spaced(lines: Iterable[str], delimiter: str) -> bool:
    return any(re.search(rf"{delimiter}\s", re.sub(r'"(?:[^"]|"")*"', "", line)) for line in lines)


def _head(line: str, delimiter: str, schema: Mapping[str, Any]) -> list[str]:
    """The schema's names of the columns; nothing where the line names fewer than two, or one twice."""
    names = [known_as(cell, schema) for cell in _cells(line, delimiter)]
    told = [name for name in names if name]
    return names if len(told) >= 2 and len(set(told)) == len(told) else []


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == "|":
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def keyed_rows(said: str, schema: Mapping[str, Any]) -> list[Row]:
    """The rows of `field: value` lines, as YAML or a form has them; a field that comes again begins the next row."""
    rows: list[Row] = []
    for line in _content(said):
        bare = _BULLET.sub("", line, count=1)
        pairs = _pairs(bare, schema)
        if not pairs:
            if _HEADING.fullmatch(line):
                continue
            return []
        for name, value in pairs:
            if not rows or name in rows[-1]:
                rows.append({})
            rows[-1][name] = value
    return rows


def _pairs(line: str, schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of one line; nothing where it does not begin with one."""
    found: list[tuple[str, str]] = []
    parts = re.split(r"([,，;；|]\s*)(?=[\"'“*]*[\w ]{1,16}[\"'”*]*\s*[:：=])", line)
    for mark, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        match = re.match(r"[\"'“*]*(?P<name>[^\W\d][\w ]{0,15})[\"'”*]*\s*[:：=]\s*(?P<value>.*)", part)
        name = known_as(match["name"], schema) if match else ""
        if match and name and all(name != held for held, _ in found):
            found.append((name, _unquoted(match["value"])))
        elif found and match and not name and not re.search(r"[\u4e00-\u9fff\s]", match["name"]):
            if mark.startswith((",", "，")) and _is_text(schema[found[-1][0]]):
                return []  # a field that nobody asked for, or a part of a text
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}{mark}{part}")
        else:
            return []
    return found


def _is_text(shape: Any) -> bool:
    """Whether a field holds words and must not be empty; `Words` cannot be imported from where its reader lives."""
    return hasattr(shape, "longest") and not shape.optional


def cited_rows(said: str, ids: str, text: str) -> list[Row]:
    """The rows of lines like `User likes tea. [1, 2]` or `[3] User likes tea.`, where every line cites.

    A line that begins with a number alone does not: that may be the model's own count.
    """
    rows: list[Row] = []
    lines = _content(said)
    for place, line in enumerate(lines):
        bare = _BULLET.sub("", line, count=1) if not _CITES_FIRST.fullmatch(line) else line
        last, first = _CITES_LAST.fullmatch(bare), _CITES_FIRST.fullmatch(bare)
        match = last or first
        if match and not is_nothing(match["text"]) and not _CITE.search(match["text"]):
            found = {text: match["text"], ids: match["ids"]}
            rows.append(found if last else {ids: found[ids], text: found[text]})
        elif place or not _HEADING.fullmatch(line):
            return []
    return rows


def cited_beside(said: str) -> set[int]:
    """The numbers that lines cite which look like rows, or like a part of prose that tells what was found.

    What a line says it passed over is not meant.
    """
    lines = [line for line in _content(said) if not _PASSED_OVER.search(line)]
    return {
        int(number) for line in lines for cite in _CITE.finditer(line) for number in re.findall(r"\d+", cite["ids"])
    }


def breaks_off(rows: Sequence[Row], text: str) -> bool:
    """Whether the answer ends with a text in the middle of a sentence, where one before it does not."""
    if not rows or list(rows[-1])[-1] != text:
        return False
    ends = [str(row.get(text, "")).rstrip("\"'”’*` ")[-1:] in tuple(".。!！?？…") for row in rows]
    return any(ends[:-1]) and not ends[-1]


def _content(said: str) -> list[str]:
    """The lines that say something, without fences."""
    lines = [line.strip(" \r\n").lstrip() for line in said.splitlines()]
    told = [line for line in lines if line.strip() and not line.startswith(("```", "~~~"))]
    return [line for line in told if not re.fullmatch(r"-{3,}", line)]


def _unquoted(value: str) -> str:
    value = value.strip().rstrip(",，")
    pairs = ('""', "''", "“”", "‘’", "``")
    return value[1:-1] if len(value) > 1 and value[0] + value[-1] in pairs else value
