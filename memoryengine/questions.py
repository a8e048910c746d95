"""What a question is after, read from its words by rule, in Chinese and English: parts, whose words, and its kind.

The same tables tell what a message is: a rule for the assistant, a wish, or something lasting that a person says of
himself. What is not recognised stays a plain question or a plain message, so a miss costs a little order and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from .courtesies import bare
from .text import content_terms, terms

Speaking = Literal["", "user", "assistant"]
LONGEST = 2_000
MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A question as read: what of its `text` is asked, in `parts` where that is several things.

    `said_by` is whose words it asks for. A `remark` tells instead
    of asking (a chat that goes on is none), and a `request` wants advice, a plan or a text.
    """

    text: str = ""
    parts: tuple[str, ...] = ()
    said_by: Speaking = ""
    remark: bool = False
    request: bool = False


_EN_SAY = (
    "recommend|suggest|advise|tell|told|say|said|mention|explain|describe|propose|list|give|gave|share|point out|"
    "bring up|brought up"
)
_EN_SAID = (
    "recommended|suggested|advised|told|said|mentioned|explained|described|proposed|listed|gave|given|shared|"
    "pointed out|brought up"
)
_ZH_SAY = "推荐|建议|告诉|说|提|讲|介绍|分享|回答|聊"
_BY_ASSISTANT = re.compile(
    rf"\b(?:did|have|had) you (?:\w+ ){{0,2}}(?:{_EN_SAY})"
    rf"|\byou (?:\w+ )?(?:{_EN_SAID})\b"
    r"|\byour (?:recommendation|suggestion|advice|answer|explanation)s?\b"
    rf"|(?<![给向跟和对为])你(?:之前|曾经?|上次|以前|还)*(?:给|向|跟|和|对|为)?我?们?(?:{_ZH_SAY})(?:过|到|了|的)",
    re.IGNORECASE,
)
_BY_USER = re.compile(
    rf"\b(?:did|have|had) i (?:\w+ ){{0,2}}(?:{_EN_SAY}|ask)|\bi (?:\w+ )?(?:{_EN_SAY}|ask)(?:e?d)?\b"
    rf"|(?<![给向跟和对为])我(?:之前|曾经?|上次|以前|还|在.{{1,8}})*(?:给|向|跟|和|对)?你?们?(?:{_ZH_SAY})(?:过|到|了|的|起)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|^\s*(?:who|whom|whose|what|when|where|why|which|how|do|does|did|is|are|was|were|can|could|would|will|should|"
    r"have|has|tell me|list|name|summari[sz]e|describe|explain|give|show|find|remind)\b"
    r"|什么|怎么|怎样|多少|几[个次岁点号天年月本部条位]|哪|谁|吗|呢|为何|如何|是否|请问|告诉我|列出",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:recommend|suggest|advice|ideas?|tips|plan|help me|should i|can i|could i|"
    r"how (?:do|can|could|would|should) i|can you|could you|would you|i'm looking for|"
    r"i need|walk me through|show me|give me|write)\b"
    r"|推荐|建议|帮我|怎么办|应该|如何|给我|写一|计划|方案",
    re.IGNORECASE,
)
# Each looks for what begins with a word first, which is thrice as fast as a list of wholes; texts are folded before.
_RULE = re.compile(
    r"^(?:please )?(?:always|never|from now on|whenever|make sure|remember to|do not ever)\b"
    r"|\b(?:always|never|please)\b.{3,120}\bwhen(?:ever)? i (?:ask|request|mention|want|talk)"
    r"|^(?:请|以后|今后|每次|每当|从现在起).{0,20}(?:总是|都要|都用|都请|一定|务必|不要|别)|(?:我问|我说).{0,12}(?:时|的时候).{0,6}(?:请|要|都)"
)
_WISH = re.compile(
    r"\b(?:i(?:'d| would| do)? (?:\w+ )?(?:prefer|rather|love|enjoy|hate|dislike|lean towards?)"
    r"|my (?:favou?rite|preference))\b|我(?:\w{0,2})(?:喜欢|偏爱|偏好|更愿意|讨厌|不爱|最爱|习惯)"
)
_LASTING = re.compile(
    r"\b(?:i (?:\w+ )?(?:always|never|only|usually|believe|value|avoid|refuse|promised|decided|stopped|started|try|"
    r"vowed|keep|kept|made it a|want to|plan|hope|aim|consider|trust|struggle)\b"
    r"|i(?:'m| am) (?:\w+ )?(?:trying|saving|working|training|learning|planning|aiming|determined|afraid|allergic|"
    r"building|studying)\b|my (?:goal|dream|plan|rule|habit|belief|fear|values?)\b"
    r"|(?:makes?|made|helps?|left) me\b|(?:because|since|after|so that|ever since) (?:i|my|that)\b)"
    r"|我(?:总是|从不|从来|一直|相信|认为|打算|决定|害怕|正在|坚持|希望|的(?:目标|梦想|计划|原则|习惯|信念))|因为我|自从"
)
_STATEMENTS = {"rule": _RULE, "wish": _WISH, "lasting": _LASTING}
LASTING = tuple(_STATEMENTS)
# "Wait, what I really want to ask is": what stands before was something else.
_MEANT = re.compile(
    r"(?:我|真正|其实|实际|本来)[^。！？?!，,：:]{0,8}(?:想|要)(?:要)?(?:问|说|弄清楚|搞清楚|知道|了解|打听|确认)"
    r"[^。！？?!，,：:]{0,8}[，,：:]|(?:我|真正)[^。！？?!，,：:]{0,6}问题是[^。！？?!，,：:]{0,4}[，,：:]|等等[，,]"
    r"|\b(?:what i|my) (?:\w+ )?(?:want(?:ed)?|meant?|question|wonder(?:ing)?)\b[^.?!]{0,24}\b(?:is|was)\b[:,]?",
    re.IGNORECASE,
)
_ALSO = re.compile(r"另外[，,：:、]|还有[，,：:、]|\b(?:and also|additionally)\b,?", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[?？!！。])\s*|(?<=[.])\s+|; ")
_QUOTED = re.compile('"[^"]{1,400}"|“[^”]{1,400}”|「[^」]{1,400}」|《[^》]{1,400}》')


