"""Measure retrieval and ingest beside mem0: the same machine, embedder, data and kind of store, in one run, in turns.

    python scripts/compare_mem0.py [--sizes 1000 10000 100000] [--elasticsearch URL] [--json FILE]

mem0 (the latest, `mem0ai`) is installed into a virtual environment of its own, with its telemetry off, and runs in a
process of its own; its calls are timed there. Neither side has a model: both get the vector of a text from the recipe
in compare_data.py, where the texts are described too. What is compared is asked one after the other in each turn, so
that whatever else the machine does hits all alike: trust the ratios of one run. In brackets stands how long the
processor worked in the process that asked, which depends less on what else runs; a server's work is not in it.

- Ours is `engine.user(u).retrieve(question)` as it ships, with keyword and vector search; the same queries to the store
  alone are a line of their own. Memories are committed to the store and get their vectors at once.
- mem0's is `memory.search(question, filters={"user_id": u})` as it ships, on its default local store (Qdrant in a
  file), on FAISS, and on Elasticsearch. Its memories are inserted by its vector store's own `insert`, a thousand at a
  time, because `add` takes one. Qdrant's and FAISS's search is by vector alone in a plain installation.
- The scan is `matrix @ question` over as many vectors in numpy, the least an exact search of them all can cost.
- Ingest is one message a call, durable when the call returns, by `add_messages` and by `add(infer=False)`; ours embeds
  its messages later, so the search that makes up for it is counted too.

Without an Elasticsearch (--elasticsearch or MEMORYENGINE_TEST_ES_URL) those lines are missing. At 100,000 mem0's local
stores take minutes to fill and more than a second a search: what takes longer than --seconds is asked less often, and
what would take longer than --patience to fill is left out, with a line that says so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from benchmark import machine
from benchmark_parts import fill, parts_of, percentile
from compare_data import DIMENSIONS, Texts, Vectors
from compare_mem0_sides import LABELS, Bench, Child, installed
from stores import URL, Stores, remove

from memoryengine import AsyncMemoryEngine
from memoryengine.beliefs import Then
from memoryengine.ports import KeywordQuery, Query, Search, Vector, VectorQuery
from memoryengine.reader import store_queries
from memoryengine.records import MEMORIES
from memoryengine.text import content_terms, terms
from memoryengine.values import Scope

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "memoryengine" / "mem0"
WARM = 10
ASKED_FOR_RECALL = 50
TOP = 20
SEED, QUESTIONS = 1, 2
SCAN = "flat float32 scan (matrix @ question)"


# --- what is measured -------------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """The seconds that something took, and those that the processor worked for it in that process."""

    whole: float
    worked: float


class Watch:
    """A stop watch."""

    def __init__(self) -> None:
        self._whole, self._worked = time.perf_counter(), time.process_time()

    def read(self) -> Spent:
        """What was spent since it was made."""
        return Spent(time.perf_counter() - self._whole, time.process_time() - self._worked)


@dataclass
class Line:
    """One line of the table: who is asked for so many memories, how, and what it took."""

    name: str
    size: int
    ask: Callable[[str], Awaitable[Spent]]
    took: list[Spent] = field(default_factory=list)

    def ms(self, percent: int) -> float:
        """A percentile in milliseconds."""
        return 1000 * percentile([one.whole for one in self.took], percent)

    @property
    def worked(self) -> float:
        """How long the processor worked, the median in milliseconds."""
        return 1000 * percentile([one.worked for one in self.took], 50)


async def retrieval_lines(bench: Bench, sizes: Sequence[int], patience: float) -> list[Line]:
    """Fill everything and say who is to be asked."""
    lines: list[Line] = []
    engines = {kind: await bench.engine("retrieval", kind) for kind in bench.kinds()}
    for size in sizes:
        texts, user = Texts(SEED), f"user{size}"
        vectors = bench.vectors.of([texts.next() for _ in range(size)])
        lines.append(Line(SCAN, size, scan(vectors, bench.vectors)))
        for kind, engine in engines.items():
            seconds = await fill(engine, user, size, Texts(SEED))
            print(f"{LABELS[kind]}: {size:,} memories committed with vectors in {seconds:.0f} s", flush=True)
            lines += [
                Line(LABELS[kind], size, retrieval(engine, user)),
                Line(f"{LABELS[kind]}, the store alone", size, searching(engine, user, bench.vectors)),
            ]
        for label, name in bench.others(str(size)).items():
            asked = {"name": name, "user": user, "size": size, "seed": SEED, "patience": patience}
            seconds, count = bench.child.ask("fill", **asked)
            print(f"{label}: {count:,} of {size:,} memories inserted in {seconds:.0f} s", flush=True)
            if count == size:
                lines.append(Line(label, size, asking(bench.child, name, user)))
            else:
                print(
                    f"{label}: not measured at {size:,}: filling it would take more than {patience:.0f} s", flush=True
                )
    for kind, engine in engines.items():
        for size in sizes:
            recall = await measured_recall(engine, f"user{size}", bench.vectors)
            print(f"{LABELS[kind]}: recall@{TOP} against an exact search, {size:,} memories: {recall:.4f}", flush=True)
    return lines


def scan(matrix: Any, vectors: Vectors) -> Callable[[str], Awaitable[Spent]]:
    """A flat scan of all vectors."""

    async def ask(question: str) -> Spent:
        vector = vectors.of([question])[0]
        watch = Watch()
        _ = matrix @ vector
        return watch.read()

    return ask


def retrieval(engine: AsyncMemoryEngine, user: str) -> Callable[[str], Awaitable[Spent]]:
    """A retrieval of ours."""

    async def ask(question: str) -> Spent:
        watch = Watch()
        await engine.user(user).retrieve(question)
        return watch.read()

    return ask


def queries_of(question: str, vector: Vector, top_k: int = 100) -> list[Query]:
    """What a retrieval asks of the store for a question with one part."""
    words = content_terms(question) or terms(question)
    asked = store_queries(Search(question, top_k=top_k), vector, Then())
    return [replace(one, terms=tuple(dict.fromkeys(words))) if isinstance(one, KeywordQuery) else one for one in asked]


def searching(engine: AsyncMemoryEngine, user: str, vectors: Vectors) -> Callable[[str], Awaitable[Spent]]:
    """The searches of a retrieval, asked of the store itself."""
    store, _ = parts_of(engine)
    questions = Texts(QUESTIONS + 2)  # others than the retrieval had just before, whose documents are at hand

    async def ask(_: str) -> Spent:
        question = questions.question()
        asked = queries_of(question, vectors.of([question])[0].tolist())
        watch = Watch()
        await store.search(Scope(user), asked)
        return watch.read()

    return ask


def asking(child: Child, name: str, user: str) -> Callable[[str], Awaitable[Spent]]:
    """A search of mem0."""

    async def ask(question: str) -> Spent:
        whole, worked, _ = child.ask("search", name=name, user=user, query=question)
        return Spent(whole, worked)

    return ask


async def measured_recall(engine: AsyncMemoryEngine, user: str, vectors: Vectors) -> float:
    """Which part of the 20 nearest is among the first 20 by vector, as a retrieval asks for them."""
    store, _ = parts_of(engine)
    size, texts, shares = int(user.removeprefix("user")), Texts(SEED), []
    contents = [texts.next() for _ in range(size)]
    matrix, questions = vectors.of(contents), Texts(QUESTIONS + 1)
    for _ in range(ASKED_FOR_RECALL):
        vector = vectors.of([questions.question()])[0]
        (found,) = await store.search(Scope(user), [VectorQuery(MEMORIES, vector.tolist())])
        exact = matrix @ vector
        least = np.partition(exact, size - TOP)[size - TOP]
        # equal texts have equal vectors, so it is scores that are compared
        shares.append(np.mean([2 * one.score - 1 >= least - 2e-6 for one in found[:TOP]]))
    return float(np.mean(shares))


async def measure(lines: Sequence[Line], turns: int, seconds: float) -> None:
    """Ask all lines in turns; one that has taken its time already is left out."""
    questions = Texts(QUESTIONS)
    for turn in range(WARM + turns):
        question = questions.question()
        for line in lines:
            if sum(one.whole for one in line.took) > seconds and len(line.took) >= WARM:
                continue
            took = await line.ask(question)
            if turn >= WARM or took.whole > 1:
                line.took.append(took)


# --- many users, memory and ingest ------------------------------------------------------------------------------


async def measure_users(bench: Bench, users: int, turns: int) -> None:
    """One user of 1,000 alone, and among as many others as are given."""
    for kind in bench.kinds():
        alone, among = await bench.engine("alone", kind), await bench.engine("users", kind)
        await fill(alone, "user0", 1_000, Texts(SEED))
        for number in range(users):
            await fill(among, f"user{number}", 1_000, Texts(SEED + number))
        pair = [
            Line("one user of 1,000", 1_000, retrieval(alone, "user0")),
            Line(f"one of {users} users of 1,000", 1_000, retrieval(among, "user0")),
        ]
        await measure(pair, turns, 60)
        one, many = (line.ms(50) for line in pair)
        print(f"{LABELS[kind]}: {pair[0].name} {one:.1f} ms, {pair[1].name} {many:.1f} ms, p50: {many / one:.2f}x")


def resident() -> float:
    """The memory of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


