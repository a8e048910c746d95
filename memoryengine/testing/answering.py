"""A stand-in for a chat model: reads the prompts of the shipped workers and answers them by simple rules.

It is no model. It knows a prompt by the first line of its system text (`# extract_observations`), takes the JSON lines
out of the fence, and answers in the form that is asked for, the same for the same prompt. With it the whole engine
runs in tests as it does with a real endpoint:

    SiliconFlowServer(answer=answer)        ScriptedChat(answer_turns)
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..ports import Turn
from ..text import content_terms, language

Row = dict[str, Any]

_TASK = re.compile(r"\A\s*# (\w+)")
_FENCE = re.compile(r"^(~{4,})(\w+)\n(.*?)\n?^\1$", re.DOTALL | re.MULTILINE)
_CALLED_EN = re.compile(r'"([^"]+)" in English|英文里称 “([^”]+)”')
_CALLED_ZH = re.compile(r'and "([^"]+)" in Chinese|中文里称这个人为“([^”]+)”')


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """The answer to OpenAI-style messages: JSON for a prompt of a shipped worker, a sentence for a chat."""
    system = next((str(m["content"]) for m in messages if m.get("role") == "system"), "")
    last = str(messages[-1].get("content", "")) if messages else ""
    task = _TASK.match(system)
    if task is None or task[1] not in _TASKS:
        return _chat(system, last)
    asked = next(str(m["content"]) for m in messages if m.get("role") == "user")
    return json.dumps(_TASKS[task[1]](system, fenced_rows(asked)), ensure_ascii=False)


def answer_turns(turns: Sequence[Turn]) -> str:
    """`answer` for the turns of the `ChatModel` port."""
    return answer([{"role": turn.role, "content": turn.content} for turn in turns])


def fenced_rows(text: str) -> dict[str, list[Row]]:
    """The JSON lines of each fence in a prompt, by the fence's label."""
    return {
        label: [json.loads(line) for line in held.split("\n") if line.strip()]
        for _, label, held in _FENCE.findall(text)
    }


# --- the answers ------------------------------------------------------------------------------------------------

_ABOUT_ME = re.compile(r"\b(?:I|I'm|I've|my|me|mine|we|our)\b|我|咱", re.IGNORECASE)
_QUESTION = re.compile(r"[?？]\s*$|[吗呢]\s*[。.]?\s*$")
_IMAGINED = re.compile(r"\b(?:if I were|imagine|suppose)\b|如果我是|假如|假设", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:yesterday|today|tomorrow|(?:last|next|this) \w+|(?:\w+) (?:days?|weeks?|months?|years?) ago"
    r"|on \d{1,2} [A-Z]\w+|every \d{1,2} [A-Z]\w+|in \d+ (?:days|weeks|months))\b"
    r"|昨天|今天|明天|后天|前天|[上下这]个?(?:周|星期|礼拜)[一二三四五六日天]?|[上下这]个月|[去今明]年|\d+[天周年]前|\d+月\d+[日号]",
    re.IGNORECASE,
)