def read_question(text: str) -> Question:
    """What is asked for; of a chat's last turns the last line says what kind it is."""
    text = text[-LONGEST:].strip()
    before, _, last = text.rpartition("\n")
    asked = _bare(last)
    pieces = [_bare(_MEANT.split(piece)[-1].strip()) for piece in _ALSO.split(last)]
    pieces = [piece for piece in pieces if len(set(content_terms(piece))) > 1] or [asked]
    return Question(
        text="\n".join([before, " ".join(pieces)]).strip(),
        parts=() if before else _several([part for piece in pieces for part in _sentences(piece)]),
        said_by="user" if _BY_USER.search(last) else "assistant" if _BY_ASSISTANT.search(last) else "",
        remark=not (before or _ASKS.search(last) or _ASKS.search(asked)),
        request=bool(_REQUEST.search(asked)),
    )


def _bare(text: str) -> str:
    """A question without its courtesies; a remark that begins like one ("I forgot my keys") stays whole."""
    left = bare(text)
    return left if _ASKS.search(text) or _ASKS.search(left) else text


def named_in(query: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names of which every word stands in a question."""
    words = set(terms(query))
    return tuple(name for name in names if (own := terms(name)) and words.issuperset(own))


def lasting(text: str, kinds: Iterable[str] = LASTING) -> list[str]:
    """Which of these kinds of statement a message makes: `rule` for the assistant, `wish`, `lasting` of oneself."""
    return [kind for kind in kinds if _states(kind, text[:LONGEST])]


@lru_cache(maxsize=16_384)
def _states(kind: str, head: str) -> bool:
    return _STATEMENTS[kind].search(head.lower()) is not None


def _sentences(text: str) -> list[str]:
    """The sentences of a text, none of them cut within quotes."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    ends = [m.end() for m in _SENTENCE.finditer(text) if not any(a < m.end() < b for a, b in quoted)]
    return [text[start:end].strip() for start, end in pairwise([0, *ends, len(text)])]


def _several(parts: Sequence[str]) -> tuple[str, ...]:
    """Those that say something each; none where it is one."""
    telling = [part for part in parts if len(set(content_terms(part))) > 1]
    return tuple(telling[-MOST_PARTS:]) if len(telling) > 1 else ()