async def measure_memory(bench: Bench, size: int) -> None:
    """What the first retrieval of a user adds to this process."""
    engine = await bench.engine("retrieval", "sqlite")
    before = resident()
    await engine.user(f"user{size}").retrieve("the first question of all")
    grown = resident() - before
    plain = size * DIMENSIONS * 4 / 1e6
    print(f"ours, embedded: {size:,} memories take {grown:.0f} MB of memory (their vectors alone {plain:.0f})")


async def measure_ingest(bench: Bench, messages: int) -> None:
    """Messages a second, one a call and in batches of 100."""
    texts = Texts(SEED + 1000)
    made = [{"role": "user", "content": texts.next()} for _ in range(messages)]
    rates: dict[str, float] = {}
    for kind in bench.kinds():
        for name, batch in ((f"{LABELS[kind]}, one a call", 1), (f"{LABELS[kind]}, batches of 100", 100)):
            user = (await bench.engine(f"ingest{batch}", kind)).user("alice")
            times = 1 if batch == 1 else 10
            began = time.perf_counter()
            for turn in range(times):
                for start in range(0, messages, batch):
                    some = made[start : start + batch]
                    await user.add_messages([{**one, "id": f"{turn}-{start}-{n}"} for n, one in enumerate(some)])
            added = time.perf_counter() - began
            await user.retrieve("the first question of all")
            rates[name] = messages * times / added
            rates[f"{name}, found by vector too"] = messages * times / (time.perf_counter() - began)
    for label, name in bench.others("ingest").items():
        rates[f"{label}, one a call"] = messages / sum(
            bench.child.ask("add", name=name, user="alice", text=one["content"]) for one in made
        )
    best = max(rate for name, rate in rates.items() if name.startswith("mem0"))
    print(f"\n{'ingest of messages':<56}{'a second':>10}{'of mem0 s best':>16}".replace("0 s", "0's"))
    for name, rate in rates.items():
        print(f"{name:<56}{rate:>10,.0f}{rate / best:>15.1f}x")


