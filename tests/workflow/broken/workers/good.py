"""Workers that are sound, for workflows that are not."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.ports import Reranker
from memoryengine.values import Changes, Period
from memoryengine.worker import Hits, worker


@dataclass(frozen=True)
class Found:
    hits: Hits


@dataclass(frozen=True)
class Told:
    period: Period | None


@dataclass(frozen=True)
class Counted:
    number: int


@dataclass(frozen=True)
class Measured:
    size: int


@dataclass(frozen=True)
class Noted:
    changes: Changes


@worker("find")
@dataclass(frozen=True)
class Find:
    """Find hits."""

    top_k: int = 10

    async def run(self, query: str, window: tuple[str, ...] = ()) -> Found:
        return Found(())


@worker("tell_time")
@dataclass(frozen=True)
class TellTime:
    """Tell which time a question is about."""

    async def run(self, query: str) -> Told:
        return Told(None)


@worker("blend")
@dataclass(frozen=True)
class Blend:
    """Blend relevance and time."""

    time_ratio: float = 2.0
    kinds: tuple[str, ...] = ()

    async def run(self, hits: Hits, period: Period | None = None) -> Found:
        return Found(hits)


@worker("fuse")
@dataclass(frozen=True)
class Fuse:
    """Order hits."""

    async def run(self, hits: Hits) -> Found:
        return Found(hits)


@worker("cut")
@dataclass(frozen=True)
class Cut:
    """Keep the first hits."""

    size: int

    async def run(self, hits: Hits) -> Found:
        return Found(hits[: self.size])


@worker("count")
@dataclass(frozen=True)
class Count:
    """Count hits."""

    async def run(self, hits: Hits) -> Counted:
        return Counted(len(hits))


@worker("measure")
@dataclass(frozen=True)
class Measure:
    """Measure a number."""

    async def run(self, number: Hits) -> Measured:
        return Measured(len(number))


@worker("note")
@dataclass(frozen=True)
class Note:
    """Note hits."""

    async def run(self, hits: Hits) -> Noted:
        return Noted(Changes())


@worker("rank_by_model")
@dataclass(frozen=True)
class RankByModel:
    """Rank hits by a model."""

    reranker: Reranker

    async def run(self, hits: Hits) -> Found:
        return Found(hits)
