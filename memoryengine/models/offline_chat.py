"""The offline chat model: rules, no language model. It repeats the best memory in its prompt, and says what it is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ..ports import Reply, Turn
from ..text import content_terms, language, terms
from ..values import Language

LONGEST_QUOTE = 500
LONGEST_READ = 200_000

_MEMORY_LINE = re.compile(r"^\s*(?:[-*]\s*)?\[(\d{4}-\d{2}-\d{2}[^\]\n]{0,40})\]\s*(\S.*)$", re.MULTILINE)
_QUESTION = re.compile(
    r"[?？]|[吗呢]\s*[。!！.]?\s*$|什么|哪|谁|多少|几[个岁点时]|怎么|为何|为什么|是否"
    r"|^\s*(?:what|who|whose|where|when|which|why|how|do|does|did|is|are|was|were|can|could|tell me)\b",
    re.IGNORECASE,
)

_REPLIES: dict[Language, dict[str, str]] = {
    "zh": {
        "recalled": "【离线模式】我记得：{text}（记于 {time}）",
        "unknown": "【离线模式】没有找到相关的记忆。我是不含语言模型的离线规则程序，配置一个真正的模型后才能自由回答。",
        "noted": "【离线模式】收到。我是不含语言模型的离线规则程序，配置一个真正的模型后才能自由对话。",
    },
    "en": {
        "recalled": "[offline] I remember: {text} (noted {time})",
        "unknown": "[offline] I found no memory about that. This is the rule-based offline model; configure a real "
        "model to get free answers.",
        "noted": "[offline] Noted. This is the rule-based offline model; configure a real model to talk freely.",
    },
}


@dataclass(frozen=True, slots=True)
class _Line:
    time: str
    text: str


class OfflineChat:
    """A `ChatModel` without a model: answers a question with the memory line that shares most words with it.

    Memory lines are the lines `[2024-10-26 21:26:20 周六] 用户爱好是吉他。` of the system turns. Never raises.
    """

    @property
    def name(self) -> str:
        """`offline-rules`."""
        return "offline-rules"

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """The reply by rule; `max_tokens` cuts it to that many characters, the nearest thing to tokens here."""
        answer = offline_answer(turns)
        text = answer[:max_tokens]
        return Reply(text, cut=text != answer)

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The reply in pieces of a few characters."""
        answer = offline_answer(turns)
        for start in range(0, len(answer), 8):
            yield answer[start : start + 8]

    async def close(self) -> None:
        """Nothing to give back."""


def offline_answer(turns: Sequence[Turn]) -> str:
    """What the offline model says to these turns."""
    asked = next((turn.content for turn in reversed(turns) if turn.role == "user"), "")[:LONGEST_READ]
    words = _REPLIES[language(asked)]
    if not _QUESTION.search(asked):
        return words["noted"]
    line = _best_line(asked, _memory_lines(turns))
    if line is None:
        return words["unknown"]
    return words["recalled"].format(text=line.text[:LONGEST_QUOTE], time=line.time)


def _memory_lines(turns: Sequence[Turn]) -> list[_Line]:
    systems = (turn.content[:LONGEST_READ] for turn in turns if turn.role == "system")
    return [_Line(time, text.strip()) for prompt in systems for time, text in _MEMORY_LINE.findall(prompt)]


def _best_line(asked: str, lines: Sequence[_Line]) -> _Line | None:
    """The line that shares most of its words with the question; the first of equals, as retrieval put it first."""
    wanted = set(content_terms(asked)) or set(terms(asked))
    return max(lines, key=lambda line: len(wanted & set(terms(line.text))), default=None)
