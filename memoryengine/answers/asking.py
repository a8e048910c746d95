"""Asking a model for rows: what it is shown, and the second try that it gets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

from ..errors import ModelAnswerError
from ..ports import ChatModel, Reply, Turn
from ..text import clip, language
from ..times import stamp
from ..trace import note
from ..values import Language, Memory
from .numbering import Numbering

T = TypeVar("T")
SHOWN_AGAIN = 4_000
SHOWN_CUT = 500  # of an answer that was too long for the model's output, for which there may be no room a second time
LONGEST_SHOWN = 500

# JSON leaves these as they are, though readers may take some of them for the end of a line, and none is UTF-8 safe
# or visible: C1 controls, the two Unicode separators, directions, and half surrogates.
_BREAKS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


async def ask(chat: ChatModel, turns: Sequence[Turn], read: Callable[[str], T], *, repairs: int = 1) -> T:
    """Ask the model and read its answer; an answer that cannot be used is shown to it with the error, once more.

    `read` raises `ModelAnswerError` for an answer that will not do; one that was cut at the model's output limit will
    not do either, whatever it reads like. After `repairs` such answers the error is raised.
    """
    asked = tuple(turns)
    while True:
        reply = await chat.chat(asked)
        try:
            return read(_unsaid(_whole(reply, chat), asked[len(turns) :]))
        except ModelAnswerError as error:
            if repairs <= 0:
                raise
            repairs -= 1
            note("asked again: the answer was cut" if reply.cut else "asked again: the answer could not be used")
            shown = Turn("assistant", reply.text[: SHOWN_CUT if reply.cut else SHOWN_AGAIN] or "-")
            asked = (*turns, shown, Turn("user", _too_long(turns) if reply.cut else _repair(error, turns)))


def _whole(reply: Reply, chat: ChatModel) -> str:
    if reply.cut:
        raise ModelAnswerError(
            f"The chat model {chat.name!r} reached its output limit before its answer was done, and half an answer is "
            "not used. Raise max_tokens of the chat model."
        )
    return reply.text


def _unsaid(text: str, repair: Sequence[Turn]) -> str:
    """An answer without the sentences of the repair: a model that only repeats "answer []" does not say "nothing"."""
    said = "\n".join(turn.content for turn in repair if turn.role == "user")
    for sentence in re.split(r"(?<=[。.])\s*|\n", said):
        text = text.replace(sentence, " ") if len(sentence) > 7 else text
    return text


def _repair(error: ModelAnswerError, turns: Sequence[Turn]) -> str:
    if _is_chinese(turns):
        return (
            f"这个回答无法使用：{error.message}\n请重新回答，只输出要求的 JSON 列表，不要其他文字。没有内容时输出 []。"
        )
    return (
        f"This answer cannot be used: {error.message}\n"
        "Answer again with the JSON list that was asked for and nothing else. If there is nothing, answer []."
    )


def _too_long(turns: Sequence[Turn]) -> str:
    if _is_chinese(turns):
        return (
            "这个回答太长，没有写完就被截断了，无法使用。请重新回答，尽量简短：只输出要求的 JSON 列表，"
            "每一项都要完整，最重要的放在最前面，不要其他文字。没有内容时输出 []。"
        )
    return (
        "This answer was too long: it was cut before its end and cannot be used. Answer again and be brief: nothing "
        "but the JSON list that was asked for, only whole rows, the most important first. If there is nothing, answer "
        "[]."
    )


def _is_chinese(turns: Sequence[Turn]) -> bool:
    return language(turns[0].content) == "zh"  # an English prompt may hold a Chinese name or example


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for a prompt, one JSON object a line: whatever a text holds, it can neither end its line nor begin one."""
    return "\n".join(_BREAKS.sub(_escaped, json.dumps(row, ensure_ascii=False)) for row in rows)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def memory_rows(memories: Sequence[Memory], zone: tzinfo, spoken: Language | None = None) -> Iterator[dict[str, Any]]:
    """Memories for a prompt, numbered as `Numbering.of` their ids says, each with its time and its text, clipped.

    Times are written in the language `spoken`, or each in its own memory's.
    """
    for number, memory in enumerate(memories, Numbering.of(memory.id for memory in memories).first):
        said = stamp(memory.said_at, spoken or language(memory.content), zone)
        yield {"id": number, "time": said, "text": clip(memory.content, LONGEST_SHOWN)}
