"""Whether memory answers a question: what speaks against it, and what is then done."""

from __future__ import annotations

import pytest

from memoryengine.trace import CUT, measure
from memoryengine.values import Hit
from memoryengine.worker import Hits
from memoryengine.workers.judge_hits import JudgeHits

from .fakes import message

GOOD = {"keyword": 1.0, "coverage": 0.6, "vector": 1.0, "cosine": 0.6}


def said(by: str, content: str, **channels: float) -> Hit:
    return Hit(message(content, speaker=by), 1.0, {**GOOD, **channels})


async def certainty(query: str, *hits: Hit) -> float:
    return (await JudgeHits().run(query, hits)).certainty


async def test_a_thing_of_somebody_else_is_no_answer() -> None:
    necklace = said("Nora", "My silver necklace came from my aunt.")
    tea = said("Oskar", "I had tea.", keyword=0.1, vector=0.2, speaker=1.0)
    asked_of_other = await JudgeHits().run("Where did Oskar get the silver necklace?", (necklace, tea))
    assert not asked_of_other.answerable
    assert asked_of_other.certainty < 0.1
    assert asked_of_other.hits == (necklace, tea)
    asked_of_owner = await JudgeHits().run("Where did Nora get the silver necklace?", (necklace, tea))
    assert asked_of_owner.answerable
    assert asked_of_owner.certainty > 0.9


@pytest.mark.parametrize(
    "told", ["Your silver necklace is lovely.", "We bought the silver necklace.", "Oskar has a silver necklace."]
)
async def test_what_others_say_of_a_person_answers_too(told: str) -> None:
    other = said("Oskar", "I had tea.", keyword=0.1, vector=0.2, speaker=1.0)
    judged = await JudgeHits().run("Where did Oskar get the silver necklace?", (said("Nora", told), other))
    assert judged.answerable
    assert judged.certainty > 0.9
    assert len(judged.hits) == 2


async def test_whose_it_is_is_told_in_chinese_too() -> None:
    hers, his = said("小兰", "我的银项链是姑姑送的。"), said("阿明", "今天喝了茶。", keyword=0.1, vector=0.2)
    assert await certainty("阿明的银项链是谁送的？", hers, his) < 0.5
    assert await certainty("小兰的银项链是谁送的？", hers, his) > 0.9
    assert await certainty("阿明的银项链是谁送的？", said("小兰", "你的银项链是姑姑送的。"), his) > 0.9


async def test_a_question_of_the_asker_means_the_asker() -> None:
    necklace = said("Nora", "My silver necklace came from my aunt.")
    own = said("Oskar", "I had tea.", keyword=0.1, vector=0.2, speaker=1.0)
    assert await certainty("Where did I get my silver necklace?", necklace, own) < 0.5
    assert await certainty("Where was the silver necklace bought?", necklace, own) > 0.9
    assert (
        await certainty("Where did I get my silver necklace?", said("", "A silver necklace, from an aunt."), own) > 0.9
    )


async def test_what_is_mentioned_once_is_not_told_in_detail() -> None:
    lone = [said("", f"{n}", keyword=0.2, vector=0.2) for n in range(5)]
    crowd = [said("", f"{n}") for n in range(5)]
    top = said("", "The seminar is on Friday.")
    assert await certainty("What specific points did the seminar make?", top, *lone) < 0.5
    assert await certainty("What specific points did the seminar make?", top, *crowd) > 0.5
    assert await certainty("When is the seminar?", top, *lone) > 0.9
    assert await certainty("讲座的具体内容是什么？", top, *lone) < 0.5


@pytest.mark.parametrize(
    ("channels", "answerable"),
    [
        ({"coverage": 0.02, "cosine": 0.1}, False),
        ({"cosine": 0.05}, False),
        ({"coverage": 0.02, "cosine": 0.5}, True),
        ({"coverage": 0.3, "cosine": 0.05}, True),
        ({"coverage": 0.3}, True),
        ({"coverage": 0.01}, False),
        ({"coverage": 0.02, "rerank": 0.9}, True),
    ],
)
async def test_nothing_near_the_question_is_no_answer(channels: dict[str, float], answerable: bool) -> None:
    judged = await JudgeHits().run("What is the capital of Mongolia?", (Hit(message("A cat."), 1.0, channels),))
    assert judged.answerable is answerable
    assert (judged.certainty >= 0.5) is answerable
    assert judged.hits


async def test_a_long_question_without_an_embedder_needs_only_a_word() -> None:
    hits = (Hit(message("Rain again."), 1.0, {"keyword": 1.0, "coverage": 0.03}),)
    long = "grey morning rain window coffee walking umbrella street puddle lamps traffic station platform ticket " * 2
    assert (await JudgeHits().run(f"{long} yesterday evening friends cinema popcorn film music", hits)).certainty < 0.95
    assert (await JudgeHits().run("rain " + " ".join(f"word{n}" for n in range(40)), hits)).answerable
    assert not (await JudgeHits().run("rain tomorrow", hits)).answerable


async def test_hits_are_dropped_only_where_that_is_set() -> None:
    hits: Hits = (Hit(message("A cat."), 1.0, {"coverage": 0.0, "cosine": 0.0}),)
    with measure() as meter:
        kept = await JudgeHits().run("capital of Mongolia", hits)
        dropped = await JudgeHits(drop=True).run("capital of Mongolia", hits)
    assert (kept.hits, kept.answerable) == (hits, False)
    assert (dropped.hits, dropped.answerable) == ((), False)
    assert meter.notes == {f"{CUT}no answer in memory": 1}
    assert (await JudgeHits(least=0.0, drop=True).run("capital of Mongolia", hits)).hits == hits


async def test_a_time_is_answered_by_what_was_found_at_it() -> None:
    found = (Hit(message("A cat."), 0.0, {"time": 1.0}),)
    judged = await JudgeHits().run("What did I say on Friday?", (), found=found, only=True)
    assert (judged.answerable, judged.certainty, judged.found) == (True, 1.0, found)
    empty = await JudgeHits().run("What did I say on Friday?", (), only=True)
    assert (empty.answerable, empty.certainty) == (False, 0.0)
    assert not (await JudgeHits().run("Anything?", ())).answerable
