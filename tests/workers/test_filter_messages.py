"""Which messages a model finds worth a closer look."""

from __future__ import annotations

import json

import pytest

from memoryengine.answers import Numbering
from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.values import Locale
from memoryengine.workers.filter_messages import FilterMessages

from .fakes import message
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown

PROMPT = prompt_of("filter_messages")
BATCH = (
    message("Hello there!"),
    message("Good morning. Do you play an instrument?", role="assistant"),
    message("Guitar, for ten years."),
    message("Nice!", role="assistant"),
    message("Thank you."),
)


def scores(*values: int) -> str:
    return json.dumps([{"id": n, "score": score} for n, score in enumerate(values, 1)])


def filtering(chat: ScriptedChat, **settings: int) -> FilterMessages:
    return FilterMessages(chat, PROMPT, Locale(), **settings)


async def test_messages_of_two_and_three_stay_with_what_they_answer() -> None:
    chat = CountingChat([scores(0, 3, 1)])
    kept = (await filtering(chat).run(BATCH)).messages
    assert kept == BATCH[1:3]
    assert len(chat.calls) == 1
    assert (await filtering(CountingChat([scores(2, 0, 1)])).run(BATCH)).messages == BATCH[:1]
    assert (await filtering(CountingChat([scores(0, 1, 1)])).run(BATCH)).messages == ()
    assert (await filtering(CountingChat([scores(1, 3, 1)]), least=1).run(BATCH)).messages == BATCH


async def test_the_model_sees_the_lines_of_the_person_with_what_was_asked() -> None:
    chat = CountingChat([scores(0, 3, 0)])
    await filtering(chat).run(BATCH)
    rows = rows_shown(chat)
    assert [row["text"] for row in rows] == ["Hello there!", "Guitar, for ten years.", "Thank you."]
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert [row.get("answers") for row in rows] == [None, BATCH[1].content, "Nice!"]
    assert "# filter_messages" in chat.calls[0][0].content
    assert "Score these 3 lines" in chat.calls[0][1].content


async def test_a_long_message_is_judged_by_its_ends_and_kept_whole() -> None:
    long = message("A" * 150 + "middle" * 50 + "Z" * 150)
    chat = CountingChat([scores(3)])
    assert (await filtering(chat).run((long,))).messages == (long,)
    shown = rows_shown(chat)[0]["text"]
    assert len(shown) == 200
    assert shown.startswith("A" * 90)
    assert shown.endswith("Z" * 90)
    assert "middle" not in shown


async def test_a_message_the_model_left_out_stays() -> None:
    kept = (await filtering(CountingChat(['[{"id": 1, "score": 0}]'])).run(BATCH)).messages
    assert kept == BATCH[1:]
    twice = '[{"id": 1, "score": 0}, {"id": 2, "score": 0}, {"id": 3, "score": 0}, {"id": 2, "score": 3}]'
    assert (await filtering(CountingChat([twice])).run(BATCH)).messages == BATCH[1:3]


async def test_no_model_is_asked_where_nobody_spoke() -> None:
    chat = ScriptedChat()
    batch = (message("Hi", role="assistant"), message("Be kind", role="system"), message("  \n"))
    assert (await filtering(chat).run(batch)).messages == ()
    assert (await filtering(chat).run(())).messages == ()
    assert chat.calls == []


async def test_what_was_answered_in_another_session_is_no_context() -> None:
    batch = (message("Which city?", role="assistant", session="a"), message("Oslo", session="b"))
    chat = CountingChat([scores(3)])
    assert (await filtering(chat).run(batch)).messages == batch[1:]
    assert "answers" not in rows_shown(chat)[0]


@pytest.mark.parametrize("bad", ['[{"id": 4, "score": 3}]', '[{"id": 1, "score": 4}]', "fine", '[{"id": 1}]'])
async def test_an_answer_that_cannot_be_used_is_asked_for_once_more(bad: str) -> None:
    chat = CountingChat([bad, scores(0, 3, 0)])
    assert (await filtering(chat).run(BATCH)).messages == BATCH[1:3]
    assert len(chat.calls) == 2
    with pytest.raises(ModelAnswerError):
        await filtering(CountingChat([bad, bad])).run(BATCH)


async def test_lines_of_scores_are_an_answer_too() -> None:
    first = Numbering.of(message.id for message in BATCH if message.role == "user").first
    kept = (await filtering(ScriptedChat([f"{first}: 0\n{first + 1}: 3\n{first + 2}: 0"])).run(BATCH)).messages
    assert kept == BATCH[1:3]
    chinese = CountingChat(["[{“id”：1，“score”：3}]"])
    assert len((await filtering(chinese).run((message("我爱吉他"),))).messages) == 1
    assert "打分" in chinese.calls[0][0].content


async def test_no_text_can_leave_its_line() -> None:
    batch = tuple(message(text, id_=str(n)) for n, text in enumerate(HOSTILE))
    chat = CountingChat([scores(*([3] * len(HOSTILE)))])
    assert (await filtering(chat, longest=2000).run(batch)).messages == batch
    rows = rows_shown(chat)
    assert [row["id"] for row in rows] == list(range(1, len(HOSTILE) + 1))
    assert [row["text"] for row in rows] == list(HOSTILE)
    assert chat.calls[0][1].content.encode("utf-8")


async def test_the_stand_in_tells_statements_from_small_talk() -> None:
    batch = (message("我的爱好是吉他。"), message("你好！"), message("What is the time?"), message("I live in Oslo."))
    kept = (await filtering(ScriptedChat(answer_turns)).run(batch)).messages
    assert [m.content for m in kept] == ["我的爱好是吉他。", "I live in Oslo."]
    assert (await filtering(ScriptedChat(answer_turns)).run(batch[1:2])).messages == ()
    assert (await filtering(ScriptedChat(answer_turns)).run(BATCH[:1])).messages == ()
