"""The lines of each prompt have numbers of their own, so that an answer to another prompt is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from memoryengine.answers import Numbering, read_rows
from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns, fenced_rows
from memoryengine.values import Locale
from memoryengine.workers.extract_observations import ExtractObservations
from memoryengine.workers.find_conflicts import FindConflicts

from ..workers.fakes import NOON, FakeClock, FakeReader, memory, message
from ..workers.model_fakes import prompt_of

TALKS = [tuple(message("I like tea.", id_=f"m{talk}-{n}") for n in range(1 + talk % 6)) for talk in range(300)]


def extracting(*answers: str) -> tuple[ExtractObservations, ScriptedChat]:
    chat = ScriptedChat(answers)
    return ExtractObservations(chat, prompt_of("extract_observations"), Locale(), FakeClock()), chat


def answer_to(talk: int) -> str:
    """What a model that is right says to one of the talks."""
    numbers = Numbering.of(told.id for told in TALKS[talk])
    rows = [{"ids": [numbers.shown(place)], "memory": "User likes tea."} for place in range(1, numbers.count + 1)]
    return json.dumps(rows)


async def test_an_answer_to_another_batch_of_the_same_kind_is_asked_for_again_and_then_fails() -> None:
    passed = 0
    for talk, other in pairwise(range(300)):
        worker, chat = extracting(answer_to(other), answer_to(talk))
        (made,) = (await worker.run(TALKS[talk])).observations
        known = len(chat.calls) == 2
        assert made.sources == tuple(told.id for told in TALKS[talk]) or not known
        passed += not known
    assert passed <= 3
    worker, chat = extracting(answer_to(4), answer_to(4))
    with pytest.raises(ModelAnswerError, match="must be numbers from"):
        await worker.run(TALKS[5])
    assert len(chat.calls) == 2


async def test_the_answer_to_a_part_of_the_batch_is_none_to_the_whole() -> None:
    """After a failure the batch is taken in another cut; what was said to one cut leaves messages of another out."""
    batch = TALKS[5]
    part = Numbering.of(told.id for told in batch[:3])
    assert part != Numbering.of(told.id for told in batch)
    late = json.dumps([{"ids": [part.shown(1)], "memory": "User likes tea."}])
    worker, chat = extracting(late, "[]")
    assert (await worker.run(batch)).observations == ()
    assert len(chat.calls) == 2


async def test_the_example_of_the_prompt_is_no_answer() -> None:
    for spoken in ("en", "zh"):
        prompt = prompt_of("extract_observations").turns(spoken, human_en="user", human_zh="用户", lines="")
        rows = [line for line in prompt[0].content.splitlines() if line.startswith(('[{"ids"', ' {"ids"'))]
        assert len(rows) == 4
        with pytest.raises(ModelAnswerError):
            read_rows("\n".join(rows), {"ids": Numbering(101, 900).some()})


async def test_verdicts_on_other_memories_are_refused_too() -> None:
    def comparing(answer: str, id_: str) -> tuple[FindConflicts, ScriptedChat]:
        chat = ScriptedChat([answer, "[]"])
        reader = FakeReader(memories_=(memory("User lives in Oslo.", id_=id_, said_at=NOON),))
        return FindConflicts(chat, prompt_of("find_conflicts"), reader, Locale(), FakeClock()), chat

    new = (memory("User lives in Rome.", id_="new"),)
    worker, chat = comparing("[]", "one")
    await worker.run(new)
    answer = answer_turns(chat.calls[0])
    assert json.loads(answer)[0]["relation"] == "contradicted"
    worker, chat = comparing(answer, "one")
    assert (await worker.run(new)).changes.expired != ()
    worker, chat = comparing(answer, "other")
    assert (await worker.run(new)).changes.expired == ()
    assert len(chat.calls) == 2


def test_numbers_are_the_same_each_time_of_three_digits_and_spread() -> None:
    firsts = [Numbering.of([f"m{n}"]).first for n in range(2_000)]
    assert firsts == [Numbering.of([f"m{n}"]).first for n in range(2_000)]
    assert 101 <= min(firsts) < 120
    assert 880 < max(firsts) <= 900
    assert len(set(firsts)) > 650
    assert Numbering.of(["a", "b"]) != Numbering.of(["b", "a"])
    assert Numbering.of(["\ud800"]).count == 1


async def test_what_is_cited_is_read_as_places() -> None:
    numbers = Numbering(341, 4)

    def read(ids: object) -> object:
        return read_rows(json.dumps([{"ids": ids}]), {"ids": numbers.some()})[0]["ids"]

    assert read([341, 344]) == (1, 4)
    assert read("341-343") == (1, 2, 3)
    assert read("line 342") == (2,)
    for wrong in ([1], [340], [345], [341, 1], "1-4", []):
        with pytest.raises(ModelAnswerError, match="numbers from 341 to 344"):
            read(wrong)
    worker, chat = extracting("[]")
    await worker.run(TALKS[5])
    shown = [row["id"] for row in fenced_rows(chat.calls[0][1].content)["lines"]]
    assert shown == [Numbering.of(told.id for told in TALKS[5]).shown(place) for place in range(1, 7)]
