"""What the answers of other LlamaIndex classes say about their end, in the words of their endpoints."""

from __future__ import annotations

from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from memoryengine.errors import ModelAnswerError
from memoryengine.models.spoken import is_cut, reply_of
from memoryengine.ports import Reply


class FinishReason(Enum):
    """As Google's client has it."""

    STOP = 1
    MAX_TOKENS = 2


CUT: dict[str, Any] = {
    "openai": SimpleNamespace(choices=[SimpleNamespace(finish_reason="length")]),
    "openai, as a mapping": {"choices": [{"finish_reason": "length"}]},
    "openai responses": SimpleNamespace(incomplete_details=SimpleNamespace(reason="max_output_tokens")),
    "anthropic": {"stop_reason": "max_tokens"},
    "anthropic, context": {"stop_reason": "model_context_window_exceeded"},
    "ollama": {"done": True, "done_reason": "length"},
    "google": {"finish_reason": FinishReason.MAX_TOKENS},
    "google, whole": SimpleNamespace(candidates=[SimpleNamespace(finish_reason=FinishReason.MAX_TOKENS)]),
    "bedrock": {"stopReason": "max_tokens"},
    "mistral": {"choices": [{"finish_reason": "model_length"}]},
    "cohere": {"finish_reason": "MAX_TOKENS"},
}
WHOLE: dict[str, Any] = {
    "nothing": None,
    "a text": "max_tokens",
    "openai": SimpleNamespace(choices=[SimpleNamespace(finish_reason="stop")]),
    "no choice": {"choices": []},
    "anthropic": {"stop_reason": "end_turn", "usage": {"max_tokens": 7}},
    "google": {"finish_reason": FinishReason.STOP},
    "odd": {"choices": "length", "finish_reason": ["length"], "incomplete_details": None},
}


def said(raw: Any = None, **more: Any) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role="assistant", content="hello"), raw=raw, additional_kwargs=more)


def test_an_answer_that_ended_at_its_limit_is_known_by_what_its_endpoint_says() -> None:
    assert [name for name, raw in CUT.items() if not is_cut(said(raw))] == []
    assert [name for name, raw in WHOLE.items() if is_cut(said(raw))] == []
    assert is_cut(said(finish_reason="length"))
    assert not is_cut(said(finish_reason="stop"))


def test_the_reply_says_that_it_was_cut() -> None:
    blank = ModelAnswerError("nothing")
    assert reply_of(said(CUT["anthropic"], prompt_tokens=4, completion_tokens=2), blank) == Reply(
        "hello", 4, 2, cut=True
    )
    assert reply_of(said(WHOLE["anthropic"]), blank) == Reply("hello")
    thinking = ChatMessage(role="assistant", content="<think>on and on")
    with pytest.raises(ModelAnswerError, match="nothing"):
        reply_of(ChatResponse(message=thinking, raw=CUT["ollama"]), blank)
