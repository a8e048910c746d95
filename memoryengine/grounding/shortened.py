"""Names said in short and written down in full, or with other accents: 北大, MIT, Müller and Mueller."""

from __future__ import annotations

import re
import unicodedata

from .words import PLACES

_KIND = re.compile(r"(?:国立)?(?P<stem>[\u4e00-\u9fff]{2,})(?P<kind>大学|学院|中学|小学|医院|公司|银行|集团|机场)\Z")
_COUNTED = re.compile(r"(?P<before>[\u4e00-\u9fff]*)第(?P<number>[一二三四五六七八九十]{1,3})(?P<kind>中|小)学\Z")
_CAPITALS = re.compile(r"(?<![A-Za-z])[A-Z]{3,6}(?![A-Za-z])")
_RUN = re.compile(r"[A-Z][\w'’-]*(?:,? (?:(?:of|and|the|for|de|in|at) ){0,2}[A-Z][\w'’-]*){2,9}")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})


def spellings(word: str) -> frozenset[str]:
    """A folded word as it is, without its accents, and as German and Danish write it without them."""
    if word.isascii():
        return frozenset({word})
    return frozenset({word, _without_accents(word.translate(_PLAIN)), _without_accents(word.translate(_GERMAN))})


def _without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def spelt_out(statement: str, said: str) -> frozenset[str]:
    """The words, folded, of the names in a statement of which the initials were said in capitals, three or more."""
    initials = set(_CAPITALS.findall(said))
    found: set[str] = set()
    for run in _RUN.finditer(statement) if initials else ():
        words = re.findall(r"[A-Z][\w'’-]*", run.group())
        for length in range(3, min(len(words), 6) + 1):
            for start in range(len(words) - length + 1):
                part = words[start : start + length]
                if "".join(word[0] for word in part) in initials:
                    found.update(word.casefold() for word in part)
    return frozenset(found)


def named_in_short(name: str, said: str) -> bool:
    """Whether of a Chinese school, firm or the like the short form was said: 清华 of 清华大学, 七中 of 第七中学.

    What was said of a town does not name what is called after it: 北京 is not 北京大学.
    """
    if counted := _COUNTED.search(name):
        return f"{counted['number']}{counted['kind']}" in said and all(c in said for c in counted["before"])
    match = _KIND.fullmatch(name)
    if match is None:
        return False
    stem = match["stem"]
    return (stem not in PLACES and stem in said) or any(short in said for short in _initials(stem, match["kind"]))


def covers_its_place(name: str, said: str) -> bool:
    """Whether the short form of a university that was said stands for the town in its name too: 北大, 北师大."""
    match = _KIND.fullmatch(name)
    return bool(match and any(s in said for s in _initials(match["stem"], match["kind"]) if s[0] == match["stem"][0]))


def _initials(stem: str, kind: str) -> tuple[str, ...]:
    if kind != "大学" or len(stem) not in (2, 4):
        return ()
    return (f"{stem[0]}大",) if len(stem) == 2 else (f"{stem[2]}大", f"{stem[0]}{stem[2]}大")
