"""Sittings, order and talk in English questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ..times.numbers import EN_NUMBER, en_number, ordinal
from .places import Named, each_sitting, sitting, spaced

_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNITS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_ORDINAL = (
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)\b|(?:{_TENS})[-\s](?:{_UNITS})\b|(?:{_UNITS}|tenth|eleventh|twelfth|thirteenth"
    r"|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|fortieth|fiftieth)\b)"
)
_COUNT = rf"(?:(?!an?\b){EN_NUMBER})\b(?![:./%]\d)"
_NOT_A_UNIT = r"(?! (?:minute|hour|day|week|month|year|people|person|time|percent|o'clock|am\b|pm\b))"
_SITTING = r"(?:session|conversation|discussion|chat|sitting|dialogue|dialog)"
_OURS = r"(?:(?:our|the|my|your|that|those|this|these) )?(?:very )?"
# These words are also about other things, so that they need somebody who had it together.
_TOGETHER = r"(?:our|my) (?:very )?{} (?:talk|meeting|call|exchange|meetup|catch-?up)"
_THROUGH = r"\s*(?:-|to|through|thru|until|till|and|&|or)\s*(?:the )?"
_MEET = r"(?:talk|spoke|speak|chat|discuss|convers|met\b|meet|catch|caught|saw each|see each|connect|hung|hang|text)"
_TIME = (
    r"(?:the |our )?(?:very )?{} time"
    r"(?: (?:that )?(?:we|i)(?: have|'ve|'d| had| both)? (?:ever )?" + _MEET + r"\w*)?"
)
# What somebody did "for the first time" is no first of what is asked.
_NO_FOR = r"(?<!for\s)(?<!for\sthe\s)(?<!for\sthe\svery\s)"
_LAST = r"(?:last|latest|previous|(?:most )?recent|past|preceding|final)"
_SINCE = re.compile(r"\b(?P<side>since|after|following|before|prior to|until|till|up to)\s+\Z")

_FROM_END = {
    "penultimate": -2, "second to last": -2, "second-to-last": -2, "second last": -2, "next to last": -2,
    "next-to-last": -2, "last but one": -2, "third to last": -3, "third-to-last": -3, "third from last": -3,
}  # fmt: skip
_FROM_END_WORD = "|".join(sorted(_FROM_END, key=len, reverse=True))


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    n, noun = rf"(?P<a>{_ORDINAL})", rf"{_SITTING}s?\b"
    return {
        "span": spaced(rf"\b{_OURS}{n}(?: {noun})?{_THROUGH}{_OURS}(?P<b>{_ORDINAL}) {noun}"),
        "numbers": spaced(
            rf"\b{_OURS}{_SITTING}s? (?:numbers? |nos?\.? ?)?#?(?P<a>{_COUNT})"
            rf"(?:(?:, {_COUNT})*,?{_THROUGH}(?:{_SITTING} )?#?(?P<b>{_COUNT}))?{_NOT_A_UNIT}"
        ),
        "numbered": spaced(
            rf"\b{_OURS}{_SITTING} ?(?:number |no\.? ?|nr\.? ?|# ?)(?P<a>{_COUNT})(?P<b>)",
        ),
        "many": spaced(rf"\b{_OURS}(?P<side>first|{_LAST}) (?P<a>{_COUNT}|few) {_SITTING}s\b"),
        "from_end": spaced(rf"\b{_OURS}(?P<a>{_FROM_END_WORD}) (?:{_SITTING}\b|time\b)"),
        "before_last": spaced(
            rf"\b(?:the |our )?(?:{_SITTING}|(?P<weak>time)) before (?:the |our )?(?:last|previous|latest)"
            rf"(?: {_SITTING}| one| time)?\b(?! (?:week|month|year|night|weekend))"
        ),
        "one": spaced(rf"\b{_OURS}{n} {_SITTING}\b"),
        "ours": spaced(rf"\b{_TOGETHER.format(n)}\b"),
        "last": spaced(rf"\b{_OURS}{_LAST} {_SITTING}\b(?! (?:i|we) had with (?!you))"),
        "our_last": spaced(rf"\b{_TOGETHER.format(_LAST)}\b"),
        "initial": spaced(rf"\b{_OURS}(?:initial|earliest|original|opening) {_SITTING}\b"),
        "ago": spaced(
            rf"\b(?:(?P<few>(?:a )?few|several)|(?P<a>{EN_NUMBER})) {_SITTING}s? (?:ago|back|before|earlier)\b"
        ),
        "nth_time": spaced(rf"{_NO_FOR}\b{_TIME.format(f'(?P<a>{_ORDINAL})')}(?! for)"),
        "last_time": spaced(rf"{_NO_FOR}\b{_TIME.format(_LAST)}"),
        "when_we": spaced(
            rf"\bwhen (?:did )?(?:we|i) (?:(?P<side>first|last) {_MEET}\w*"
            rf"|{_MEET}\w* (?:for )?the (?P<too>first|last) time)"
        ),
    }


_AND_WHAT = spaced(
    r"\s*(?:,? ?(?:where|in which|when) we |(?:that )?(?:we|i) had )?(?:about|on|regarding|concerning|involving) (?=\w)"
)
_ORDER = spaced(
    rf"{_NO_FOR}\bthe (?:very )?(?P<a>first|last|most recent|latest|earliest)(?: \w+)?"
    r" (?:time|thing|topic|occasion|message|mention)s?\b"
    r"|\b(?:did|do|does|has|have|had|was|were|is|when)"
    r" (?:(?!(?:the|a|my|our|your|his|her|their|its|this|that)\b)[a-z]+ ){1,3}(?P<b>first|last) (?=[a-z]{2,})"
    r"|\b(?P<c>most recent(?:ly)?|latest|earliest|initially|originally|at first|to begin with)\b"
)
_LATE = ("last", "most recent", "most recently", "latest")


def sittings(text: str) -> Iterator[Named]:
    """The sittings that a folded text names, by number or as the first and last ones; overlapping ones too."""
    return each_sitting(_rules(), text, _sitting, _opened)


def _sitting(name: str, m: re.Match[str]) -> Named | None:
    held = m.groupdict()
    match name:
        case "span" | "numbers" | "numbered":
            first, last = _number(held["a"]), _number(held["b"] or held["a"])
            return _named(m, first, last) if first and last and first <= last <= 9999 else None
        case "many":
            many = 3 if held["a"] == "few" else _number(held["a"])
            return (many and (_named(m, 1, many) if held["side"] == "first" else _named(m, -many, -1))) or None
        case "from_end":
            back = _FROM_END[re.sub(r"\s+", " ", held["a"])]
            return _named(m, back, back, weak=m.group().endswith("time"))
        case "before_last":
            return _named(m, -2, -2, weak=bool(held["weak"]))
        case "one" | "ours" | "nth_time":
            number = _number(held["a"])
            return _named(m, number, number, weak=name == "nth_time") if number else None
        case "last" | "our_last" | "last_time":
            return _named(m, -1, -1, weak=name == "last_time")
        case "initial":
            return _named(m, 1, 1)
        case "ago":
            count = 0 if held["few"] else _number(held["a"])
            return _named(m, -count, -count) if count else _named(m, -4, -2)
        case _:
            first = (held["side"] or held["too"]) == "first"
            return _named(m, *((1, 1) if first else (-1, -1)), weak=True)


def _named(m: re.Match[str], first: int, last: int, *, weak: bool = False) -> Named:
    """A sitting; one "about cooking" is the first or last of these and not of all."""
    return sitting(m, first, last, weak=weak or _AND_WHAT.match(m.string, m.end()) is not None)


def _opened(named: Named, text: str) -> Named:
    """The sittings since, after or before those that are named."""
    lead = _SINCE.search(text, max(0, named.start - 20), named.start)
    if lead is None or named.sessions is None or named.weak:
        return named
    match lead["side"]:
        case "since":
            span = named.sessions.since()
        case "after" | "following":
            span = named.sessions.after()
        case _:
            span = named.sessions.before()
    return named._replace(start=lead.start(), sessions=span)


def _number(words: str) -> int | None:
    words = re.sub(r"\s+", " ", words)
    tens, _, ones = words.replace("-", " ").partition(" ")
    if ones and (ordinal(ones) or 0) and en_number(tens):
        return (en_number(tens) or 0) + (ordinal(ones) or 0)
    tenths = {"fortieth": 40, "fiftieth": 50}
    return tenths.get(words) or en_number(words) or ordinal(words)


def orders(text: str) -> Iterator[Named]:
    """The words that ask for the first or the last of something: "the last time", "when did she first", "latest"."""
    for m in _ORDER.finditer(text):
        word = re.sub(r"\s+", " ", m["a"] or m["b"] or m["c"])
        place = m.span("b") if m["b"] else m.span()
        yield Named(*place, order="last" if word in _LATE else "first", weak=True)


_IMPERATIVE = spaced(
    r"\A\W*(?:(?:please|hey|hi|ok|okay|so|and|now|well|also|can|could|would|will|you|i'd|like|want|to|me|let's|do"
    r"|just)[ ,]+)*"
    r"(?P<x>tell|remind|show|give|list|summari[sz]e|recap|recall|review|describe|repeat|name|continue"
    r"|resume|where (?:did|had) we (?:leave|left|stop|stopped|end|ended)(?: off)?)\b(?: (?:me|us))?"
)


def imperative(text: str) -> tuple[int, int] | None:
    """Where the "tell me" of a question stands, which is about no telling."""
    m = _IMPERATIVE.match(text)
    return m.span("x") if m else None


_SAYING = (
    r"(?:say|says|said|saying|tell|tells|told|mention(?:s|ed)?|share[sd]?|ask(?:s|ed)?|write|wrote|written|texted"
    r"|messaged|bring|brought|do|done|doing)"
)
_WHOSE = spaced(
    rf"\b(?P<who>[\w']+)(?: have| had| has|'ve|'d)?(?: all| both| just| last| first| actually)? {_SAYING}\b"
)


def speaker(text: str, names: frozenset[str]) -> tuple[str, bool]:
    """Whose words or deeds are asked for: a role, and whether it is rather the one who is named."""
    for m in reversed(list(_WHOSE.finditer(text))):
        who = m["who"].removesuffix("'s")
        if who in ("i", "i've", "i'd"):
            return "user", False
        if who == "you":
            return ("assistant", False) if not _polite(text, m.start()) else ("", False)
        if any(name.split()[-1] == who for name in names):
            return "", True
    return "", False


def _polite(text: str, place: int) -> bool:
    """Whether a "you" belongs to "can you tell me"."""
    return re.search(r"\b(?:can|could|would|will) \Z", text[:place]) is not None
