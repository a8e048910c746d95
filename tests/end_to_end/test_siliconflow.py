"""The walk-through with the stock config `siliconflow`, against the local server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from memoryengine import ConfigError, MemoryEngine, ModelError
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import SERVER_ERROR, SiliconFlowServer

ZH = ("我的爱好是吉他。", "你知道我的乐器爱好是什么?", "[2024-10-26 21:26:20 周六] 用户爱好是吉他。")
EN = (
    "My hobby is playing the guitar.",
    "Do you know what my musical hobby is?",
    "[2024-10-26 21:26:20 Saturday] User's hobby is playing the guitar.",
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SiliconFlowServer]:
    with SiliconFlowServer(answer=answer) as running:
        monkeypatch.setenv("SILICONFLOW_API_BASE", running.url)
        monkeypatch.setenv("SILICONFLOW_API_KEY", running.key)
        yield running


def counts(server: SiliconFlowServer) -> tuple[int, int, int]:
    found = (server.count("chat"), server.count("embeddings"), server.count("rerank"))
    server.forget()
    return found


@pytest.mark.parametrize(("told", "asked", "shown"), [ZH, EN])
def test_the_walk_through_and_its_calls(
    make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer, told: str, asked: str, shown: str
) -> None:
    chat = make_engine("configs/siliconflow.yaml").default_memory_chat
    assert chat.chat_with_memory(query=told).meta_data["memories"] is None
    counts(server)
    result = chat.run_service_operation("consolidate_memory")
    assert str(result).startswith("[MEMORY ACTIONS]:\nnew observation: ")
    chat_calls, _, rerank_calls = counts(server)
    assert 1 <= chat_calls <= 3
    assert rerank_calls == 0
    assert result.usage.chat_calls == chat_calls
    response = chat.chat_with_memory(query=asked)
    assert response.meta_data["memories"] == shown
    assert counts(server) == (1, 1, 1)


def test_retrieving_costs_one_embedding_and_one_rerank_call(
    make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    user = make_engine("siliconflow").user("ann")
    user.add_messages([{"role": "user", "content": EN[0]}, {"role": "user", "content": "My dog is called Bello."}])
    user.consolidate()
    counts(server)
    result = user.retrieve("What is the name of my dog?")
    assert "Bello" in result.hits[0].item.content
    assert counts(server) == (0, 1, 1)
    usage = result.usage
    assert (usage.chat_calls, usage.embed_calls, usage.rerank_calls) == (0, 1, 1)


def test_a_missing_key_is_one_sentence_before_any_work(
    make_engine: Callable[..., MemoryEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SILICONFLOW_API_KEY", raising=False)
    engine = make_engine("siliconflow")
    with pytest.raises(ConfigError) as caught:
        engine.user("ann").add_messages([{"role": "user", "content": EN[0]}])
    assert "SILICONFLOW_API_KEY" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.__cause__ is None


def test_a_model_that_fails_leaves_the_messages_waiting(
    make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    engine = make_engine("siliconflow")
    user = engine.user("ann")
    user.add_messages([{"role": "user", "content": EN[0]}])
    server.answer = lambda _: "I would rather not."
    with pytest.raises(ModelError):
        user.consolidate()
    assert engine.status("ann").users[0].pending == 1
    server.answer = answer
    server.fail_next(SERVER_ERROR, times=1, endpoint="chat")
    assert "guitar" in str(user.consolidate())
    assert engine.status("ann").users[0].pending == 0
