"""The subjects of insights: which of them are one, what insights still rest on, and which are due for a look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from memoryengine.filters import AllOf, Is
from memoryengine.ports import Reader
from memoryengine.text import content_terms
from memoryengine.values import Memory

from .chinese_words import plain
from .topics import topic_named

_SAME_TEXT = """
    hobby hobbies interest interests pastime 爱好 兴趣 兴趣爱好 业余爱好
    work job jobs career occupation profession employment 工作 职业 事业
    home residence address 住址 住处 居住地 住所 家
    food diet cuisine 饮食 美食 食物
    sports sport exercise fitness 运动 锻炼 健身
    pets pet 宠物
    travel travels travelling traveling trips 旅行 旅游
    films film movies movie cinema 影视 电影
    games game gaming 游戏
    reading books 阅读 读书 看书
    family relatives 家人 家庭
    study studies education learning 学习 教育
"""
_OWNER = re.compile(r"\A(?:用户|the user|user)(?:'s|的)?\s*")
_TAIL = re.compile(r"(?:的?(?:情况|状况|方面|相关|信息)|\s+(?:info|information|details|situation|status))\Z")


def subject_key(subject: str) -> str:
    """What subjects that mean one attribute share: "Hobbies", "the hobby" and 爱好 are one.

    Case, number, traditional characters and filling words do not count, and what a short table and the names of the
    topics know in both languages is one. Other near-synonyms stay apart: that is for a model to see.
    """
    text = _TAIL.sub("", _OWNER.sub("", plain(" ".join(subject.split()))))
    words = " ".join(content_terms(text))
    if (topic := topic_named(text)) is not None:
        words = " ".join(content_terms(topic.en))
    return _same_words().get(words, words) or text


@lru_cache(maxsize=1)
def _same_words() -> dict[str, str]:
    rows = [row.split() for row in _SAME_TEXT.strip().splitlines()]
    return {" ".join(content_terms(word)): row[0] for row in rows for word in row}


@dataclass(frozen=True, slots=True)
class Group:
    """The insights on one subject: the valid ones, oldest first, and those that fell with their evidence.

    It must be looked at again (`due`) where evidence has expired or where two valid insights say what one should.
    """

    name: str
    valid: tuple[Memory, ...] = ()
    fallen: tuple[Memory, ...] = ()

    @property
    def due(self) -> bool:
        """Whether this subject needs a look."""
        return len(self.valid) > 1 or any(m.review for m in self.valid) or bool(self.fallen and not self.valid)


def groups(insights: Sequence[Memory]) -> dict[str, Group]:
    """The insights by what their subjects share."""
    found: dict[str, Group] = {}
    for insight in insights:
        if not insight.subject:
            continue
        key = subject_key(insight.subject)
        held = found.get(key, Group(insight.subject))
        valid = insight.status == "valid"
        found[key] = Group(
            held.valid[0].subject if held.valid else insight.subject,
            (*held.valid, insight) if valid else held.valid,
            held.fallen if valid else (*held.fallen, insight),
        )
    return found


async def standing_evidence(reader: Reader, insights: Iterable[Memory]) -> dict[str, Memory]:
    """What insights cite and what still stands of it, by the id that they cite.

    For a memory that another contains, that other stands. One read of the valid memories, and one of the contained
    ones where something is missing; none without insights.
    """
    cited = dict.fromkeys(id_ for insight in insights for id_ in insight.evidence)
    if not cited:
        return {}
    kinds = Is("kind", "observation", "custom")
    valid = {m.id: m for m in await reader.memories(AllOf(kinds, Is("status", "valid")))}
    if cited.keys() <= valid.keys():
        return {id_: valid[id_] for id_ in cited}
    contained = AllOf(kinds, Is("status", "expired"), Is("reason", "contained"))
    into = {m.id: m.superseded_by for m in await reader.memories(contained)}
    found = {id_: _followed(id_, into) for id_ in cited}
    return {id_: valid[end] for id_, end in found.items() if end in valid}


def evidence_of(insights: Iterable[Memory], standing: Mapping[str, Memory]) -> tuple[Memory, ...]:
    """What still stands of the evidence of these insights, each once, oldest first."""
    found = {standing[id_].id: standing[id_] for insight in insights for id_ in insight.evidence if id_ in standing}
    return tuple(sorted(found.values(), key=lambda m: (m.said_at, m.recorded_at)))


def _followed(id_: str, into: Mapping[str, str]) -> str:
    seen = set()
    while id_ in into and id_ not in seen:
        seen.add(id_)
        id_ = into[id_]
    return id_
