"""What a reflection looks at."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.filters import AllOf, Is, Not
from memoryengine.ports import OLDEST_FIRST, Reader
from memoryengine.worker import Memories, Stop, worker


@dataclass(frozen=True)
class Loaded:
    """Memories no reflection has seen, oldest first, and the insights that hold."""

    observations: Memories
    insights: Memories


@worker("load_observations")
@dataclass(frozen=True)
class LoadObservations:
    """Read the unreflected observations and customs and all valid insights; stop when the former are too few.

    At most `limit` observations are read, the oldest first; fewer than `threshold` are not worth a reflection.
    """

    reader: Reader
    threshold: int = 6
    limit: int = 100

    async def run(self) -> Loaded | Stop:
        """Read both; nothing is searched."""
        valid = Is("status", "valid")
        fresh = AllOf(valid, Is("kind", "observation", "custom"), Not(Is("reflected", True)))
        observations = await self.reader.memories(fresh, order=OLDEST_FIRST, limit=self.limit)
        if len(observations) < self.threshold:
            return Stop(f"{len(observations)} observations wait for a reflection; it takes {self.threshold}")
        insights = await self.reader.memories(AllOf(valid, Is("kind", "insight")), order=OLDEST_FIRST)
        return Loaded(observations, insights)
