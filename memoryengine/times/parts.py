"""What an expression says of a time, before it is known which moment is meant; the common ground of both languages."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

Unit = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
Pick = Literal["", "last", "this", "next", "coming"]
Every = Literal["", "any", "day", "week", "month", "year"]

FEW = (2, 7)
"""How many "a few" and 几 are."""


class Clock(NamedTuple):
    """A time of day; `sure` where it needs no guess between morning and afternoon."""

    hour: int
    minute: int | None = None
    sure: bool = False


class Reach(NamedTuple):
    """From `first` to `last` units away from the moment, both included; `turns` where the tense gives the sign."""

    unit: Unit
    first: int
    last: int
    turns: bool = False


class Shift(NamedTuple):
    """So many units before (negative) or after another time; `first` to `last` where they are days of the week."""

    unit: Unit
    steps: int
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """The fields an expression names; None or empty for those it does not.

    Plural names count from the moment (`days=-1` is yesterday, `weeks=0` this week), singular ones are the calendar's.
    `count` is the number of years a year stands for (10 in "the 1990s"), `slice` a part of the span, `scale` the span
    meant by a bare 月底 or 年底. A `weak` one means nothing until it is joined to another, a `vague` one is never what
    a text is mainly about while there is something better.
    """

    years: int | None = None
    year: int | None = None
    count: int = 0
    quarters: int | None = None
    quarter: int | None = None
    months: int | None = None
    month: int | None = None
    season: int | None = None
    festival: str = ""
    weeks: int | None = None
    weekday: int | None = None
    nth: int | None = None
    weekend: bool = False
    workdays: bool = False
    days: int | None = None
    day: int | None = None
    slice: str = ""
    scale: Literal["", "month", "year"] = ""
    part: str = ""
    clock: Clock | None = None
    moved: tuple[Unit, int] | None = None
    reach: Reach | None = None
    shift: Shift | None = None
    pick: Pick = ""
    every: Every = ""
    weak: bool = False
    vague: bool = False

    def names(self) -> frozenset[str]:
        """The fields that say something."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != f.default)


def from_now(unit: Unit, count: int) -> Parts:
    """So many whole units before (negative) or after the moment; minutes and hours to the minute and hour."""
    match unit:
        case "minute" | "hour":
            return Parts(moved=(unit, count))
        case "day":
            return Parts(days=count)
        case "week":
            return Parts(weeks=count)
        case "month":
            return Parts(months=count)
        case "quarter":
            return Parts(quarters=count)
        case "year":
            return Parts(years=count)


class Several(NamedTuple):
    """One expression that names several times: 每周一三五."""

    parts: tuple[Parts, ...]


class Between(NamedTuple):
    """One expression that names both ends of a span: 3-5 July."""

    first: Parts
    last: Parts


Meaning = Parts | Several | Between

_YEAR = frozenset({"year", "years"})
_MONTH = frozenset({"month", "months", "season", "quarter", "quarters", "festival"})
_WEEK = frozenset({"weeks", "weekday", "weekend", "workdays"})
_ALONE = frozenset({"reach", "moved"})
_FLAGS = frozenset({"weak", "vague", "every", "pick"})


def join(a: Parts, b: Parts) -> Parts | None:
    """Both as one time, or None where they cannot be one: a field twice, two months, a week and a month."""
    one, two = a.names() - _FLAGS, b.names() - _FLAGS
    together = one | two
    if one & two or (together & _ALONE and together - {"shift"} - _ALONE):
        return None
    if (a.pick and b.pick) or not (_fits(together) and _same_day(a, b, together)):
        return None
    merged = {name: getattr(b if name in two else a, name) for name in together}
    every: Every = a.every if b.every in ("", "any") and a.every else b.every
    return Parts(**merged, pick=a.pick or b.pick, every=every, vague=a.vague and b.vague)


def _fits(names: frozenset[str]) -> bool:
    if len(names & _YEAR) > 1 or len(names & _MONTH) > 1:
        return False
    if names & _YEAR and names & {"months", "quarters", "weeks"}:
        return False
    if "slice" in names and names & {"day", "days", "weekday", "weekend", "workdays", "clock", "part"}:
        return False
    if "day" in names and names & {"season", "quarter", "quarters", "festival", "weeks", "weekend", "workdays"}:
        return False
    if "count" in names and names & (_MONTH | _WEEK | {"day"}):
        return False
    precise = names & {"part", "clock"}
    return not precise or bool(names & (_WEEK - {"weeks"} | {"day", "days", "festival", "every"}) or names <= precise)


def _same_day(a: Parts, b: Parts, names: frozenset[str]) -> bool:
    """Whether the fields that name a day can name one and the same."""
    if "days" in names:
        today = a.days == 0 or b.days == 0
        return not names & (_MONTH | _WEEK | {"day", "year"}) and ("years" not in names or today)
    if names & _WEEK and names & (_MONTH | _YEAR):
        return "day" in names or "nth" in names
    return not ("weeks" in names and "weekday" not in names and "weekend" not in names and "day" in names)
