"""Whether an embedder knows a language: sentences that mean the same must lie nearer than those that do not.

An embedder that was made for one language maps texts of another nearly all to one place. What it then finds is chance,
and a search is better off without it. Names of models do not tell, so the model is asked once with a few sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, pvariance

from .ports import Vector
from .ranking import cosine
from .values import Language

LEAST = 3.0
"""Measured: an English model (all-MiniLM-L6-v2) separates the English pairs by 5.9 and the Chinese ones by 2.1."""

CROWDED = 0.25
"""The mean cosine beyond pairs: 0.1 for that model's English, 0.5 for its Chinese, 0.0 where words are compared."""

PAIRS: Mapping[Language, Sequence[tuple[str, str]]] = {
    "zh": (
        ("我喜欢吃苹果", "我爱吃水果"),
        ("她在医院当护士", "她的工作是照顾病人"),
        ("他养了一只小狗", "他家里有宠物"),
        ("我住在上海", "我的家在上海"),
        ("周末我们去爬山", "星期天我们要登山"),
        ("妈妈做的饭很好吃", "母亲的厨艺很棒"),
        ("我对花生过敏", "我不能吃花生"),
        ("孩子考试得了满分", "儿子的成绩很好"),
        ("会议改到下午三点", "开会时间推迟到三点"),
        ("明天会下雨", "天气预报说明天有雨"),
    ),
    "en": (
        ("I like to eat apples", "I love fruit"),
        ("She works as a nurse", "Her job is to care for patients"),
        ("He has a little dog", "There is a pet in his home"),
        ("I live in Shanghai", "My home is in Shanghai"),
        ("We go hiking at the weekend", "We climb a mountain on Sunday"),
        ("Mother cooks very well", "My mum's food is delicious"),
        ("I am allergic to peanuts", "I cannot eat peanuts"),
        ("The child got full marks", "The son has good grades"),
        ("The meeting was moved to three", "We will meet at three instead"),
        ("It will rain tomorrow", "The forecast says rain for tomorrow"),
    ),
}


def sentences(language: Language) -> list[str]:
    """All sentences of the pairs of a language, pair by pair."""
    return [sentence for pair in PAIRS[language] for sentence in pair]


def is_known(vectors: Sequence[Vector]) -> bool:
    """Whether the vectors of `sentences` tell them apart: pairs stand out, or what is no pair lies far apart at least.

    The second holds for what compares words, whatever they mean.
    """
    near, far = _cosines(vectors)
    return fmean(far) < CROWDED or separation(near, far) >= LEAST


def separation(near: Sequence[float], far: Sequence[float]) -> float:
    """How far the cosines within pairs lie above those between pairs, in standard deviations.

    That is d' of signal detection (Green and Swets 1966).
    """
    spread = ((pvariance(near) + pvariance(far)) / 2) ** 0.5
    return (fmean(near) - fmean(far)) / spread if spread else 0.0


def _cosines(vectors: Sequence[Vector]) -> tuple[list[float], list[float]]:
    """The cosines within pairs, and those between pairs."""
    ones, others = vectors[::2], vectors[1::2]
    near = [cosine(one, other) for one, other in zip(ones, others, strict=True)]
    return near, [cosine(one, other) for i, one in enumerate(ones) for j, other in enumerate(others) if i != j]
