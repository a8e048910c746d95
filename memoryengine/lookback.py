"""The moments of a look back, as callers give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .errors import InputError
from .validity import TICK

LOOKS_BACK = ("as_of", "known_at")
YEARS = range(2, 9999)  # as of messages: a day before and after each of their moments can be written in any time zone


def with_moments(inputs: Mapping[str, object], zone: ZoneInfo) -> dict[str, object]:
    """The inputs of an operation, with `as_of` and `known_at` read as moments; see `read_lookback`."""
    return {
        name: read_lookback(name, value, zone) if name in LOOKS_BACK and value is not None else value
        for name, value in inputs.items()
    }


def read_lookback(name: str, given: object, zone: ZoneInfo) -> datetime:
    """A moment from ISO 8601 text, a datetime or a date; local to `zone` where it names none.

    A date stands for its last moment, the end of the day, so that it holds all that happened on it. Raises
    `InputError` for anything else.
    """
    try:
        moment = _read(given, zone)
        if moment.year in YEARS:
            return moment
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(
        f"{name!r} must be a moment in ISO 8601 such as 2024-10-26T21:26:20, or a date such as 2024-10-26, which "
        f"stands for the end of that day, in the years {YEARS[0]} to {YEARS[-1]}; it is {str(given)[:60]!r}."
    )


def _read(given: object, zone: ZoneInfo) -> datetime:
    if isinstance(given, datetime):
        return _local(given, zone)
    if isinstance(given, date):
        return _end_of(given, zone)
    if not isinstance(given, str):
        raise TypeError
    text = given.strip()
    return _end_of(date.fromisoformat(text), zone) if _is_date(text) else _local(datetime.fromisoformat(text), zone)


def _is_date(text: str) -> bool:
    return len(text) <= len("2024-W43-6") and "T" not in text and ":" not in text


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond of a local day."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - TICK
