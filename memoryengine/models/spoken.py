"""What a chat model of LlamaIndex is asked and what it says, as both chat adapters read it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from ..errors import ModelAnswerError
from ..ports import Reply, Turn
from ..text import clean
from .thinking import ThinkingCutter, cut_thinking

BROKE_OFF = " It had begun to answer, so it was not asked again."

# What endpoints call the reason why an answer ended (OpenAI, Anthropic, Ollama, Google, Bedrock), and their words,
# without "_" and in small letters, for an answer that ended because it was long enough.
ENDINGS = ("finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason", "reason")
CUT = frozenset({"length", "maxtokens", "maxoutputtokens", "maxlength", "modellength", "modelcontextwindowexceeded"})


def messages_of(turns: Sequence[Turn]) -> list[ChatMessage]:
    """The turns as LlamaIndex takes them, safe to send."""
    return [ChatMessage(role=turn.role, content=clean(turn.content)) for turn in turns]


def reply_of(answer: ChatResponse, blank: ModelAnswerError) -> Reply:
    """An answer without its thinking, with the token counts that came along; raises `blank` where nothing is left."""
    text = cut_thinking(answer.message.content or "")
    if not text:
        raise blank
    counts = answer.additional_kwargs
    return Reply(text, counts.get("prompt_tokens") or 0, counts.get("completion_tokens") or 0, is_cut(answer))


def is_cut(answer: ChatResponse) -> bool:
    """Whether the endpoint says that the answer ended at its output limit; False where it does not say."""
    raw = answer.raw
    firsts = [_part(raw, name) for name in ("choices", "candidates")]
    places = [raw, *(held[0] for held in firsts if isinstance(held, list | tuple) and held)]
    places += [_part(raw, "incomplete_details"), answer.additional_kwargs, answer.message.additional_kwargs]
    return any(_word(_part(place, name)) in CUT for place in places for name in ENDINGS)


def _part(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _word(reason: Any) -> str:
    return str(getattr(reason, "name", reason)).replace("_", "").lower()


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
