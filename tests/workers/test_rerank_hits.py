"""Reranking: the model's word weighs most, only the best are sent, and no answer of it makes a search worse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

import pytest

from memoryengine.errors import InputError, ModelAnswerError, ModelRefused, ModelUnavailable
from memoryengine.models.metered import MeteredReranker
from memoryengine.models.scripted import ScriptedReranker
from memoryengine.trace import Meter, measure
from memoryengine.values import Hit
from memoryengine.worker import Hits
from memoryengine.workers.rerank_hits import RerankHits

from .fakes import memory, message


class Answering:
    """A `Reranker` of anybody's: it answers, raises or waits as it was told, whatever the port says."""

    name = "odd"

    def __init__(self, answer: Any = (), *, delay: float = 0.0) -> None:
        self.answer, self.delay = answer, delay
        self.calls = 0
        self.asked = asyncio.Event()

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        self.calls += 1
        self.asked.set()
        await asyncio.sleep(self.delay)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer(texts) if callable(self.answer) else self.answer  # type: ignore[no-any-return]

    async def close(self) -> None: ...


def hits_of(*contents: str) -> Hits:
    """Hits with falling scores, each made of one channel."""
    scores = [1.0 - place / 10 for place in range(len(contents))]
    return tuple(
        Hit(memory(c), 2 * s, {"keyword": s}, {"keyword": 2 * s}, {"keyword": n})
        for n, (c, s) in enumerate(zip(contents, scores, strict=True), 1)
    )


async def reranked(worker: RerankHits, hits: Hits, query: str = "which drink") -> tuple[Hits, Meter]:
    with measure() as meter:
        found = (await worker.run(query, hits)).hits
    return found, meter


def contents(hits: Hits) -> list[str]:
    return [hit.item.content for hit in hits]


async def test_the_models_word_weighs_most_and_the_score_stays_the_sum_of_its_parts() -> None:
    reranker = ScriptedReranker(lambda _, text: {"tea": 0.9, "coffee": 0.2}.get(text, 0.2))
    found, meter = await reranked(RerankHits(reranker, weight=0.8), hits_of("coffee", "water", "tea"))
    assert contents(found) == ["tea", "coffee", "water"]
    assert [hit.channels["rerank"] for hit in found] == [0.9, 0.2, 0.2]
    assert found[0].score == pytest.approx(0.2 * 0.8 + 0.8 * 0.9)
    assert found[0].parts == pytest.approx({"keyword": 0.16, "rerank": 0.72})
    assert all(abs(sum(hit.parts.values()) - hit.score) < 1e-9 for hit in found)
    assert found[0].channels["keyword"] == 0.8
    assert found[0].ranks == {"keyword": 3}
    assert meter.warnings == ()


async def test_without_a_model_or_anything_to_ask_nothing_changes() -> None:
    hits = hits_of("a", "b")[::-1]
    reranker = ScriptedReranker(lambda *_: 0.5)
    assert (await RerankHits().run("q", hits)).hits is hits
    assert (await RerankHits(reranker).run(" \n", hits)).hits is hits
    assert (await RerankHits(reranker).run("q", ())).hits == ()
    assert (await RerankHits(reranker, top_n=0).run("q", hits)).hits is hits
    in_time = tuple(
        Hit(memory(name), 1.0 - n / 10, {"time": 1.0, "order": 1.0 - n / 10}) for n, name in enumerate("ab")
    )
    assert (await RerankHits(reranker).run("What did we talk about on Friday?", in_time)).hits is in_time
    assert reranker.calls == []


async def test_only_the_best_are_sent_and_the_others_follow_in_their_order() -> None:
    reranker = ScriptedReranker(lambda _, text: 0.0 if text == "a" else 0.4)
    hits = hits_of(*"abcdef")
    found, _ = await reranked(RerankHits(reranker, top_n=3), hits[::-1])
    assert [texts for _, texts in reranker.calls] == [("a", "b", "c")]
    assert contents(found) == ["b", "c", "a", "d", "e", "f"]
    assert ["rerank" in hit.channels for hit in found] == [True] * 3 + [False] * 3
    assert all(abs(sum(hit.parts.values()) - hit.score) < 1e-9 for hit in found)
    assert all(one.score > other.score for one, other in pairwise(found))


