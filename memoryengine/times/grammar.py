"""A grammar: a table of patterns with what each means, and the rules for digits that both languages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .parts import Between, Clock, Meaning, Parts

Match = re.Match[str]
Reading = Callable[[Match], Meaning | None]


@dataclass
class Grammar:
    """Patterns over lower-case text, in the order they were written, each with the reading of its matches.

    A space in a pattern stands for any white space. A group named `x` is the expression itself, where the pattern
    needs words around it. A rule is tried only where one of the pieces of text that it needs stands, which saves most
    of the time. The patterns are compiled with the first text that is read.
    """

    table: list[tuple[str, Reading, tuple[str, ...]]] = field(default_factory=list)

    def rule(self, *patterns: str, needs: str = "") -> Callable[[Reading], Reading]:
        """Add a rule: the decorated function reads what any of the patterns match."""

        def add(read: Reading) -> Reading:
            self.table.extend((pattern, read, tuple(needs.split())) for pattern in patterns)
            return read

        return add

    @cached_property
    def compiled(self) -> tuple[tuple[re.Pattern[str], Reading, tuple[str, ...]], ...]:
        """The table with its patterns compiled."""
        return tuple((re.compile(pattern.replace(" ", r"\s+")), read, needs) for pattern, read, needs in self.table)

    def matches(self, text: str, low: int, high: int) -> Iterator[tuple[int, int, Meaning]]:
        """What the rules read between two places of a folded text: start, end and meaning, rule by rule."""
        stretch = text[low:high]
        for pattern, read, needs in self.compiled:
            if needs and not any(piece in stretch for piece in needs):
                continue
            for match in pattern.finditer(text, low, high):
                meaning = read(match)
                if meaning is not None:
                    yield *(match.span("x") if "x" in pattern.groupindex else match.span()), meaning


numeric = Grammar()

_FRACTIONS = frozenset(
    {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (2, 5), (3, 5), (4, 5), (1, 8), (3, 8), (1, 10)}
)
_ON = re.compile(r"(?:\b(?:on|by|since|until|till|before|after|from|dated?|due)\s|[在到从于])\Z")
_AT = re.compile(
    r"(?:\A|\b(?:at|by|from|to|until|till|around|about|before|after|since)\s|[-,，。(（\u4e00-\u9fff])\s?\Z"
)


def in_calendar(year: int | None, month: int, day: int) -> Parts | None:
    """One day, or None where the numbers are no month and day."""
    return Parts(year=year, month=month, day=day) if 1 <= month <= 12 and 1 <= day <= 31 else None


@numeric.rule(
    r"(?<![\d.-])(?P<y>[12]\d{3})(?P<s>[-/.])(?P<mo>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d|[-/.]\d)"
    r"(?:t(?P<h>[01]\d|2[0-3]):(?P<mi>[0-5]\d)(?::[0-5]\d(?:\.\d{1,9})?)?(?:z|[+-]\d\d:?\d\d)?)?",
    r"(?<![\d./-])(?P<y>(?:19|20)\d\d)(?P<mo>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?P<h>t\b)?(?![\d./-])",
)
def _iso(m: Match) -> Meaning | None:
    date = in_calendar(int(m["y"]), int(m["mo"]), int(m["d"]))
    if date is None or m["h"] is None or not m["h"].isdecimal():
        return date
    return Parts(year=date.year, month=date.month, day=date.day, clock=Clock(int(m["h"]), int(m["mi"]), sure=True))


@numeric.rule(r"(?<![\d./-])(?P<y>(?:19|20)\d\d)[-/](?P<mo>1[0-2]|0?[1-9])(?![\d/:-]|\.\d)")
def _year_month(m: Match) -> Meaning | None:
    return Parts(year=int(m["y"]), month=int(m["mo"]))


@numeric.rule(r"(?<![\d./-])(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>(?:19|20)\d\d)(?!\d|[-/]\d)")
def _day_month_year(m: Match) -> Meaning | None:
    """7/3/2023 is 3 July as in the United States, unless that is no date; 3.7.2023 is 3 July as in Europe."""
    first, second = int(m["a"]), int(m["b"])
    if m["s"] == "." or first > 12:
        first, second = second, first
    return in_calendar(int(m["y"]), first, second)


@numeric.rule(r"(?<![\d./\w-])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/%a-z-]|\.\d|\s?(?:cups?|inch|of\b))")
def _month_day(m: Match) -> Meaning | None:
    """7/3 is 3 July; 24/7 and the usual fractions are no dates unless a preposition says so."""
    month, day = int(m["a"]), int(m["b"])
    if {(month, day)} & (_FRACTIONS | {(24, 7)}) and not _ON.search(m.string, max(0, m.start() - 8), m.start()):
        return None
    return in_calendar(None, day, month) if month > 12 else in_calendar(None, month, day)


@numeric.rule(r"(?<![\d:.])(?P<h>[01]?\d|2[0-3]):(?P<mi>[0-5]\d)(?::[0-5]\d)?(?![\d:]|\s?[ap]\.?m\b)")
def _clock(m: Match) -> Meaning | None:
    sure = int(m["h"]) > 12 or m["h"].startswith("0")
    said = sure or _AT.search(m.string, max(0, m.start() - 8), m.start()) is not None
    return Parts(clock=Clock(int(m["h"]), int(m["mi"]), sure), weak=not said)


@numeric.rule(
    r"(?<![\d./-])(?P<a>(?:19|20)\d\d)\s?(?:-|~|to|until|through|年?[到至])\s?(?P<b>(?:19|20)\d\d)(?!\d|[-/.:月])年?"
)
def _years(m: Match) -> Meaning | None:
    first, last = int(m["a"]), int(m["b"])
    return Between(Parts(year=first), Parts(year=last)) if first < last else None
