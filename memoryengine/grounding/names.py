"""The proper names that an observation holds, and whether each stands in what was said.

English names are told by their capitals, Chinese ones by what is written before or behind them and by a list of
places. A name counts as said in another form too: shortened, misspelt, as an adjective or by its initials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from .shortened import named_in_short, spellings
from .words import ALSO, ANIMALS, COMMON, NEUTRAL, PLACES, RELATIONS, SURNAMES

_WORD = re.compile(r"[A-Za-z\u00c0-\u024f][\w\u00c0-\u024f]*(?:['’.&-][\w\u00c0-\u024f]+)*")
_OPENS = re.compile(r"(?:\A|[.!?:;。！？：；\n])[\s\"'“”‘’(（\[*-]*\Z")
_TITLED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|[A-Z])\.\s*\Z")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9'’.&-]*[A-Za-z0-9]|[A-Z]")
_TITLE = re.compile(r"《([^《》]{1,40})》|「([^「」]{1,40})」")
_CALLED = re.compile(
    rf"(?:名叫|叫做|叫作|取名为?|起名为?|名为|名字是|名字叫|(?:{'|'.join((*ANIMALS, *RELATIONS))})叫)"
    r"(?P<name>[\u4e00-\u9fff]{1,6}?)(?=[，。,.的、；！\s]|\Z)"
)
_CALLED_SO = re.compile(
    rf"叫(?P<name>[\u4e00-\u9fff]{{1,6}}?)的[小大老]?(?:[\u4e00-\u9fff]{{0,2}}(?:{'|'.join((*ANIMALS, *RELATIONS))}))"
)
_PERSON = re.compile(
    rf"(?:{'|'.join(RELATIONS)}|叫|姓名是|名字是|认识了?)(?P<name>(?:[{SURNAMES}])[\u4e00-\u9fff]{{1,2}})"
)
_PLACED = re.compile(
    r"(?:住在|来自|搬到|搬去|前往|去过?|到过?|在|于|从|位于|毕业于|就读于|任职于|就职于)"
    r"(?P<name>[\u4e00-\u9fff]{2,8}?(?:市|省|县|大学|中学|小学|学院|医院|公司|银行|集团|机场))"
)
_PLACE = re.compile("|".join(sorted(PLACES, key=len, reverse=True)))
_HAN = re.compile(r"[\u4e00-\u9fff]")
SMALL = frozenset("a an and at by for from in is of on or the to with".split())  # noqa: SIM905  # not in titles
LEAST_PREFIX = 4
CLOSE = 0.8


def latin_names(text: str) -> Iterator[str]:
    """The capitalised words of an English statement that are surely names.

    Nothing where it is written in capitals throughout. A word that opens a sentence may be any word, so it counts
    only as the owner of something or where another name follows it.
    """
    words = list(_WORD.finditer(text))
    capitals = [w for w in words if w.group()[0].isupper()]
    if len(capitals) >= 3 and not any(w.group() not in SMALL for w in words if w.group()[0].islower()):
        return
    for place, match in enumerate(words):
        word = _bare(match.group())
        if not word[:1].isupper() or len(word) < 2 or word.casefold() in NEUTRAL:
            continue
        opens = _OPENS.search(text, 0, match.start()) and not _TITLED.search(text, 0, match.start())
        if opens and not _sure(match, words[place + 1 : place + 2]):
            continue
        yield word


def han_names(text: str) -> Iterator[str]:
    """The names in a Chinese statement that are surely names."""
    for match in _LATIN.finditer(text):
        if len(match.group()) > 1 and match.group().casefold() not in NEUTRAL:
            yield match.group()
    for match in _TITLE.finditer(text):
        yield match[1] or match[2]
    for pattern in (_CALLED, _CALLED_SO, _PLACED, _PERSON):
        for match in pattern.finditer(text):
            if not any(match["name"].startswith(word) for word in COMMON):
                # where a person's name ends is not written: its first two characters are surely part of it
                yield match["name"][:2] if pattern is _PERSON else match["name"]
    for match in _PLACE.finditer(text):
        # of a town with its province before it, the town is what was said
        if not _PLACE.match(text, match.end()):
            yield match.group()


def is_said(name: str, said: str) -> bool:
    """Whether a name stands in a folded text, as it is or in another form of it."""
    folded = name.casefold().replace("’", "'")
    if any(_stands(other, said) for other in (folded, *_other_names(folded))):
        return True
    if _HAN.search(folded):
        return _han_said(folded, said) or named_in_short(folded, said)
    words = _words(said)
    return (
        not spellings(folded).isdisjoint(words) or any(_same(folded, word) for word in words) or _initials(folded, said)
    )


def _stands(name: str, said: str) -> bool:
    """Whether a name stands in a text, and a short one in letters as a word of its own."""
    if name not in said or not name[:1].isascii() or len(name) >= LEAST_PREFIX:
        return name in said
    return bool(re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", said))


def _han_said(name: str, said: str) -> bool:
    """Most of the characters stand in the text: a name is often said with a title, a suffix or a part left out."""
    han = _HAN.findall(name.rstrip("市省县区") or name)
    held = sum(c in said for c in han)
    return held == len(han) if len(han) <= 3 else held * 4 >= len(han) * 3


@lru_cache(maxsize=256)
def _words(said: str) -> frozenset[str]:
    words = {_bare(w) for w in _WORD.findall(said)}
    parts = words | {part for word in words for part in re.split(r"[-'.&]", word) if part}
    return frozenset().union(*map(spellings, parts))


def _same(name: str, word: str) -> bool:
    if len(word) < 3 or (word[0] != name[0] and len(name) < 6):
        return name == word
    short, long = sorted((name, word), key=len)
    if long.startswith(short) and len(short) >= 3:
        return True
    if name[:LEAST_PREFIX] == word[:LEAST_PREFIX] and len(name) >= LEAST_PREFIX and abs(len(name) - len(word)) <= 4:
        return True
    return len(short) >= 4 and SequenceMatcher(None, name, word).ratio() >= CLOSE


def _initials(name: str, said: str) -> bool:
    """Whether a name is the initials of words that were said (NYC); the other way round needs the whole name."""
    letters = re.sub(r"[^a-z]", "", name)
    if not 2 <= len(letters) <= 5:
        return False
    words = re.findall(r"[a-z]+", said)
    large = [word for word in words if word not in ("of", "the", "and", "for", "de", "in")]
    return any(letters in "".join(word[0] for word in held) for held in (words, large))


@lru_cache(maxsize=512)
def _other_names(name: str) -> tuple[str, ...]:
    return tuple(other for group in ALSO if name in group for other in group if other != name)


def _bare(word: str) -> str:
    return re.sub(r"['’](?:s|S|re|ll|ve|d|m|t)?\Z", "", word).rstrip(".'’&-")


def _sure(match: re.Match[str], following: Iterable[re.Match[str]]) -> bool:
    """Whether a word that opens a sentence is a name: whose something is, or the first of two names."""
    if re.search(r"['’]s\Z", match.group()):
        return True
    after = next(iter(following), None)
    together = after is not None and after.start() - match.end() == 1
    return bool(together and after and after.group()[0].isupper() and after.group().casefold() not in NEUTRAL)
