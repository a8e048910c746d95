"""Clocks that stand where a test puts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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


class DrivenTime:
    """A time for several who wait at once: it stands while one of them works, and then moves on to the next moment.

    Each of `members` waits by `pause` when it has nothing to do, as a `memoryengine.schedule.Scheduler` does; so days
    of several schedulers on one clock take as long as their work. `busy` says whether there is work that nobody waits
    for by `pause`.
    """

    def __init__(self, start: datetime, members: int, busy: Callable[[], bool] = lambda: False) -> None:
        self._clock = ManualClock(start)
        self._members, self._busy = members, busy
        self._waiting: dict[asyncio.Event, tuple[datetime, asyncio.Event]] = {}
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """The moment; see `ManualClock.now`."""
        return self._clock.now()

    async def pause(self, seconds: float, wake: asyncio.Event) -> None:
        """Wait until so many seconds have passed, or until `wake` is set."""
        over = asyncio.Event()
        self._waiting[over] = self._clock.now() + timedelta(seconds=seconds), wake
        self._changed.set()
        waits = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            self._waiting.pop(over, None)
            self._changed.set()

    async def sleep_until(self, moment: datetime) -> None:
        """Wait for a moment."""
        if (seconds := (moment - self._clock.now()).total_seconds()) > 0:
            await self.pause(seconds, asyncio.Event())

    def leave(self) -> None:
        """One member less: it has nothing to wait for any more."""
        self._members -= 1
        self._changed.set()

    async def drive(self, until: datetime) -> None:
        """Move on from moment to moment, until the last one."""
        while True:
            while not self._stands_still():
                self._changed.clear()
                await self._changed.wait()
            moment, over = min(((at, over) for over, (at, _) in self._waiting.items()), key=lambda one: one[0])
            if moment > until:
                self._clock.advance(max(until - self._clock.now(), timedelta(0)))
                return
            self._clock.advance(max(moment - self._clock.now(), timedelta(0)))
            over.set()
            self._waiting.pop(over)

    def _stands_still(self) -> bool:
        awake = any(wake.is_set() for _, wake in self._waiting.values())
        return len(self._waiting) == self._members and not awake and not self._busy()
