"""Years and decades that were said in short: '90, 90年, class of 09, 90后 and the nineties."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..values import Period

_ZH = "〇零一二三四五六七八九"
# What is told of a year and not of a length of time: 90年毕业, but not 干了10年.
_EVENT = r"(?:出?生|毕业|入学|高考|上的?大学|结的?婚|入职|参加|当兵|退伍|搬|买|[春夏秋冬初底]|\d{1,2}月)"
_LENGTH = r"(?<![\d了过有约近达快满活干婚,.第上下前后这那零〇一二三四五六七八九十百千])"
_NO_UNIT = r"(?![\d:%]|[.,]\d| [a-z]*(?:th|day|week|hour|year|min))"
_SHORT = re.compile(
    rf"(?<![\w'])'(?P<quoted>\d\d)(?![\w'])"
    rf"|\b(?:born in|class of|graduated in|married in|back in|summer of) '?(?P<told>\d\d){_NO_UNIT}"
    rf"|{_LENGTH}(?P<zh>[05-9]\d|[〇零五六七八九][{_ZH}])年(?![了前后来多间以之代级内]|的(?![，。,.!！\s生人]|\Z))"
    rf"|{_LENGTH}(?P<zh_event>\d\d|[{_ZH}]{{2}})年的?(?={_EVENT})"
)
_MAY_HOLD = re.compile(r"\d\d|年")
_DECADE = re.compile(
    r"(?<!\d)(?:19|20)?(?P<digits>\d0)(?:'?s\b|年代|后(?!\d))|(?P<zh>[五六七八九零〇][零〇十])(?:年代|后)"
    r"|\b(?P<en>fifties|sixties|seventies|eighties|nineties)\b"
)
_NEIGHBOURS = ("五六", "六七", "七八", "八九")
_EN = {"fifties": "50", "sixties": "60", "seventies": "70", "eighties": "80", "nineties": "90"}
AHEAD = 5


def short_years(text: str, said_at: datetime) -> Iterator[Period]:
    """The years that a folded text names by their last two digits: the newest that can be meant, at most 5 ahead."""
    for match in _SHORT.finditer(text) if _MAY_HOLD.search(text) else ():
        written = next(group for group in match.groups() if group)
        if written in _NEIGHBOURS and not match["zh_event"]:
            continue
        year = said_at.year - said_at.year % 100 + int(_digits(written))
        year -= 100 if year > said_at.year + AHEAD else 0
        start = said_at.replace(year=year, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        yield Period(start, start.replace(year=year + 1) - timedelta(seconds=1), text=match.group())


def without_decades(statement: str, near: str) -> str:
    """A folded statement without the decades that were said in a folded text, in whichever words."""
    if not _DECADE.search(statement):
        return statement
    told = {_decade(match) for match in _DECADE.finditer(near)}
    return _DECADE.sub(lambda match: " " if _decade(match) in told else match.group(), statement)


def _decade(match: re.Match[str]) -> str:
    return match["digits"] or _EN.get(match["en"] or "") or _digits((match["zh"] or "").replace("十", "零"))


def _digits(written: str) -> str:
    return "".join(str(max(_ZH.index(c) - 1, 0)) if c in _ZH else c for c in written)
