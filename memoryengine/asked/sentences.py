"""Which sentences of a text ask for something: a time in any other is told, and not asked about."""

from __future__ import annotations

import re

from .places import BLANK, without

_SENTENCE = re.compile(r"[^\s].*?(?:[.?!]+(?=\s|\Z)|[。！？?!…]+|(?=\n)|\Z)", re.DOTALL)
_ASKS = re.compile(
    r"[?？]|\b(?:what|when|who|whom|whose|where|which|why|how)\b"
    r"|\A\W*(?:(?:please|so|and|now|ok|okay|hey|hi|well)\W+)*(?:do|does|did|is|are|was|were|can|could|would|will|should|have"
    r"|has|had|tell|show|give|list|summari[sz]e|recap|recall|remind|review|describe|remember|name|find|search|let's|continue|resume)\b"
    r"|什么|啥|怎么|如何|多少|几[个次点号月年]|哪|谁|吗|呢|是否|有没有|是不是|告诉我|总结|回顾|概[括述]|列[出举]|回忆|说说|讲讲"
    r"|梳理|整理|复述|复盘|帮我|继续|接着"
)
_REMARK = re.compile(
    r"\b(?:i|i'm|i've|i'll|i'd|we|we're|we've|he|she|they|it's|you|my)\b.*\s.*\s.*\s|!\s*\Z|[吧啊呀哦啦。！~]\W*\Z|了",
    re.DOTALL,
)
# "On 2 May we talked a lot" sets the time for the question after it; "today the weather is fine" does not.
_TALKED = re.compile(
    r"\b(?:we|i|you)(?:'ve|'d|\s+(?:have|had|also|once|just|both|all))*\s+(?:talk|chat|discuss|spoke|mention|told|said|shar"
    r"|convers|brought)"
    r"|(?:我们|咱们)[^，。！？]{0,8}(?:聊|谈|讨论|说过|交流)"
    r"|(?:我|你)[^，。！？]{0,6}(?:跟|和|对|给|向|告诉)(?:你|我)|(?:我|你)[^，。！？]{0,6}(?:提到|说过|提过|聊到)"
)


def asking(text: str) -> str:
    """The folded text with blanks for the sentences that neither ask nor say when the two talked.

    Nothing is left of a remark; a few words that neither ask nor tell are a search, and stay.
    """
    sentences = [m.span() for m in _SENTENCE.finditer(text)]
    told = [place for place in sentences if not _ASKS.search(text[slice(*place)])]
    if len(told) < len(sentences):
        return without(text, [place for place in told if not _TALKED.search(text[slice(*place)])])
    return BLANK * len(text) if _REMARK.search(text) else text
