"""Which memories may bear on each other, judged without a model: a call is made only where some do.

Two memories are near where they speak of the same attribute (`attributes`), or share enough of what is left of their
words without the person, times and words of relation: "likes tea" and "likes coffee" share no thing, "likes tea" and
"cannot stand tea" do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from memoryengine.attributes import ATTRIBUTES, attributes_of
from memoryengine.text import content_terms
from memoryengine.values import Memory

_BRACKETS = re.compile(r"[(（][^()（）]*\d[^()（）]*[)）]")
_RELATIONS = re.compile(
    r"\b(?:lik(?:e|es|ed|ing)|lov(?:e|es|ed|ing)|enjoy(?:s|ed|ing)?|hat(?:e|es|ed)|prefers?|wants?|wanted|hop(?:es|ed)"
    r"|has|have|had|having|got|gets?|getting|own(?:s|ed)?|b(?:uys?|ought|uying)|goes|go|went|going|gone|sees?|saw|seen"
    r"|watch(?:es|ed|ing)?|reads?|reading|plays?|played|playing|mak(?:e|es|ing)|made|eats?|ate|eating|drinks?|drank"
    r"|drinking|plans?|planned|planning|visit(?:s|ed|ing)?|travel(?:s|led|ed|ling)?|takes?|took|taking|us(?:es|ed|ing)"
    r"|says?|said|tells?|told|thinks?|thought|feels?|felt|knows?|knew|start(?:s|ed|ing)?|began|tr(?:y|ies|ied|ying)"
    r"|hobb(?:y|ies)|favou?rite|interest(?:s|ed)?|always|often|usually|never|sometimes|new|old|good|great|big|small"
    r"|first|one|two|three|four|five|six|called|named|name|really|very|learn(?:s|ed|ing|t)?|stud(?:y|ies|ied|ying)"
    r"|yesterday|today|tomorrow|tonight|last|next|ago|since|day|days|week|weeks|weekend|month|months|years?"
    r"|morning|evening|afternoon|night|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|time|times|every|now|recently"
    r"|soon|person|people|thing|things|lot|bit|works?|worked|working|lives?|lived|living|mov(?:es?|ed|ing)"
    r"|january|february|march|april|june|july|august|september|october|november|december)\b"
    r"|喜欢|喜爱|热爱|爱好|爱(?!情|人)|讨厌|想要|希望|打算|计划|觉得|认为|知道|开始|学习|学会|使用|购买|买了?|去了?|看了?|吃了?|喝了?"
    r"|玩|打(?!折|印)|听|做了?|有一?[个只条位台辆本]?|养了?|是一?[个名位]?|一[个只条位台辆本次]|最近|经常|总是|每[天周月年]|昨天|今天|明天|前天"
    r"|后天|[上下这]个?(?:周|月|星期|礼拜)[一二三四五六日天末]?|周[一二三四五六日末]|星期[一二三四五六日天]|[去今明前后]年|早上|晚上|上午"
    r"|下午|中午|时候|现在|以前|之前|以后|两|几|名字|叫做?|很|最|新|[住搬抽戒]|工作|上班|[一两三半]?[包瓶杯碗顿次支根]|\d+[年月日号点]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d.,:/-]+")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a memory speaks of: its attributes and the words that are left of it."""

    attributes: frozenset[str]
    words: frozenset[str]

    @classmethod
    def of(cls, memory: Memory, names: frozenset[str]) -> Topic:
        """Read a memory in which the person is called by one of `names`; `subject` may name its attribute."""
        text = _naming(names | {memory.speaker}).sub("@", _BRACKETS.sub(" ", memory.content))
        own = {memory.subject} & set(ATTRIBUTES)
        rest = _words(_RELATIONS.sub(" ", text)) or _words(text)
        return cls(attributes_of(text) | own, rest)


def nearness(one: Topic, other: Topic) -> float:
    """How much two memories may bear on each other, in [0, 1]: 1 for a shared attribute, else the words shared.

    That is the overlap coefficient of their words, |A and B| / min(|A|, |B|), so that a short memory is near to a long
    one that holds it.
    """
    if one.attributes & other.attributes:
        return 1.0
    fewer = min(len(one.words), len(other.words))
    return len(one.words & other.words) / fewer if fewer else 0.0


@lru_cache(maxsize=100)
def _naming(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted((re.escape(name) for name in names if name.strip()), key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(longest_first)})(?![A-Za-z])", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(term for term in content_terms(text) if not _NUMBER.fullmatch(term))
