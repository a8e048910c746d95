"""What was remembered today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from memoryengine.filters import AllOf, Between, Is
from memoryengine.ports import NEWEST_FIRST, Clock, Reader
from memoryengine.values import Locale
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Loaded:
    """The valid observations of today, newest first."""

    today: Memories


@worker("load_today")
@dataclass(frozen=True)
class LoadToday:
    """Read the valid observations and customs that rest on what was said today, in the configured zone.

    At most `limit`, the newest first. One of the separate stages of the classic pipeline.
    """

    reader: Reader
    clock: Clock
    locale: Locale
    limit: int = 100

    async def run(self) -> Loaded:
        """Read them; nothing is searched."""
        day = self.locale.local(self.clock.now()).date()
        start = datetime.combine(day, time.min, self.locale.zone)
        # The day ends at the next midnight, which is 23 or 25 hours away where the clocks change.
        end = datetime.combine(day + timedelta(days=1), time.min, self.locale.zone)
        where = AllOf(Is("kind", "observation", "custom"), Is("status", "valid"), Between("said_at", start, end))
        return Loaded(await self.reader.memories(where, order=NEWEST_FIRST, limit=self.limit))
