"""Time expressions of a text, each resolved into a period of the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ..errors import InputError
from ..values import Period
from . import dates
from .dates import Span
from .parts import Between, Parts, Several
from .resolve import recurring, resolve
from .scan import Found, expressions, fold
from .tense import tense

MOST = 1_000
SHORT = 2_000
EARLIEST = datetime(1900, 1, 1)  # naive: where "before 2020" begins, in whatever zone is asked for
LATEST_YEAR = 9990

_TO = re.compile(r"\s*(?:-{1,2}|~|to|until|till|through|thru|直?到|至)\s*(?:(?:the|about|around)\s)?\s*")
_AND = re.compile(r"\s*(?:and|和|与|跟)\s*(?:the\s)?\s*")
_BEFORE = re.compile(
    r"(?:\b(?P<since>(?:ever )?since|as of)|\b(?P<until>until|till|up to|by)|\b(?P<before>before|prior to)"
    r"|\b(?P<after>after)|\b(?P<between>between)|(?P<zhsince>自从|从|自)|(?P<zhuntil>直到|截至|截止到?))"
    r"\s*(?:the |about |around )?\Z".replace(" ", r"\s")
)
_AFTER = re.compile(
    r"\s*(?:(?P<since>以来|至今|起(?![床飞来点])|开始)|(?P<until>为止)|(?P<before>(?:之|以)前|前(?![夜夕往去台面任端天年后]))"
    r"|(?P<after>(?:之|以)后|后(?![院面台门勤备来悔果天年])))"
)


class Reading(NamedTuple):
    """A period and where in the text it is named; a `vague` one (最近, a few days ago) is no more than a hint.

    `exact` is set where the expression counts from no moment: "3 July 2023", but not "on 3 July" or "last Friday".
    """

    period: Period
    vague: bool
    exact: bool
    start: int
    end: int


class _Moment(NamedTuple):
    """What a text is resolved against: the text and its folded form, the local time, the zone, the direction."""

    text: str
    folded: str
    now: datetime
    zone: tzinfo
    past: bool | None

    def tense(self, start: int, end: int) -> bool | None:
        return tense(self.folded, start, end) if self.past is None else self.past


def _local(span: Span, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """A span in its zone; a local time that a clock change skips is moved on, and the span keeps its length."""
    try:
        start = span.start.replace(tzinfo=zone).astimezone(UTC)
        end = span.end.replace(tzinfo=zone).astimezone(UTC)
        if end <= start:
            end = start + max(span.end - span.start, timedelta(seconds=1))
        return start.astimezone(zone), end.astimezone(zone)
    except (ValueError, OverflowError):
        return None


def _period(span: Span | None, found: tuple[int, int], at: _Moment, recurs: str = "") -> Period | None:
    ends = _local(span, at.zone) if span else None
    return Period(*ends, recurs, at.text[slice(*found)].strip()) if ends else None


def _ends(found: Found, following: Found | None, at: _Moment) -> Between | None:
    """Both ends of a span, where one expression names them or the next one follows with "to"."""
    if isinstance(found.meaning, Between):
        return found.meaning
    if not following or not isinstance(found.meaning, Parts) or not isinstance(following.meaning, Parts):
        return None
    if following.start - found.end > 12 or not _useful(found.meaning) or not _useful(following.meaning):
        return None
    lead = _BEFORE.search(at.folded, max(0, found.start - 16), found.start)
    behind = at.folded[following.end : following.end + 2]
    both = (lead is not None and lead["between"]) or behind == "之间"
    if _TO.fullmatch(at.folded, found.end, following.start) or (
        both and _AND.fullmatch(at.folded, found.end, following.start)
    ):
        return Between(found.meaning, following.meaning)
    return None


def _useful(parts: Parts) -> bool:
    return not parts.every and (not parts.weak or parts.clock is not None or parts.season is not None)


def _spread(ends: Between) -> Between:
    """Give each end what only the other one says: the month of 7月3日到5日, the year of March to May 2023, the week."""
    first, last = replace(ends.first, weak=False), replace(ends.last, weak=False)
    if last.day and not last.month and last.months is None and last.year is None:
        last = replace(last, month=first.month, months=first.months)
    if last.weeks is not None and first.weekday and first.weeks is None:
        first = replace(first, weeks=last.weeks)
    if first.year is not None or first.years is not None:
        if last.month and last.year is None and last.years is None:
            later = int(bool(first.month) and last.month < (first.month or 0))
            year, years = first.year, first.years
            last = replace(last, year=year and year + later, years=None if years is None else years + later)
    elif last.year is not None and first.month and last.month:
        first = replace(first, year=last.year - int(first.month > last.month))
    if last.clock and not last.part and first.part and not last.clock.sure:
        last = replace(last, part=first.part)
    return Between(first, last)


def _between(ends: Between, at: _Moment, place: tuple[int, int]) -> Period | None:
    """From the start of the first to the end of the last; the last is the first such time after the first began."""
    first, last = _spread(ends)
    begin = resolve(first, at.now, at.tense(*place))
    fixed = last.names() & {"days", "years", "year", "months", "weeks", "moved"}
    end = resolve(last, at.now if fixed or not begin else begin.start, False)
    if not begin or not end or end.end <= begin.start:
        return None
    if last.clock and end.start > begin.start:
        return _period(Span(begin.start, end.start), place, at)
    return _period(Span(begin.start, end.end), place, at)


def _operator(found: Found, at: _Moment) -> tuple[str, int, int]:
    """The word that opens a span at one end ("since", "until", "before", "after", or ""), and the whole place."""
    lead = _BEFORE.search(at.folded, max(0, found.start - 16), found.start)
    tail = _AFTER.match(at.folded, found.end, min(len(at.folded), found.end + 4))
    if tail:
        start = lead.start() if lead and (lead["zhsince"] or lead["zhuntil"]) else found.start
        return tail.lastgroup or "", start, tail.end()
    name = (lead.lastgroup or "") if lead else ""
    if lead and name in ("since", "until", "before", "after", "zhuntil"):
        return name.removeprefix("zh"), lead.start(), found.end
    return "", found.start, found.end


def _open(operator: str, span: Span, now: datetime, clock: bool) -> Span:
    """A span that is open at one end, as far as it makes sense; the time itself where it would be empty."""
    if not 2 < now.year < LATEST_YEAR or span.start.year > LATEST_YEAR:  # at the ends of the calendar
        return span
    today, tomorrow = dates.midnight(now.date()), dates.midnight(now.date()) + dates.DAY
    day = dates.midnight(span.start.date())
    if operator == "since":
        return Span(span.start, tomorrow) if span.start < now else span
    if operator == "until":
        return Span(today, span.end) if span.end > tomorrow else span
    if operator == "before":
        start = day if clock else today if span.start > today else EARLIEST
        return Span(start, span.start) if start < span.start else span
    begin = span.start if clock else span.end
    end = day + dates.DAY if clock else tomorrow if begin < tomorrow else begin + 365 * dates.DAY
    return Span(begin, end) if begin < end else span


def _single(parts: Parts, found: Found, at: _Moment) -> Reading | None:
    if parts.weak:
        return None
    place, recurs = (found.start, found.end), ""
    if parts.every:
        again = recurring(parts, at.now)
        span, recurs = again if again else (None, "")
    else:
        operator, start, end = _operator(found, at)
        past = {"since": True, "until": False, "before": None}.get(operator)
        span = resolve(parts, at.now, at.tense(start, end) if past is None else past)
        if span and operator and not parts.reach:
            span, place = _open(operator, span, at.now, parts.clock is not None), (start, end)
    period = _period(span, place, at, recurs)
    return Reading(period, parts.vague, parts.year is not None, *place) if period else None


def _meanings(found: Found) -> tuple[Parts, ...]:
    if isinstance(found.meaning, Several):
        return found.meaning.parts
    return (found.meaning,) if isinstance(found.meaning, Parts) else tuple(found.meaning)


def _readings(at: _Moment) -> Iterator[Reading]:
    """The periods of a text, lazily and in order."""
    rest = expressions(at.folded)
    found = next(rest, None)
    while found is not None:
        following = next(rest, None)
        ends = _ends(found, following, at)
        if ends is not None:
            own = isinstance(found.meaning, Between) or following is None
            place = (found.start, found.end if own or following is None else following.end)
            period = _between(ends, at, place)
            if period:
                yield Reading(period, False, ends.first.year is not None, *place)
                found = following if own else next(rest, None)
                continue
        for parts in _meanings(found):
            reading = _single(parts, found, at)
            if reading:
                yield reading
        found = following


def _moment(text: str, at: datetime, zone: tzinfo | None, past: bool | None) -> _Moment:
    if at.tzinfo is None or at.utcoffset() is None:
        raise InputError(
            f"The moment {at.isoformat()} has no time zone, so no day can be told from it; give an aware datetime."
        )
    local = at.astimezone(zone) if zone else at
    return _Moment(text, fold(text), local.replace(tzinfo=None, fold=0), zone or at.tzinfo, past)


def find_periods(
    text: str, at: datetime, zone: tzinfo | None = None, *, past: bool | None = None
) -> tuple[Period, ...]:
    """Every time expression of a text in order, resolved against the aware moment `at` in `zone`, or in its own.

    `past` says whether an expression without a direction ("on 3 July", 周五) means its last (True) or next (False)
    occurrence. With None the tense of its sentence decides; without one it is the nearest such date, and the coming
    one (today included) for a weekday. Days begin at local midnight. An open span ends where it makes sense: "since"
    and "after" at the end of today, "until" and "before" begin today, and "before" a past time in 1900. At most the
    first 1,000 expressions are returned, and of a huge text only 150,000 characters around time words are read. A
    time that no calendar holds is left out; a naive `at` is an `InputError`.
    """
    # What equal moments of two zones mean differs, so the zone stands beside the moment.
    find = _found_lately if len(text) <= SHORT else _found
    return find(text, at.replace(tzinfo=None), at.fold, at.tzinfo, zone, past)


def read_times(text: str, at: datetime, zone: tzinfo | None = None, *, past: bool | None = None) -> tuple[Reading, ...]:
    """As `find_periods`, with the place of each expression in the text, and whether it is vague or exact."""
    return tuple(islice(_readings(_moment(text, at, zone, past)), MOST))


def _found(
    text: str, local: datetime, fold: int, own: tzinfo | None, zone: tzinfo | None, past: bool | None
) -> tuple[Period, ...]:
    readings = _readings(_moment(text, local.replace(tzinfo=own, fold=fold), zone, past))
    return tuple(reading.period for reading in islice(readings, MOST))


# A message is read once for each observation that cites it or one beside it.
_found_lately = lru_cache(maxsize=512)(_found)


def find_period(text: str, at: datetime, zone: tzinfo | None = None, *, past: bool | None = None) -> Period | None:
    """The period a text is mainly about: the first that is not vague (最近, a few days ago), else the first, or None.

    The arguments are those of `find_periods`.
    """
    first: Period | None = None
    for reading in _readings(_moment(text, at, zone, past)):
        if not reading.vague:
            return reading.period
        first = first or reading.period
    return first


def has_time(text: str) -> bool:
    """Whether a time expression stands in a text; it may be one that no calendar holds."""
    return any(not isinstance(f.meaning, Parts) or not f.meaning.weak for f in expressions(fold(text)))
