"""Whether the words around an expression speak of the past or of the future."""

from __future__ import annotations

import re
from functools import cache

REACH = 120

_END = re.compile(r"[.!?。！？;；\n]")
_EN_PAST = (
    r"\b(?:was|were|did|didn't|had|went|came|saw|met|got|took|bought|ate|said|told|made|gave|left|felt|found|thought"
    r"|ran|wrote|began|started|been|spoke|knew|lost|won|kept|held|brought|taught|caught|slept|spent|sent|paid|broke"
    r"|drove|flew|grew|sang|swam|wore|fell|heard|learnt|built|drank|became|chose|did|already|ago"
    r"|last (?:night|week|weekend|month|year|time|spring|summer|autumn|fall|winter"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"|(?!need|feed|speed|indeed|hundred|bed|red|seed|weed|excited|interested|tired|married|engaged|scheduled|planned|supposed|booked"
    r"|reserved|arranged)[a-z]{2,}ed)\b"
)
_EN_FUTURE = (
    r"\b(?:will|won't|shall|going to|gonna|plan(?:s|ning)? to|planned|scheduled|want to|wants to|hope to|upcoming|soon"
    r"|booked|reserved|arranged|would like|let's|let us|due|deadline|next|(?:i|we|he|she|they|you)'ll|remind"
    r"|(?:am|is|are|i'm|we're) \w+ing)\b"
)
_ZH_PAST = (
    r"(?<![为除订约])了(?![解不])|(?<=[\u4e00-\u9fff])(?<![不通超经])"
    r"过(?![年节敏几来程度于期生去滤渡分瘾两一二三四五六七八九十\d])|曾|已经|当时|那时|刚才|昨|上次|过去"
)
_ZH_FUTURE = (
    r"打算|计划|准备|预计|即将|快要|就要|将(?![军领来])|希望|想去|想要|(?<![需重主只])要(?![求是素点])"
    r"|(?<![开聚机社晚宴约集展学工协照拜峰大年例])会(?![议员面计见场谈])|记得|提醒|下次|订[了好]?|预约|约[了好]"
    r"|明[天年]|吧"
)


@cache
def _hints() -> tuple[tuple[re.Pattern[str], bool], ...]:
    return (
        (re.compile(f"{_EN_PAST}|{_ZH_PAST}"), True),
        (re.compile(f"{_EN_FUTURE}|{_ZH_FUTURE}"), False),
    )


def tense(text: str, start: int, end: int) -> bool | None:
    """True for the past, False for the future, None where no word around `text[start:end]` tells.

    Only the sentence of the expression counts, 120 characters to either side at most; of several hints the nearest
    one decides, and the past where two are as near.
    """
    low, high = max(0, start - REACH), min(len(text), end + REACH)
    breaks = [m.end() for m in _END.finditer(text, low, start)]
    low = breaks[-1] if breaks else low
    stop = _END.search(text, end, high)
    high = stop.start() if stop else high
    found = [
        (start - m.end() if m.end() <= start else m.start() - end, not past, past)
        for hint, past in _hints()
        for a, b in ((low, start), (end, high))
        for m in hint.finditer(text, a, b)
    ]
    return min(found)[2] if found else None
