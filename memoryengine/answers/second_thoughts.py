"""What a model says behind its JSON to take it back: neither what it said first nor what it says now is its word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import ModelAnswerError

# What a model says when it is done, which takes nothing back: "Let me know if there are any corrections."
_POLITE = re.compile(
    r"(?:(?:please )?(?:let me know|tell me|feel free|ask)|i hope|sorry (?:for|about) (?:the|any) (?:wait|delay)"
    r"|如果?有|如需)[^.!\n。！]*",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\b(?:corrections?|corrected|actually|on second thoughts?|scratch that|revised|wait|sorry|wrong|mistakes?"
    r"|(?:ignore|disregard) (?:that|this|the (?:above|list|first))|i (?:meant|made an error)|the other way (?:a)?round"
    r"|should (?:have been|instead be)|instead of (?:that|the above)"
    r"|(?:final|better|right|correct|updated|new) (?:answer|version|list|json|one))\b"
    r"|更正|修正|改正|纠正|其实|作废|请忽略|忽略(?:上面|以上|前面)|我(?:弄|搞|写)错|有误|应该是|重新(?:回答|输出)"
    r"|更新后|(?:最终|正确)的?(?:答案|版本|结果|列表)|正确的是",
    re.IGNORECASE,
)
_NOT_QUITE = re.compile(r"\b(?:but|however|except|although|though|only that)\b|不过|但是?|除了|只是", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:and|plus|with) (?:\d+|several|many|some|a few|other) (?:more|others?|similar)\b"
    r"|\bto be continued\b|\bcontinued (?:in|on|below)\b"
    r"|\b(?:rest|remaining\b[^.\n]{0,20}|others?) (?:(?:is|are|was|were) )?(?:omitted|truncated)\b"
    r"(?![^.\n]{0,80}\b(?:because|since|as|greetings?|no)\b)"
    r"|(?:其余|其他|以下|剩余|余下|后面|后续)[^。\n]{0,6}(?:省略|从略)|未完|待续|[接见]下一?条",
    re.IGNORECASE,
)
_OTHERS_TURN = re.compile(
    r"^[\s#<>|]{0,6}\**(?:(?:user|human|assistant|system|instruction|response|input|lines|answer"
    r"|question|q|new (?:conversation|lines|messages)|example(?: \d)?|用户|助手)\W{0,3}[:：]"
    r"|#{2,}\s*(?:instruction|response|input)\b)",
    re.IGNORECASE | re.MULTILINE,
)


_EXAMPLE = re.compile(
    r"(?:\bfor example|\bfor instance|\be\.g\.|\bsuch as|例如|比如|示例|举例)[\s:：,，(（]*\Z", re.IGNORECASE
)


def check_meant(pieces: Sequence[str], *, empty: bool) -> None:
    """Raise `ModelAnswerError` where one of the texts around JSON values takes back a value that stands before it.

    So does one that says that there is more, a line that begins another turn of the conversation, where all is an
    `empty` list any "but", and where a value stands behind words for an example and another one follows.
    """
    if any(map(_EXAMPLE.search, pieces[:-2])):
        raise ModelAnswerError("The model's answer holds an example; it must be one list, with nothing beside it.")
    for text in pieces[1:]:
        told = _POLITE.sub("", text)
        if _OTHERS_TURN.search(told):
            raise ModelAnswerError("The model's answer goes on with another turn; only the first is asked for.")
        if _TAKEN_BACK.search(told) or (empty and _NOT_QUITE.search(told)):
            raise ModelAnswerError(
                "The model's answer takes back what it says first; it must be one list, with nothing behind it."
            )
        if _MORE.search(told):
            raise ModelAnswerError("The model's answer says that there is more; it must be one whole list.")