# --- the table --------------------------------------------------------------------------------------------------


def table(lines: Sequence[Line], sizes: Sequence[int]) -> str:
    """p50 and p95 by line and size."""
    names = list(dict.fromkeys(line.name for line in lines))
    held = {(line.name, line.size): line for line in lines if line.took}
    said = [
        f"{'retrieval, p50 / p95 (processor) in ms':<42}" + "".join(f"{f'{size:,} memories':>28}" for size in sizes)
    ]
    for name in names:
        cells = [held.get((name, size)) for size in sizes]
        said.append(f"{name:<42}" + "".join(f"{_cell(one):>28}" for one in cells))
    return "\n".join([*said, "", *_ratios(held, sizes)])


def _cell(line: Line | None) -> str:
    return "-" if line is None else f"{line.ms(50):,.1f} / {line.ms(95):,.1f} ({line.worked:,.1f})"


def _ratios(held: Mapping[tuple[str, int], Line], sizes: Sequence[int]) -> list[str]:
    pairs = [
        (LABELS["sqlite"], SCAN, max(sizes), 1.2),
        (f"{LABELS['sqlite']}, the store alone", SCAN, max(sizes), 1.2),
        *((LABELS["elasticsearch"], "mem0, Elasticsearch", size, 1 / 3) for size in sizes),
        *((f"{LABELS['elasticsearch']}, the store alone", "mem0, Elasticsearch", size, 1 / 3) for size in sizes),
        *((LABELS["sqlite"], "mem0, default local store", size, 1.0) for size in sizes),
    ]
    said = []
    for one, other, size, bound in pairs:
        if (one, size) in held and (other, size) in held:
            ratio = held[one, size].ms(50) / held[other, size].ms(50)
            kept = "kept" if ratio <= bound else "MISSED"
            said.append(f"{one} / {other}, {size:,}, p50: {ratio:.2f}x (at most {bound:.2f}: {kept})")
    return said


