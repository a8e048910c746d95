from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.schema import NodeWithScore, TextNode

from memoryengine.errors import ModelAnswerError
from memoryengine.models.siliconflow_rerank import SiliconFlowRerank
from memoryengine.testing.siliconflow_server import Fault, SiliconFlowServer, changed, too_many

from .conftest import Build, Slept

TEXTS = ["北京今天下雨", "用户的爱好是吉他", "My hobby is the guitar"]


def nodes(*texts: str) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text, id_=f"n{i}"), score=0.5) for i, text in enumerate(texts)]


@pytest.fixture
def model(server: SiliconFlowServer, slept: Slept) -> SiliconFlowRerank:
    return SiliconFlowRerank(api_key=server.key, api_base=server.url, effects=slept.effects)


async def test_many_documents_go_in_batches_and_all_get_scores(build: Build, server: SiliconFlowServer) -> None:
    texts = [f"line {i}" for i in range(1_001)]
    scores = await build.reranker(batch_size=100).rerank("line 1000", texts)
    assert len(scores) == 1_001
    assert scores[1_000] == max(scores) == 1.0
    assert sorted(len(each.body["documents"]) for each in server.requests) == [1, *[100] * 10]
    assert all(each.body["top_n"] == len(each.body["documents"]) for each in server.requests)


async def test_equal_texts_are_sent_once_and_score_alike(build: Build, server: SiliconFlowServer) -> None:
    scores = await build.reranker().rerank("guitar", ["tea", "guitar", "tea", "guitar", ""])
    assert scores == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert server.requests[0].body["documents"] == ["tea", "guitar"]
    assert server.count() == 1


async def test_a_long_text_scores_by_its_best_part(build: Build, server: SiliconFlowServer) -> None:
    scores = await build.reranker(max_chars=20).rerank("guitar", ["x" * 200 + " guitar", "x" * 200])
    assert scores == [1.0, 0.0]
    assert all(len(text) <= 20 for text in server.requests[0].body["documents"])
    assert server.count() == 1


async def test_nothing_to_ask_costs_nothing(build: Build, server: SiliconFlowServer) -> None:
    reranker = build.reranker()
    assert await reranker.rerank("guitar", []) == []
    assert await reranker.rerank("  ", TEXTS) == [0.0, 0.0, 0.0]
    assert await reranker.rerank("guitar", ["", " "]) == [0.0, 0.0]
    assert server.count() == 0


@pytest.mark.parametrize("tail", ["", "/", "/rerank", "/rerank/"])
async def test_base_and_full_address_are_both_taken(build: Build, server: SiliconFlowServer, tail: str) -> None:
    scores = await build.reranker(api_base=server.url + tail).rerank("guitar hobby", TEXTS)
    assert scores[2] == 1.0
    assert server.count("rerank") == 1
    assert server.count() == 1


def scored(*scores: object) -> Fault:
    def change(data: dict[str, Any]) -> dict[str, Any]:
        return {"results": [{"index": i, "relevance_score": score} for i, score in enumerate(scores)]}

    return changed(change)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (scored(0.1, float("nan"), 0.3), "finite"),
        (scored(0.1, None, 0.3), "finite"),
        (scored(0.1, -4.5, 0.3), "scores: logit"),
        (changed(lambda d: {"results": [{"index": 0, "relevance_score": 1}] * 3}), "each index must come once"),
        (changed(lambda d: {"answers": []}), "without 'results'"),
    ],
    ids=range(5),
)
async def test_every_score_is_checked(build: Build, server: SiliconFlowServer, fault: Fault, said: str) -> None:
    server.fail_next(fault)
    with pytest.raises(ModelAnswerError, match=said) as caught:
        await build.reranker().rerank("guitar", TEXTS)
    assert "rerank model" in caught.value.message
    assert server.count() == 1


async def test_logits_are_squeezed_where_the_config_says_so(build: Build, server: SiliconFlowServer) -> None:
    server.fail_next(scored(-9_999.0, 0.0, 4.0))
    scores = await build.reranker(scores="logit").rerank("guitar", TEXTS)
    assert scores[0] == 0.0
    assert scores[1] == 0.5
    assert scores[2] == pytest.approx(0.982, abs=0.001)


def test_alone_in_llama_index_sync(model: SiliconFlowRerank, server: SiliconFlowServer, slept: Slept) -> None:
    server.fail_next(too_many("1"))
    ranked = model.postprocess_nodes(nodes(*TEXTS), query_str="用户的爱好")
    assert [node.node.node_id for node in ranked] == ["n1", "n0", "n2"]
    assert ranked[0].score == 1.0
    assert (server.count(), slept.seconds) == (2, [1.25])


async def test_alone_in_llama_index_async_with_top_n(model: SiliconFlowRerank, server: SiliconFlowServer) -> None:
    model.top_n = 2
    given = nodes(*TEXTS, TEXTS[2])
    ranked = await model.apostprocess_nodes(given, query_str="guitar hobby")
    assert [node.node.node_id for node in ranked] == ["n2", "n3"]
    assert [node.score for node in ranked] == [1.0, 1.0]
    assert [node.score for node in given] == [0.5] * 4
    await model.close()


def test_a_question_is_needed(model: SiliconFlowRerank, server: SiliconFlowServer) -> None:
    with pytest.raises(ValueError, match="query_str"):
        model.postprocess_nodes(nodes(*TEXTS))
    assert model.postprocess_nodes([], query_str="guitar") == []
    assert server.count() == 0
