from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from memoryengine.errors import ModelAnswerError, ModelError
from memoryengine.models.metered import MeteredChat, MeteredEmbedder, MeteredReranker
from memoryengine.models.scripted import ScriptedChat, ScriptedEmbedder, ScriptedReranker
from memoryengine.ports import Reply, Turn
from memoryengine.trace import Usage, measure, note, record

HELLO = [Turn("user", "hello")]


async def test_every_call_and_its_tokens_are_counted() -> None:
    chat = MeteredChat(ScriptedChat([Reply("a", 10, 2), Reply("b", 5, 1), "streamed"]))
    embedder, reranker = MeteredEmbedder(ScriptedEmbedder()), MeteredReranker(ScriptedReranker(lambda q, t: 0.5))
    with measure() as meter:
        await chat.chat(HELLO)
        await chat.chat(HELLO)
        assert "".join([piece async for piece in chat.stream(HELLO)]) == "streamed"
        await embedder.embed(["a", "b"])
        await reranker.rerank("a", ["b"])
    assert meter.usage == Usage(chat_calls=3, embed_calls=1, rerank_calls=1, input_tokens=15, output_tokens=3)
    record("chat")
    assert meter.usage.chat_calls == 3


async def test_a_failed_call_is_a_call() -> None:
    chat = MeteredChat(ScriptedChat([ModelAnswerError("bad")]))
    with measure() as meter:
        for _ in range(2):
            with pytest.raises(ModelAnswerError):
                await chat.chat(HELLO)
    assert meter.usage == Usage(chat_calls=2)
    assert meter.usage + meter.usage == Usage(chat_calls=4)


async def test_nested_meters_and_tasks_all_count() -> None:
    async def work() -> None:
        with measure() as own:
            record("embed")
            await asyncio.sleep(0)
            record("chat", input_tokens=3)
        assert own.usage == Usage(chat_calls=1, embed_calls=1, input_tokens=3)

    with measure() as outer:
        await asyncio.gather(*(work() for _ in range(5)), asyncio.to_thread(record, "rerank"))
        with measure() as inner:
            record("chat")
    assert outer.usage == Usage(chat_calls=6, embed_calls=5, rerank_calls=1, input_tokens=15)
    assert inner.usage == Usage(chat_calls=1)


def test_other_threads_and_no_meter() -> None:
    record("chat")
    with measure() as meter:
        thread = threading.Thread(target=record, args=("chat",))
        thread.start()
        thread.join()
        with pytest.raises(KeyError), measure():
            raise KeyError
        record("embed", calls=3)
    assert meter.usage == Usage(embed_calls=3)
    assert Usage() + Usage(output_tokens=1) == Usage(output_tokens=1)


async def test_notes_are_counted_in_every_meter_around() -> None:
    note("nobody listens")
    with measure() as outer:
        note("dropped: too long", 2)
        with measure() as inner:
            await asyncio.gather(asyncio.to_thread(note, "dropped: too long"), asyncio.to_thread(note, "kept"))
    assert outer.notes == {"dropped: too long": 3, "kept": 1}
    assert inner.notes == {"dropped: too long": 1, "kept": 1}
    assert outer.usage == Usage()


async def test_scripted_models_keep_a_record() -> None:
    chat = ScriptedChat(["one", ValueError("two")], name="script")
    assert (await chat.chat(HELLO)).text == "one"
    with pytest.raises(ValueError, match="two"):
        await chat.chat(HELLO)
    with pytest.raises(ModelAnswerError, match="'script' has no answer for call 3"):
        await chat.chat(HELLO)
    assert chat.calls == [tuple(HELLO)] * 3
    embedder = ScriptedEmbedder({"a": [1.0, 0.0]}, dimensions=2)
    assert await embedder.embed(["a"]) == [[1.0, 0.0]]
    embedder.failure = ModelAnswerError("down")
    with pytest.raises(ModelAnswerError, match="down"):
        await embedder.embed(["b"])
    assert embedder.calls == [("a",), ("b",)]
    await MeteredChat(chat).close()
    assert chat.closed


class Foreign:
    """Models of somebody who never read the contract."""

    name = "foreign"
    dimensions = 2

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def chat(self, turns: object, *, max_tokens: int | None = None) -> Any:
        return self._said()

    async def stream(self, turns: object) -> AsyncIterator[str]:
        yield "some"
        yield self._said()

    async def embed(self, texts: object, *, query: bool = False) -> Any:
        return self._said()

    async def rerank(self, query: str, texts: object) -> Any:
        return self._said()

    async def close(self) -> None: ...

    def _said(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_what_a_foreign_model_raises_is_an_error_of_ours() -> None:
    foreign = Foreign(KeyError("choices"))
    pieces = MeteredChat(foreign).stream(HELLO)
    for call in (
        MeteredChat(foreign).chat(HELLO),
        MeteredEmbedder(foreign).embed(["a"]),
        MeteredReranker(foreign).rerank("a", ["b"]),
    ):
        with pytest.raises(ModelError, match=r"The model 'foreign' raised KeyError\. It read: \"'choices'\"") as caught:
            await call
        assert caught.value.__cause__ is foreign.answer
    assert await anext(pieces) == "some"
    with pytest.raises(ModelError, match="raised KeyError"):
        await anext(pieces)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ([[1.0, 0.0]], "gave 1 vectors of 2 numbers for 2 texts; it must give one of 2 numbers for each."),
        ([[1.0, 0.0], [1.0]], "gave 2 vectors of 1, 2 numbers for 2 texts"),
        ([], "gave 0 vectors of no numbers for 2 texts"),
        (None, "raised TypeError"),
    ],
)
async def test_vectors_that_do_not_fit_are_refused(answer: object, wrong: str) -> None:
    with pytest.raises(ModelError, match=re.escape(wrong)):
        await MeteredEmbedder(Foreign(answer)).embed(["a", "b"])
    with pytest.raises(ModelError, match="3 texts"):
        await MeteredReranker(Foreign([0.5])).rerank("q", ["a", "b", "c"])
    with pytest.raises(ModelAnswerError, match="answered with str, not with a Reply"):
        await MeteredChat(Foreign("hello")).chat(HELLO)
