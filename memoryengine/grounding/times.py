"""Whether the times that an observation names stand in its messages or follow from when they were said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from ..times import find_periods
from ..times.numbers import en_number, zh_number
from ..values import Message, Period
from .numbers import claimed, stands_in, supported
from .years import short_years

_DEFINITE = re.compile(
    r"\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|september|october"
    r"|november|december|\bmay\b|(?:周|星期|礼拜)[一二三四五六日天]|[〇零一二三四五六七八九十]+[年月日号]"
    r"|yesterday|tomorrow|昨天|明天|前天|后天|去年|明年|前年|后年|(?:last|next) (?:year|month)"
)
_MONTH = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*")
_LENGTH = re.compile(
    r"(?P<count>\d{1,4}|few|several|some|couple of|\b(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|fifteen|twenty|thirty)|[一两二三四五六七八九十几]{1,3})[\s-]?(?P<unit>years?|months?|weeks?|days?|"
    r"个?多?月|年|周|个?星期|天)"
)
_UNITS = {"year": 365, "month": 31, "week": 7, "day": 1, "年": 365, "周": 7, "天": 1, "个月": 31, "月": 31, "多月": 31,
          "个多月": 31, "个星期": 7, "星期": 7}  # fmt: skip
_WEEKDAYS = (
    *(("mon", "周一 星期一 礼拜一"), ("tue", "周二 星期二 礼拜二"), ("wed", "周三 星期三 礼拜三")),
    *(("thu", "周四 星期四 礼拜四"), ("fri", "周五 星期五 礼拜五"), ("sat", "周六 星期六 礼拜六")),
    ("sun", "周日 周天 星期日 星期天 礼拜天 礼拜日"),
)


_PARTS: Mapping[str, Callable[[datetime], tuple[int, ...]]] = {
    "year": lambda moment: (moment.year, moment.year % 100),
    "month": lambda moment: (moment.month,),
    "day": lambda moment: (moment.day,),
    "hour": lambda moment: (moment.hour, moment.hour % 12 or 12),
    "minute": lambda moment: (moment.minute,),
}


@dataclass(frozen=True)
class Told:
    """What messages tell about time; `text` is all that they say, folded."""

    cited: tuple[Message, ...]
    beside: tuple[Message, ...]
    text: str
    zone: ZoneInfo

    @property
    def newest(self) -> datetime:
        """When the newest of the cited messages was said, against which a statement about them is read."""
        return max(self.moments[: len(self.cited)])

    @cached_property
    def moments(self) -> tuple[datetime, ...]:
        """When the messages were said."""
        return tuple(m.said_at.astimezone(self.zone) for m in (*self.cited, *self.beside))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The times that the messages name, each read against its own moment."""
        found: list[Period] = []
        for message, moment in zip((*self.cited, *self.beside), self.moments, strict=True):
            found += find_periods(message.content, moment)
            found += _lengths(message.content, moment)
            found += short_years(message.content.casefold().replace("’", "'"), moment)
        return tuple(found)

    @property
    def years(self) -> frozenset[Decimal]:
        """The years of these times, and in which they were said."""
        ends = [moment for p in self.periods for moment in (p.start, p.start + (p.end - p.start) / 2, p.end)]
        return frozenset(Decimal(moment.year) for moment in (*ends, *self.moments))

    @property
    def numbers(self) -> frozenset[Decimal]:
        """The numbers that these times are written with, of both ends: of years, months, days, hours and minutes."""
        return frozenset().union(*(self.of(unit) for unit in _PARTS))

    def of(self, unit: str) -> frozenset[Decimal]:
        """The numbers of one unit among those; none for ""."""
        if not unit:
            return frozenset()
        ends = [p.start for p in self.periods] + [p.end - timedelta(seconds=1) for p in self.periods]
        return frozenset(Decimal(part) for moment in (*ends, *self.moments) for part in _PARTS[unit](moment))


def named(text: str, said_at: datetime) -> tuple[Period, ...]:
    """The times that a statement names, resolved against when it was said."""
    return find_periods(text, said_at)