async def test_equal_texts_are_sent_once_and_long_ones_without_their_middle() -> None:
    reranker = ScriptedReranker(lambda _, text: len(text) / 100)
    long = "x" * 500 + "end"
    items = (memory("tea", id_="1"), memory("tea", id_="2"), message("tea", speaker="Ann"), memory(long))
    hits = tuple(Hit(item, 1.0) for item in items)
    found, _ = await reranked(RerankHits(reranker, longest=40), hits, "which drink " * 50)
    (query, texts), *more = reranker.calls
    assert more == []
    assert texts[:2] == ("tea", "Ann: tea")
    assert [len(text) for text in texts] == [3, 8, 40]
    assert texts[2].endswith("end")
    assert len(query) == 40
    assert [hit.channels["rerank"] for hit in found] == [0.4, 0.08, 0.03, 0.03]
    assert [hit.parts for hit in found] == [{}] * 4  # as these scores were not made of channels


ODD: list[tuple[str, Any, str]] = [
    ("unavailable", ModelUnavailable("It is down.", excerpt="secret"), "It is down."),
    ("refused", ModelRefused("The key is wrong.", access=True), "The key is wrong."),
    ("not read", ModelAnswerError("No scores."), "No scores."),
    ("an error of the engine", InputError("The text is odd."), "The text is odd."),
    ("any error", RuntimeError("Ann drinks tea"), "raised RuntimeError"),
    ("cancelled by itself", asyncio.CancelledError(), "broke off its own call"),
    ("fewer", lambda texts: [0.5] * (len(texts) - 1), "gave 2 scores for 3 texts"),
    ("more", lambda texts: [0.5] * (len(texts) + 1), "gave 4 scores for 3 texts"),
    ("none", None, "raised TypeError"),
    ("not a number", [0.5, float("nan"), 0.5], "not from 0 to 1"),
    ("endless", [0.5, float("inf"), 0.5], "not from 0 to 1"),
    ("huge", [0.5, 1e308, 0.5], "not from 0 to 1"),
    ("larger than a float", [0.5, 10**400, 0.5], "not from 0 to 1"),
    ("negative", [0.5, -0.1, 0.5], "not from 0 to 1"),
    ("texts", ["0.5", "0.5", "0.9"], "no numbers"),
    ("a text", "0.5", "gave str"),
    ("flags", [True, False, True], "no numbers"),
    ("by name", {"a": 0.5, "b": 0.5, "c": 0.5}, "gave dict"),
    ("pairs", [(0, 0.5), (0, 0.5), (2, 0.5)], "no numbers"),
]


@pytest.mark.parametrize(("answer", "said"), [each[1:] for each in ODD], ids=[each[0] for each in ODD])
async def test_whatever_goes_wrong_leaves_the_order_as_it_was_and_is_told(answer: Any, said: str) -> None:
    hits = hits_of("a", "b", "c")
    found, meter = await reranked(RerankHits(MeteredReranker(Answering(answer))), hits)
    assert found is hits
    (warning,) = meter.warnings
    assert warning.startswith("The hits stand in the order of the search, not reranked: ")
    assert said in warning
    assert "Ann" not in warning
    assert "secret" not in warning
    assert [(note.partition(":")[0], times) for note, times in meter.notes.items()] == [("done without a model", 1)]


async def test_a_score_a_hair_outside_is_taken_for_the_end() -> None:
    found, meter = await reranked(RerankHits(Answering([-1e-9, 1 + 1e-9, 0.5])), hits_of("a", "b", "c"))
    assert [hit.channels["rerank"] for hit in found] == [1.0, 0.5, 0.0]
    assert contents(found) == ["b", "c", "a"]
    assert meter.warnings == ()


async def test_a_slow_model_is_not_waited_for() -> None:
    hits = hits_of("a", "b")
    slow = Answering([0.1, 0.9], delay=30)
    began = perf_counter()
    found, meter = await reranked(RerankHits(slow, seconds=0.05), hits)
    assert perf_counter() - began < 5
    assert found is hits
    assert meter.warnings == (
        "The hits stand in the order of the search, not reranked: 'odd' did not answer within 0.05 seconds.",
    )
    assert meter.notes == {"done without a model: the model took too long": 1}


async def test_a_cancelled_run_is_cancelled() -> None:
    slow = Answering([0.1], delay=30)
    running = asyncio.create_task(RerankHits(slow).run("q", hits_of("a")))
    await slow.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelled()


async def test_hits_without_a_score_are_ordered_by_the_model_alone() -> None:
    hits = tuple(Hit(memory(name), 0.0) for name in "abc")
    found, _ = await reranked(RerankHits(Answering([0.1, 0.9, 0.9])), hits)
    assert contents(found) == ["b", "c", "a"]
    assert [hit.score for hit in found] == pytest.approx([0.72, 0.72, 0.08])
