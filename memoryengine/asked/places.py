"""Where in a question something about time stands, and what is left of the question without it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .values import Order, Sessions

BLANK = "\u0001"


class Named(NamedTuple):
    """Sittings or an order that a stretch of text names.

    A `weak` one ("the third time", 上次) names a sitting only where nothing but talking is asked about; else what it
    says of the order holds.
    """

    start: int
    end: int
    sessions: Sessions | None = None
    order: Order = ""
    weak: bool = False


def without(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with blanks where these places were; it keeps its length."""
    for start, end in places:
        text = text[:start] + BLANK * (end - start) + text[end:]
    return text


def apart(found: Iterable[Named]) -> list[Named]:
    """Of what overlaps, the leftmost, and of these the longest."""
    kept: list[Named] = []
    for one in sorted(found, key=lambda n: (n.start, -n.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def words(table: str) -> frozenset[str]:
    """A table of words, parted by white space."""
    return frozenset(table.split())


def spaced(pattern: str) -> re.Pattern[str]:
    """A pattern in which a space stands for any white space."""
    return re.compile(pattern.replace(" ", r"\s+"))
