"""The final score: relevance and all that speaks for a hit, times kind and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memoryengine.questions import Question
from memoryengine.values import Hit, Period
from memoryengine.workers.fuse_hits import KIND_RATIOS, REMARK, WEIGHTS, FuseHits

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
    fused = (await FuseHits(time_ratio=3.0, weights={"time": 0.0, "near": 0.0}).run(hits, YESTERDAY)).hits
    scores = {h.item.content: h.score for h in fused}
    own = 0.6 * (1 + WEIGHTS["session"])  # each is the best of its own session at least
    assert scores["m"] == pytest.approx(own * KIND_RATIOS["message"])
    assert scores["o"] == pytest.approx(own)
    assert scores["c"] == pytest.approx(own * KIND_RATIOS["custom"])
    assert scores["i"] == pytest.approx(own * KIND_RATIOS["insight"])
    assert scores["then"] == pytest.approx(3 * own)
    assert fused[0].item.content == "then"
    found = {"keyword": 0.6, "relevance": 0.6, "session": 0.6, "time": 1.0, "near": 1.0}
    assert fused[0].channels == found
    assert "time" not in fused[-1].channels


async def test_the_event_counts_and_not_when_it_was_told() -> None:
    told_then = memory("told then", said_at=NOON - DAY, event=Period(NOON + DAY, NOON + 2 * DAY))
    happened_then = memory("happened then", event=YESTERDAY)
    fused = (await FuseHits().run((Hit(told_then, 0.5), Hit(happened_then, 0.4)), YESTERDAY)).hits
    assert [h.item.content for h in fused] == ["happened then", "told then"]
    assert fused[0].score == pytest.approx(0.4 + 0.4 * WEIGHTS["session"] + WEIGHTS["time"] + WEIGHTS["near"])
    assert fused[1].score == pytest.approx(0.5 + 0.5 * WEIGHTS["session"] + WEIGHTS["near"] * 0.5)
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
    first, second = (await FuseHits().run(hits)).hits
    assert (first.kind, second.kind) == ("observation", "insight")
    assert first.score == second.score == pytest.approx(0.8 * (1 + WEIGHTS["session"]))
    lower = (await FuseHits(kind_ratios={"insight": 0.5}).run(hits)).hits
    assert lower[1].score == pytest.approx(0.4 * (1 + WEIGHTS["session"]))


async def test_the_parts_are_weight_times_channel_and_add_up_to_the_score() -> None:
    hit = Hit(
        message("I never eat meat"),
        0.6,
        {"keyword": 1.0, "vector": 0.2, "reply": 0.5, "hop": 0.25, "part": 0.5, "speaker": 1.0},
        {"keyword": 0.5, "vector": 0.1},
    )
    asked = Question(remark=True)
    for question, factors in ((None, {}), (asked, REMARK)):
        (found,) = (await FuseHits().run((hit,), YESTERDAY, question=question, order="first")).hits
        assert sum(found.parts.values()) == pytest.approx(found.score, abs=1e-12)
        for name, part in found.parts.items():
            weight = WEIGHTS.get(name, 0.5) * factors.get(name, 1.0) * KIND_RATIOS["message"]
            assert part == pytest.approx(weight * found.channels[name]), name
    assert found.channels["lasting"] == 1.0
    assert found.parts["reply"] == 0.0
    assert found.channels.keys() >= found.parts.keys()


async def test_whose_words_count_depends_on_what_is_asked() -> None:
    hits = (Hit(message("try the pasta", role="assistant"), 0.5), Hit(message("I like pasta"), 0.5))
    for said_by, first in (("", "user"), ("user", "user"), ("assistant", "assistant")):
        fused = (await FuseHits().run(hits, question=Question(said_by=said_by))).hits  # type: ignore[arg-type]
        assert fused[0].item.role == first  # type: ignore[union-attr]
        assert fused[0].score > fused[1].score
    alone = (await FuseHits().run(hits[:1], question=Question())).hits
    assert "role" not in alone[0].channels


async def test_a_wish_or_a_rule_comes_before_where_something_is_requested() -> None:
    answer = Hit(message("Sure!", role="assistant"), 0.1)
    rule = Hit(message("Always name the price"), 0.2)
    hits = (Hit(message("pasta is food"), 0.5), Hit(message("I prefer pasta"), 0.45), answer, rule)
    requested = (await FuseHits().run(hits, question=Question(request=True))).hits
    assert [h.item.content for h in requested[:3]] == ["Always name the price", "I prefer pasta", "pasta is food"]
    plain = (await FuseHits().run(hits, question=Question())).hits
    assert [h.item.content for h in plain[:3]] == ["Always name the price", "pasta is food", "I prefer pasta"]
    among_people = (await FuseHits().run(hits[:2] + hits[3:], question=Question(request=True))).hits
    assert "rule" not in among_people[-1].parts


async def test_first_and_last_and_the_session_of_the_best() -> None:
    early = message("the first trip", session="a", said_at=NOON - 3 * DAY)
    late = message("the next trip", session="b", said_at=NOON)
    beside = message("nothing", session="a", said_at=NOON)
    hits = (Hit(late, 0.5), Hit(early, 0.5), Hit(beside, 0.1))
    assert (await FuseHits().run(hits, order="first")).hits[0].item is early
    assert (await FuseHits().run(hits, order="last")).hits[0].item is late
    found = (await FuseHits().run(hits)).hits
    assert found[-1].channels["session"] == 0.5


async def test_without_sessions_a_pause_of_six_hours_parts_one_from_the_next() -> None:
    hours = {"first": 0, "soon": 5, "later": 10, "next day": 17, "summed up": 1}
    hits = {name: Hit(message(name, said_at=NOON + h * DAY / 24), 0.1) for name, h in hours.items()}
    hits["later"] = hits["later"].but(score=0.8)
    hits["summed up"] = Hit(memory("summed up", kind="insight", said_at=NOON + DAY / 24), 0.1)
    fused = {h.item.content: h.channels.get("session", 0.0) for h in (await FuseHits().run(tuple(hits.values()))).hits}
    assert fused == {"first": 0.8, "soon": 0.8, "later": 0.8, "next day": 0.1, "summed up": 0.1}


def test_the_readme_has_the_weights() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d\.\d+) \| `(\w+)` \|", readme, re.MULTILINE)
    assert {name: float(weight) for weight, name in rows} == WEIGHTS
    assert f"message {KIND_RATIOS['message']}, observation 1, custom and insight 1.2" in readme
    assert KIND_RATIOS["custom"] == KIND_RATIOS["insight"] == 1.2
