"""Reranking by the protocol of SiliconFlow and by a class of LlamaIndex, with what services do when they are unwell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from memoryengine import MemoryEngine
from memoryengine.results import Result
from memoryengine.testing.siliconflow_server import (
    CUT,
    HTML,
    INVALID,
    OTHER_ORDER,
    SERVER_ERROR,
    WRONG_COUNT,
    Fault,
    SiliconFlowServer,
    changed,
    slow,
    too_many,
)

WORKFLOW = """
operation: retrieve_memory
description: Find and rerank.
inputs: [query, limit]
outputs: [hits]
steps: [look, rerank_hits, limit_hits]
"""
LOOK = '''
from dataclasses import dataclass
from memoryengine.ports import Reader, Search
from memoryengine.worker import Hits, worker

@dataclass(frozen=True)
class Found:
    hits: Hits

@worker("look")
@dataclass(frozen=True)
class Look:
    """Search once."""
    reader: Reader
    async def run(self, query: str) -> Found:
        return Found((await self.reader.search(Search(query)))[0])
'''
TOLD = ("Green tea is nice.", "I drink tea with milk in the evening.", "My drink in the morning is coffee.", "Oslo.")
ASKED = "What do I drink in the morning?"
PROCESSOR = '''
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore

class Ranks(BaseNodePostprocessor):
    """Scores by a given way and gives the best `top_n` back, as the classes of LlamaIndex do."""
    top_n: int = 2
    way: str = "logits"

    def _postprocess_nodes(self, nodes, query_bundle=None):
        asked = set(query_bundle.query_str.lower().strip("?").split())
        shared = [len(asked & set(n.node.get_content().lower().strip(".").split())) for n in nodes]
        if self.way == "unscored":
            return nodes
        scores = {
            "logits": lambda n: 2.0 * n - 6.0, "nan": lambda n: float("nan"), "huge": lambda n: 1e307 * (n - 3),
        }.get(self.way, lambda n: n / 10)
        ranked = [NodeWithScore(node=node.node, score=scores(n)) for n, node in zip(shared, nodes)]
        ranked.sort(key=lambda n: -n.score)
        return ranked[: self.top_n] + (ranked[:1] if self.way == "twice" else [])
'''


@pytest.fixture
def server() -> Iterator[SiliconFlowServer]:
    with SiliconFlowServer() as running:
        yield running


@pytest.fixture
def ask(tmp_path: Path, make_engine: Callable[..., MemoryEngine]) -> Callable[..., Result]:
    """Asks an engine that was told four things and reranks with the given model and settings."""
    (tmp_path / "ranked").mkdir()
    (tmp_path / "ranked" / "retrieve_memory.yaml").write_text(WORKFLOW)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "look.py").write_text(LOOK)
    (tmp_path / "ranks.py").write_text(PROCESSOR)

    def ask(reranker: dict[str, Any] | None, told: tuple[str, ...] = TOLD, **settings: object) -> Result:
        config = {
            "extends": "embedded",
            "workers": ["memoryengine.workers", str(tmp_path / "own")],
            "workflows": ["stock", str(tmp_path / "ranked")],
            "models": {"reranker": reranker},
            "instances": {"rerank_hits": {"use": "rerank_hits", **settings}},
        }
        with make_engine(config) as engine:
            engine.user("ann").add_messages([{"role": "user", "content": text} for text in told])
            return engine.user("ann").retrieve(ASKED)

    return ask


def siliconflow(server: SiliconFlowServer, **more: object) -> dict[str, object]:
    return {"use": "siliconflow", "api_base": server.url, "api_key": server.key, "retries": 0, **more}


def order(result: Result) -> list[str]:
    return [hit.item.content for hit in result.hits]


def test_the_channel_comes_from_the_endpoint_in_batches(ask: Callable[..., Result], server: SiliconFlowServer) -> None:
    told = tuple(f"{TOLD[2]} Day {n}." for n in range(30))
    result = ask(siliconflow(server, batch_size=8), told, top_n=20)
    assert result.warnings == ()
    assert [len(each.body["documents"]) for each in server.requests] == [8, 8, 4]
    assert ["rerank" in hit.channels for hit in result.hits] == [True] * 20
    assert all(hit.channels["rerank"] == 1.0 for hit in result.hits)
    server.forget()
    assert order(ask(siliconflow(server), weight=1.0))[0] == TOLD[2]
    assert server.count("rerank") == 1


def scored(score: object) -> Fault:
    """Every text gets this score."""
    return changed(lambda d: {"results": [{**each, "relevance_score": score} for each in d["results"]]})


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (SERVER_ERROR, "500"),
        (too_many("60"), "429"),
        (INVALID, "refused the request"),
        (Fault(401, b"no"), "refused the key"),
        (WRONG_COUNT, "sent 3 results for 4 texts"),
        (HTML, "sent no JSON"),
        (CUT, "could not be reached"),
        (
            changed(lambda d: {"results": [{**each, "relevance_score": float("nan")} for each in d["results"]]}),
            "finite",
        ),
        (scored(10**400), "finite"),
        (scored(1e308), "0 to 1"),
        (scored(-0.5), "0 to 1"),
        (scored("0.9"), "finite"),
        (changed(lambda d: {"results": [d["results"][0]] * 4}), "index must come once"),
        (changed(lambda d: {"results": []}), "sent 0 results"),
    ],
    ids=range(14),
)
def test_an_unwell_endpoint_leaves_the_order_of_the_search(
    ask: Callable[..., Result], server: SiliconFlowServer, fault: Fault, said: str
) -> None:
    plain = ask(None)
    server.fail_next(fault)
    result = ask(siliconflow(server))
    assert order(result) == order(plain)
    assert [hit.score for hit in result.hits] == [hit.score for hit in plain.hits]
    assert not any("rerank" in hit.channels for hit in result.hits)
    (warning,) = result.warnings
    assert warning.startswith("The hits stand in the order of the search, not reranked: ")
    assert said in warning
    assert server.key not in warning
    assert server.count("rerank") == 1


def test_a_slow_endpoint_is_not_waited_for_and_a_mixed_up_one_is_put_in_order(
    ask: Callable[..., Result], server: SiliconFlowServer
) -> None:
    server.fail_next(slow(30))
    began = perf_counter()
    result = ask(siliconflow(server), seconds=0.3)
    assert perf_counter() - began < 10
    assert order(result) == order(ask(None))
    assert "did not answer within 0.3 seconds" in result.warnings[0]
    server.fail_next(OTHER_ORDER)
    assert order(ask(siliconflow(server), weight=1.0))[0] == TOLD[2]


def test_a_class_of_llama_index_scores_all_it_is_given(ask: Callable[..., Result], tmp_path: Path) -> None:
    ranks = {"class": str(tmp_path / "ranks.py") + ":Ranks"}
    result = ask(ranks, weight=1.0)
    assert result.warnings == ()
    assert order(result)[:2] == [TOLD[2], TOLD[1]]
    assert len(result.hits) == 4
    assert all(0 < hit.channels["rerank"] < 1 for hit in result.hits)  # none was left out for its top_n of 2
    for way, said in (("nan", "not finite"), ("twice", "gave 5 scores for 4 texts"), ("unscored", "without a score")):
        failed = ask({**ranks, "way": way})
        assert order(failed) == order(ask(None))
        assert said in failed.warnings[0]
    huge = ask({**ranks, "way": "huge"}, weight=1.0)
    assert [hit.channels["rerank"] for hit in huge.hits] == pytest.approx([1.0, 1.0, 0.0, 0.0])
