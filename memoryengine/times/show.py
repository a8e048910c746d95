"""Moments and periods written for people, in Chinese and English."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from ..values import Language, Period
from .dates import DAY

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_EN_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ZH_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def _weekday(number: int, language: Language) -> str:
    return (_ZH_DAYS if language == "zh" else _EN_DAYS)[number - 1]


def stamp(moment: datetime, language: Language, zone: tzinfo) -> str:
    """A moment with its day of the week: "2024-10-26 21:26:20 Saturday", or with 周六."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {_weekday(local.isoweekday(), language)}"


def _clock(start: datetime, end: datetime) -> str:
    """The time of day of a period inside one day; the start alone where it is a named hour or minute."""
    if end - start in (timedelta(hours=1), timedelta(minutes=1)):
        return f"{start:%H:%M}"
    return f"{start:%H:%M}-{'24:00' if end.time() == start.time().min else f'{end:%H:%M}'}"


def _whole_days(start: datetime, end: datetime) -> bool:
    return start.time() == end.time() == start.time().min


def _again(recurs: str, language: Language) -> str:
    """A recurrence key in words."""
    kind, _, value = recurs.partition(":")
    if kind == "daily":
        return "每天" if language == "zh" else "every day"
    if kind == "weekly":
        name = _weekday(int(value), language)
        return f"每{name}" if language == "zh" else f"every {name}"
    if kind == "monthly":
        return f"每月{value}日" if language == "zh" else f"day {value} of every month"
    month, _, day = value.partition("-")
    if language == "zh":
        return f"每年{int(month)}月" + (f"{int(day)}日" if day else "")
    return "every " + (f"{int(day)} " if day else "") + _MONTHS[int(month) - 1]


def _once(start: datetime, end: datetime, language: Language) -> str:
    """A span that does not recur, by the largest unit it fills."""
    if not _whole_days(start, end):
        if end - start <= DAY and (end - timedelta(microseconds=1)).date() == start.date():
            return f"{start:%Y-%m-%d} {_clock(start, end)}"
        join = " 至 " if language == "zh" else " to "
        return f"{start:%Y-%m-%d %H:%M}{join}{end:%Y-%m-%d %H:%M}"
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == end.day == 1 and months == 1:
        return f"{start.year}年{start.month}月" if language == "zh" else f"{_MONTHS[start.month - 1]} {start.year}"
    if (start.month, start.day) == (end.month, end.day) == (1, 1) and months == 12:
        return f"{start.year}年" if language == "zh" else f"{start.year}"
    last = end - DAY
    if last.date() == start.date():
        return f"{start:%Y-%m-%d}"
    return f"{start:%Y-%m-%d}{' 至 ' if language == 'zh' else ' to '}{last:%Y-%m-%d}"


def describe(period: Period, language: Language, zone: tzinfo) -> str:
    """A period in a few words: "2024-10-26", "October 2024" or 2024年10月, "every 28 April" or 每年4月28日.

    The last day of a span is named, not the one after it. A recurring time of day follows its day ("every Monday
    09:00").
    """
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    if not period.recurs:
        return _once(start, end, language)
    words = _again(period.recurs, language)
    inside = not _whole_days(start, end) and end - start < DAY
    return f"{words} {_clock(start, end)}" if inside else words
