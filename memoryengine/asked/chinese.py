"""Sittings, order and talk in Chinese questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ..times.numbers import ZH_NUMBER, zh_number
from .chinese_words import KNOWN, PLAN
from .places import Named, each_sitting, sitting

_TALK = r"(?:聊天|对话|谈话|会话|交谈|讨论|沟通|交流|通话|会谈|闲聊|聊|谈话|谈|见面)"
_SITTING = rf"(?:的)?{_TALK}"
_COUNTER = r"(?:次|回|场|轮|个)"
_TIME = r"(?:次|回)"
_N = rf"(?P<a>{ZH_NUMBER})"
_THROUGH = r"(?:到|至|-|~|和|与|跟|、|及)"
_LATEST = r"(?:最后|最近|最新|上|前|之前|过去|近)"

_RULES = {
    "span": rf"第{_N}{_COUNTER}?{_SITTING}?{_THROUGH}第?(?P<b>{ZH_NUMBER}){_COUNTER}(?P<noun>{_SITTING})?",
    "from_end": rf"倒数第{_N}{_COUNTER}(?P<noun>{_SITTING})?",
    "one": rf"(?<!倒数)第{_N}{_COUNTER}(?P<noun>{_SITTING})?",
    "first": (
        rf"(?:首次|头一{_COUNTER}|最早的?一{_COUNTER}|最初的?(?:一{_COUNTER})?|最开始|一开始|刚开始)"
        rf"(?P<noun>{_SITTING})?"
    ),
    "first_many": rf"(?:头|最初|最开始|最早|开头)的?{_N}{_COUNTER}(?P<noun>{_SITTING})?",
    "last_many": rf"{_LATEST}的?(?P<a>几|{ZH_NUMBER}){_COUNTER}(?P<noun>{_SITTING})?",
    "steps": rf"(?P<a>上+)(?:一)?(?:{_COUNTER}(?P<noun>{_SITTING})?|(?P<bare>{_TALK}))",
    "latest": rf"(?:最后|最近|最新|前)的?一{_COUNTER}(?P<noun>{_SITTING})?",
    "ago": rf"(?<![第上前近])(?P<a>{ZH_NUMBER}|几){_COUNTER}(?P<noun>{_SITTING}){_TIME}?(?:之|以)?前",
}


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in _RULES.items()}


_OPENED = re.compile(r"(?P<since>以来|至今|开始)|(?P<after>(?:之|以)后)|(?P<before>(?:之|以)前)")
_SINCE = re.compile(r"(?:自从|从|自)\Z")
_ABOUT = re.compile(r"(?:到|起|及)|关于|有关")
_ORDER = re.compile(
    r"(?P<first>第一[次回]|首次|头一[次回]|最早|最初|最开始|一开始|起初)"
    r"|(?P<last>最后一[次回]|最近一[次回]|上一?[次回]|最新|最后(?!面)|最晚)"
)


def sittings(text: str) -> Iterator[Named]:
    """The sittings that a folded text names, by number or as the first and last ones; overlapping ones too."""
    return each_sitting(_rules(), text, _sitting, _opened)


def _sitting(name: str, m: re.Match[str]) -> Named | None:
    if not m.groupdict().get("noun") and m.group()[-1] in "场轮个":  # 上个 and 三个 count anything
        return None
    number = 3 if m.groupdict().get("a") == "几" else zh_number(m.groupdict().get("a") or "")
    match name:
        case "first":
            return _named(m, 1, 1)
        case "latest":
            return _named(m, -1, -1)
        case "steps":
            return _named(m, -len(m["a"]), -len(m["a"]))
    if not number or number > 9999:
        return None
    match name:
        case "span":
            last = zh_number(m["b"])
            return _named(m, number, last) if last and number <= last <= 9999 else None
        case "from_end" | "ago":
            return _named(m, -number, -number)
        case "one":
            return _named(m, number, number)
        case "first_many":
            return _named(m, 1, number)
        case _:
            return _named(m, -number, -1)


def _named(m: re.Match[str], first: int, last: int) -> Named:
    """A sitting; without a word of talking, or where its talk is about something (第三次聊到), it is a weak one."""
    held = m.groupdict()
    about = _ABOUT.match(m.string, m.end()) is not None
    weak = about or not (held.get("noun") or held.get("bare")) or held.get("noun") in ("聊", "谈", "见面")
    return sitting(m, first, last, weak=weak)


def _opened(named: Named, text: str) -> Named:
    """The sittings since, after or before those that are named."""
    tail = _OPENED.match(text, named.end)
    lead = _SINCE.search(text, max(0, named.start - 2), named.start)
    start = lead.start() if lead else named.start
    if named.sessions is None or (tail is None and lead is None):
        return named
    end = tail.end() if tail else named.end
    match tail.lastgroup if tail else "since":
        case "after":
            span = named.sessions.after()
        case "before":
            span = named.sessions.before()
        case _:
            span = named.sessions.since()
    return named._replace(start=start, end=end, sessions=span)


def orders(text: str) -> Iterator[Named]:
    """The words that ask for the first or the last of something: 第一次, 最近一次, 最早."""
    for m in _ORDER.finditer(text):
        yield Named(m.start(), m.end(), order="first" if m.lastgroup == "first" else "last", weak=True)


@cache
def _allowed(future: bool) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(KNOWN | PLAN if future else KNOWN, key=len, reverse=True))))


def left_over(text: str, *, future: bool) -> list[tuple[int, int]]:
    """The stretches of Chinese characters that are no words of talking, asking or little meaning (or, then, plans)."""
    found: list[tuple[int, int]] = []
    for run in re.finditer(r"[\u3400-\u9fff]+", text):
        place = run.start()
        while place < run.end():
            word = _allowed(future).match(text, place, run.end())
            if word:
                place = word.end()
                continue
            if found and found[-1][1] == place:
                found[-1] = (found[-1][0], place + 1)
            else:
                found.append((place, place + 1))
            place += 1
    return found


_AIDED = re.compile(r"(?:跟|和|与|对|向|给|同)(?:我|你|您)(?:们|俩)?")
_SAYING = re.compile(r"说|讲|提|告诉|分享|问|做|干")
_WHO = re.compile(r"(?P<we>我们|咱)|(?P<user>我)|(?P<assistant>你|您)")


def speaker(text: str) -> str:
    """Whose words or deeds are asked for: "user" for 我, "assistant" for 你, else ""."""
    plain = _AIDED.sub(lambda m: " " * len(m.group()), text)
    plain = re.sub(
        r"(?:告诉|提醒|帮|给)我|\A请?你(?=们?(?:还|能|可|记|知|帮|总|回|列))", lambda m: " " * len(m.group()), plain
    )
    said = list(_SAYING.finditer(plain))
    who = list(_WHO.finditer(plain, 0, said[-1].start())) if said else []
    return "" if not who or who[-1].lastgroup == "we" else who[-1].lastgroup or ""
