"""The indices in memory of the embedded store against the plainest computation, where there are many documents."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memoryengine.ports import KeywordQuery, Patch, Writes
from memoryengine.ranking import bm25, idf
from memoryengine.stores.sqlite import SqliteStore, nearest
from memoryengine.stores.sqlite.columns import Array
from memoryengine.stores.sqlite.index import best
from memoryengine.stores.sqlite.nearest import MANY, Nearest
from memoryengine.stores.sqlite.passing import Passing
from memoryengine.stores.sqlite.postings import Postings
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, ENTRY, SPACE, note

DIMENSIONS = 96
COUNT = 20_000


def units(rows: Array) -> Array:
    made: Array = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return made


def clustered(chance: np.random.Generator, count: int) -> Array:
    centres = np.random.default_rng(5).standard_normal((50, DIMENSIONS))
    return units(centres[chance.integers(0, 50, count)] + 0.7 * chance.standard_normal((count, DIMENSIONS)))


def add(index: Nearest, rows: Array, vectors: Array) -> None:
    index.add(rows, vectors, int(rows.max()) + 1)
    index.settle()


def found(index: Nearest, vector: Array, passing: Passing, top_k: int) -> list[int]:
    return [row for row, _ in best(*index.search(vector, passing, top_k), top_k, NAMES)]


def wanted(vectors: Array, vector: Array, passing: Passing, top_k: int) -> list[int]:
    scores = (1 + np.round((vectors @ vector).astype(np.float64), 6)) / 2
    return [row for row, _ in best(passing.rows, scores[passing.rows], top_k, NAMES)]


def noted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets the number of directions of each comparison of all rows."""
    compared: list[int] = []
    whole = nearest._dots

    def dots(rows: Array, vector: Array, size: int) -> Array:
        compared.append(rows.shape[1])
        return whole(rows, vector, size)

    monkeypatch.setattr(nearest, "_dots", dots)
    return compared


NAMES = [f"d{row:06}" for row in range(2 * COUNT)]


def test_the_nearest_among_many_are_those_of_an_exact_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """With estimates, under any filter, while more come; and without them when they cannot help."""
    compared = noted(monkeypatch)
    chance = np.random.default_rng(1)
    vectors, index = clustered(chance, COUNT), Nearest()
    add(index, np.arange(COUNT - 500), vectors[:-500])
    add(index, np.arange(COUNT - 500, COUNT), vectors[-500:])
    everything = Passing(np.ones(COUNT, np.bool_))
    for mask in (
        everything.mask,
        chance.random(COUNT) < 0.6,
        chance.random(COUNT) < 0.02,
        np.arange(COUNT) > COUNT - 9,
    ):
        passing = Passing(mask)
        for vector in clustered(chance, 10):
            for top_k in (1, 20, 100):
                assert found(index, vector, passing, top_k) == wanted(vectors, vector, passing, top_k)
    assert compared.count(64) >= 55  # of 60 searches that many rows pass
    assert compared.count(DIMENSIONS) <= 5
    compared.clear()
    assert found(index, vectors[3], everything, COUNT) == wanted(vectors, vectors[3], everything, COUNT)
    assert compared == [DIMENSIONS]


