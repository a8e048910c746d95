"""The formulas that turn a match into a score, the same for every store."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors of one length, in [-1, 1] but for rounding; 0 where one of them is all zero."""
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(x * y for x, y in zip(one, other, strict=True)) / lengths if lengths else 0.0


def unit(cosine: Any) -> Any:
    """A cosine in [-1, 1] as a score in [0, 1]; works on numbers and on numpy arrays alike."""
    return (1.0 + cosine) / 2.0
