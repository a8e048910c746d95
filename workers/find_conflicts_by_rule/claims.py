"""What a memory claims, in a form that two memories can be compared by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from memoryengine.text import terms

Family = Literal["attribute", "liking", "habit", "quit", "other"]
HUMAN = "@"
_ARTICLES = frozenset(("the", "an", "of", "and", "is"))
_BRACKETS = re.compile(r"\s*[(（][^()（）]*\d[^()（）]*[)）]")


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing said of a holder.

    `family` "attribute" has one value at a time: `name` is the attribute ("residence") and `value` its terms. In the
    others `name` is the verb, "" where it does not matter, and `value` the terms of its object; they contradict by
    `negated`. A "quit" ends a liking and a habit alike. `ends` marks an attribute that holds no longer: with a value
    only that one, without any. `broad` marks a value that may hold others, a country beside a city.
    """

    holder: str
    family: Family
    name: str
    value: frozenset[str]
    negated: bool = False
    ends: bool = False
    broad: bool = False


def contradicts(old: Claim, new: Claim) -> bool:
    """Whether both cannot hold at the same time."""
    if old.holder != new.holder:
        return False
    if old.family == "attribute" or new.family == "attribute":
        return old.family == new.family and old.name == new.name and _other_value(old, new)
    if old.negated == new.negated or not old.value or not new.value:
        return False
    families = {old.family, new.family}
    if new.family == "quit" and new.value <= old.value and old.family == "habit" and old.name == new.name:
        return True
    if old.value != new.value:
        return False
    if "quit" in families:
        return "other" not in families or old.name == new.name
    return len(families) == 1 and (old.name == new.name or old.family == "liking")


def _other_value(old: Claim, new: Claim) -> bool:
    if old.ends and new.ends:
        return False
    if old.ends or new.ends:
        return not (old.value and new.value) or bool(old.value & new.value)
    if not old.value or not new.value or old.value <= new.value or new.value <= old.value:
        return False
    return old.broad == new.broad


def bare(content: str) -> str:
    """A memory's content without dates in brackets and without its last mark."""
    return _BRACKETS.sub("", content).strip().rstrip("。.!！")


def terms_of(text: str) -> frozenset[str]:
    """What a value is compared by: words, and of Chinese the bigrams, since 北京 and 南京 share a character."""
    found = frozenset(term for term in terms(text) if (len(term) > 1 or term.isdigit()) and term not in _ARTICLES)
    return found or frozenset(text.lower().split())