def test_vectors_that_point_everywhere_alike_are_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check sees that the estimate is worth nothing; it is tried less and less often."""
    compared = noted(monkeypatch)
    monkeypatch.setattr(nearest, "DIRECTIONS", 8)
    chance = np.random.default_rng(2)
    vectors, index = units(chance.standard_normal((COUNT, DIMENSIONS))), Nearest()
    add(index, np.arange(COUNT), vectors)
    passing = Passing(np.ones(COUNT, np.bool_))
    for vector in units(chance.standard_normal((40, DIMENSIONS))):
        assert found(index, vector, passing, 20) == wanted(vectors, vector, passing, 20)
    assert compared.count(DIMENSIONS) == 40
    assert 3 <= compared.count(8) <= 7


def test_vectors_come_row_by_row_and_change() -> None:
    """Rows without a vector are never found; a changed vector counts, before and behind the learning."""
    chance = np.random.default_rng(3)
    vectors, index = clustered(chance, 2 * MANY), Nearest()
    mask = np.zeros(2 * MANY + 7, np.bool_)
    for start in range(0, 2 * MANY, MANY // 2):
        rows = np.arange(start, start + MANY // 2)
        add(index, rows, vectors[rows])
        mask[rows] = True
        vectors[start] = -vectors[start + 1]
        add(index, np.asarray([start]), vectors[start : start + 1])
        passing = Passing(mask[: start + MANY // 2 + 7].copy())
        for vector in (vectors[start], vectors[start + 5]):
            assert found(index, vector, passing, 10) == wanted(vectors, vector, passing, 10)
    assert found(index, vectors[0], Passing(np.zeros(9, np.bool_)), 10) == []
    assert found(Nearest(), vectors[0], Passing(np.ones(9, np.bool_)), 10) == []


def test_common_words_change_no_result() -> None:
    """What is left out because it cannot be among the best is not among them; words of every frequency, any filter."""
    chance = random.Random(4)
    words, weights = [f"w{n}" for n in range(3_000)], [1 / (n + 1) for n in range(3_000)]
    texts = [chance.choices(words, weights, k=chance.randint(1, 30)) for _ in range(COUNT)]
    postings = Postings()
    for start in range(0, COUNT, 7_000):
        part = range(start, min(start + 7_000, COUNT))
        postings.add(list(part), [" ".join(texts[row]).encode() for row in part])
    for share in (1.0, 0.5, 0.01):
        passing = Passing(np.asarray([chance.random() < share for _ in range(COUNT)]))
        rows = passing.rows.tolist()
        average = sum(len(texts[row]) for row in rows) / len(rows)
        for query in (["w0", "w1", "w700"], ["w0", "w2", "w30", "w400", "w1500", "no"], ["w0"], ["no"], ["w1", "w999"]):
            having = {term: sum(term in texts[row] for row in rows) for term in query}
            exact = {row: sum(
                bm25(idf(len(rows), having[t]), texts[row].count(t), len(texts[row]), average)
                for t in query if t in texts[row]
            ) for row in rows}  # fmt: skip
            for top_k in (1, 20, 100):
                chosen, scores, most = postings.best(query, passing, top_k)
                got = best(chosen, scores, top_k, NAMES)
                ordered = sorted(((s, -row) for row, s in exact.items() if s), reverse=True)[:top_k]
                assert [s for _, s in got] == pytest.approx([s for s, _ in ordered], abs=1e-9)
                assert all(s == pytest.approx(exact[row], abs=1e-9) for row, s in got)
                assert most == pytest.approx(sum(idf(len(rows), n) for n in having.values()))


async def test_what_is_read_again_belongs_to_who_reads_it(tmp_path: Path) -> None:
    """Documents that are kept are as they were written last, whatever was done to those that were given before."""
    one, other = SqliteStore(tmp_path / "one"), SqliteStore(tmp_path / "one")
    await one.open(COLLECTIONS, SPACE)
    await other.open(COLLECTIONS, SPACE)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(one.close)
        stack.push_async_callback(other.close)
        await one.append(ALICE, "note", [note("a", "guitar", metadata={"k": "v"}, rank=1), note("b", "guitar", rank=2)])
        query = KeywordQuery("note", ("guitar",))
        (first,) = await one.search(ALICE, [query])
        held: Any = first[0].document.fields["metadata"]
        held["k"] = "changed"
        (again,) = await one.search(ALICE, [query])
        assert again[0].document.fields["metadata"] == {"k": "v"}
        await other.commit(ALICE, Writes(patch=(Patch("note", "b", {"rank": 7}),), entry=ENTRY), expect=0)
        (patched,) = await one.search(ALICE, [query])
        assert [match.document.fields["rank"] for match in patched] == [1, 7]
        put = note("b", "guitar guitar", rank=8)
        await other.commit(ALICE, Writes(put=(("note", put),), delete=(("note", "a"),), entry=ENTRY), expect=1)
        (left,) = await one.search(ALICE, [query])
        assert [(match.document.id, match.document.fields["rank"]) for match in left] == [("b", 8)]
        (whole,) = await one.get(ALICE, "note", ["b"])
        assert whole == replace(left[0].document, terms=("guitar", "guitar"))
