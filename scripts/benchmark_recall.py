"""Measure how near the vector search of Elasticsearch comes to an exact one: recall@20 by index and candidates.

    python scripts/benchmark_recall.py [--sizes N ...] [--kinds KIND ...] [--vectors FILE.npy] [--quick]

The vectors are made with a seed: points of 384 numbers around as many centres as a hundredth of them, or, with
`--vectors`, the rows of a file, of which the last 200 are the questions. Each index is measured as it grew, in several
segments, and merged into one, which is the harder case; over all vectors, and under a filter that one of a hundred
passes. What is exact is computed by numpy. See stores.py for where the Elasticsearch is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from stores import Stores, stores

from memoryengine.filters import EVERYTHING, Filter, Is
from memoryengine.ports import Collection, Document, VectorQuery, VectorSpace, Writes
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.elasticsearch.layout import VectorIndex
from memoryengine.values import Scope

SEED = 20_241_026
DIMENSIONS = 384
QUESTIONS = 200
TOP = 20
PART = 1_000
SHARE = 100  # one of so many passes the filter
CANDIDATES = (100, 200, 500, 1_000)
ALICE = Scope("alice")
POINTS = Collection("points", {"group": "number"}, searchable=True)
FILTERS: dict[str, Filter] = {"all": EVERYTHING, "1 %": Is("group", 7)}

Matrix = npt.NDArray[np.float32]


def clustered(count: int) -> Matrix:
    """Unit vectors around centres; the noise is as long as the centre, so that clusters overlap."""
    rng = np.random.default_rng(SEED)
    centres = rng.standard_normal((max(10, count // 100), DIMENSIONS))
    points = centres[rng.integers(0, len(centres), count)] + rng.standard_normal((count, DIMENSIONS))
    return unit(points)


def unit(vectors: npt.NDArray[Any]) -> Matrix:
    """Of length 1."""
    whole: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return whole


def exact(vectors: Matrix, questions: Matrix, group: int | None) -> list[set[str]]:
    """The ids of the nearest, for each question."""
    rows = np.arange(len(vectors)) if group is None else np.arange(group, len(vectors), SHARE)
    nearest = np.argsort(-(questions @ vectors[rows].T), axis=1)[:, :TOP]
    return [{name(int(row)) for row in rows[one]} for one in nearest]


def name(row: int) -> str:
    """The id of a row."""
    return f"p{row:07d}"


async def fill(store: ElasticsearchStore, vectors: Matrix) -> None:
    """One document a vector."""
    for start in range(0, len(vectors), PART):
        rows = range(start, min(start + PART, len(vectors)))
        put = tuple((POINTS.name, Document(name(n), {"group": n % SHARE}, {})) for n in rows)
        writes = Writes(put=put, entry={"at": datetime.now(UTC).isoformat()})
        await store.commit(ALICE, writes, expect=start // PART)
        await store.attach(ALICE, POINTS.name, {name(n): vectors[n].tolist() for n in rows})


async def merge(store: ElasticsearchStore, prefix: str) -> None:
    """Make one segment of an index."""
    async with store.client.options(request_timeout=1_800) as client:
        await client.indices.forcemerge(index=f"{prefix}-points", max_num_segments=1)
        await client.indices.refresh(index=f"{prefix}-points")


async def measure(
    spec: dict[str, Any], vectors: Matrix, questions: Matrix, state: str, candidates: Sequence[int]
) -> None:
    """Print a line for each filter and number of candidates."""
    for label, where in FILTERS.items():
        wanted = exact(vectors, questions, 7 if where is not EVERYTHING else None)
        for count in candidates:
            store = ElasticsearchStore(**spec, candidates=count)
            await store.open([POINTS], VectorSpace("points", vectors.shape[1]))
            found, took = [], []
            for question in questions:
                began = time.perf_counter()
                (hits,) = await store.search(ALICE, [VectorQuery(POINTS.name, question.tolist(), where, TOP)])
                took.append(time.perf_counter() - began)
                found.append({match.document.id for match in hits})
            await store.close()
            shares = [len(one & other) / len(other) for one, other in zip(found, wanted, strict=True)]
            print(
                f"{len(vectors):>8,}  {spec['vector_index']:<10}{state:<12}{label:<5}{count:>6}"
                f"{np.mean(shares):>9.4f}{min(shares):>7.2f}{1000 * np.median(took):>9.1f} ms",
                flush=True,
            )


async def measure_all(made: Stores, chosen: argparse.Namespace) -> None:
    """Every size and kind, each index gone after it."""
    print(f"{'vectors':>8}  {'index':<10}{'state':<12}{'pass':<5}{'cand.':>6}{'recall':>9}{'least':>7}{'p50':>12}")
    for size in chosen.sizes:
        whole = clustered(size + QUESTIONS) if chosen.vectors is None else unit(np.load(chosen.vectors))
        vectors, questions = whole[:-QUESTIONS][:size], whole[-QUESTIONS:]
        for kind in chosen.kinds:
            spec = made.spec(f"{kind}-{size}", vector_index=kind)
            del spec["use"]
            store = ElasticsearchStore(**spec)
            await store.open([POINTS], VectorSpace("points", vectors.shape[1]))
            await fill(store, vectors)
            candidates = CANDIDATES[:1] if kind == "flat" else CANDIDATES
            await measure(spec, vectors, questions, "as it grew", candidates)
            await merge(store, spec["index_prefix"])
            await measure(spec, vectors, questions, "one segment", candidates)
            await store.close()
            await made.clear()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", default=[10_000, 100_000], help="how many vectors")
    parser.add_argument("--kinds", nargs="+", choices=get_args(VectorIndex), default=list(get_args(VectorIndex)))
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="vectors of one's own, a matrix as numpy saves it")
    parser.add_argument("--quick", action="store_true", help="2,000 vectors, to see that it runs")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.sizes = [2_000]
    with stores("elasticsearch") as made:
        asyncio.run(measure_all(made, chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
