"""Long texts in parts, and the checks of what came back for them: pure functions of the embedding and rerank models."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import ModelAnswerError
from ..text import clean
from .failures import Asked

T = TypeVar("T")

LARGEST = sys.float_info.max  # a whole number of JSON may be larger, and is no float then
BLANK = "."
"""What stands for a blank text, which endpoints refuse."""


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def parts_of(text: str, size: int) -> tuple[str, ...]:
    """The text, safe to send, in parts of at most `size` characters; never blank, never none."""
    safe = clean(text)
    found = tuple(part for part in (safe[i : i + size] for i in range(0, len(safe), size)) if part.strip())
    return found or (BLANK,)


def mean_vector(vectors: Sequence[Sequence[float]], weights: Sequence[int]) -> list[float]:
    """The weighted mean, of length 1; the one vector itself where there is one."""
    if len(vectors) == 1:
        return list(vectors[0])
    total = sum(weights)
    mean = [sum(v * w for v, w in zip(column, weights, strict=True)) / total for column in zip(*vectors, strict=True)]
    length = math.hypot(*mean)
    return [value / length for value in mean] if length > 1e-12 else list(vectors[0])


def in_order(asked: Asked, entries: object, count: int) -> list[Mapping[str, Any]]:
    """The entries of an answer by their `index`, which must be 0 to `count` - 1, once each."""
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ModelAnswerError(f"{asked} sent no list of results.")
    if len(entries) != count:
        raise ModelAnswerError(f"{asked} sent {len(entries)} results for {count} texts.")
    if not any("index" in entry for entry in entries):
        return entries
    placed = {index: entry for entry in entries if isinstance(index := entry.get("index"), int)}
    if set(placed) != set(range(count)):
        raise ModelAnswerError(f"{asked} numbered its {count} results wrongly: each index must come once.")
    return [placed[i] for i in range(count)]


def read_vector(asked: Asked, entry: Mapping[str, Any], dimensions: int) -> list[float]:
    """The vector of one entry: `dimensions` finite numbers that are not all zero."""
    raw = entry.get("embedding")
    if not isinstance(raw, list) or not {int, float}.issuperset(map(type, raw)):
        raise ModelAnswerError(f"{asked} sent a result that is no vector.")
    if len(raw) != dimensions:
        raise ModelAnswerError(
            f"{asked} gives vectors of {len(raw)} numbers, and the config says {dimensions}. Set dimensions: "
            f"{len(raw)} or, where the model can give {dimensions}, send_dimensions: true."
        )
    if not all(map(math.isfinite, raw)) or not any(raw):
        raise ModelAnswerError(f"{asked} sent a vector that is all zero or holds a number that is not finite.")
    return raw


def read_score(asked: Asked, entry: Mapping[str, Any], scores: str) -> float:
    """The relevance of one entry in [0, 1]; a `logit` is squeezed by the logistic function."""
    raw = entry.get("relevance_score", entry.get("score"))
    if not isinstance(raw, int | float) or isinstance(raw, bool) or not -LARGEST <= raw <= LARGEST:
        raise ModelAnswerError(f"{asked} sent a result without a finite relevance_score.")
    if scores == "logit":
        return 1 / (1 + math.exp(-raw)) if raw > -700 else 0.0
    if not -1e-6 <= raw <= 1 + 1e-6:
        raise ModelAnswerError(
            f"{asked} sent the relevance_score {raw:g}, which is outside 0 to 1. If this model gives logits, set "
            "scores: logit."
        )
    return min(1.0, max(0.0, float(raw)))
