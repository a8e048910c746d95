from __future__ import annotations

import asyncio
import threading

import pytest

from memoryengine.errors import ModelAnswerError
from memoryengine.models.metered import MeteredChat, MeteredEmbedder, MeteredReranker
from memoryengine.models.scripted import ScriptedChat, ScriptedEmbedder, ScriptedReranker
from memoryengine.ports import Reply, Turn
from memoryengine.trace import Usage, measure, record

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
