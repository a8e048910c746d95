"""The two formulas that turn a match into a score, the same for every store."""

from __future__ import annotations

import math
from typing import Any

K1 = 1.5
B = 0.75


def idf(count: int, having: int) -> float:
    """The weight of a term that `having` of `count` documents hold (the variant of Lucene, never negative)."""
    return math.log(1 + (count - having + 0.5) / (having + 0.5))


def bm25(weight: float, frequency: Any, length: Any, average: float) -> Any:
    """One term's part of a document's BM25 score (Robertson and Zaragoza 2009, k1 = 1.5, b = 0.75).

    `weight` is the term's `idf`, `frequency` how often the document holds it, `length` the document's number of terms
    and `average` the mean length. Works on numbers and on numpy arrays alike.
    """
    return weight * frequency / (frequency + K1 * (1 - B + B * length / average))


def unit(cosine: float) -> float:
    """A cosine in [-1, 1] as a score in [0, 1]."""
    return min(1.0, max(0.0, (1.0 + cosine) / 2.0))
