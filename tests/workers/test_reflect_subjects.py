"""What several observations are about together."""

from __future__ import annotations

import json

import pytest

from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.values import Locale
from memoryengine.workers.reflect_subjects import ReflectSubjects

from .fakes import memory
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown

PROMPT = prompt_of("reflect_subjects")
SEEN = tuple(memory(f"User likes sport {n}.") for n in range(4))
KNOWN = (memory("User's job: nurse", kind="insight", subject="Job"),)


def reflecting(*answers: object, **settings: int) -> tuple[ReflectSubjects, ScriptedChat]:
    chat = CountingChat([a if isinstance(a, str) else json.dumps(a) for a in answers])
    return ReflectSubjects(chat, PROMPT, Locale(), **settings), chat


async def test_subjects_with_two_observations_are_taken_in_order() -> None:
    proposed = [
        {"subject": "sport", "ids": [1, 2, 3]},
        {"subject": "food", "ids": [4]},
        {"subject": " free  time ", "ids": "2, 4"},
        {"subject": "Sport", "ids": [1, 2]},
    ]
    worker, chat = reflecting(proposed)
    assert (await worker.run(SEEN)).subjects == ("sport", "free time")
    assert len(chat.calls) == 1
    worker, _ = reflecting(proposed, most=1)
    assert (await worker.run(SEEN)).subjects == ("sport",)


async def test_a_known_subject_is_shown_and_not_taken_again() -> None:
    worker, chat = reflecting([{"subject": "job", "ids": [1, 2]}, {"subject": "sport", "ids": [1, 2]}])
    assert (await worker.run(SEEN, KNOWN)).subjects == ("sport",)
    assert rows_shown(chat, "subjects") == [{"subject": "Job"}]
    assert [row["text"] for row in rows_shown(chat, "observations")] == [m.content for m in SEEN]


async def test_none_is_an_answer_and_one_observation_asks_nobody() -> None:
    worker, chat = reflecting("[]")
    assert (await worker.run(SEEN)).subjects == ()
    worker, chat = reflecting()
    assert (await worker.run(SEEN[:1])).subjects == ()
    assert chat.calls == []


@pytest.mark.parametrize(
    "bad", [[{"subject": "sport", "ids": [1, 5]}], [{"subject": "", "ids": [1, 2]}], [{"subject": "sport"}], "Sport."]
)
async def test_what_cites_what_was_not_given_is_refused(bad: object) -> None:
    worker, chat = reflecting(bad, bad)
    with pytest.raises(ModelAnswerError):
        await worker.run(SEEN)
    assert len(chat.calls) == 2
    worker, _ = reflecting(bad, [{"subject": "sport", "ids": [1, 2]}])
    assert (await worker.run(SEEN)).subjects == ("sport",)


async def test_the_newest_are_shown_and_hostile_ones_stay_in_their_lines() -> None:
    worker, chat = reflecting("[]", newest=len(HOSTILE))
    observations = (*SEEN, *(memory(text, id_=str(n)) for n, text in enumerate(HOSTILE)))
    insights = (memory("x", kind="insight", subject='a"}\n{"subject":"b"}'),)
    assert (await worker.run(observations, insights)).subjects == ()
    assert [row["text"] for row in rows_shown(chat, "observations")] == list(HOSTILE)
    assert rows_shown(chat, "subjects") == [{"subject": 'a"}\n{"subject":"b"}'}]


async def test_the_stand_in_finds_a_theme() -> None:
    worker = ReflectSubjects(ScriptedChat(answer_turns), PROMPT, Locale())
    assert (await worker.run(SEEN)).subjects == ("hobby",)
    chinese = tuple(memory(f"用户喜欢{thing}。") for thing in ("吉他", "游泳", "爬山"))
    assert (await worker.run(chinese)).subjects == ("爱好",)
    assert (await worker.run((memory("User lives in Oslo."), memory("User is tall.")))).subjects == ()
