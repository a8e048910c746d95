"""The time a question asks about, found by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from memoryengine.asked import read_time_asked
from memoryengine.ports import Clock
from memoryengine.values import Locale, Period
from memoryengine.worker import worker


@dataclass(frozen=True)
class Asked:
    """The period that a question names; None where it names none."""

    period: Period | None


@worker("extract_time")
@dataclass(frozen=True)
class ExtractTime:
    """Find the time that a question asks about, by rule."""

    clock: Clock
    locale: Locale

    async def run(self, query: str, asked_at: datetime | None = None) -> Asked:
        """Resolve a time expression against `asked_at`, or against now; a moment without a zone is local."""
        return Asked(read_time_asked(query, self.locale.local(asked_at or self.clock.now())).period)
