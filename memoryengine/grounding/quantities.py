"""Quantities with their units: whether one in a statement is one that was said, in another unit or form of words.

18 months are a year and a half, 一米八 is 180 cm, and 154 pounds are 70 kg once rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from ..times.numbers import zh_number
from .numbers import SPOKEN_EN, value_of

_METRIC, _IMPERIAL = "metric", "imperial"
_LENGTH, _MASS, _VOLUME, _MONTHS, _DAYS, _MINUTES = "length", "mass", "volume", "months", "days", "minutes"
# how the unit is written, what it measures, in which system, and how much of the smallest unit it is
_TABLE: tuple[tuple[str, str, str, str], ...] = (
    ("cm|centimet(?:er|re)s?|厘米|公分", _LENGTH, _METRIC, "1"),
    ("km|kilomet(?:er|re)s?|公里|千米", _LENGTH, _METRIC, "100000"),
    ("m|met(?:er|re)s?|米", _LENGTH, _METRIC, "100"),
    ("ft|feet|foot|英尺", _LENGTH, _IMPERIAL, "30.48"),
    ("inch(?:es)?|英寸", _LENGTH, _IMPERIAL, "2.54"),
    ("miles?|mi|英里", _LENGTH, _IMPERIAL, "160934.4"),
    ("kgs?|kilos?|kilograms?|公斤|千克", _MASS, _METRIC, "1000"),
    ("g|grams?|克", _MASS, _METRIC, "1"),
    ("斤", _MASS, _METRIC, "500"),
    ("lbs?|pounds?|磅", _MASS, _IMPERIAL, "453.59237"),
    ("stones?", _MASS, _IMPERIAL, "6350.29318"),
    ("ml|millilit(?:er|re)s?|毫升", _VOLUME, _METRIC, "1"),
    ("l|lit(?:er|re)s?|升", _VOLUME, _METRIC, "1000"),
    ("months?|(?<=个)月|(?<=个半)月", _MONTHS, _METRIC, "1"),
    ("years?|yrs?|周?岁|年", _MONTHS, _METRIC, "12"),
    ("days?|天", _DAYS, _METRIC, "1"),
    ("weeks?|周|星期", _DAYS, _METRIC, "7"),
    ("minutes?|mins?|分钟", _MINUTES, _METRIC, "1"),
    ("hours?|hrs?|h|小时|钟头", _MINUTES, _METRIC, "60"),
)
_UNIT = "|".join(f"(?P<u{place}>{words})" for place, (words, *_) in enumerate(_TABLE))
_ZH = "〇零一二两三四五六七八九"
_NUMBER = (
    rf"\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d{{1,9}}(?:\.\d{{1,4}})?|{SPOKEN_EN}|\ban?\b"
    rf"|[{_ZH}十百千万]{{1,9}}(?:点[{_ZH}]{{1,4}})?"
)
_QUANTITY = (
    rf"(?<![\d.])(?:(?P<number>{_NUMBER})(?:个(?P<zh_half>半)?|(?P<half> and a half))?[\s-]?|(?P<only>半个?|half an? ))"
    rf"(?:{_UNIT})(?![a-z])(?P<after>半(?![个天年月小])| and a half\b)?"
)
_FEET = (
    rf"(?<![\d.])(?P<feet>[3-8]|\b(?:three|four|five|six|seven)\b)(?:'| ?(?:ft|foot|feet)\b,? ?)"
    rf"(?P<inches>\d{{1,2}}(?!\d)|(?:{SPOKEN_EN}))(?:\"|''| ?in(?:ch(?:es)?)?\b)?"
)
_METRES = re.compile(
    rf"(?<![\d.十百千万{_ZH}])(?P<metres>\d|[一二两三])(?:米|m)(?P<rest>\d{{1,2}}|[{_ZH}]{{1,2}})(?![\d.{_ZH}十百千万个名位只])"
)
_ROUNDED = Decimal("0.02")
LONGEST_AGE = 150


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a text measures from `start`, in the smallest unit of its kind; `step` is one of its last written place."""

    start: int
    text: str
    kind: str
    system: str
    value: Decimal
    step: Decimal
    unit: Decimal

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)


@lru_cache(maxsize=4)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled with the first text that needs it and not at the import."""
    return re.compile(pattern)


def without_said(statement: str, near: str) -> str:
    """A folded statement without the quantities that were said in a folded text, in whichever unit."""
    claims = quantities(statement)
    told = {(one.kind, one.system, one.value, one.unit): one for one in (quantities(near) if claims else ())}.values()
    for claim in claims:
        if any(_is(claim, other) for other in told):
            statement = statement.replace(claim.text, " ", 1)
    return statement


def _is(claim: Quantity, told: Quantity) -> bool:
    """Whether two quantities are one: exactly, rounded where the systems differ, of months the full years."""
    if claim.kind != told.kind:
        return False
    apart = abs(claim.value - told.value)
    if claim.system != told.system:
        return apart < claim.step and apart <= told.value * _ROUNDED
    years = claim.kind == _MONTHS and claim.unit > told.unit and claim.value == claim.unit * (told.value // claim.unit)
    return not apart or (years and claim.value > 0)


@lru_cache(maxsize=256)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a folded text: of compounds such as 5'10", 一米八 and 1 hour 30 minutes the whole first."""
    simple = list(_simple(text))
    joined = (_sum(text, first, second) for first, second in pairwise(simple))
    compound = [*_pairs(text), *(one for one in joined if one)]
    covered = {place for whole in compound for place in range(whole.start, whole.end)}
    return (*compound, *(one for one in simple if one.start not in covered))


def _simple(text: str) -> Iterator[Quantity]:
    for match in _compiled(_QUANTITY).finditer(text):
        number = value_of(match["number"]) if match["number"] else Decimal(0)
        half = any(match[group] for group in ("zh_half", "half", "only", "after"))
        place = next(place for place in range(len(_TABLE)) if match[f"u{place}"])
        _, kind, system, unit = _TABLE[place]
        value = None if number is None else number + (Decimal("0.5") if half else 0)
        if value is not None and 0 < value < (LONGEST_AGE if kind == _MONTHS and unit == "12" else 10**9):
            step = Decimal(unit).scaleb(min(int(value.as_tuple().exponent), 0))
            yield Quantity(match.start(), match.group(), kind, system, value * Decimal(unit), step, Decimal(unit))


def _pairs(text: str) -> Iterator[Quantity]:
    for match in _compiled(_FEET).finditer(text):
        feet, inches = value_of(match["feet"]), value_of(match["inches"])
        if feet is not None and inches is not None and inches < 12:
            value = feet * Decimal("30.48") + inches * Decimal("2.54")
            yield Quantity(match.start(), match.group(), _LENGTH, _IMPERIAL, value, Decimal("2.54"), Decimal("2.54"))
    for match in _METRES.finditer(text):
        digits = "".join(c if c.isdecimal() else str(zh_number(c) or 0) for c in match["rest"])
        value = ((value_of(match["metres"]) or 0) + Decimal(f"0.{digits}")) * 100
        yield Quantity(match.start(), match.group(), _LENGTH, _METRIC, value, Decimal(1), Decimal(1))


def _sum(text: str, large: Quantity, small: Quantity) -> Quantity | None:
    if large.kind != small.kind or large.system != small.system or large.unit <= small.unit:
        return None
    if text[large.end : small.start].strip() not in ("", "and", ",", "零", "又", ", and"):
        return None
    return replace(small, start=large.start, text=text[large.start : small.end], value=large.value + small.value)
