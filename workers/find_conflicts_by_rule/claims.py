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
# Of these a person may well have two, so one with another value is likely another one.
_SEVERAL = re.compile(
    r"@(?:'s)?\s*(?:(?:older|younger|elder|eldest|youngest|little|big|best|good|old|close|former)\s+)*(?:brother|"
    r"sister|son|daughter|kid|child|"
    r"cousin|uncle|aunt|nephew|niece|grand(?:son|daughter|child)|friend|colleague|co-?worker|roommate|flatmate|"
    r"housemate|neighbou?r|classmate|client|"
    r"student|teacher|teammate|employee|assistant|coach)s?"
    r"|@的?(?:.*[哥弟姐妹叔伯姑姨舅侄甥]|[大小二]?儿子|[大小二]?女儿|孩子|宝宝|孙子|孙女|外孙|好?朋友|好友|闺蜜|哥们|"
    r"发小|室友|舍友|同桌|同学|邻居|同事|上司|下属|领导|经理|主管|"
    r"客户|合伙人|搭档|老师|教练|师傅|学生|徒弟|助理|亲戚|阿姨|婶婶|舅妈|姨妈|表.|堂.)"
)


def is_one_of_several(holder: str) -> bool:
    """Whether a holder is a relative or acquaintance, without a name, of whom a person may have two: "@'s friend"."""
    return bool(_SEVERAL.fullmatch(holder.strip()))


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing said of a holder.

    `family` "attribute" has one value at a time: `name` is the attribute ("residence") and `value` its terms. In the
    others `name` is the verb, "" where it does not matter, and `value` the terms of its object; they contradict by
    `negated`. A "quit" ends a liking and a habit alike. `ends` marks an attribute that holds no longer: with a value
    only that one, without any. `broad` marks a value that may hold others, a country beside a city; `narrow` one that
    others may hold, a district named without its city.
    """

    holder: str
    family: Family
    name: str
    value: frozenset[str]
    negated: bool = False
    ends: bool = False
    broad: bool = False
    narrow: bool = False


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
    # Who tells the district after the city has not moved; who tells another city after a district may have.
    return old.broad == new.broad and (old.narrow or not new.narrow)


def bare(content: str) -> str:
    """A memory's content without dates in brackets and without its last mark."""
    return _BRACKETS.sub("", content).strip().rstrip("。.!！")


def terms_of(text: str) -> frozenset[str]:
    """What a value is compared by: words, and of Chinese the bigrams, since 北京 and 南京 share a character."""
    found = frozenset(term for term in terms(text) if (len(term) > 1 or term.isdigit()) and term not in _ARTICLES)
    return found or frozenset(text.lower().split())
