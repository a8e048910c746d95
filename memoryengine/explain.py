"""Why a hit stands where it stands, and what was left out by what: the numbers of a retrieval, and a table of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from unicodedata import category, east_asian_width

from .trace import CUT
from .values import Hit, Locale, Message
from .workflow import StepTrace

HITS = "hits"
DIGITS = 3
GAP = "  "
LINES = 2  # of a text
WIDEST_TEXT, NARROWEST_TEXT = 60, 29  # columns of a terminal; a Chinese character takes two


@dataclass(frozen=True, slots=True)
class Reason:
    """One channel of a hit: `value` in [0, 1] times `weight` is `part`, what it adds to the score.

    `weight` has every factor in it. A channel that adds nothing has no weight, and a part that no channel stands for
    (what a worker took off, for instance) has no value; both are None then. `rank` is the place of the hit in the
    search of this name, from 1, None where that did not find it.
    """

    channel: str
    value: float | None
    weight: float | None
    part: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """`count` hits that the step `by` left out; `reason` says by which rule, "" where the worker did not tell."""

    by: str
    count: int
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.count} by {self.by}" + (f" ({self.reason})" if self.reason else "")


def reasons(hit: Hit) -> tuple[Reason, ...]:
    """The channels of a hit, what adds most first; their parts add up to its score if they are all it was made of."""
    names = sorted({*hit.channels, *hit.parts, *hit.ranks}, key=lambda name: (-hit.parts.get(name, 0.0), name))
    return tuple(_reason(hit, name) for name in names)


def _reason(hit: Hit, name: str) -> Reason:
    value, part = hit.channels.get(name), hit.parts.get(name)
    weight = part / value if part is not None and value else None
    return Reason(name, value, weight, part or 0.0, hit.ranks.get(name))


def ahead(hit: Hit, other: Hit) -> tuple[tuple[str, float], ...]:
    """By which channels a hit gained on another, and how much of the score each made, the most first."""
    names = {*hit.parts, *other.parts}
    gains = {name: hit.parts.get(name, 0.0) - other.parts.get(name, 0.0) for name in names}
    return tuple(sorted(((n, g) for n, g in gains.items() if g > 0), key=lambda one: (-one[1], one[0])))


def cuts(steps: Iterable[StepTrace]) -> tuple[Cut, ...]:
    """What the steps of a run left out of their hits, in the order in which they ended.

    A worker that told a reason (`trace.cut`) is believed; of any other step it is seen that fewer hits came out.
    """
    return tuple(cut for step in steps for cut in _cuts(step))


def _cuts(step: StepTrace) -> Iterator[Cut]:
    told = {note.removeprefix(CUT): count for note, count in step.notes.items() if note.startswith(CUT)}
    yield from (Cut(step.instance, count, reason) for reason, count in told.items())
    before, after = step.counts_in.get(HITS), step.counts_out.get(HITS)
    if not told and before is not None and after is not None and after < before:
        yield Cut(step.instance, before - after)


# --- the table --------------------------------------------------------------------------------------------------


def explanation(hits: Sequence[Hit], left_out: Sequence[Cut], locale: Locale, width: int | None = None) -> str:
    """A table of the hits with what each score is made of, and below it what was left out by what.

    The parts of a hit are rounded so that they add up to the score as it is shown. Texts are cut so that the table fits
    `width` columns, but it is never narrower than it must be for its numbers.
    """
    wide = max((len(one.channel) for hit in hits for one in _shown(hit)), default=0)
    after = (*hits[1:], None)
    made_of = [list(_made_of(hit, n, after[n - 1], wide)) for n, hit in enumerate(hits, 1)]
    numbers = max((len(line) for lines in made_of for line in lines), default=0) + len(GAP) * 3 + 8
    columns = WIDEST_TEXT if width is None else min(WIDEST_TEXT, max(NARROWEST_TEXT, width - numbers))
    rows: list[list[list[str]]] = [[["#"], ["score"], ["memory"], ["made of"]]]
    for place, (hit, lines) in enumerate(zip(hits, made_of, strict=True), 1):
        rows.append([[str(place)], [f"{hit.score:.{DIGITS}f}"], list(_memory(hit, locale, columns)), lines])
    return "\n".join([*(_table(rows) if hits else ()), _told(left_out)])


def _table(rows: Sequence[Sequence[Sequence[str]]]) -> Iterator[str]:
    """The lines of a table whose cells hold lines; wide characters count as what they take of a terminal."""
    wide = [max(_wide(line) for row in rows for line in row[column]) for column in range(len(rows[0]))]
    for row in rows:
        for lines in zip_longest(*row, fillvalue=""):
            cells = [line + " " * (most - _wide(line)) for line, most in zip(lines, wide, strict=True)]
            yield GAP.join(cells).rstrip()


def _memory(hit: Hit, locale: Locale, columns: int) -> Iterator[str]:
    """Kind and moment, and below them two lines of the text."""
    item = hit.item
    yield f"{hit.kind}, {locale.local(item.said_at):%Y-%m-%d %H:%M}"
    text = " ".join(item.content[: 2 * LINES * columns].split())
    shown = f"{item.speaker or item.role}: {text}" if isinstance(item, Message) else text
    for _ in range(LINES - 1):
        line, shown = _line(shown, columns)
        yield line
    if shown:
        yield shown if _wide(shown) <= columns else _line(shown, columns - 1, whole=False)[0] + "…"


def _line(text: str, columns: int, *, whole: bool = True) -> tuple[str, str]:
    """As much of a text as fits one line, to the end of a word where there is one, and the rest."""
    end = next((place for place in range(len(text), 0, -1) if _wide(text[:place]) <= columns), 0)
    space = text.rfind(" ", 0, end + 1)
    if whole and end < len(text) and space > end // 2:
        end = space
    return text[:end].rstrip(), text[end:].lstrip()


def _wide(text: str) -> int:
    """The columns that a text takes: two for a wide character, none for one that is joined to another."""
    return sum(_columns(character) for character in text)


@lru_cache(maxsize=4_096)
def _columns(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _shown(hit: Hit) -> list[Reason]:
    return [one for one in reasons(hit) if one.value or one.part or one.rank]


def _made_of(hit: Hit, place: int, after: Hit | None, wide: int) -> Iterator[str]:
    """One line for each channel, its name `wide` columns, and one that says what puts the hit before the next."""
    held = _shown(hit)
    parts = rounded({one.channel: one.part for one in held}, hit.score)
    for one in held:
        yield f"{one.channel:<{wide}}  {_sum(one, parts[one.channel])}{_place(one.rank)}"
    if after is not None:
        gains = ", ".join(f"{name} +{gain:.{DIGITS}f}" for name, gain in ahead(hit, after)[:2])
        if hit.score < after.score:
            gains = "a later step, not by score"
        yield f"ahead of {place + 1} by {gains}" if gains else f"level with {place + 1}"


def _sum(one: Reason, part: str) -> str:
    if one.weight is None:
        return f"{one.value:.{DIGITS}f}" + " " * 16 if one.value is not None else f"{'':13} = {part}"
    return f"{one.value:.{DIGITS}f} x {one.weight:.{DIGITS}f} = {part}"


def _place(rank: int | None) -> str:
    if rank is None:
        return ""
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"  {rank}{ending}"


def rounded(parts: Mapping[str, float], score: float, digits: int = DIGITS) -> dict[str, str]:
    """The parts with so many digits that what is shown adds up to the score as it is shown.

    Each is rounded down or up, those with the largest remainders up; where they do not make up the score, as of a
    worker that gives no parts, each is rounded for itself.
    """
    unit = 10.0**digits
    down = {name: int(part * unit // 1) for name, part in parts.items()}
    missing = round(float(f"{score:.{digits}f}") * unit) - sum(down.values())
    if abs(sum(parts.values()) - score) < 0.5 / unit and 0 <= missing <= len(parts):
        for name in sorted(parts, key=lambda name: down[name] - parts[name] * unit)[:missing]:
            down[name] += 1
        return {name: f"{count / unit:.{digits}f}" for name, count in down.items()}
    return {name: f"{part:.{digits}f}" for name, part in parts.items()}


def _told(cuts: Sequence[Cut]) -> str:
    told = ", ".join(map(str, cuts))
    return f"Left out: {told}." if told else "Nothing was left out."
