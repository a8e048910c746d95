"""The table that retrieval is judged by: a row for each kind of conversation, ours beside the best plain method.

Every row is the mean over its questions (of several sets: over all their questions together) of recall@10, or of
precision@10 where a question names only a time and all that was said then is evidence. The intervals hold 95 % of the
means of 10,000 samples, drawn with replacement from the questions (percentile bootstrap, Efron 1979; one fixed seed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from evaluation_scores import SIMPLE

SAMPLES, SEED = 10_000, 6
HEAD = (
    f"{'recall@10 in %':<38}{'n':>5}  {'best plain method':<22}{'tuned on':>9}"
    f"{'held out':>11}{'95 %':>11}{'all':>8}{'95 %':>11}{'must':>7}{'aim':>7}"
)
NOTE = "95 %: bootstrap over the questions. Best plain method: by the mean over all questions of the row, in this run."

Told = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """A line of the table: which questions of which sets, by which measure, and what must be reached in percent."""

    label: str
    sets: tuple[str, ...]
    must: float
    aim: float
    category: str = ""
    measure: str = "recall"
    embedder: bool = True


ROWS = (
    Row("locomo", ("locomo",), 80, 87),
    Row("locomo, embedder off", ("locomo",), 75, 82, embedder=False),
    Row("locomo_time, content and date", ("locomo_time",), 94, 98, "content_time"),
    Row("locomo_time, only a time (precision)", ("locomo_time",), 97, 99.5, "time_", "precision"),
    Row("locomo_plus", ("locomo_plus",), 34, 46),
    Row("realtalk", ("realtalk",), 69, 76),
    Row("memorybank, en + zh", ("memorybank_en", "memorybank_zh"), 97, 100),
    Row("madial, en", ("madial_en",), 76, 84),
    Row("madial, zh", ("madial_zh",), 67, 80),
    Row("memdaily", ("memdaily",), 88, 94),
    Row("beam, all three", ("beam_100k", "beam_500k", "beam_1m"), 60, 70),
)


@dataclass(frozen=True)
class Line:
    """What was measured for a row, in percent: ours by half with intervals, and the best plain method on all."""

    row: Row
    questions: int
    plain: tuple[str, float]
    tuned_on: float
    held_out: tuple[float, float, float]
    all: tuple[float, float, float]

    @property
    def reached(self) -> bool:
        """Whether both the half held out and all questions reach what the row must."""
        return min(self.held_out[0], self.all[0]) >= self.row.must


def lines(sets: Told, without: Told, mode: str = "messages") -> list[Line]:
    """The lines whose sets were all measured; `without` holds the sets measured with the embedder off."""
    chosen = [(row, sets if row.embedder else without) for row in ROWS]
    return [line(row, [held[name] for name in row.sets], mode) for row, held in chosen if set(row.sets) <= held.keys()]


def line(row: Row, sets: Sequence[Mapping[str, Any]], mode: str) -> Line:
    """One line from the questions of its sets."""
    asked = [q for held in sets for q in held["each"].values() if q["category"].startswith(row.category)]
    ours = [(q["tuned_on"], q[row.measure][mode]) for q in asked]
    means = {m: _percent([q[row.measure][m] for q in asked]) for m in SIMPLE if all(m in q[row.measure] for q in asked)}
    best = max(means, key=lambda method: means[method])
    halves = [[value for half, value in ours if half is wanted] for wanted in (True, False)]
    whole = [value for _, value in ours]
    return Line(
        row, len(asked), (best, means[best]), _percent(halves[0]), with_interval(halves[1]), with_interval(whole)
    )


def with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean in percent and the ends of its 95 % interval; all of it nan without values."""
    if not values:
        return (float("nan"),) * 3
    held = np.asarray(values)
    drawn = np.random.default_rng(SEED).integers(0, len(held), (SAMPLES, len(held)))
    low, high = np.percentile(held[drawn].mean(axis=1), (2.5, 97.5))
    return _percent(values), 100 * float(low), 100 * float(high)


def table(measured: Sequence[Line]) -> str:
    """The lines as a person reads them; * marks what does not reach its goal."""
    return "\n".join([HEAD, *map(_shown, measured), NOTE])


def _shown(line: Line) -> str:
    row, (method, plain) = line.row, line.plain
    intervals = [f"{mean:>{wide}.1f}{f'{low:.0f}-{high:.0f}':>11}" for wide, (mean, low, high) in
                 ((11, line.held_out), (8, line.all))]  # fmt: skip
    mark = "" if line.reached else " *"
    return (
        f"{row.label:<38}{line.questions:>5}  {plain:>5.1f} {method:<16}{line.tuned_on:>9.1f}"
        f"{''.join(intervals)}{row.must:>7g}{row.aim:>7g}{mark}"
    )


def _percent(values: Sequence[float]) -> float:
    return 100 * float(np.mean(values)) if values else float("nan")
