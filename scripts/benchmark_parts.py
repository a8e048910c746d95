"""What the benchmarks share: texts and vectors made with a seed, memories in a store, and figures with bounds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from stores import Stores

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import build_store
from memoryengine.ports import Embedder, Store, Vector, Writes
from memoryengine.records import MEMORIES, memory_document
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Memory, Scope, memory_id

DIMENSIONS = 384
WORDS = 5_000
SEED = 20_241_026
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
PART = 1_000
AT_ONCE = 3


class ReadyVectors:
    """An embedder without a model: each text gets the sum of two of 4,096 vectors made before, by its checksum.

    So hardly any two texts get the same vector, as with a real model.
    """

    name = "ready"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._made = np.random.default_rng(SEED).standard_normal((4096, DIMENSIONS)).astype(np.float32)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """Look the vectors up."""
        sums = [crc32(text.encode()) for text in texts]
        both = self._made[[one % 4096 for one in sums]] + self._made[[one >> 20 for one in sums]]
        unit: list[list[float]] = (both / np.linalg.norm(both, axis=1, keepdims=True)).tolist()
        return unit

    async def close(self) -> None:
        """Nothing is open."""


class Texts:
    """Texts of Zipf-distributed words, Chinese and English in turns; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        han = [chr(code) for code in range(0x4E00, 0x4E00 + 2_000)]
        self._zh = ["".join(self._rng.choices(han, k=2)) for _ in range(WORDS)]
        self._en = ["".join(self._rng.choices("abcdefghilmnoprstu", k=self._rng.randint(3, 9))) for _ in range(WORDS)]
        self._weights = np.cumsum(1 / np.arange(1, WORDS + 1)).tolist()
        self._count = 0

    def next(self, words: int = 0) -> str:
        """The next text, of `words` words or of 6 to 24."""
        self._count += 1
        known, gap = (self._zh, "") if self._count % 2 else (self._en, " ")
        chosen = self._rng.choices(known, cum_weights=self._weights, k=words or self._rng.randint(6, 24))
        return gap.join(chosen)


class Source(Protocol):
    """What gives one text after the other."""

    def next(self) -> str:
        """The next text."""
        ...


@dataclass(frozen=True)
class Figure:
    """One measured number and the bound it should keep, if there is one; `least` bounds count from below."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the bound is kept."""
        return self.bound is None or (self.value >= self.bound if self.least else self.value <= self.bound)

    def __str__(self) -> str:
        sign = "at least" if self.least else "at most"
        wanted = "" if self.bound is None else f"  ({sign} {self.bound:g}: {'kept' if self.kept else 'MISSED'})"
        return f"{self.name:<64}{self.value:>10,.2f} {self.unit}{wanted}"


@dataclass(frozen=True)
class Bench:
    """Which stores are measured, and where they are; the first of `kinds` is the one that was asked for."""

    stores: Stores
    kinds: tuple[str, ...]

    def engine(
        self, kind: str, name: str, config: Mapping[str, object] | None = None, **store: Any
    ) -> AsyncMemoryEngine:
        """An engine with ready vectors on a store of its own; `store` are more settings of that."""
        models = {"embedder": {"class": f"{Path(__file__).resolve()}:ReadyVectors"}}
        spec = self.stores.spec(name, kind)
        whole = {"extends": "embedded", "models": models, "store": spec, **(config or {})}
        return AsyncMemoryEngine(whole, store=build_store({**spec, **store}))

    def said(self, kind: str, name: str) -> str:
        """The name of a figure, with the store where several are measured."""
        return name if len(self.kinds) == 1 else f"{kind}: {name}"


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the values do not exceed."""
    return float(np.percentile(values, percent))


async def fill(engine: AsyncMemoryEngine, user: str, memories: int, texts: Source) -> float:
    """Write memories of one user straight into the store, with their vectors; returns the seconds it took."""
    store, embedder = parts_of(engine)
    scope, began = Scope(user), time.perf_counter()
    attaching: set[asyncio.Task[int]] = set()
    for start in range(0, memories, PART):
        made = [made_memory(user, n, texts.next()) for n in range(start, min(start + PART, memories))]
        put = tuple((MEMORIES, memory_document(memory, "benchmark")) for memory in made)
        writes = Writes(put=put, entry={"at": BEGAN.isoformat()})
        await store.commit(scope, writes, expect=await store.revision(scope))
        vectors = await embedder.embed([memory.content for memory in made])
        held = {m.id: v for m, v in zip(made, vectors, strict=True)}
        attaching.add(asyncio.ensure_future(store.attach(scope, MEMORIES, held)))
        if len(attaching) == AT_ONCE:
            done, attaching = await asyncio.wait(attaching, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*done)
    await asyncio.gather(*attaching)
    return time.perf_counter() - began


def parts_of(engine: AsyncMemoryEngine) -> tuple[Store, Embedder]:
    """The store and the embedder of an engine."""
    embedder = engine._engine.models.embedder
    assert embedder is not None
    return engine._engine.store, embedder


def made_memory(user: str, number: int, content: str) -> Memory:
    """One observation."""
    said = BEGAN + timedelta(minutes=number)
    id_ = memory_id("observation", content, (f"{user}{number}",), said)
    return Memory(id=id_, kind="observation", content=content, said_at=said, recorded_at=said)


async def search(memory: AsyncUserMemory, texts: Texts, took: list[float]) -> None:
    """One retrieval with a question that was not asked before."""
    query = texts.next(words=6)
    took.append(await timed(lambda: memory.retrieve(query)))
