"""Measure how fast the engine is without its models: start, ingest, retrieval, many users, an empty workflow.

    python scripts/benchmark.py [--store sqlite|elasticsearch] [--quick] [--strict] [--json FILE]

Texts are made with a seed, Chinese and English by halves, their words drawn by Zipf's law. Ingest goes through
`add_messages` on a new store, in batches of 100, each durable before the call returns; vectors come later and are not
in it. The memories that are searched are written straight into the store, with vectors of 384 numbers; the embedder
gives vectors that were made before, so that no model's time is in the figures. A retrieval is the whole operation
`retrieve_memory`. What is compared is measured in turns, in the same run.

With `--store elasticsearch` the embedded store is measured beside it, and 100,000 memories of one user too; what a
retrieval asks of the server and what it costs to read one's own writes is in benchmark_requests.py. See stores.py for
where the Elasticsearch is. How near its vector search comes to an exact one is measured by benchmark_recall.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmark_parts import BEGAN, SEED, Bench, Figure, Texts, fill, percentile, search, timed
from benchmark_requests import measure_prices, measure_requests
from stores import KINDS, stores

import memoryengine

BATCH = 100
WARM = 30
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


async def measure_ingest(bench: Bench, messages: int) -> list[Figure]:
    """Messages a second through `add_messages`, and the time of one durable batch."""
    texts = Texts(SEED)
    made = [
        {"id": f"m{n}", "role": "user", "content": texts.next(), "said_at": BEGAN + timedelta(minutes=n)}
        for n in range(messages)
    ]
    batches = [made[start : start + BATCH] for start in range(0, messages, BATCH)]
    figures = []
    for kind in bench.kinds:
        async with bench.engine(kind, "ingest") as engine:
            memory = engine.user("alice")
            took = [await timed(partial(memory.add_messages, batch)) for batch in batches]
        rate = messages / sum(took)
        bound = 3_000 if kind == "sqlite" else None
        name = f"ingest of {messages:,} messages, batches of {BATCH}"
        figures += [
            Figure(bench.said(kind, name), rate, "messages/s", bound, True),
            Figure(bench.said(kind, "  one durable batch, p50"), 1000 * percentile(took, 50), "ms"),
            Figure(bench.said(kind, "  one durable batch, p95"), 1000 * percentile(took, 95), "ms"),
        ]
    return figures


async def measure_retrieval(bench: Bench, sizes: Sequence[int], queries: int) -> list[Figure]:
    """p50 and p95 of a retrieval for users with so many memories each, in one store, in turns."""
    figures = await fill_users(bench, "retrieval", [(f"user{size}", size) for size in sizes])
    texts = Texts(SEED + 1)
    async with AsyncExitStack() as stack:
        engines = {kind: await stack.enter_async_context(bench.engine(kind, "retrieval")) for kind in bench.kinds}
        asked = {(kind, size): engines[kind].user(f"user{size}") for kind in bench.kinds for size in sizes}
        took: dict[tuple[str, int], list[float]] = {one: [] for one in asked}
        for (kind, size), memory in asked.items():
            first: list[float] = []
            await search(memory, texts, first)
            name = f"first retrieval after opening, {size:,} memories"
            figures.append(Figure(bench.said(kind, name), 1000 * first[0], "ms"))
        for turn in range(WARM + queries):
            for one, memory in asked.items():
                await search(memory, texts, took[one] if turn >= WARM else [])
    for (kind, size), held in took.items():
        bound = 15 if (kind, size) == ("elasticsearch", 100_000) else None
        name = bench.said(kind, f"retrieval, {size:,} memories of one user")
        figures += [
            Figure(f"{name}, p50", 1000 * percentile(held, 50), "ms", bound),
            Figure(f"{name}, p95", 1000 * percentile(held, 95), "ms"),
        ]
    return figures


async def fill_users(bench: Bench, name: str, users: Sequence[tuple[str, int]]) -> list[Figure]:
    """Fill a store of each kind with the same memories."""
    figures = []
    for kind in bench.kinds:
        texts = Texts(SEED + 1)
        async with bench.engine(kind, name) as engine:
            took = sum([await fill(engine, user, size, texts) for user, size in users])
        count = sum(size for _, size in users)
        label = bench.said(kind, f"commit and attach of {count:,} memories in parts")
        figures.append(Figure(label, count / took, "memories/s"))
    return figures


async def measure_users(bench: Bench, few: int, many: int, memories: int, queries: int) -> list[Figure]:
    """One user of so many memories among few and among many users of the same size, asked in turns."""
    pairs = [(kind, users) for kind in bench.kinds for users in (few, many)]
    figures: list[Figure] = []
    for users in (few, many):
        await fill_users(bench, f"users{users}", [(f"user{number}", memories) for number in range(users)])
    took: dict[tuple[str, int], list[float]] = {pair: [] for pair in pairs}
    first: dict[tuple[str, int], list[float]] = {pair: [] for pair in pairs}
    async with AsyncExitStack() as stack:
        engines = {
            (kind, users): await stack.enter_async_context(bench.engine(kind, f"users{users}")) for kind, users in pairs
        }
        asked = {pair: Texts(SEED + 1) for pair in pairs}
        for turn in range(1 + WARM + queries):
            for pair, engine in engines.items():
                held = first[pair] if not turn else took[pair] if turn > WARM else []
                await search(engine.user("user0"), asked[pair], held)
    for kind in bench.kinds:
        p50 = {users: percentile(took[kind, users], 50) for users in (few, many)}
        for users in (few, many):
            name = f"retrieval, one user of {memories:,} among {users}, p50"
            figures.append(Figure(bench.said(kind, name), 1000 * p50[users], "ms"))
        ratio, firsts = f"  ratio {many} users / {few} users", f"  ratio of the first retrieval, {many} / {few}"
        figures += [
            Figure(bench.said(kind, ratio), p50[many] / p50[few], "", 1.3),
            Figure(bench.said(kind, firsts), first[kind, many][0] / first[kind, few][0], ""),
        ]
    return figures


async def measure_workflow(bench: Bench, times: int) -> list[Figure]:
    """The operation of ten workers that do nothing, run by the engine, p50 and p95."""
    folder = bench.stores.folder
    names = [f"empty_{n}" for n in range(10)]
    workers, flows = folder / "empty_workers", folder / "empty_flows"
    for name in names:
        (workers / name).mkdir(parents=True)
        (workers / name / "__init__.py").write_text(EMPTY_WORKER.format(name=name))
    (workers / "__init__.py").touch()
    flows.mkdir()
    (flows / "ten_empty.yaml").write_text(f"operation: ten_empty\nsteps: [{', '.join(names)}]\n")
    config = {"workers": ["memoryengine.workers", str(workers)], "workflows": ["stock", str(flows)]}
    async with bench.engine("sqlite", "workflow", config) as engine:
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
        **{name: installed(name) for name in ("numpy", "llama-index-core", "elasticsearch")},
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
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="which store is measured (default: sqlite)")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to see that it runs")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a bound is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON too")
    chosen = parser.parse_args()
    about = machine()
    print("\n".join(f"{name}: {value}" for name, value in about.items()) + "\n", flush=True)
    figures: list[Figure] = []

    def note(more: Sequence[Figure]) -> None:
        figures.extend(more)
        print("\n".join(map(str, more)), flush=True)

    with stores(chosen.store) as made:
        kinds = (chosen.store,) if chosen.store == "sqlite" else (chosen.store, "sqlite")
        measure(Bench(made, kinds), 10 if chosen.quick else 1, note)
    if chosen.json:
        held = {"machine": about, "figures": [{**asdict(f), "kept": f.kept} for f in figures]}
        chosen.json.write_text(json.dumps(held, indent=1) + "\n", "utf-8")
    missed = [figure.name for figure in figures if not figure.kept]
    if missed:
        print(f"\nbounds missed: {', '.join(missed)}")
    return 1 if missed and chosen.strict else 0


def measure(bench: Bench, part: int, note: Callable[[Sequence[Figure]], None]) -> None:
    """Measure all, or a `part`-th of it."""
    server = bench.kinds[0] == "elasticsearch"
    sizes = (1_000, 10_000, 100_000) if server else (1_000, 10_000)
    if not server:
        note(measure_start(max(3, 11 // part)))
    note(asyncio.run(measure_ingest(bench, 20_000 // part)))
    if server:
        note(asyncio.run(measure_prices(bench, 200 // part)))
    note(asyncio.run(measure_retrieval(bench, [size // part for size in sizes], 200 // part)))
    if server:
        note(asyncio.run(measure_requests(bench, "retrieval", f"user{sizes[0] // part}", 200 // part)))
    note(asyncio.run(measure_users(bench, 10, 100, 1_000 // part, 200 // part)))
    if not server:
        note(asyncio.run(measure_workflow(bench, 1_000 // part)))


if __name__ == "__main__":
    sys.exit(main())