def is_definite(period: Period) -> bool:
    """Whether a time is named exactly enough to be wrong: by a number, a weekday, a month, a neighbouring day."""
    text = period.text.casefold()
    return bool(_DEFINITE.search(text)) or any(True for _ in claimed(text))


def follows(period: Period, from_: Told) -> bool:
    """Whether a time stands in what was told, or follows from it or from when it was said."""
    text = period.text.casefold()
    if text in from_.text or any(_holds(period, moment) for moment in from_.moments):
        return True
    if _weekdays(text) and _weekdays(text) <= _weekdays(from_.text) and not re.search(r"\d", text):
        return True
    if _is_year(period) and Decimal(period.start.year) in years_between(supported(from_.text), from_.moments):
        return True
    return any(_covers(period, other) for other in from_.periods) or _in_other_words(period, text, from_)


def _is_year(period: Period) -> bool:
    return timedelta(days=364) < period.end - period.start < timedelta(days=368)


def _in_other_words(period: Period, text: str, from_: Told) -> bool:
    """Whether every number of a time was said.

    All of them in the messages; of a clock time also in what their times come to, and of a near date the day alone
    ("the 15th").
    """
    claims = list(claimed(text))
    if not claims:
        return False
    clock = period.end - period.start < timedelta(hours=20) and len(claims) <= 2
    near = any(abs(period.start - moment) < timedelta(days=32) for moment in from_.moments)
    day = Decimal(period.start.day)
    dated = {Decimal(told.start.day) for told in from_.periods if told.end - told.start <= timedelta(days=1)}
    if near and day not in dated and any(value == day for _, value in claims) and day in _digits_of(from_.text):
        return True
    if any(month[:3] not in from_.text for month in _MONTH.findall(text)):
        return False
    return all(stands_in(written, value, from_.text) or (clock and value in from_.numbers) for written, value in claims)


def _digits_of(text: str) -> set[Decimal]:
    return {Decimal(digits) for digits in re.findall(r"\d+", text)}


def _lengths(text: str, said_at: datetime) -> list[Period]:
    """When what has gone on "for four months now" began, give or take a unit."""
    found = []
    for match in _LENGTH.finditer(text.casefold()):
        unit = next(days for word, days in _UNITS.items() if match["unit"].startswith(word))
        for count in _counts(match["count"]):
            begun = timedelta(days=min(count * unit, 36_500))
            found.append(Period(said_at - begun - timedelta(days=unit), said_at - begun + timedelta(days=unit)))
    return found


def _counts(words: str) -> tuple[int, ...]:
    if words in ("few", "several", "几", "some", "couple of"):
        return (1, 2, 3, 4, 5)
    value = en_number(words.strip()) or zh_number(words.strip())
    return (value,) if value else ()


def years_between(values: Iterable[Decimal], moments: Sequence[datetime]) -> frozenset[Decimal]:
    """The years that ages and durations point to, and the ages that years point to, give or take one."""
    found = set()
    for value in values:
        if not 10 <= value < 2_200 or value != int(value):
            continue
        for moment in moments:
            gap = abs(moment.year - int(value))
            found |= {Decimal(gap + by) for by in (-1, 0, 1) if value < 130 or gap < 130}
    return frozenset(found)


def _holds(period: Period, moment: datetime) -> bool:
    """Whether the moment of a message lies in a period of a day or longer."""
    return period.start <= moment < period.end and period.end - period.start >= timedelta(hours=20)


def _covers(period: Period, told: Period) -> bool:
    """Whether a claimed time is the told one, said as exactly or less so."""
    if period.recurs and period.recurs == told.recurs:
        return True
    if period.start == told.start and period.end - period.start < timedelta(hours=20):
        return True
    shared = min(period.end, told.end) - max(period.start, told.start)
    if shared <= timedelta(0):
        return False
    longer = max(period.end - period.start, told.end - told.start)
    return shared == told.end - told.start or shared * 3 >= longer


def _weekdays(text: str) -> set[int]:
    return {
        number
        for number, (short, words) in enumerate(_WEEKDAYS)
        if re.search(rf"\b{short}(?:s|es|day|sday|nesday|rs|rsday|urday)?(?:day)?s?\b", text)
        or any(word in text for word in words.split())
    }
