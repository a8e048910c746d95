"""Denials that nobody uttered: "is not allergic to peanuts", where all that was said is "I am allergic to peanuts"."""

from __future__ import annotations

import re

_ZH = re.compile(r"(?:并不|并没有?|不再|没有|[不没未])(?:是|会|能|太|很|再|对)?([\u4e00-\u9fff]{2})")
_EN = re.compile(r"\b(?:not|never|n't|no longer)\s+(?:(?:a|an|the|to|be|been|any|very|really|so|too)\s+)*([a-z]{4,})")
# Whoever says one of these may have denied what the statement denies, in other words.
_CUES = re.compile(
    r"[不没沒未无無非别別否戒停拒讨厌恶恨忌禁免缺曾]|以前|之前|从前|很少|除了|n't\b|\b(?:no|non|not|never|none|nobody|"
    r"nothing|nor|neither|without|stop\w*|quit\w*|g[ai]ve up|used to|anymore|former\w*|ex|hate\w*|dislike\w*|avoid\w*|"
    r"refus\w*|den\w+|lack\w*|hardly|rarely|seldom|barely|except|only|instead|rather|less|fail\w*|miss\w*|un\w+|free|"
    r"over|left|lost|ended|cannot)\b"
)


def denies_unasked(statement: str, near: str) -> bool:
    """Whether a statement denies a word of `near`, both folded, where nothing in `near` denies anything.

    Narrow on purpose: "cannot eat peanuts" follows from an allergy, and holds a word that was not said.
    """
    denied = [*_ZH.findall(statement), *(word for word in _EN.findall(statement.replace("n't", " n't")))]
    return any(word in near for word in denied) and not _CUES.search(near)
