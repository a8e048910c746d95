"""Calendar arithmetic on local dates: spans of days, weeks, months, seasons and years, without any zone.

A span is naive local time, start included and end excluded; weeks start on Monday. Years outside 1 to 9999 raise
`ValueError` or `OverflowError`, which the resolver turns into "no period".
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class Span(NamedTuple):
    """A span of naive local time, start included, end excluded."""

    start: datetime
    end: datetime


def midnight(day: date) -> datetime:
    """The start of a day."""
    return datetime.combine(day, time())


def days(first: date, last: date) -> Span:
    """All days from `first` to `last`, both included."""
    return Span(midnight(first), midnight(last) + DAY)


def day_of(year: int, month: int, day: int) -> Span:
    """One day; `ValueError` where the month has no such day."""
    return days(date(year, month, day), date(year, month, day))


def add_months(day: date, count: int) -> date:
    """The same day so many months on, the last of the month where that day is missing (31 March - 1 = 28 or 29)."""
    index = day.year * 12 + day.month - 1 + count
    year, month = divmod(index, 12)
    if not 1 <= year <= 9998:
        raise OverflowError(f"the year {year} is out of range")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months(year: int, month: int, count: int = 1) -> Span:
    """Whole months from the first of `month` on."""
    first = date(year, month, 1)
    return Span(midnight(first), midnight(add_months(first, count)))


def years(year: int, count: int = 1) -> Span:
    """Whole years from 1 January of `year` on."""
    return months(year, 1, 12 * count)


def season(year: int, number: int) -> Span:
    """A meteorological season of the north: 1 is March to May of `year`, 4 is December to the next February."""
    return months(year, 3 * number, 3)


def week(day: date, offset: int = 0) -> Span:
    """The week, Monday to Sunday, that lies `offset` weeks from that of `day`."""
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
    return days(monday, monday + timedelta(days=6))


def in_week(day: date, offset: int, first: int, last: int) -> Span:
    """The days `first` to `last` (1 is Monday) of the week that lies `offset` weeks from that of `day`."""
    monday = week(day, offset).start.date()
    return days(monday + timedelta(days=first - 1), monday + timedelta(days=last - 1))


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> Span:
    """The nth given weekday of a month, -1 for the last; `ValueError` where there is none."""
    if nth < 0:
        last = date(year, month, calendar.monthrange(year, month)[1])
        found = last - timedelta(days=(last.isoweekday() - weekday) % 7)
    else:
        first = date(year, month, 1)
        found = first + timedelta(days=(weekday - first.isoweekday()) % 7, weeks=nth - 1)
    if found.month != month:
        raise ValueError(f"{year}-{month} has no such weekday")
    return days(found, found)
