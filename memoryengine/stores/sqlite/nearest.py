"""The vectors of one collection of one scope in memory, and the search for those that are nearest.

Where few vectors are compared, each is compared whole: that is exact. A look at every number of 100,000 vectors takes
as long as the memory needs to bring them, and nothing else is so dear in a search. So from `MANY` on, all are compared
in the 64 directions first in which they differ most (their principal directions, learned from a sample: a sixth of the
numbers where there are 384), and only those that are best there are compared whole. That an estimate misses nothing
cannot be known, but it is checked at every search: what it missed would have to gain more by the other directions than
any of those compared whole did, else more are compared whole, and at last all. Where that happens, as with vectors
that point everywhere alike, the estimate is not tried again for a while.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...ranking import unit
from .columns import Array
from .passing import Passing

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
MANY = 16_384
DIRECTIONS = 64
SAMPLE = 4_096
FIRST, MORE = 1_000, 6
"""How many are compared whole first (or eight times what is wanted), and how many times as many if they do not do."""
MOST_REST = 16
"""Where estimates do not help again and again, one is tried in so many searches."""
BLOCK = 128


class Nearest:
    """The vectors by row, all of length 1; a row that was given none is all zero."""

    def __init__(self) -> None:
        self._whole: Vectors = np.zeros((0, 0), np.float32)
        self._short: Vectors = np.zeros((0, 0), np.float32)  # the same in the directions that were learned
        self._directions: Vectors = np.zeros((0, 0), np.float32)
        self._size = 0
        self._learned = 0  # how many rows there were when the directions were learned
        self._failures = self._rest = 0

    @property
    def width(self) -> int:
        """How many numbers each vector has; 0 before the first."""
        return int(self._whole.shape[1])

    def add(self, rows: Array, vectors: Vectors, size: int) -> None:
        """Take the vectors of some rows in, of `size` rows that there are to be; `settle` must follow."""
        self._size = max(self._size, int(rows.max()) + 1)
        self._whole = _roomy(self._whole, max(size, self._size), vectors.shape[1])
        self._whole[rows] = vectors
        if self._learned:
            self._short = _roomy(self._short, len(self._whole), self._short.shape[1])
            self._short[rows] = vectors @ self._directions

    def settle(self) -> None:
        """Learn the directions, if there are many vectors more than when they were learned."""
        if self._size >= max(MANY, 2 * self._learned):
            self._learn(self._size)

    def _learn(self, size: int) -> None:
        self._directions = principal(self._whole[: size : max(1, size // SAMPLE)], DIRECTIONS)
        self._short = _roomy(self._short[:0], len(self._whole), self._directions.shape[1])
        for start in range(0, size, MANY):
            part = slice(start, start + MANY)
            self._short[part] = self._whole[part] @ self._directions
        self._learned, self._failures, self._rest = size, 0, 0

    def search(self, vector: Vectors, passing: Passing, top_k: int) -> tuple[Array, Scores]:
        """Rows that pass, the best `top_k` among them, and how near each is to a vector, as (1 + cosine) / 2."""
        if not passing.count or top_k <= 0 or not self.width:
            return passing.rows[:0], np.empty(0, np.float64)
        self._whole = _roomy(self._whole, len(passing.mask), self.width)
        self._short = _roomy(self._short, len(passing.mask), self._short.shape[1])
        rows, cosines = self._nearest(vector, passing, top_k)
        # beyond the sixth digit float32 depends on where a row lies, and equal texts should score equally
        return rows, unit(np.clip(np.round(cosines.astype(np.float64), 6), -1, 1))

    def _nearest(self, vector: Vectors, passing: Passing, top_k: int) -> tuple[Array, Vectors]:
        first = max(FIRST, 8 * top_k)
        if self._learned and passing.count > 4 * first and not self._rested():
            estimates = _dots(self._short, vector @ self._directions, len(passing.mask))
            if not passing.whole:
                estimates[~passing.mask] = -np.inf
            while passing.count > 4 * first:
                rows = np.argpartition(estimates, len(estimates) - first)[len(estimates) - first :]
                cosines = _some(self._whole, rows, vector)
                if _enough(cosines, estimates[rows], top_k):
                    self._failures = 0
                    return rows, cosines
                first *= MORE
            self._failures += 1
            self._rest = min(2**self._failures - 1, MOST_REST)
        if 4 * passing.count < len(passing.mask):
            return passing.rows, _some(self._whole, passing.rows, vector)
        cosines = _dots(self._whole, vector, len(passing.mask))
        return (passing.rows, cosines) if passing.whole else (passing.rows, cosines[passing.rows])

    def _rested(self) -> bool:
        if self._rest:
            self._rest -= 1
        return self._rest > 0


def principal(sample: Vectors, count: int) -> Vectors:
    """The `count` directions in which vectors differ most from zero, as columns (by subspace iteration)."""
    count = min(count, sample.shape[1])
    spread = min(count + 16, sample.shape[1])
    found = np.random.default_rng(0).standard_normal((sample.shape[1], spread)).astype(np.float32)
    for _ in range(4):
        found = np.linalg.qr(sample.T @ (sample @ found))[0]
    seen = sample @ found
    _, turned = np.linalg.eigh(seen.T @ seen)
    return np.ascontiguousarray((found @ turned[:, ::-1])[:, :count], np.float32)


def _enough(cosines: Vectors, estimates: Vectors, top_k: int) -> bool:
    """Whether a row behind the last estimate would have to gain more than any that was compared whole."""
    least = np.partition(cosines, len(cosines) - top_k)[len(cosines) - top_k]
    return bool(least - estimates.min() >= (cosines - estimates).max())


def _dots(rows: Vectors, vector: Vectors, size: int) -> Vectors:
    """The products of the first `size` rows with a vector.

    In blocks that are too small for the threads of a BLAS, which wait for one another on a busy machine (seen: 8 ms
    instead of 0.5).
    """
    blocks = -(-size // BLOCK)
    width = rows.shape[1]
    lines = 1 << max(1, min(BLOCK, 8_192 // width)).bit_length() - 1
    held = rows[: blocks * BLOCK].reshape(-1, lines, width)
    found: Vectors = np.matmul(held, np.ascontiguousarray(vector, np.float32)).reshape(-1)[:size]
    return found


def _some(rows: Vectors, chosen: Array, vector: Vectors) -> Vectors:
    found: Vectors = np.einsum("ij,j->i", rows[chosen], vector)
    return found


def _roomy(rows: Vectors, size: int, width: int) -> Vectors:
    """The rows themselves if there is room for `size`, else in room for half as many more, in whole blocks.

    What is not used yet is not touched, so the system need not give it.
    """
    if len(rows) >= size and rows.shape[1] == width:
        return rows
    larger = np.zeros((-(-max(size, len(rows) * 3 // 2) // BLOCK) * BLOCK, width), np.float32)
    larger[: len(rows)] = rows.reshape(len(rows), width) if len(rows) else 0
    return larger
