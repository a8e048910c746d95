"""What a reflection looks at."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.filters import AllOf, AnyOf, Is, Not
from memoryengine.ports import OLDEST_FIRST, Reader
from memoryengine.statements.subjects import groups
from memoryengine.worker import Memories, Stop, worker


@dataclass(frozen=True)
class Loaded:
    """Memories no reflection has seen, oldest first, the insights that hold, and those that must be looked at again."""

    observations: Memories
    insights: Memories


@worker("load_observations")
@dataclass(frozen=True)
class LoadObservations:
    """Read the unreflected observations and customs, all valid insights, and those that fell with their evidence.

    At most `limit` observations are read, the oldest first; fewer than `threshold` are not worth a reflection. It stops
    then, unless insights are due: evidence of theirs has expired, or two of them are about one subject. For these alone
    no observation is given, so that the few wait on.
    """

    reader: Reader
    threshold: int = 6
    limit: int = 100

    async def run(self) -> Loaded | Stop:
        """Read both; nothing is searched."""
        fresh = AllOf(Is("status", "valid"), Is("kind", "observation", "custom"), Not(Is("reflected", True)))
        observations = await self.reader.memories(fresh, order=OLDEST_FIRST, limit=self.limit)
        known = AllOf(Is("kind", "insight"), AnyOf(Is("status", "valid"), Is("review", True)))
        insights = await self.reader.memories(known, order=OLDEST_FIRST)
        if len(observations) >= self.threshold:
            return Loaded(observations, insights)
        if any(group.due for group in groups(insights).values()):
            return Loaded((), insights)
        return Stop(f"{len(observations)} observations wait for a reflection; it takes {self.threshold}")
