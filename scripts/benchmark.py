"""Measure how fast the engine is without its models: start, ingest, retrieval, many users, an empty workflow.

    python scripts/benchmark.py [--quick] [--strict] [--json FILE]

Texts are made with a seed, Chinese and English by halves, their words drawn by Zipf's law. Ingest goes through
`add_messages` on a new file, in batches of 100, each durable before the call returns; vectors come later and are not
in it. The memories that are searched are written straight into the store, with vectors of 384 numbers; the embedder
gives vectors that were made before, so that no model's time is in the figures. A retrieval is the whole operation
`retrieve_memory`. What is compared is measured in turns, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zlib import crc32

import numpy as np

import memoryengine
from memoryengine import AsyncMemoryEngine
from memoryengine.api import AsyncUserMemory
from memoryengine.ports import Vector, Writes
from memoryengine.records import MEMORIES, memory_document
from memoryengine.values import Memory, Scope, memory_id

DIMENSIONS = 384
BATCH = 100
WORDS = 5_000
SEED = 20_241_026
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
EMPTY_WORKER = '''
from dataclasses import dataclass
from memoryengine.worker import worker

@worker("{name}")
@dataclass(frozen=True)
class Empty:
    """Do nothing."""

    async def run(self) -> None:
        """Nothing."""
'''


class ReadyVectors:
    """An embedder whose vectors were made before: each text gets one of 4,096, by its checksum."""

    name = "ready"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        made = np.random.default_rng(SEED).standard_normal((4096, DIMENSIONS)).astype(np.float32)
        self._vectors: list[list[float]] = (made / np.linalg.norm(made, axis=1, keepdims=True)).tolist()

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """Look the vectors up."""
        return [self._vectors[crc32(text.encode()) % 4096] for text in texts]

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


def measure_start(times: int) -> list[Figure]:
    """Importing and `--help`, each in processes of their own, median; the second includes Python's own start."""
    timed = "import time; t = time.perf_counter(); {}; print((time.perf_counter() - t) * 1000)"
    python = [sys.executable, "-c"]
    alone = statistics.median(float(run(*python, timed.format("import memoryengine"))) for _ in range(times))
    whole = "from memoryengine import MemoryEngine"
    engine = statistics.median(float(run(*python, timed.format(whole))) for _ in range(times))
    bare = statistics.median(seconds(lambda: run(*python, "")) * 1000 for _ in range(times))
    shown = statistics.median(
        seconds(lambda: run(sys.executable, "-m", "memoryengine", "--help")) * 1000 for _ in range(times)
    )
    return [
        Figure("import memoryengine", alone, "ms", 100),
        Figure("from memoryengine import MemoryEngine", engine, "ms"),
        Figure("python -c '' (for comparison)", bare, "ms"),
        Figure("memoryengine --help, the whole process", shown, "ms", 300),
        Figure("llama-index modules loaded by either", float(llama_modules()), "", 0),
    ]


def llama_modules() -> int:
    """How many modules of llama-index the import of the package and `--help` load."""
    found = 0
    for command in (["-c", "import memoryengine"], ["-m", "memoryengine", "--help"]):
        whole = [sys.executable, "-X", "importtime", *command]
        told = subprocess.run(whole, capture_output=True, text=True, check=True)
        found += sum("llama_index" in line for line in told.stderr.splitlines())
    return found


