"""The time a statement speaks of, and how its date is added to the text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from memoryengine.times import find_period
from memoryengine.values import Language, Period

_YEAR = re.compile(r"(?:19|20)\d\d|(?:一九|二零|二〇|二十)[〇零一二三四五六七八九]{2}")
_YEARLY = re.compile(r"\b(?:birthday|anniversary)\b|生日|诞辰|纪念日|誕辰|紀念日", re.IGNORECASE)
# A time of day alone says when something is usually done, not on which day.
_OF_DAY = re.compile(
    r"(?:(?:at|around|about|by|before|after|from|to|until|till|in the|the|morning|afternoon|evening|night|noon|midnight|o'?clock|"
    r"[ap]\.?m\.?|[\d:.]+|half|past|quarter|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|and|-)\s*)+"
    r"|(?:早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|凌晨|半夜|深夜|[\d:：]+|[零一二两三四五六七八九十]+|点|分|半|钟|多|左右|到|至|前|后)+",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)


def dated(text: str, language: Language, said_at: datetime, zone: ZoneInfo) -> tuple[str, Period | None]:
    """The text with the date of a relative expression in brackets, and the period it speaks of.

    A birthday or an anniversary on one day recurs every year. A recurring time and one that names its year get no
    brackets: nothing about them depends on when they were said.
    """
    period = find_period(text, said_at.astimezone(zone))
    if period is None or _OF_DAY.fullmatch(period.text):
        return text, None
    period = _yearly(text, period, zone)
    if period.recurs or _YEAR.search(period.text):
        return text, period
    date = _shown(period, zone)
    return (f"{text}（{date}）" if language == "zh" else f"{text} ({date})"), period


def _yearly(text: str, period: Period, zone: ZoneInfo) -> Period:
    start = period.start.astimezone(zone)
    one_day = period.end - period.start <= _DAY
    if period.recurs or not one_day or not _YEARLY.search(text) or not re.search(r"\d|[一二三四五六七八九十]", period.text):
        return period
    return Period(period.start, period.end, f"yearly:{start:%m-%d}", period.text)


def _shown(period: Period, zone: ZoneInfo) -> str:
    """A period in local time: a year, a month, a day, a moment of a day, or the first and last day."""
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    last = end - timedelta(microseconds=1)
    if start.date() == last.date():
        return f"{start:%Y-%m-%d}" if end - start >= _DAY - timedelta(hours=1) else _of_day(start, end)
    if start.day == 1 and end.day == 1 and start.time() == end.time() == start.min.time():
        months = (end.year - start.year) * 12 + end.month - start.month
        if months == 1:
            return f"{start:%Y-%m}"
        if months == 12 and start.month == 1:
            return f"{start:%Y}"
    return f"{start:%Y-%m-%d} - {last:%Y-%m-%d}"


def _of_day(start: datetime, end: datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M}" if end - start <= timedelta(hours=1) else f"{start:%Y-%m-%d %H:%M} - {'24:00' if end.hour == end.minute == 0 else f'{end:%H:%M}'}"
