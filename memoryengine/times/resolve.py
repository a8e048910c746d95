"""Parts of a time and the moment they were said at, resolved into a span of local time.

The rules, where a language leaves room:

* Weeks are Monday to Sunday. 上周五 and "this Friday" are days of that week; "next Friday" is the Friday of the next
  week; "last Friday" is the latest one before today, so on a Friday it is a week ago.
* "N weeks/months/years ago" is the whole week, month or year; "N days ago" the day; "the past N ..." ends today.
* A date without its year, a weekday without its week: the last (past) or next (future) one, today counting for a date
  and not for a weekday; without a direction the nearest date, and the coming weekday (today included).
* "last April" is the latest April that is over, "next April" the first that has not begun.
* Parts of a day never leave their day: morning 6-12, afternoon 12-18, evening, night and tonight 18-24.
* An hour with no morning or afternoon is taken as 13 to 18 for 1 to 6, as it stands for the others.
* A clock time is an hour long, or a minute where it names the minute. Seasons are the northern, meteorological ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from . import dates
from .dates import Span
from .festivals import FIXED, festival
from .parts import Clock, Parts, Reach, Shift, Unit

PARTS = {
    "dawn": (0, 6),
    "early": (5, 8),
    "morning": (6, 12),
    "forenoon": (8, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "dusk": (17, 19),
    "evening": (18, 24),
    "late": (22, 24),
}
# Shares of a span: thirds and halves; the thirds of a month end on the 10th and the 20th.
_OF_SPAN = {"early": (0, 1 / 3), "start": (0, 1 / 3), "mid": (1 / 3, 2 / 3), "late": (2 / 3, 1), "end": (2 / 3, 1)}
_OF_SPAN |= {"h1": (0, 0.5), "h2": (0.5, 1)}
# The first month and the number of months that a part of a year takes.
_OF_YEAR = {
    "early": (1, 3),
    "start": (1, 2),
    "mid": (5, 4),
    "late": (10, 3),
    "end": (11, 2),
    "h1": (1, 6),
    "h2": (7, 6),
}
_LATE = {"afternoon", "dusk", "evening", "late"}
_CYCLE = range(-9, 10)


def resolve(parts: Parts, now: datetime, past: bool | None) -> Span | None:
    """The span that parts mean, said at the local time `now`; None where they mean none or leave the calendar."""
    if parts.weak:
        return None
    try:
        span = _base(parts, now, past)
        span = _shifted(span, parts.shift) if span and parts.shift else span
        return _inside(span, parts) if span else None
    except (ValueError, OverflowError):
        return None


def recurring(parts: Parts, now: datetime) -> tuple[Span, str] | None:
    """The next occurrence after `now` of a recurring time and its key, or None where there is no key for it."""
    once = replace(parts, every="")
    if parts.names() & {"years", "year", "months", "weeks", "days", "quarters", "nth", "reach", "moved", "shift"}:
        return None
    key = _key(once, parts.every)
    if not key:
        return None
    try:
        found = [span for span in _filled(_occurrences(once, now, key), once) if span.start >= now]
    except (ValueError, OverflowError):  # at the ends of the calendar
        return None
    return (found[0], key) if found else None


def _key(parts: Parts, every: str) -> str:
    if parts.workdays:
        return "weekly:1"
    if parts.weekend or parts.weekday:
        return f"weekly:{parts.weekday or 6}"
    if parts.festival:
        return "yearly:{:02}-{:02}".format(*FIXED[parts.festival]) if parts.festival in FIXED else ""
    if parts.month or parts.season:
        month = parts.month or 3 * (parts.season or 1)
        return f"yearly:{month:02}-{parts.day:02}" if parts.day else f"yearly:{month:02}"
    if parts.day:
        return f"monthly:{parts.day}"
    return "daily" if every == "day" or (every == "any" and parts.part) else ""


def _occurrences(parts: Parts, now: datetime, key: str) -> Iterable[Span | None]:
    if key == "daily":
        return [dates.days(day, day) for day in (now.date(), now.date() + dates.DAY)]
    return _candidates(parts, now.date())


def _filled(spans: Iterable[Span | None], parts: Parts) -> list[Span]:
    return [filled for span in spans if span and (filled := _inside(span, parts))]


def _base(parts: Parts, now: datetime, past: bool | None) -> Span | None:
    today = now.date()
    if parts.reach:
        return _reached(parts.reach, now, past)
    if parts.moved:
        return _moved(parts.moved, now)
    if parts.days is not None:
        day = dates.add_months(today + timedelta(days=parts.days), 12 * (parts.years or 0))
        return dates.days(day, day)
    if parts.nth:
        return _nth(parts, today, past)
    if parts.weeks is not None and not parts.day:
        return _week_day(parts, today, parts.weeks)
    if parts.day or parts.weekday or parts.weekend or parts.workdays or parts.month or parts.season:
        return _dated(parts, now, past)
    if parts.festival or parts.quarter:
        return _dated(parts, now, past)
    return _counted(parts, now, past)


def _counted(parts: Parts, now: datetime, past: bool | None) -> Span | None:
    """Quarters, months and years that are counted from now, a bare 年底 or 月底, and a clock time of today."""
    today = now.date()
    if parts.quarters is not None:
        first = dates.add_months(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3 * parts.quarters)
        return dates.months(first.year, first.month, 3)
    if parts.months is not None or (parts.scale == "month" and parts.year is None and parts.years is None):
        first = dates.add_months(today.replace(day=1), parts.months or 0)
        return dates.months(first.year, first.month)
    year = _year(parts, today)
    if year is None and parts.scale == "year":
        year = today.year
    if year is not None:
        return dates.years(year, parts.count or 1)
    return _clock_day(parts, now, past) if parts.clock else None


def _clock_day(parts: Parts, now: datetime, past: bool | None) -> Span | None:
    """The day of a clock time that names none: today, or the day that the tense asks for."""
    today = dates.days(now.date(), now.date())
    at = _inside(today, parts)
    step = -1 if past and at and at.start > now else 1 if past is False and at and at.end <= now else 0
    return Span(today.start + step * dates.DAY, today.end + step * dates.DAY)


def _year(parts: Parts, today: date) -> int | None:
    return parts.year if parts.year is not None else None if parts.years is None else today.year + parts.years


def _reached(reach: Reach, now: datetime, past: bool | None) -> Span:
    first, last = (-reach.last, 0) if reach.turns and past else (reach.first, reach.last)
    if reach.unit in ("minute", "hour"):
        step = timedelta(**{f"{reach.unit}s": 1})
        return Span(now + first * step, now + max(last * step, timedelta(seconds=1)))
    return dates.days(_step(now.date(), reach.unit, first), _step(now.date(), reach.unit, last))


def _step(day: date, unit: Unit, count: int) -> date:
    if unit == "day":
        return day + timedelta(days=count)
    if unit == "week":
        return day + timedelta(weeks=count)
    return dates.add_months(day, count * {"month": 1, "quarter": 3, "year": 12}[unit])


def _moved(moved: tuple[Unit, int], now: datetime) -> Span:
    unit, count = moved
    step = timedelta(hours=1) if unit == "hour" else timedelta(minutes=1)
    start = (now + count * step).replace(second=0, microsecond=0)
    start = start.replace(minute=0) if unit == "hour" else start
    return Span(start, start + step)


def _nth(parts: Parts, today: date, past: bool | None) -> Span | None:
    """The first Friday of a month: that of the month named, of the next or last such month without a year."""
    if parts.month is None and parts.months is None:
        return None
    named = replace(parts, nth=None, weekday=None)
    month = _base(named, dates.midnight(today), past)
    if month is None or not parts.weekday or not parts.nth:
        return None
    return dates.nth_weekday(month.start.year, month.start.month, parts.weekday, parts.nth)


def _week_day(parts: Parts, today: date, weeks: int) -> Span:
    if parts.weekday:
        return dates.in_week(today, weeks, parts.weekday, parts.weekday)
    if parts.weekend:
        return dates.in_week(today, weeks, 6, 7)
    return dates.in_week(today, weeks, 1, 5) if parts.workdays else dates.week(today, weeks)


def _in_year(parts: Parts, year: int) -> Span | None:
    """What month, day, season, quarter or festival are in one year; None where that year has no such day."""
    try:
        if parts.festival:
            return festival(parts.festival, year)
        if parts.season:
            return dates.season(year, parts.season)
        if parts.quarter:
            return dates.months(year, 3 * parts.quarter - 2, 3)
        return dates.day_of(year, parts.month or 1, parts.day) if parts.day else dates.months(year, parts.month or 1)
    except (ValueError, OverflowError):
        return None


def _candidates(parts: Parts, today: date) -> list[Span | None]:
    """What parts without year, month or week may mean, in order of time, around today."""
    if parts.month or parts.season or parts.quarter or parts.festival:
        return [_in_year(parts, today.year + k) for k in _CYCLE if 0 < today.year + k < 9999]
    if parts.day:
        firsts = [dates.add_months(today.replace(day=1), k) for k in _CYCLE]
        return [_in_year(replace(parts, month=first.month), first.year) for first in firsts]
    return [_week_day(parts, today, k) for k in (-2, -1, 0, 1, 2)]


def _dated(parts: Parts, now: datetime, past: bool | None) -> Span | None:
    today = now.date()
    year = _year(parts, today)
    if parts.months is not None and parts.day:
        first = dates.add_months(today.replace(day=1), parts.months)
        return dates.day_of(first.year, first.month, parts.day)
    if year is not None:
        return _in_year(parts, year) if parts.month or not parts.day else None
    weekly = not (parts.day or parts.month or parts.season or parts.quarter or parts.festival)
    if weekly and parts.pick in ("this", "next"):
        return _week_day(parts, today, int(parts.pick == "next"))
    found = [span for span in _candidates(parts, today) if span]
    if parts.pick == "this" and parts.festival:  # on 1 January, this New Year's Eve was yesterday
        just = [span for span in found if timedelta(0) <= now - span.start < timedelta(days=31)]
        return just[0] if just else _in_year(parts, today.year)
    undecided = parts.quarter and past is None and not parts.pick
    if undecided or (parts.pick == "this" and (parts.month or parts.quarter)):
        return _in_year(parts, today.year)
    return _choose(found, now, parts.pick, past, weekly)


def _choose(spans: list[Span], now: datetime, pick: str, past: bool | None, weekly: bool) -> Span | None:
    today = dates.midnight(now.date())
    if pick == "last" or (weekly and past):
        return next((span for span in reversed(spans) if span.end <= today), None)
    if pick in ("next", "coming") or (weekly and past is False):
        return next((span for span in spans if span.start > today), None)
    if past:
        return next((span for span in reversed(spans) if span.start <= today), None)
    coming = next((span for span in spans if span.end > today), None)
    if past is False or weekly:
        return coming
    return min(spans, key=lambda span: max(span.start - today, today - span.end, timedelta(0)), default=None)


def _shifted(span: Span, shift: Shift) -> Span:
    """The day, weekday, week, month or year that lies so many of them before or after a span."""
    back = shift.steps < 0
    edge = span.start.date() if back else (span.end - dates.DAY).date()
    if shift.first:
        near = (edge.isoweekday() - shift.first - 1 if back else shift.first - edge.isoweekday() - 1) % 7 + 1
        found = edge + timedelta(days=-near if back else near, weeks=shift.steps + (1 if back else -1))
        return dates.days(found, found + (shift.last - shift.first) * dates.DAY)
    moved = _step(edge, shift.unit, shift.steps)
    if shift.unit == "day":
        return dates.days(moved, moved)
    if shift.unit == "week":
        return dates.week(moved)
    return dates.years(moved.year) if shift.unit == "year" else dates.months(moved.year, moved.month)


def _inside(span: Span, parts: Parts) -> Span | None:
    """The part of a span that a slice, a part of the day or a clock time leaves of it."""
    if parts.slice:
        return _sliced(span, parts.slice)
    if span.end - span.start != dates.DAY or not (parts.part or parts.clock):
        return span
    if parts.clock:
        return _at_clock(span, parts.clock, parts.part)
    first, last = PARTS[parts.part]
    return Span(span.start + timedelta(hours=first), span.start + timedelta(hours=last))


def _sliced(span: Span, name: str) -> Span:
    """The beginning, middle, end, half or nth week of a span; thirds where it is neither a month nor a year."""
    first, length = span.start.date(), (span.end - span.start).days
    if name.startswith("week"):
        begin = length - 7 if name == "week last" else 7 * int(name[5:]) - 7
        return Span(span.start + begin * dates.DAY, span.start + (begin + 7) * dates.DAY)
    if 365 <= length <= 366:
        begin, count = _OF_YEAR[name]
        return dates.months(first.year, begin, count)
    if length > 366:
        years = span.end.year - span.start.year
        begin, end = (int(years * share + 0.5) for share in _OF_SPAN[name])
        return dates.years(first.year + begin, end - begin)
    begin, end = (int(length * share + 0.5) for share in _OF_SPAN[name])
    if 28 <= length <= 31 and "h" not in name:
        begin, end = round(begin, -1), length if end == length else round(end, -1)
    return Span(span.start + begin * dates.DAY, span.start + end * dates.DAY)


def _at_clock(day: Span, clock: Clock, part: str) -> Span:
    hour = clock.hour if clock.sure else _hour(clock.hour, part)
    start = day.start + timedelta(hours=hour, minutes=clock.minute or 0)
    return Span(start, start + (timedelta(hours=1) if clock.minute is None else timedelta(minutes=1)))


def _hour(hour: int, part: str) -> int:
    """The hour of the day that 1 to 12 mean in a part of it; in the night, the small hours are the next day's."""
    if hour > 12 or (hour == 12 and part in ("", "noon", "afternoon")):
        return hour
    if part in ("evening", "late"):
        return hour + (24 if hour <= 4 else 12)
    if part in _LATE or (part == "noon" and hour < 5) or (not part and 1 <= hour <= 6):
        return hour + 12
    return 0 if hour == 12 and part == "dawn" else hour
