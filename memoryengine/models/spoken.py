"""What a chat model of LlamaIndex is asked and what it says, as both chat adapters read it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from ..errors import ModelAnswerError
from ..ports import Reply, Turn
from ..text import clean
from .thinking import ThinkingCutter, cut_thinking

BROKE_OFF = " It had begun to answer, so it was not asked again."


def messages_of(turns: Sequence[Turn]) -> list[ChatMessage]:
    """The turns as LlamaIndex takes them, safe to send."""
    return [ChatMessage(role=turn.role, content=clean(turn.content)) for turn in turns]


def reply_of(answer: ChatResponse, blank: ModelAnswerError) -> Reply:
    """An answer without its thinking, with the token counts that came along; raises `blank` where nothing is left."""
    text = cut_thinking(answer.message.content or "")
    if not text:
        raise blank
    counts = answer.additional_kwargs
    return Reply(text, counts.get("prompt_tokens") or 0, counts.get("completion_tokens") or 0)


async def spoken(pieces: AsyncGenerator[ChatResponse, None], blank: ModelAnswerError) -> AsyncGenerator[str, None]:
    """An answer without its thinking, closing `pieces` behind it; raises `blank` at the end where nothing is left."""
    cutter = ThinkingCutter()
    said = False
    async with aclosing(pieces):
        async for piece in pieces:
            if text := cutter.feed(piece.delta or ""):
                said = True
                yield text
    if text := cutter.finish():
        said = True
        yield text
    if not said:
        raise blank
