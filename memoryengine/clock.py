"""The clock of the machine, made strictly rising."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


class SystemClock:
    """The machine's time in UTC; each call gives a later moment than the one before, even when the clock is set back.

    So moments order what one process recorded, and two messages never share one.
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present moment, or a microsecond after the last answer if that is later."""
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + TICK)
            return self._last
