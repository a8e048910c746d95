"""How well a number tells the questions that memory cannot answer: what a threshold rejects, and what it costs.

A question is rejected where its number is below the threshold. What a rejected question found counts for nothing, so
the cost is the recall@10 that the answerable questions lose, in points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_POINTS = 2.0


@dataclass(frozen=True)
class Point:
    """One threshold: the share of the unanswerable that it rejects in percent, and the points of recall it costs."""

    threshold: float
    rejected: float
    lost: float


@dataclass(frozen=True)
class Asked:
    """What is known of an answerable question (its recall@10 in [0, 1]) or of one that is not (None)."""

    signals: Mapping[str, float]
    recall: float | None = None
    marked: bool = False


def curve(asked: Sequence[Asked], signal: str) -> list[Point]:
    """The points of all thresholds that make a difference, from the one that rejects nothing on."""
    held = [(one.signals.get(signal, 0.0), one.recall) for one in asked]
    answerable = np.array([(number, recall) for number, recall in held if recall is not None]).reshape(-1, 2)
    traps = np.sort([number for number, recall in held if recall is None])
    if not len(answerable) or not len(traps):
        return []
    answerable = answerable[np.argsort(answerable[:, 0], kind="stable")]
    gone = np.concatenate([[0.0], np.cumsum(answerable[:, 1])])
    thresholds = np.unique([*(number for number, _ in held), np.nextafter(max(n for n, _ in held), np.inf)])
    below = np.searchsorted(answerable[:, 0], thresholds, side="left")
    rejected = np.searchsorted(traps, thresholds, side="left") / len(traps)
    lost = gone[below] / len(answerable)
    return [Point(float(t), 100 * float(r), 100 * float(c)) for t, r, c in zip(thresholds, rejected, lost, strict=True)]


def best(points: Sequence[Point], most: float = MOST_POINTS) -> Point:
    """The threshold that rejects most for at most so many points of recall."""
    return max((p for p in points if p.lost <= most), key=lambda p: (p.rejected, -p.lost), default=Point(0.0, 0.0, 0.0))


def shipped(asked: Sequence[Asked]) -> Point:
    """What the engine itself marks as unanswerable; the threshold is its own business and counts as 0 here."""
    answerable = [one for one in asked if one.recall is not None]
    traps = [one for one in asked if one.recall is None]
    if not answerable or not traps:
        return Point(0.0, 0.0, 0.0)
    lost = sum((one.recall or 0.0) for one in answerable if one.marked) / len(answerable)
    return Point(0.0, 100 * sum(one.marked for one in traps) / len(traps), 100 * lost)


def families(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Asked]]:
    """The questions of the sets that hold unanswerable ones, joined by the first word of their names."""
    found: dict[str, list[Asked]] = {}
    for name, measured in sets.items():
        traps = measured["detail"]["traps"]
        if traps:
            family = found.setdefault(name.partition("_")[0], [])
            family += [Asked(t["signals"], None, t["marked"]) for t in traps]
            family += [Asked(q["signals"], q["recall"], q["marked"]) for q in measured["detail"]["answerable"]]
    return found


def signals_of(asked: Sequence[Asked]) -> list[str]:
    """The numbers that are known of these questions, those first that reject most at their best threshold."""
    names = {name for one in asked for name in one.signals}
    return sorted(names, key=lambda name: (-best(curve(asked, name)).rejected, name))


def told_curves(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """A table: for each family what the shipped cut marks, and what each number would reject at its best threshold."""
    lines = [f"{'unanswerable questions':<26}{'asked':>7}{'traps':>7}  {'by':<18}{'rejected %':>11}{'points lost':>13}"]
    for family, asked in families(sets).items():
        traps = sum(one.recall is None for one in asked)
        rows = [("the shipped cut", shipped(asked))]
        rows += [(name, best(curve(asked, name))) for name in signals_of(asked)[:6]]
        for by, point in rows:
            lines.append(
                f"{family:<26}{len(asked) - traps:>7}{traps:>7}  {by:<18}{point.rejected:>11.1f}{point.lost:>13.1f}"
            )
    return "\n".join(lines) if len(lines) > 1 else "No set holds unanswerable questions."
