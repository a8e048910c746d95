"""Reading a question: its period, its sittings, its order, and what it names beside them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import cast

from ..times import Reading, read_times
from ..times.scan import fold
from ..times.tense import tense
from ..values import Period
from . import chinese, chinese_words, english, english_words
from .places import BLANK, Named, apart, without
from .sentences import asking
from .values import About, By, Sessions, TimeAsked

LONGEST = 400
"""The most characters of a question; what is longer is a text, and no time in it is asked about."""
MOST_READ = 2_000
"""The most characters that are looked at: the last ones, where the question stands."""
LATELY = timedelta(days=14)
SOON = timedelta(days=60)
MOST_NAMES = 3
LONGEST_NAME = 40

_SAID_AT = re.compile(
    r"(?:mention\w*|said|say|told|discuss\w*|talk\w*|chat\w*|spoke|conversation|session|shar\w+|response|messages?"
    r"|per|dated)"
    r"(?:\s+(?:\w+\s+){0,3}(?:on|in|from|of|during|at|for)|,)?\s*(?:the\s+)?\Z"
)
_WORD = re.compile(r"[a-z0-9][a-z0-9'’]*")
_AT_END = {"first": Sessions(1, 1), "last": Sessions(-1, -1)}
_AND = re.compile(r"\s*(?:,|and|or|&|和|与|及|、|，|或)\s*(?:in\s|on\s|the\s|在)*")
_ADVICE = re.compile(
    r"\b(?:should|shall|can|could|would|might|must)\s+(?:i|we)\b|\b(?:i|we)\s+(?:should|can|could)\b|\bwant\s+to\b"
    r"|(?:应该|适合)(?:做|干|去|聊|说|谈)|(?:可以|能)(?:做|干|去)(?!过)"
)
_DO = re.compile(r"\b(?!(?:to|what|how|when)\b)[a-z]+\s+(?:do|have)\b")
_HAN = re.compile(r"[\u3400-\u9fff]")


def read_time_asked(
    query: str, at: datetime, zone: tzinfo | None = None, *, speakers: Collection[str] = ()
) -> TimeAsked:
    """What a question asks about time, asked at the aware moment `at` in `zone` (by default its own).

    Only the sentences that ask are read, if there are such, and of a chat's last turns the last line. Of several
    periods it is the one at which something was said ("..., as mentioned on 3 July"), else the first that is not vague;
    "recently" and "every day" are none where anything but a time is asked about. A date that may lie before or after
    the moment lies before it where the question is about talking or its tense says so; else it is the coming one only
    if that is at most sixty days away. `speakers` are names that are known to be speakers': a question that names
    nothing but these and a time is about a time only.
    """
    query = query.rstrip().rpartition("\n")[2][-MOST_READ:]
    folded = asking(fold(query))
    if len(folded.replace(BLANK, "")) > LONGEST:
        return TimeAsked()
    named = apart((*english.sittings(folded), *chinese.sittings(folded)))
    blank = without(folded, [(n.start, n.end) for n in named if not n.weak])
    readings = _readings(query, blank, at, zone, talk=bool(named) or _talks(_plain(folded)))
    # 最近一次 is the last time and no fortnight, 最近三个月 is three months and no three times.
    readings = tuple(r for r in readings if not (r.vague and _meets(r, named)))
    places = [(r.start, r.end) for r in readings]
    named = [n for n in named if not any(_meets(r, [n]) for r in readings)]
    strong = any(not n.weak for n in named)
    asked = _asked(query, without(folded, places), named, _main(readings, folded), at, speakers)
    firm = tuple(r for r in readings if not (_is_loose(r, at) or (strong and r.vague)))
    return asked if asked.only and not strong else replace(asked, period=_main(firm, folded))


def _asked(
    query: str, bare: str, named: list[Named], period: Period | None, at: datetime, speakers: Collection[str]
) -> TimeAsked:
    """The question without its periods: what of the rest are sittings, an order, words of talk, names."""
    orders = apart((*english.orders(bare), *chinese.orders(bare)))
    command = english.imperative(bare)
    rest = without(bare, [(n.start, n.end) for n in (*named, *orders)] + ([command] if command else []))
    future = period is not None and period.start > at
    talk = _talks(rest)
    # "The first thing we talked about" is in the first sitting.
    ends = [n._replace(sessions=_AT_END[n.order]) for n in orders if talk and not (period or named)]
    named = [*named, *ends]
    names = _names(query, rest, future=future) if period or named else None
    again = period is not None and bool(period.recurs)
    asked = names is not None and not again and _is_asked(rest, command=command is not None, sitting=bool(named))
    only = asked and set(names or ()) <= set(speakers)
    weak = [n for n in named if n.weak]
    strong = [n for n in named if not n.weak] or (weak if only else [])
    ordered = [n for n in (*weak, *orders) if n.order and not any(n.start < s.end and s.start < n.end for s in strong)]
    order = (ordered or ends or [Named(0, 0)])[0].order
    about: About = "said" if talk or strong else "happened" if future or _happens(rest) else ""
    by, by_name = _speaker(rest, names or ()) if only else ("", False)
    return TimeAsked(
        period=period,
        only=only,
        order=order,
        sessions=strong[0].sessions if strong else None,
        about=about,
        names=(names or ()) if asked else (),
        by=by,
        by_name=by_name,
    )


def _is_loose(reading: Reading, at: datetime) -> bool:
    """Whether a time says little of when: "recently", which was recent when it was told, and every day."""
    period = reading.period
    lately = reading.vague and period.end > at and period.end - period.start >= LATELY
    return lately or period.recurs == "daily"


def _meets(reading: Reading, named: list[Named]) -> bool:
    return any(reading.start < n.end and n.start < reading.end for n in named)


def _readings(query: str, folded: str, at: datetime, zone: tzinfo | None, *, talk: bool) -> tuple[Reading, ...]:
    """The times of a question; those that might lie on either side of now are looked for in the past where it fits."""
    found = read_times(folded, at, zone)
    later = any(r.period.end > at for r in found)
    past = {(r.start, r.end): r for r in read_times(folded, at, zone, past=True)} if later else {}

    def meant(reading: Reading) -> Reading:
        before = past.get((reading.start, reading.end), reading)
        undecided = tense(folded, reading.start, reading.end) is None
        far = reading.period.start > at + SOON
        chosen = before if undecided and (talk or far) and before.period.start < reading.period.start else reading
        return chosen._replace(period=replace(chosen.period, text=query[chosen.start : chosen.end].strip()))

    return tuple(meant(reading) for reading in found)


def _main(readings: tuple[Reading, ...], folded: str) -> Period | None:
    """The period that a question is mainly about."""
    firm = [r for r in readings if not r.vague] or list(readings)
    if not firm:
        return None
    said = [n for n, r in enumerate(firm) if _SAID_AT.search(folded, 0, r.start)]
    first = last = said[-1] if said else 0
    while last + 1 < len(firm) and _AND.fullmatch(folded, firm[last].end, firm[last + 1].start):
        last += 1  # in June and July
    begin, end = firm[first].period, firm[last].period
    if first == last or begin.recurs or end.recurs or end.end <= begin.end:
        return begin
    return replace(begin, end=end.end, text=f"{begin.text} - {end.text}")


def _plain(text: str) -> str:
    """A question without its "tell me", which is about no telling."""
    command = english.imperative(text)
    return without(text, [command]) if command else text


def _talks(text: str) -> bool:
    return bool(english_words.TALK & set(_WORD.findall(text))) or any(word in text for word in chinese_words.TALK)


def _happens(text: str) -> bool:
    found = set(_WORD.findall(text)) & (english_words.HAPPEN - {"do", "does", "up"})
    return bool(found) or any(word in text for word in chinese_words.HAPPEN) or _DO.search(text) is not None


def _is_asked(rest: str, *, command: bool, sitting: bool) -> bool:
    """Whether a text asks for what was at a time: by a word of asking, or because it is but a time."""
    words = set(_WORD.findall(rest))
    if _ADVICE.search(rest) and not words & english_words.SAID:
        return False
    if command or "?" in rest or words & english_words.ASKING or any(word in rest for word in chinese_words.ASKING):
        told = bool(words & english_words.RECALL) or _talks(rest) or _happens(rest)
        return command or sitting or told or words <= english_words.CONNECTING
    return words <= english_words.CONNECTING and not _HAN.search(rest)


def _names(query: str, rest: str, *, future: bool) -> tuple[str, ...] | None:
    """The words that may be names of speakers, as they were written; None where other words stand there too.

    An English name has a capital, unless the whole question has none. Of the future, plans are no content.
    """
    small = query == query.lower()
    known = english_words.KNOWN | english_words.PLAN if future else english_words.KNOWN
    places = list(chinese.left_over(rest, future=future))
    for m in _WORD.finditer(rest):
        word = m.group().removesuffix("'s")
        if word in known:
            continue
        if word in english_words.NO_NAMES or not (small or query[m.start()].isupper()):
            return None
        places.append(m.span())
    if any(end - start < 2 for start, end in places):
        return None
    names = tuple(dict.fromkeys(re.sub(r"['’]s?\Z", "", query[start:end]) for start, end in _joined(places, rest)))
    return names if len(names) <= MOST_NAMES and all(len(name) <= LONGEST_NAME for name in names) else None


def _joined(places: list[tuple[int, int]], rest: str) -> list[tuple[int, int]]:
    """The places in order, those with but a blank between them as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and rest[joined[-1][1] : start] in ("", " ", ". "):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _speaker(rest: str, names: tuple[str, ...]) -> tuple[By, bool]:
    if _HAN.search(rest):
        by = chinese.speaker(rest)
        return cast(By, by), not by and len(names) == 1 and not any(word in rest for word in chinese_words.MUTUAL)
    if english_words.MUTUAL & set(_WORD.findall(rest)):
        return "", False
    role, by_name = english.speaker(rest, frozenset(n.lower() for n in names))
    return cast(By, role), by_name and len(names) == 1
