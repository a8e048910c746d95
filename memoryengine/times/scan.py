"""Where in a text times stand: rules applied around trigger words, neighbours joined into one expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from .chinese import chinese
from .chinese_words import SIMPLE
from .english import english
from .grammar import numeric
from .parts import Between, Meaning, Parts, join

MARGIN = 48
WINDOW = 2_000
MOST_READ = 150_000

_FULL_WIDTH = str.maketrans(
    "０１２３４５６７８９：／－–—～〜．　’‘ＱｑＡａＰｐＭｍ\u00a0\u2009\u202f", "0123456789:/---~~. ''qqaappmm   "
)
_JOINER = re.compile(
    r"(?:[\s,()（，的]|(?:'s|on|at|in|of|the|around|about|from|during|在|于|大概|大约|约)(?![a-z])){0,8}"
)


class Found(NamedTuple):
    """An expression: its place in the text and what it says."""

    start: int
    end: int
    meaning: Meaning


def fold(text: str) -> str:
    """The text in lower case, half width and simple characters, each at its old place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(small if len(small := c.lower()) == 1 else c for c in text)
    return lower.translate(_FULL_WIDTH | SIMPLE) if not lower.isascii() else lower


@cache
def _triggers() -> re.Pattern[str]:
    """What at least stands in every expression; quick to look for."""
    return re.compile(
        r"[年月号周天点时晚早晨夜每昨今明春夏秋冬节旦诞近末拜]|刚[才刚]|星期|国庆|除夕|清明|端午|七夕|中秋|元宵|重阳|五一|六一|双1?[十1]|周末|龙抬头|黄金周|十一|假|黑五"
        r"|季度|世纪|分钟|小时|暑假|寒假|前[些阵几段]"
        r"|\d(?:st|nd|rd|th|\s?[ap]\.?m|[-/:.]\d|0'?s\b)|q[1-4]\b|(?:1[5-9]|20|21)\d\d"
        r"|\b(?:to(?:day|morrow|night)|yesterday|daily|nightly|recent|lately|just\snow|moment|noon|mid(?:day|night)|o'clock"
        r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?|weekend|weekday|working|century|quarter"
        r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|autumn|fall|winter|morning|afternoon|evening"
        r"|night|minute|hour|day|week|fortnight|month|year|decade|halloween|christmas|xmas|thanksgiving|easter"
        r"|valentine|boxing|independence|good\sfri|st\.?\spat|lantern|dragon|mid-?\s?autumn|double|lunar|singles"
        r"|qixi|qingming|tomb|memorial|veterans|remembrance|columbus|cyber|juneteenth|cinco|groundhog|guy\sf|bonfire"
        r"|mardi|shrove|ash\swed|palm|pentecost|golden|national|labou?r|earth|all\ssaints|mlk|martin|president|teacher"
        r"|hungry|ghost|at\s|half\spast)"
    )


def windows(folded: str) -> Iterator[tuple[int, int]]:
    """The stretches of a text that may hold expressions, from left to right, apart from each other."""
    start = end = -1
    for trigger in _triggers().finditer(folded):
        if start >= 0 and (trigger.start() - MARGIN > end or trigger.end() - start > WINDOW):
            yield start, end
            start = max(end, trigger.start() - MARGIN)
        elif start < 0:
            start = max(0, trigger.start() - MARGIN)
        end = min(len(folded), trigger.end() + MARGIN)
    if start >= 0:
        yield start, end


def _read(folded: str, low: int, high: int) -> list[Found]:
    """Every rule's matches in a stretch."""
    stretch = folded[low:high]
    grammars = [numeric]
    grammars += [] if stretch.isascii() else [chinese]
    grammars += [english] if re.search("[a-z]", stretch) else []
    return [Found(*match) for grammar in grammars for match in grammar.matches(folded, low, high)]


def _longest(found: list[Found]) -> list[Found]:
    """Of matches that overlap, the leftmost, and of these the longest; a weak one gives way to a strong one."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end, _weak(f.meaning))):
        if one.end > one.start and (not kept or one.start >= kept[-1].end):
            kept.append(one)
    return kept


def _weak(meaning: Meaning) -> bool:
    return isinstance(meaning, Parts) and meaning.weak


def _join(one: Found, two: Found, folded: str) -> Found | None:
    """Two neighbours as one expression, where nothing but a joining word stands between them and they fit."""
    if two.start - one.end > 16 or not _JOINER.fullmatch(folded, one.end, two.start):
        return None
    meaning = _together(one.meaning, two.meaning)
    return None if meaning is None else Found(one.start, two.end, meaning)


def _together(one: Meaning, two: Meaning) -> Meaning | None:
    if isinstance(one, Parts) and isinstance(two, Parts):
        return join(one, two)
    if isinstance(one, Between) and isinstance(two, Parts):
        one, two = two, one
    if isinstance(one, Parts) and isinstance(two, Between):
        first, last = join(one, two.first), join(one, two.last)
        return Between(first, last) if first and last else None
    return None


def expressions(folded: str) -> Iterator[Found]:
    """The expressions of a folded text in order, as far as they can be joined; those that stay weak included.

    At most 150,000 characters around time words are read, so that a text made of nothing else stays quick.
    """
    last: Found | None = None
    left = MOST_READ
    for low, high in windows(folded):
        left -= high - low
        if left < 0:
            break
        for one in _longest(_read(folded, low, high)):
            if last is None:
                last = one
            elif one.start < last.end:
                continue
            elif joined := _join(last, one, folded):
                last = joined
            else:
                yield last
                last = one
    if last is not None:
        yield last
