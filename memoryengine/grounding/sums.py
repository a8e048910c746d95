"""Sums that a statement draws: two sons and a daughter are three children; two years younger than 30 is 28."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from .numbers import SPOKEN_EN, value_of
from .words import RELATIONS

# what the whole is called, and what its parts are
_FAMILIES: tuple[tuple[str, str], ...] = (
    (
        r"children|kids|孩子|小孩|子女|娃",
        r"sons?|daughters?|boys?|girls?|儿子|女儿|闺女|男孩|女孩|男娃|女娃|儿(?=[一二两三四五]女)|女(?![\u4e00-\u9fff])",
    ),
    (r"siblings|兄弟姐妹|兄弟姊妹", r"brothers?|sisters?|哥哥|弟弟|姐姐|妹妹|姊姊|[哥弟姐妹](?=[和、，,。]|\Z)"),
    (r"grandchildren|grandkids|孙辈", r"grandsons?|granddaughters?|孙子|孙女|外孙女?"),
    (
        r"pets|animals|宠物|动物",
        r"cats?|dogs?|puppy|puppies|kittens?|rabbits?|hamsters?|birds?|parrots?|fish|turtles?|horses?"
        r"|猫|狗|兔子?|仓鼠|鸟|鹦鹉|鱼|乌龟",
    ),
)
_COUNT = rf"(?<![\d.])(?:\d{{1,2}}(?![\d.])|{SPOKEN_EN}|\ban?\b|[一二两三四五六七八九十]{{1,3}})"
_ZH_KIND = r"[个只条位名头匹]?(?:[小大老双亲]|双胞胎|可爱的)?"
_EN_KIND = r"(?: (?!and\b|or\b)[a-z-]{2,16})?"
_TOGETHER = re.compile(r"(?:[ ,，、&+和跟与及]|and|plus|还有|as well as)*")
_KIN = "brother|sister|wife|husband|girlfriend|boyfriend|cousin|friend|" + "|".join(RELATIONS)
_AGE = rf"(?:\d{{1,3}}|{SPOKEN_EN}|[一二两三四五六七八九十]{{1,4}})"
_OWN = rf"(?:(?<![小大比])我(?:今年|现在)?|\bi(?:'m| am) )(?P<age>{_AGE})(?=岁| years old|[，。,.！!\s]|\Z)"
_BETWEEN = r"(?:今年|现在|是|有|'s| is|[ ,，:：（(])*"
_APART = (
    rf"(?P<kin>{_KIN})(?:比我(?P<zh>[小大])|(?P<of_me>[小大])我)(?P<zh_years>{_AGE})岁"
    rf"|(?P<en_kin>{_KIN})(?:'s| is) (?P<en_years>{_AGE}) years (?P<en>younger|older)(?! than (?!me\b|i\b))"
)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((_counted(whole), _counted(parts)) for whole, parts in _FAMILIES)


def _counted(things: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<count>{_COUNT})(?:{_EN_KIND} (?={things})|{_ZH_KIND})(?:{things})(?![a-z])")


@lru_cache(maxsize=1)
def _of_ages() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_OWN), re.compile(_APART)


def without_summed(statement: str, near: str) -> str:
    """A folded statement without the counts of a whole of which a folded text counts the parts together."""
    for whole, parts in _patterns():
        for claim in whole.finditer(statement):
            value = value_of(claim["count"])
            if any(value == total for total in _totals(parts, near)):
                statement = statement.replace(claim.group(), " ", 1)
    for kin, age in _ages(near) if re.search(r"\d", statement) else ():
        statement = re.sub(rf"(?<={kin}){_BETWEEN}{age}(?!\d)", " ", statement)
    return statement


def _totals(parts: re.Pattern[str], near: str) -> Iterator[Decimal]:
    """The sums of parts that are counted one behind the other, with no word but "and" between."""
    total, together, end = Decimal(0), 0, -1
    for match in parts.finditer(near):
        if end < 0 or not _TOGETHER.fullmatch(near, end, match.start()):
            total, together = Decimal(0), 0
        total, together, end = total + (value_of(match["count"]) or 0), together + 1, match.end()
        if together > 1:
            yield total


def _ages(near: str) -> Iterator[tuple[str, Decimal]]:
    """Whose age follows from the speaker's and how far it is from that, with the age."""
    of_own, apart_from = _of_ages()
    own = [value_of(match["age"]) for match in of_own.finditer(near)]
    for match in apart_from.finditer(near) if len(own) == 1 and own[0] is not None else ():
        apart = value_of(match["zh_years"] or match["en_years"])
        younger = "小" in (match["zh"], match["of_me"]) or match["en"] == "younger"
        if apart is not None and own[0] is not None and own[0] + apart < 150:
            yield match["kin"] or match["en_kin"], own[0] - apart if younger else own[0] + apart
