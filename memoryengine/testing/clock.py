"""A clock that stands where a test puts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


class ManualClock:
    """Starts at a moment and moves a microsecond with each call, or as far as `advance` says."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment, a microsecond later than the last answer."""
        self._now += TICK
        return self._now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self._now += step
