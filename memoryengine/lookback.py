"""The moments of a look back, as callers give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .beliefs import Then
from .errors import InputError
from .validity import TICK
from .workflow import Plan

LOOKS_BACK = ("as_of", "known_at")
YEARS = range(2, 9999)  # as of messages: a day before and after each of their moments can be written in any time zone


def looking_back(plan: Plan, inputs: Mapping[str, object], zone: ZoneInfo) -> tuple[dict[str, object], Then]:
    """The inputs of an operation without `as_of` and `known_at`, and what these ask for; see `read_lookback`.

    Every operation that only reads takes them; what its workflow declares by such a name itself stays an input. Raises
    `InputError` for an operation that writes: what was known then can be looked up, not changed.
    """
    asked = {name for name in LOOKS_BACK if name not in plan.inputs and inputs.get(name) is not None}
    if asked and plan.writes_changes:
        named = " and ".join(sorted(asked))
        raise InputError(f"The operation {plan.operation!r} changes memory, so it cannot look back; leave out {named}.")
    rest = {name: value for name, value in inputs.items() if name not in LOOKS_BACK or name in plan.inputs}
    as_of, known_at = (read_lookback(name, inputs[name], zone) if name in asked else None for name in LOOKS_BACK)
    return rest, Then(as_of, known_at)


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
