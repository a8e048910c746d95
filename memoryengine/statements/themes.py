"""What several memories are about: a topic they share, or a word that comes again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from memoryengine.text import content_terms, language, terms
from memoryengine.values import Language, Locale, Memory

from .chinese_words import ATTRIBUTES, plain
from .topics import topic_named, topics

_DATE = re.compile(r"\s*[(（][^()（）]*\d[^()（）]*[)）]")
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")
_PLAIN_WORDS_TEXT = """
    like love enjoy hate prefer want need go get make take live work have think feel know say usually always never
    often really new old good great best favorite favourite day week month year today time year's lot thing plan going
    start every morning evening weekend last next first two three one people friend user also bought went moved is
    used since still named called play birthday monday tuesday wednesday thursday friday saturday sunday january
    february march april may june july august september october november december
"""
_PLAIN_WORDS = frozenset(term for word in _PLAIN_WORDS_TEXT.split() for term in terms(word))
_ZH_PLAIN = re.compile(
    r"用户|喜欢|最近|今天|昨天|明天|每天|每周|周末|现在|已经|打算|计划|准备|一个|一只|一条|一次|一起|朋友|时候|觉得|"
    r"开始|经常|特别|非常|比较|平时|晚上|早上|"
    r"今年|去年|明年|下周|上周|下个|上个|这个|那个|自己|没有|住在|名字|生日|叫做|讨厌|不再|每年|每月|"
    r"周[一二三四五六日]|\d|[一二三四五六七八九十两几]|"
    r"参加|有点|不会|不能|希望|知道|东西|一些|喝|喜|欢"
)


def themes(memories: Sequence[Memory], locale: Locale) -> dict[str, tuple[Memory, ...]]:
    """The subjects of memories and who speaks of each: topics, then words that come again; any number of memories each.

    A subject stands in the language that most of its memories are in.
    """
    found: dict[str, tuple[Memory, ...]] = {}
    for topic in topics():
        members = tuple(m for m in memories if topic.words_in(_without_names(m.content, locale)))
        if members:
            found[topic.name(spoken_in(members))] = members
    for word in _words(memories, locale):
        if topic_named(word) is None:
            found[word] = tuple(m for m in memories if mentions(m, word, locale))
    return found


def mentions(memory: Memory, subject: str, locale: Locale) -> bool:
    """Whether a memory speaks of a subject, a topic or a word."""
    content = _without_names(memory.content, locale)
    topic = topic_named(subject)
    if topic is not None and topic.words_in(content):
        return True
    if _HAN_RUN.search(subject):
        return plain(subject) in plain(content)
    return set(terms(subject)) <= set(terms(content))


def words_of(memory: Memory, subject: str, locale: Locale) -> tuple[str, ...]:
    """What a memory says about a subject: the topic's words in it, else the memory itself without the person."""
    content = _DATE.sub("", _without_names(memory.content, locale)).strip(" ,，。.!！")
    topic = topic_named(subject)
    words = topic.words_in(content) if topic else ()
    telling = tuple(word for word in words if word.lower() != subject)
    return telling or (re.sub(r"^(?:'s|的)\s*", "", content),)


def spoken_in(memories: Iterable[Memory]) -> Language:
    """The language that most memories are in."""
    votes = [language(m.content) for m in memories]
    return "zh" if votes.count("zh") * 2 > len(votes) else "en"


def _without_names(content: str, locale: Locale) -> str:
    for name in dict.fromkeys((locale.human("zh"), locale.human("en"), "用户", "user")):
        content = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", "", content, flags=re.IGNORECASE)
    return content.strip()


def _words(memories: Sequence[Memory], locale: Locale) -> list[str]:
    """Words that at least two memories hold, each as it is first written; the longer Chinese ones first."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for memory in memories:
        for key, word in _keys(_without_names(memory.content, locale)):
            first.setdefault(key, word)
        for key in {key for key, _ in _keys(_without_names(memory.content, locale))}:
            counts[key] = counts.get(key, 0) + 1
    held = sorted((k for k, n in counts.items() if n > 1), key=lambda k: (-counts[k], -len(k), k))
    return [first[key] for key in held if not any(key != k and key in k and counts[k] == counts[key] for k in held)]


def _keys(content: str) -> list[tuple[str, str]]:
    """The words of a content that may be a subject, each with its form."""
    found = []
    for word in re.findall(r"[A-Za-z][A-Za-z'-]{2,}", content):
        stems = content_terms(word)
        if stems and stems[0] not in _PLAIN_WORDS:
            found.append((stems[0], word.lower()))
    for run in _HAN_RUN.findall(content):
        found += [(plain(gram), gram) for gram in _grams(run)]
    return found


def _grams(run: str) -> list[str]:
    """Runs of two to four characters in which every pair can be part of a word."""
    fine = [len(content_terms(a + b)) == 3 and not _ZH_PLAIN.search(plain(a + b)) for a, b in pairwise(run)]
    grams = [
        run[start : start + length]
        for start in range(len(fine))
        for length in (2, 3, 4)
        if start + length <= len(run) and all(fine[start : start + length - 1])
    ]
    return [gram for gram in grams if gram not in ATTRIBUTES or len(gram) > 2]
