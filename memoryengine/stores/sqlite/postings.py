"""The terms of one collection of one scope in memory, and the search by BM25 for those who hold some of them best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...ranking import K1, B, idf
from .columns import Array, grown
from .passing import Passing

Scores = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]
NONE = np.empty(0, np.int32)
WORTHWHILE = 4_096
"""If the terms left stand in fewer places than these, or than a quarter of the rows, they are simply looked at."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings of some rows: which term (by code) stands in which row how often, ordered by term."""

    codes: Array
    rows: Array
    counts: Array

    def of(self, code: np.int32) -> slice:
        """Where the postings of a term lie."""
        return slice(int(np.searchsorted(self.codes, code)), int(np.searchsorted(self.codes, code, side="right")))

    def __len__(self) -> int:
        return len(self.codes)

    def __add__(self, other: Segment) -> Segment:
        """The postings of both."""
        codes = np.concatenate((self.codes, other.codes))
        order = np.argsort(codes, kind="stable")
        rows = np.concatenate((self.rows, other.rows))[order]
        return Segment(codes[order], rows, np.concatenate((self.counts, other.counts))[order])


class Postings:
    """Which term stands in which row how often, and how many terms each row has."""

    def __init__(self) -> None:
        self._codes: defaultdict[bytes, int] = defaultdict()
        self._codes.default_factory = self._codes.__len__  # a new term gets the next number
        self._segments: list[Segment] = []
        self._lengths: Scores = np.empty(0, np.float64)
        self._of_passing: Passing | None = None
        self._total = 0.0
        self._norms: Scores = np.empty(0, np.float64)

    def add(self, rows: Sequence[int], lines: Sequence[bytes]) -> None:
        """Take in the terms of some rows, as `checks.check_terms` joined them."""
        if not rows:
            return
        self._of_passing = None
        codes = [self._codes[term] for term in b" ".join(lines).split(b" ")]
        lengths = [line.count(b" ") + 1 for line in lines]
        self._lengths = grown(self._lengths, max(rows) + 1, 0)
        self._lengths[list(rows)] = lengths
        self._join(np.asarray(codes, np.int64), np.repeat(np.asarray(rows, np.int64), lengths))

    def _join(self, codes: Array, rows: Array) -> None:
        pairs, counts = np.unique(codes << 32 | rows, return_counts=True)
        new = Segment((pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32), counts.astype(np.int32))
        # neighbours of like size are joined, so that there are few and each posting is moved seldom
        while self._segments and len(self._segments[-1]) < 2 * len(new):
            new = self._segments.pop() + new
        self._segments.append(new)

    def best(self, terms: Sequence[str], passing: Passing, top_k: int) -> tuple[Array, Scores, float]:
        """Rows that pass and hold one of the terms, the best `top_k` among them, their BM25, and the most it could be.

        The statistics are those of the rows that pass. The rarest terms come first; as soon as the others together are
        worth less than the `top_k`-th best row has, only rows that can still be among the best are looked at (the idea
        of MaxScore, Turtle and Flood 1995): common words cost little, and no result changes.
        """
        total, norms = self._statistics(passing)
        if not total or not terms or top_k <= 0:
            return NONE, np.empty(0, np.float64), 0.0
        found = [self._of(term, passing) for term in dict.fromkeys(terms)]
        weighed = [(idf(passing.count, len(rows)), rows, counts) for rows, counts in found]
        most = sum(weight for weight, _, _ in weighed)
        return *_scored(weighed, norms, top_k), most

    def _statistics(self, passing: Passing) -> tuple[float, Scores]:
        """How many terms the rows that pass have in all, and by row what BM25 makes of their number."""
        if self._of_passing is not passing:
            self._lengths = grown(self._lengths, len(passing.mask), 0)
            lengths = self._lengths[: len(passing.mask)]
            self._total = float(lengths.sum() if passing.whole else lengths[passing.mask].sum())
            self._norms = K1 * (1 - B + B * lengths * (passing.count / self._total if self._total else 0))
            self._of_passing = passing
        return self._total, self._norms

    def _of(self, term: str, passing: Passing) -> tuple[Array, Array]:
        # of the type of the codes, else numpy would convert all of them to that of the number
        code = np.int32(self._codes.get(term.encode("utf-8", "surrogatepass"), -1))
        places = [(segment, segment.of(code)) for segment in self._segments]
        held = [(segment.rows[place], segment.counts[place]) for segment, place in places if place.start < place.stop]
        if not held:
            return NONE, NONE
        rows, counts = held[0] if len(held) == 1 else map(np.concatenate, zip(*held, strict=True))
        if passing.whole:
            return rows, counts
        kept = passing.mask[rows]
        return rows[kept], counts[kept]


def _scored(weighed: Sequence[tuple[float, Array, Array]], norms: Scores, top_k: int) -> tuple[Array, Scores]:
    scores = np.zeros(len(norms), np.float64)
    ordered = sorted(weighed, key=lambda one: -one[0])
    left, places = sum(weight for weight, _, _ in ordered), sum(len(rows) for _, rows, _ in ordered)
    best, chosen = 0.0, None
    for weight, rows, counts in ordered:
        if best > left and places >= max(WORTHWHILE, len(norms) // 4) and _are_many(chosen, top_k):
            chosen = _promising(scores, left, top_k, chosen)
        places, left = places - len(rows), left - weight
        if chosen is not None:
            kept = chosen[rows]
            rows, counts = rows[kept], counts[kept]
        if len(rows):
            gained = scores[rows] + weight * counts / (counts + norms[rows])
            scores[rows] = gained
            best = max(best, float(gained.max()))
    held = np.flatnonzero(scores if chosen is None else chosen)
    return held, scores[held]


def _are_many(chosen: Chosen | None, top_k: int) -> bool:
    """Whether there is anything to gain by looking for fewer rows."""
    return chosen is None or int(np.count_nonzero(chosen)) > 4 * top_k


def _promising(scores: Scores, left: float, top_k: int, chosen: Chosen | None) -> Chosen | None:
    """Which rows can be among the best if they gain what is `left`; None while any row can."""
    held = scores[scores > left + 1e-9]  # while there are fewer of these, a row without a score could be among the best
    if len(held) < top_k:
        return chosen
    least = np.partition(held, len(held) - top_k)[len(held) - top_k]
    # a little less, for sums of the same numbers in another order differ in the last digit
    promising: Chosen = scores + left >= least - 1e-9
    return promising