async def compare(chosen: argparse.Namespace, folder: Path, child: Child) -> None:
    """Measure and print everything."""
    url, prefix = chosen.elasticsearch, f"compare-{os.getpid()}"
    stores = Stores(folder, url, prefix) if url else Stores(folder)
    try:
        async with AsyncExitStack() as stack:
            bench = Bench(stores, stack, child, folder, Vectors())
            lines = await retrieval_lines(bench, chosen.sizes, chosen.patience)
            await measure(lines, chosen.questions, chosen.seconds)
            print("\n" + table(lines, chosen.sizes), flush=True)
            if chosen.json:
                held = [
                    {"name": o.name, "size": o.size, "p50": o.ms(50), "p95": o.ms(95), "cpu": o.worked}
                    for o in lines
                    if o.took
                ]
                chosen.json.write_text(json.dumps({"machine": machine(), "figures": held}, indent=1) + "\n", "utf-8")
            await measure_memory(bench, max(chosen.sizes))
            await measure_users(bench, chosen.users, chosen.questions)
            await measure_ingest(bench, chosen.messages)
    finally:
        if url:
            await remove(url, prefix)


def main() -> int:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="memories of one user")
    parser.add_argument("--questions", type=int, default=100, help="how often each is asked (default: 100)")
    parser.add_argument("--users", type=int, default=100, help="how many users of 1,000 memories (default: 100)")
    parser.add_argument("--messages", type=int, default=200, help="how many messages one a call (default: 200)")
    parser.add_argument("--seconds", type=float, default=60, help="what each line may take in all (default: 60)")
    parser.add_argument("--patience", type=float, default=1200, help="for filling one store of mem0's (default: 1,200)")
    parser.add_argument("--elasticsearch", default=os.environ.get(URL, ""), metavar="URL", help=f"default: {URL}")
    parser.add_argument(
        "--venv", type=Path, default=CACHE, metavar="DIR", help=f"where mem0 is or comes (default: {CACHE})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of retrieval as JSON too")
    chosen = parser.parse_args()
    python = installed(chosen.venv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="memoryengine-")))
        child = Child(python, folder)
        stack.callback(child.close)
        about = {**machine(), "mem0ai": child.ask("version")}
        print(", ".join(f"{name} {value}" for name, value in about.items() if value) + "\n", flush=True)
        asyncio.run(compare(chosen, folder, child))
    return 0


if __name__ == "__main__":
    sys.exit(main())