def _filter(_: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    return [{"id": row["id"], "score": _score(row["text"])} for row in fences["lines"]]


def _score(text: str) -> int:
    if _IMAGINED.search(text):
        return 1
    told = [part for part in _sentences(text) if _ABOUT_ME.search(part) and not _QUESTION.search(part)]
    return 3 if told else 0


def _extract(system: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    english, chinese = _CALLED_EN.search(system), _CALLED_ZH.search(system)
    names = {
        "en": next(filter(None, english.groups())) if english else "user",
        "zh": next(filter(None, chinese.groups())) if chinese else "用户",
    }
    found = []
    for row in fences["lines"]:
        if row["role"] != "user":
            continue
        for sentence in _sentences(row["text"]):
            if _ABOUT_ME.search(sentence) and not _QUESTION.search(sentence):
                time = _TIME.search(sentence)
                spoken = language(sentence)
                name = row.get("speaker") or names[spoken]
                told = _third_zh(sentence, name) if spoken == "zh" else _third_en(sentence, name)
                about = "home" if _SINGLE[0].search(told) else "work" if _SINGLE[1].search(told) else ""
                found.append(
                    {
                        "ids": [row["id"]],
                        "memory": told,
                        "time": time[0] if time else "",
                        "score": 1 if _IMAGINED.search(sentence) else 3,
                        "about": about,
                    }
                )
    return found


_SAID_BY = re.compile(r"said by (.+?)(?:\.| at the moment)|每一行都是(.+?)(?:说的话|在)")


def _write(system: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    """What each line tells, for the two workers that write observations line by line."""
    called = _SAID_BY.search(system)
    name = next(filter(None, called.groups())) if called else "user"
    found = []
    for row in fences["lines"]:
        for sentence in _sentences(row["text"]):
            if _ABOUT_ME.search(sentence) and not _QUESTION.search(sentence):
                time = _TIME.search(sentence)
                told = _third_zh(sentence, name) if language(sentence) == "zh" else _third_en(sentence, name)
                found.append({"ids": [row["id"]], "memory": told, "time": time[0] if time else ""})
    return found


def _sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[。！？!?\n])|(?<=\.)\s", text)
    return [part.strip() for part in parts if part.strip()]


def _third_zh(sentence: str, name: str) -> str:
    told = re.sub(r"我的(\S{1,6}是)", rf"{name}\1", sentence, count=1)
    return re.sub(r"我|咱", name, told)


_WORDS_EN = (
    (r"\bI'm\b|\bI am\b", "{0} is"),
    (r"\bI've\b|\bI have\b", "{0} has"),
    (r"\bI'll\b", "{0} will"),
    (r"\bI'd\b", "{0} would"),
    (r"\bI (don't|do not)\b", "{0} does not"),
    (r"\bI (was|will|would|can|could|should|must|had|did|may|might|also|really|always|never|often)\b", r"{0} \1"),
    (r"\bI (\w+ed|went|bought|got|began|became|met|saw|took|left|made|gave|found|came|grew|lost|won|ate)\b", r"{0} \1"),
    (r"\bmy\b|\bour\b", "{0}'s"),
    (r"\bme\b", "{0}"),
)


def _third_en(sentence: str, name: str) -> str:
    told = sentence
    for pattern, by in _WORDS_EN:
        told = re.sub(pattern, by.format(name), told, flags=re.IGNORECASE if pattern[2] != "I" else 0)
    told = re.sub(r"\bI (\w+)", lambda verb: f"{name} {_s(verb[1])}", told)
    told = re.sub(r"\bI\b", name, told)
    return told[:1].upper() + told[1:]


def _s(verb: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"


# What a person has one of at a time, and how a sentence says so.
_SINGLE = (
    re.compile(r"住在|住到|搬到|搬去|搬家到|\b(?:lives? in|moved to|moved in)\b", re.IGNORECASE),
    re.compile(r"在.{1,12}(?:工作|上班)|职业是|工作是|\b(?:works? (?:as|at|for)|job is|is now an?)\b", re.IGNORECASE),
)


def _conflicts(_: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    """Rows come newest first: of two that say differently what one has once, the older is contradicted."""
    rows = fences["memories"]
    found: dict[int, Row] = {}
    for place, newer in enumerate(rows):
        for older in rows[place + 1 :]:
            relation = _relation(newer["text"], older["text"])
            if relation and older["id"] not in found and newer["id"] not in found:
                found[older["id"]] = {"id": older["id"], "relation": relation, "by": newer["id"]}
    return list(found.values())


def _relation(newer: str, older: str) -> str:
    new, old = set(content_terms(newer)), set(content_terms(older))
    if old and old <= new:
        return "contained"
    both = any(single.search(newer) and single.search(older) for single in _SINGLE)
    return "contradicted" if both and new != old else ""


_THEMES = {
    "hobby": re.compile(r"\b(?:hobby|likes?|loves?|enjoys?|plays?|playing)\b", re.IGNORECASE),
    "爱好": re.compile(r"爱好|喜欢|热爱|爱"),
    "family": re.compile(r"\b(?:wife|husband|son|daughter|sister|brother|mother|father)\b", re.IGNORECASE),
    "家人": re.compile(r"妻子|丈夫|儿子|女儿|姐姐|妹妹|哥哥|弟弟|妈妈|爸爸|父亲|母亲"),
}


def _subjects(_: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    known = {row["subject"] for row in fences["subjects"]}
    cited = defaultdict[str, list[int]](list)
    for row in fences["observations"]:
        for subject, theme in _THEMES.items():
            if theme.search(row["text"]):
                cited[subject].append(row["id"])
    found = [{"subject": s, "ids": ids} for s, ids in cited.items() if len(ids) > 1 and s not in known]
    return sorted(found, key=lambda row: -len(row["ids"]))


def _insights(_: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    found: list[Row] = []
    for asked in fences["subjects"]:
        subject = asked["subject"]
        theme = _THEMES.get(subject)
        rows = [row for row in fences["observations"] if theme and theme.search(row["text"])]
        if not rows:
            found.append({"subject": subject, "value": "none", "ids": []})
            continue
        told = [re.sub(r"[。.]\s*$", "", row["text"]) for row in rows]
        value = ("；" if language(told[0]) == "zh" else "; ").join(told)[:300]
        found.append({"subject": subject, "value": value, "ids": [row["id"] for row in rows]})
    return found


_PERSON = re.compile(r"\b(?:she|he)\b|[她他](?!们)", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+|[小阿][\u4e00-\u9fff]")


def _rewrite(_: str, fences: Mapping[str, list[Row]]) -> list[Row]:
    """The question with the person who was named last in the place of "she", and nothing else."""
    asked = str(fences["question"][0]["text"])
    names = _NAME.findall(" ".join(str(row["text"]) for row in fences.get("lines", ())))
    return [{"query": _PERSON.sub(names[-1], asked) if names else asked}]


def _chat(system: str, last: str) -> str:
    """A reply that shows the first memory it was given, or just takes note."""
    fence = _FENCE.search(system)
    remembered = fence[3].split("\n")[0].strip() if fence else ""
    if language(last) == "zh":
        return f"我记得：{remembered}" if remembered else "好的，我知道了。"
    return f"I remember: {remembered}" if remembered else "All right, I see."


_TASKS: Mapping[str, Callable[[str, Mapping[str, list[Row]]], list[Row]]] = {
    "filter_messages": _filter,
    "extract_observations": _extract,
    "find_conflicts": _conflicts,
    "write_observations": _write,
    "write_timed_observations": _write,
    "compare_with_today": _conflicts,
    "review_observations": _conflicts,
    "reflect_subjects": _subjects,
    "update_insights": _insights,
    "rewrite_query": _rewrite,
}
