"""Comparing periods, recurring ones included: which recurrences fall into a period, and whether two overlap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from ..values import Period
from .dates import DAY, add_months

# Eight years hold a 29 February wherever they begin (1896 to 1904 is the longest gap).
_LONGEST_CYCLE = timedelta(days=8 * 366)


def _days(period: Period, zone: tzinfo | None) -> Iterator[date]:
    """The local days that a period touches."""
    zone = zone or period.start.tzinfo
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    day, last = start.date(), (end - timedelta(microseconds=1)).date()
    while day <= last:
        yield day
        day += DAY


def _keys(day: date) -> tuple[str, ...]:
    return (
        "daily",
        f"weekly:{day.isoweekday()}",
        f"monthly:{day.day}",
        f"yearly:{day.month:02}-{day.day:02}",
        f"yearly:{day.month:02}",
    )


def recurrences(period: Period, zone: tzinfo | None = None) -> tuple[str, ...]:
    """Every value of `Period.recurs` that falls on some day of a period, in a stable order.

    Days are those of `zone`, by default of the zone that the period's start is in. A period of some years gives every
    key there is. For a recurring period it is its own key alone.
    """
    if period.recurs:
        return (period.recurs,)
    found: dict[str, None] = {}
    for count, day in enumerate(_days(period, zone)):
        found.update(dict.fromkeys(_keys(day)))
        if count > _LONGEST_CYCLE.days:
            break
    return tuple(found)


def _anchor(period: Period) -> date:
    """The first day of the next occurrence as the period's own clock shows it, made to fit its key.

    A period may be kept in UTC, where a local midnight of 28 April is the 27th: of the days around, the one that the
    key names is taken, and the rest of the start is carried along as an offset.
    """
    day = period.start.date()
    around = [day, day + DAY, day - DAY]
    return next((d for d in around if period.recurs in _keys(d)), day)


def _steps(recurs: str, first: date, near: date) -> Iterator[date]:
    """The days on which a recurrence starts, from some before `near` on."""
    kind, _, value = recurs.partition(":")
    if kind in ("daily", "weekly"):
        step = 1 if kind == "daily" else 7
        day = first + timedelta(days=(near - first).days // step * step - step)
        while True:
            yield day
            day += timedelta(days=step)
    months = 1 if kind == "monthly" else 12
    start = add_months(first, ((near.year - first.year) * 12 + near.month - first.month) // months * months - months)
    wanted = first.day
    for k in range(0, 12 * 12, months):
        day = add_months(start.replace(day=1), k)
        try:
            yield day.replace(day=int(value[-2:].strip("-")) if kind == "monthly" or "-" in value else wanted)
        except ValueError:
            continue


def _occurrences(period: Period, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The occurrences of a recurring period that may touch a span, from left to right."""
    zone = period.start.tzinfo
    first = _anchor(period)
    offset = period.start.replace(tzinfo=None) - datetime(first.year, first.month, first.day)
    length = period.end.astimezone(UTC) - period.start.astimezone(UTC)
    near = (start - length).astimezone(zone).date()
    for day in _steps(period.recurs, first, near):
        begin = (datetime(day.year, day.month, day.day) + offset).replace(tzinfo=zone).astimezone(UTC)
        if begin >= end:
            return
        yield begin, begin + length


def _touch(a: Period, b: Period) -> bool:
    return a.start.astimezone(UTC) < b.end.astimezone(UTC) and b.start.astimezone(UTC) < a.end.astimezone(UTC)


def _recurs_in(period: Period, start: datetime, end: datetime) -> bool:
    return any(begin < end and start < stop for begin, stop in _occurrences(period, start, end))


def overlaps(a: Period, b: Period) -> bool:
    """Whether two periods share a moment; a recurring one stands for all its occurrences, past ones included.

    Two recurring periods overlap where an occurrence of one meets one of the other within eight years.
    """
    if not a.recurs and not b.recurs:
        return _touch(a, b)
    try:
        if a.recurs and b.recurs:
            begin = min(a.start, b.start).astimezone(UTC)
            return any(_recurs_in(b, *one) for one in _occurrences(a, begin, begin + _LONGEST_CYCLE))
        once, again = (b, a) if a.recurs else (a, b)
        return _recurs_in(again, once.start.astimezone(UTC), once.end.astimezone(UTC))
    except (ValueError, OverflowError):  # at the ends of the calendar
        return _touch(a, b)
