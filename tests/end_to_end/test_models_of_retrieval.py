"""The stock retrieval with a rerank model and with rewriting switched on, at a server that is well or is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from memoryengine import MemoryEngine
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import OVERLOADED, WRONG_COUNT, SiliconFlowServer

TOLD = (
    "My sister Ann is a nurse in Oslo.",
    "I spoke with Ann on the phone.",
    "Green tea with milk is nice.",
    "I drink coffee in the morning.",
)
ASKED = "What do I drink in the morning?"


@pytest.fixture
def server() -> Iterator[SiliconFlowServer]:
    with SiliconFlowServer(answer=answer) as running:
        yield running


@pytest.fixture
def engine(
    make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> Iterator[Callable[..., MemoryEngine]]:
    """Engines of the stock workflow whose chat and rerank models are at the server, with settings of one worker."""
    made: list[MemoryEngine] = []

    def make(worker: str = "rerank_hits", **settings: object) -> MemoryEngine:
        model = {"use": "siliconflow", "api_base": server.url, "api_key": server.key, "retries": 0}
        config = {
            "extends": "embedded",
            "models": {"chat": model, "reranker": model},
            "instances": {worker: {"use": worker, **settings}},
        }
        made.append(make_engine(config))
        user = made[-1].user("user")
        if not user.messages().messages:
            user.add_messages([{"role": "user", "content": text, "id": f"m{n}"} for n, text in enumerate(TOLD)])
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_reranker_is_asked_once_for_all_that_was_found(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    result = engine(top_n=2).user("user").retrieve(ASKED)
    assert result.warnings == ()
    assert server.count("rerank") == result.usage.rerank_calls == 1
    assert result.hits[0].item.content == TOLD[3]
    assert result.hits[0].channels["rerank"] == 1.0
    assert result.hits[0].parts["rerank"] == 0.8
    assert [("rerank" in hit.channels) for hit in result.hits].count(True) == 2
    assert all(abs(sum(hit.parts.values()) - hit.score) < 1e-9 for hit in result.hits)
    assert "rerank" in result.explain()


@pytest.mark.parametrize("fault", [OVERLOADED, WRONG_COUNT])
def test_no_search_and_no_chat_is_worse_off_for_an_unwell_reranker(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer, fault: object
) -> None:
    made = engine()
    plain = engine(top_n=0).user("user").retrieve(ASKED)
    server.fail_next(fault, endpoint="rerank")  # type: ignore[arg-type]
    result = made.user("user").retrieve(ASKED)
    assert [(hit.item.id, hit.score) for hit in result.hits] == [(hit.item.id, hit.score) for hit in plain.hits]
    assert len(result.warnings) == 1
    made.user("user").add("User drinks coffee in the morning.")
    server.fail_next(fault, endpoint="rerank")  # type: ignore[arg-type]
    response = made.default_memory_chat.chat_with_memory(ASKED, history_message_strategy=None)
    assert "User drinks coffee" in response.message.content
    assert response.warnings[0].startswith("The hits stand in the order of the search, not reranked: ")


def test_rewriting_is_off_until_a_line_of_the_config_switches_it_on(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    asked = "And where does she work?"
    off = engine().user("user").retrieve(asked, window=("m1",))
    assert off.usage.chat_calls == server.count("chat") == 0
    on = engine("rewrite_query", most=3).user("user").retrieve(asked, window=("m1",))
    assert on.usage.chat_calls == server.count("chat") == 1
    assert on.warnings == ()
    assert on.hits[0].item.content == TOLD[0]
    assert server.requests[-1].body["query"] == "And where does Ann work?"  # what is reranked is the rewritten question
    server.fail_next(OVERLOADED, endpoint="chat")
    down = engine("rewrite_query", most=3).user("user").retrieve(asked, window=("m1",))
    assert down.warnings[0].startswith("The question was searched as it was asked: ")
    assert [hit.item.id for hit in down.hits] == [hit.item.id for hit in off.hits]
