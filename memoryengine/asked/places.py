"""Where in a question something about time stands, and what is left of the question without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def sitting(m: re.Match[str], first: int, last: int, *, weak: bool) -> Named:
    """The sittings that a match names; only of a weak one the order counts."""
    sessions = Sessions(first, last)
    return Named(m.start(), m.end(), sessions, sessions.order if weak else "", weak)


def each_sitting(
    rules: Mapping[str, re.Pattern[str]],
    text: str,
    read: Callable[[str, re.Match[str]], Named | None],
    opened: Callable[[Named, str], Named],
) -> Iterator[Named]:
    """All that the rules of a language find in a folded text, each read and opened to what lies around it."""
    for name, pattern in rules.items():
        for m in pattern.finditer(text):
            found = read(name, m)
            if found:
                yield opened(found, text)


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
