"""What a model says behind its JSON to take it back: neither what it said first nor what it says now is its word."""

from __future__ import annotations

import re

from ..errors import ModelAnswerError

_JSON = re.compile(r"[\[\]{}［］【】｛｝\"“”]|^[\s\d,，.]*$")
_TAKEN_BACK = re.compile(
    r"\b(?:corrections?|corrected|actually|on second thoughts?|scratch that|revised|wait|my mistake"
    r"|(?:ignore|disregard) (?:that|this|the (?:above|list|first))|i (?:was wrong|meant|made (?:a mistake|an error))"
    r"|should (?:have been|instead be)|instead of (?:that|the above)|(?:final|better) (?:answer|version|list))\b"
    r"|更正|修正|改正|纠正|其实|作废|请忽略|忽略(?:上面|以上|前面)|我(?:弄|搞|写)错|应该是|重新(?:回答|输出)"
    r"|最终(?:答案|版本|结果)",
    re.IGNORECASE,
)
_NOT_QUITE = re.compile(r"\b(?:but|however|except|although|though|only that)\b|不过|但是?|除了|只是", re.IGNORECASE)
_OTHERS_TURN = re.compile(r"\s*(?:#+\s*)?\**(?:user|human|assistant|system|用户|助手)\**\s*[:：]", re.IGNORECASE)


def check_meant(said: str, start: int, *, empty: bool) -> None:
    """Raise `ModelAnswerError` where lines behind the place `start`, at which JSON begins, take it back.

    So does a line that begins another turn of the conversation, and where the JSON is an `empty` list any "but".
    """
    for line in said[start:].splitlines():
        if _OTHERS_TURN.match(line):
            raise ModelAnswerError("The model's answer goes on with another turn; only the first is asked for.")
        if _JSON.search(line):
            continue
        if _TAKEN_BACK.search(line) or (empty and _NOT_QUITE.search(line)):
            raise ModelAnswerError(
                "The model's answer takes back what it says first; it must be one list, with nothing behind it."
            )
