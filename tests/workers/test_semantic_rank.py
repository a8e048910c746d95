"""The order by meaning: BM25's own where there is nothing else, a fusion with vectors, a reranker's word."""

from __future__ import annotations

import random

import pytest

from memoryengine.errors import ModelUnavailable
from memoryengine.models.scripted import ScriptedReranker
from memoryengine.text import content_terms
from memoryengine.trace import measure
from memoryengine.values import Hit
from memoryengine.workers.search_memories import SearchMemories
from memoryengine.workers.semantic_rank import SemanticRank

from .fakes import FakeReader, keyword_scores, memory, message

WORDS = (
    *("guitar", "piano", "tea", "coffee", "oslo", "bergen", "sister", "brother"),
    *("runs", "swims", "every", "day", "with", "my", "new", "old", "red"),
)


def hit(content: str, **channels: float) -> Hit:
    return Hit(memory(content), max(channels.values(), default=0.0), channels)


async def test_without_an_embedder_the_order_is_that_of_bm25() -> None:
    rng = random.Random(3)
    for _ in range(20):
        texts = [" ".join(rng.choices(WORDS, k=rng.randint(2, 12))) for _ in range(60)]
        reader = FakeReader(messages_=[message(text, id_=f"m{n:03}") for n, text in enumerate(texts)])
        query = " ".join(rng.sample(WORDS, 4))
        words = content_terms(query)
        found = (await SearchMemories(reader).run(query)).hits
        ranked = (await SemanticRank().run(query, found)).hits
        scores = {f"m{n:03}": score for n, score in enumerate(keyword_scores(query, texts, words)) if score}
        assert [h.item.id for h in ranked] == sorted(scores, key=lambda id_: (-scores[id_], id_))
        assert ranked[0].score == 1.0
        assert all(0 <= h.score <= 1 for h in ranked)


async def test_channels_are_divided_by_their_best_and_weighed() -> None:
    hits = (hit("both", keyword=0.5, vector=0.4), hit("words", keyword=1.0), hit("sense", vector=0.8))
    ranked = (await SemanticRank(keyword_weight=1.0, vector_weight=0.8).run("q", hits)).hits
    scores = {h.item.content: h.score for h in ranked}
    assert scores["both"] == pytest.approx((0.5 + 0.8 * 0.5) / 1.8)
    assert scores["words"] == pytest.approx(1 / 1.8)
    assert scores["sense"] == pytest.approx(0.8 / 1.8)
    assert [h.item.content for h in ranked] == ["words", "both", "sense"]
    assert ranked[1].channels == {"keyword": 0.5, "vector": 0.5, "cosine": 0.4}
    assert ranked[1].parts == {"keyword": 0.5 / 1.8, "vector": 0.8 * 0.5 / 1.8}


async def test_hits_of_equal_score_keep_their_order_and_no_channel_changes_nothing() -> None:
    hits = tuple(hit(name, keyword=1.0) for name in "cab")
    assert [h.item.content for h in (await SemanticRank().run("q", hits)).hits] == ["c", "a", "b"]
    bare = (hit("x"), hit("y"))
    assert (await SemanticRank().run("q", bare)).hits == bare
    assert (await SemanticRank().run("q", ())).hits == ()
    promoted = (hit("none"), hit("some", keyword=0.2))
    assert [h.item.content for h in (await SemanticRank().run("q", promoted)).hits] == ["some", "none"]


async def test_a_reranker_has_the_last_word() -> None:
    reranker = ScriptedReranker(lambda _, text: {"tea": 0.9, "coffee": 0.2}.get(text, 0.05))
    hits = (hit("coffee", keyword=1.0), hit("tea", keyword=0.3), hit("water", keyword=0.2))
    ranked = (await SemanticRank(reranker).run("which drink", hits)).hits
    assert [(h.item.content, h.score) for h in ranked] == [("tea", 0.9), ("coffee", 0.2), ("water", 0.05)]
    assert ranked[0].channels == {"keyword": 0.3, "rerank": 0.9}
    assert len(reranker.calls) == 1


async def test_without_an_answer_of_the_model_the_order_is_that_of_the_channels() -> None:
    reranker = ScriptedReranker(lambda *_: 0.5)
    reranker.failure = ModelUnavailable("The model is down.")
    hits = (hit("coffee", keyword=1.0), hit("tea", keyword=0.3))
    with measure() as meter:
        ranked = (await SemanticRank(reranker).run("which drink", hits)).hits
    assert ranked == (await SemanticRank().run("which drink", hits)).hits
    assert meter.warnings == ("The hits stand in the order of the search, not reranked: The model is down.",)
    assert len(reranker.calls) == 1


async def test_only_the_best_are_reranked_and_the_rest_follow() -> None:
    reranker = ScriptedReranker(lambda _, text: 0.4 if text == "b" else 0.6)
    hits = tuple(hit(name, keyword=1 - n / 10) for n, name in enumerate("abcd"))
    ranked = (await SemanticRank(reranker, top_n=2).run("q", hits)).hits
    assert [h.item.content for h in ranked] == ["a", "b", "c", "d"]
    assert [texts for _, texts in reranker.calls] == [("a", "b")]
    assert ranked[1].score == 0.4 > ranked[2].score > ranked[3].score > 0
    assert "rerank" not in ranked[2].channels


async def test_equal_texts_are_scored_once_and_both_stay() -> None:
    reranker = ScriptedReranker(lambda _, text: 0.5)
    hits = (Hit(memory("same", id_="1"), 1.0, {"keyword": 1.0}), Hit(memory("same", id_="2"), 1.0, {"keyword": 1.0}))
    ranked = (await SemanticRank(reranker).run("q", hits)).hits
    assert [h.item.id for h in ranked] == ["1", "2"]
    assert reranker.calls == [("q", ("same",))]
    assert (await SemanticRank(reranker).run("q", ())).hits == ()
    assert len(reranker.calls) == 1
