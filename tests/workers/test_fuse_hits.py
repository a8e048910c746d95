"""The final score: relevance x kind x time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memoryengine.values import Hit, Period
from memoryengine.workers.fuse_hits import KIND_RATIOS, FuseHits

from .fakes import NOON, memory, message

DAY = timedelta(days=1)
YESTERDAY = Period(datetime(2024, 10, 25, tzinfo=UTC), datetime(2024, 10, 26, tzinfo=UTC))


async def test_the_score_is_relevance_times_kind_times_time() -> None:
    hits = (
        Hit(message("m"), 0.6, {"keyword": 0.6}),
        Hit(memory("o"), 0.6, {"keyword": 0.6}),
        Hit(memory("c", kind="custom"), 0.6, {"keyword": 0.6}),
        Hit(memory("i", kind="insight"), 0.6, {"keyword": 0.6}),
        Hit(memory("then", said_at=NOON - DAY), 0.6, {"keyword": 0.6}),
    )
    fused = (await FuseHits(time_ratio=3.0).run(hits, YESTERDAY)).hits
    scores = {h.item.content: h.score for h in fused}
    assert scores["m"] == pytest.approx(0.6 * KIND_RATIOS["message"])
    assert scores["o"] == pytest.approx(0.6)
    assert scores["c"] == pytest.approx(0.6 * KIND_RATIOS["custom"])
    assert scores["i"] == pytest.approx(0.6 * KIND_RATIOS["insight"])
    assert scores["then"] == pytest.approx(1.8)
    assert fused[0].item.content == "then"
    assert fused[0].channels == {"keyword": 0.6, "relevance": 0.6, "time": 1.0}
    assert fused[-1].channels["time"] == 0.0


async def test_the_event_counts_and_not_when_it_was_told() -> None:
    told_then = memory("told then", said_at=NOON - DAY, event=Period(NOON + DAY, NOON + 2 * DAY))
    happened_then = memory("happened then", event=YESTERDAY)
    fused = (await FuseHits().run((Hit(told_then, 0.5), Hit(happened_then, 0.4)), YESTERDAY)).hits
    assert [(h.item.content, h.score) for h in fused] == [("happened then", 0.8), ("told then", 0.5)]
    plain = (await FuseHits().run((Hit(told_then, 0.5), Hit(happened_then, 0.4)))).hits
    assert [h.item.content for h in plain] == ["told then", "happened then"]
    assert "time" not in plain[0].channels


async def test_what_hardly_fits_is_dropped_and_ties_keep_their_order() -> None:
    hits = (Hit(memory("b"), 0.5), Hit(memory("a"), 0.5), Hit(memory("noise"), 0.009), Hit(message("m"), 0.9))
    assert [h.item.content for h in (await FuseHits(kind_ratios={"message": 0.0}).run(hits)).hits] == ["b", "a"]
    assert [h.item.content for h in (await FuseHits(least=0.0).run(hits)).hits][-1] == "noise"
    assert (await FuseHits().run(())).hits == ()


async def test_an_insight_does_not_beat_the_observation_that_answers() -> None:
    """Twice the weight would: it shares half of the question and stands for all of it."""
    answer, theme = Hit(memory("answers it"), 0.9), Hit(memory("its theme", kind="insight"), 0.5)
    assert [h.kind for h in (await FuseHits().run((answer, theme))).hits] == ["observation", "insight"]
    twice = FuseHits(kind_ratios={"insight": 2.0})
    assert [h.kind for h in (await twice.run((answer, theme))).hits] == ["insight", "observation"]
    equal = (await FuseHits().run((Hit(answer.item, 0.5), theme))).hits
    assert [h.kind for h in equal] == ["insight", "observation"]


async def test_a_reranked_insight_has_no_advantage() -> None:
    channels = {"rerank": 0.8}
    hits = (Hit(memory("answers it"), 0.8, channels), Hit(memory("theme", kind="insight"), 0.8, channels))
    assert [(h.kind, h.score) for h in (await FuseHits().run(hits)).hits] == [("observation", 0.8), ("insight", 0.8)]
    lower = (await FuseHits(kind_ratios={"insight": 0.5}).run(hits)).hits
    assert lower[1].score == pytest.approx(0.4)