def run(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def make_engine(folder: Path, name: str, **config: object) -> AsyncMemoryEngine:
    """An embedded engine with ready vectors on a file of its own."""
    models = {"embedder": {"class": f"{Path(__file__).resolve()}:ReadyVectors"}}
    store = {"use": "sqlite", "path": str(folder / f"{name}.db")}
    return AsyncMemoryEngine({"extends": "embedded", "models": models, "store": store, **config})


async def measure_ingest(folder: Path, messages: int) -> list[Figure]:
    """Messages a second through `add_messages`, and the time of one durable batch."""
    texts = Texts(SEED)
    made = [
        {"id": f"m{n}", "role": "user", "content": texts.next(), "said_at": BEGAN + timedelta(minutes=n)}
        for n in range(messages)
    ]
    batches = [made[start : start + BATCH] for start in range(0, messages, BATCH)]
    async with make_engine(folder, "ingest") as engine:
        memory = engine.user("alice")
        took = [await timed(partial(memory.add_messages, batch)) for batch in batches]
    return [
        Figure(f"ingest of {messages:,} messages, batches of {BATCH}", messages / sum(took), "messages/s", 3_000, True),
        Figure("  one durable batch, p50", 1000 * percentile(took, 50), "ms"),
        Figure("  one durable batch, p95", 1000 * percentile(took, 95), "ms"),
    ]


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the values do not exceed."""
    return float(np.percentile(values, percent))


async def fill(engine: AsyncMemoryEngine, user: str, memories: int, texts: Texts) -> None:
    """Write memories of one user straight into the store, with their vectors."""
    store, scope = engine._engine.store, Scope(user)
    embedder = engine._engine.models.embedder
    assert embedder is not None
    for start in range(0, memories, 1_000):
        made = [made_memory(user, n, texts.next()) for n in range(start, min(start + 1_000, memories))]
        put = tuple((MEMORIES, memory_document(memory, "benchmark")) for memory in made)
        entry = {"at": BEGAN.isoformat()}
        await store.commit(scope, Writes(put=put, entry=entry), expect=await store.revision(scope))
        vectors = await embedder.embed([memory.content for memory in made])
        await store.attach(scope, MEMORIES, {m.id: v for m, v in zip(made, vectors, strict=True)})


def made_memory(user: str, number: int, content: str) -> Memory:
    """One observation."""
    said = BEGAN + timedelta(minutes=number)
    id_ = memory_id("observation", content, (f"{user}{number}",), said)
    return Memory(id=id_, kind="observation", content=content, said_at=said, recorded_at=said)


async def search(memory: AsyncUserMemory, texts: Texts, took: list[float]) -> None:
    """One retrieval with a question that was not asked before."""
    query = texts.next(words=6)
    took.append(await timed(lambda: memory.retrieve(query)))


async def measure_retrieval(folder: Path, sizes: Sequence[int], queries: int) -> list[Figure]:
    """p50 and p95 of a retrieval for users with so many memories each, in one file, in turns."""
    texts = Texts(SEED + 1)
    async with make_engine(folder, "retrieval") as engine:
        for size in sizes:
            await fill(engine, f"user{size}", size, texts)
    figures = []
    async with make_engine(folder, "retrieval") as engine:
        memories = [engine.user(f"user{size}") for size in sizes]
        took: list[list[float]] = [[] for _ in sizes]
        for size, memory in zip(sizes, memories, strict=True):
            first: list[float] = []
            await search(memory, texts, first)
            figures.append(Figure(f"first retrieval after opening, {size:,} memories", 1000 * first[0], "ms"))
        for _ in range(queries):
            for memory, one in zip(memories, took, strict=True):
                await search(memory, texts, one)
    for size, one in zip(sizes, took, strict=True):
        figures += [
            Figure(f"retrieval, {size:,} memories of one user, p{p}", 1000 * percentile(one, p), "ms") for p in (50, 95)
        ]
    return figures


async def measure_users(folder: Path, few: int, many: int, memories: int, queries: int) -> list[Figure]:
    """One user of so many memories among few and among many users of the same size, asked in turns."""
    took: list[list[float]] = [[], []]
    first: list[float] = []
    for users in (few, many):
        texts = Texts(SEED + 2)
        async with make_engine(folder, f"users{users}") as engine:
            for number in range(users):
                await fill(engine, f"user{number}", memories, texts)
    asked = (Texts(SEED + 3), Texts(SEED + 3))
    async with make_engine(folder, f"users{few}") as one, make_engine(folder, f"users{many}") as other:
        for turn in range(queries + 1):
            for engine, texts, held in zip((one, other), asked, took, strict=True):
                await search(engine.user("user0"), texts, held if turn else first)
    p50 = [percentile(held, 50) for held in took]
    names = [f"retrieval, one user of {memories:,} among {users}, p50" for users in (few, many)]
    return [
        *(Figure(name, 1000 * value, "ms") for name, value in zip(names, p50, strict=True)),
        Figure(f"  ratio {many} users / {few} users", p50[1] / p50[0], "", 1.3),
        Figure(f"  ratio of the first retrieval after opening, {many} / {few}", first[1] / first[0], ""),
    ]


async def measure_workflow(folder: Path, times: int) -> list[Figure]:
    """The operation of ten workers that do nothing, run by the engine, p50 and p95."""
    names = [f"empty_{n}" for n in range(10)]
    workers, flows = folder / "empty_workers", folder / "empty_flows"
    for name in names:
        (workers / name).mkdir(parents=True)
        (workers / name / "__init__.py").write_text(EMPTY_WORKER.format(name=name))
    (workers / "__init__.py").touch()
    flows.mkdir()
    (flows / "ten_empty.yaml").write_text(f"operation: ten_empty\nsteps: [{', '.join(names)}]\n")
    config = {"workers": ["memoryengine.workers", str(workers)], "workflows": ["stock", str(flows)]}
    async with make_engine(folder, "workflow", **config) as engine:
        memory = engine.user("alice")
        took = [await timed(lambda: memory.run("ten_empty")) for _ in range(times)]
    return [
        Figure("ten empty workers, the whole operation, p50", 1000 * percentile(took, 50), "ms", 1),
        Figure("ten empty workers, the whole operation, p95", 1000 * percentile(took, 95), "ms"),
    ]


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = (line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line)
        cpu = next(named, cpu)
    return {
        "processor": f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "memoryengine": memoryengine.__version__,
        **{name: installed(name) for name in ("numpy", "llama-index-core")},
    }


def installed(name: str) -> str:
    """The version of a package, empty where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def main() -> int:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to see that it runs")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bound is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    chosen = parser.parse_args()
    part = 10 if chosen.quick else 1
    about = machine()
    print("\n".join(f"{name}: {value}" for name, value in about.items()) + "\n", flush=True)
    figures: list[Figure] = []

    def note(more: Sequence[Figure]) -> None:
        figures.extend(more)
        print("\n".join(map(str, more)), flush=True)

    note(measure_start(max(3, 11 // part)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        note(asyncio.run(measure_ingest(folder, 20_000 // part)))
        note(asyncio.run(measure_retrieval(folder, (1_000 // part, 10_000 // part), 200 // part)))
        note(asyncio.run(measure_users(folder, 10, 100, 1_000 // part, 200 // part)))
        note(asyncio.run(measure_workflow(folder, 1_000 // part)))
    if chosen.json:
        held = {"machine": about, "figures": [{**asdict(f), "kept": f.kept} for f in figures]}
        chosen.json.write_text(json.dumps(held, indent=1) + "\n", "utf-8")
    missed = [figure.name for figure in figures if not figure.kept]
    if missed:
        print(f"\nbounds missed: {', '.join(missed)}")
    return 1 if missed and chosen.strict else 0


if __name__ == "__main__":
    sys.exit(main())
