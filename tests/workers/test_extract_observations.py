"""What a model writes down about the person, and what our code makes of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memoryengine.attributes import ATTRIBUTES
from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.trace import measure
from memoryengine.values import Language, Locale
from memoryengine.workers.extract_observations import ExtractObservations

from .fakes import NOON, FakeClock, message
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown

PROMPT = prompt_of("extract_observations")
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
MESSAGES = (
    message("Do you play an instrument?", role="assistant"),
    message("Guitar, for ten years. Tomorrow I play in Oslo.", id_="m1", speaker="user", session="s", agent="a"),
    message("我对花生过敏。", id_="m2", said_at=NOON + DAY),
)


def row(ids: object, memory: str, time: str = "") -> dict[str, Any]:
    return {"ids": ids, "memory": memory, "time": time}


async def test_what_is_only_imagined_is_left_out_and_counted() -> None:
    batch = (message("I have a dog. If I were rich I would live in Rome.", id_="m1"),)
    rows = [{**row([1], "User has a dog."), "score": 3}, {**row([1], "User would live in Rome if rich."), "score": 1}]
    with measure() as meter:
        worker, _ = extracting(rows)
        assert [m.content for m in (await worker.run(batch)).observations] == ["User has a dog."]
    assert meter.notes == {"left out: imagined": 1}
    worker, _ = extracting(rows)
    assert len((await replace(worker, least=1).run(batch)).observations) == 2
    for score, kept in ((2, 1), ("1", 0), (0, 0), ("high", 1), (None, 1), (7, 1), ([3], 1)):
        worker, chat = extracting([{**row([1], "User has a dog."), "score": score}])
        assert len((await worker.run(batch)).observations) == kept
        assert len(chat.calls) == 1


SCALES: dict[str, tuple[list[object], list[int]]] = {
    "our own": ([3, 1, 2], [0, 2]),
    "our own as texts": (["3", "1", "2"], [0, 2]),
    "our own with points": ([3.0, 1.0, 2.0], [0, 2]),
    "fractions": ([0.9, 1.0, 0.2], [0, 1, 2]),
    "fractions and whole ones": ([0.9, 1, 1], [0, 1, 2]),
    "fractions as texts": (["0.95", "1.0 (sure)", "1"], [0, 1, 2]),
    "all sure": ([1.0, 1.0, 1.0], [0, 1, 2]),
    "sure or not at all": ([1.0, 0.0, 1.0], [0, 2]),
    "all imagined": ([1, 1, 1], []),
}


@pytest.mark.parametrize("name", SCALES)
async def test_scores_on_another_scale_drop_nothing_that_is_sure(name: str) -> None:
    scores, kept = SCALES[name]
    pets = ("a dog", "a cat", "a parrot")
    batch = tuple(message(f"I have {pet}.", id_=f"m{n}") for n, pet in enumerate(pets))
    rows = [{**row([n], f"User has {pet}."), "score": scores[n - 1]} for n, pet in enumerate(pets, 1)]
    with measure() as meter:
        worker, chat = extracting(rows)
        told = [m.content for m in (await worker.run(batch)).observations]
    assert told == [f"User has {pets[place]}." for place in kept]
    assert meter.notes == ({"left out: imagined": 3 - len(kept)} if len(kept) < 3 else {})
    assert len(chat.calls) == 1


async def test_the_attribute_that_a_fact_tells_is_its_subject() -> None:
    batch = (message("I moved to Rome.", id_="m1"),)
    for about, subject in (("home", "home"), (" Home ", "home"), ("city", ""), (None, ""), (["home"], ""), (5, "")):
        worker, chat = extracting([{**row([1], "User moved to Rome."), "about": about}])
        (memory,) = (await worker.run(batch)).observations
        assert memory.subject == subject
        assert len(chat.calls) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_prompt_names_every_attribute_that_is_understood(language: Language) -> None:
    (system, _) = PROMPT.turns(language, human_en="user", human_zh="用户", lines="")
    assert [name for name in ATTRIBUTES if not re.search(rf"\b{name}\b", system.content, re.ASCII)] == []


async def test_long_messages_are_shown_without_their_middle() -> None:
    worker, chat = extracting([])
    told = message("a" * 9_000 + "middle" + "z" * 9_000)
    asked = message("b" * 9_000, role="assistant")
    await worker.run((asked, told))
    shown = [r["text"] for r in rows_shown(chat)]
    assert [len(text) for text in shown] == [500, 12_000]
    assert "middle" not in shown[1]
    assert shown[1].startswith("a") and shown[1].endswith("z")  # noqa: PT018


def extracting(*answers: object, locale: Locale | None = None) -> tuple[ExtractObservations, ScriptedChat]:
    chat = CountingChat([a if isinstance(a, str) else json.dumps(a, ensure_ascii=False) for a in answers])
    return ExtractObservations(chat, PROMPT, locale or Locale(), FakeClock()), chat


async def test_each_fact_becomes_an_observation_that_cites_its_messages() -> None:
    worker, chat = extracting([row([2], "user has played the guitar for ten years."), row("3", "用户对花生过敏。")])
    guitar, peanuts = (await worker.run(MESSAGES)).observations
    assert guitar.content == "User has played the guitar for ten years."
    assert (guitar.kind, guitar.status, guitar.sources) == ("observation", "valid", ("m1",))
    assert (guitar.speaker, guitar.session, guitar.agent, guitar.said_at) == ("user", "s", "a", NOON)
    assert (peanuts.content, peanuts.sources, peanuts.said_at) == ("用户对花生过敏。", ("m2",), NOON + DAY)
    assert guitar.recorded_at < peanuts.recorded_at
    assert guitar.id != peanuts.id
    assert guitar.event is None
    assert len(chat.calls) == 1


async def test_the_model_sees_who_said_what_and_when() -> None:
    worker, chat = extracting([], locale=Locale(zone=SHANGHAI, human_name="小明"))
    named = message("I moved to Leeds.", speaker="Ann")
    assert (await worker.run((*MESSAGES, named))).observations == ()
    rows = rows_shown(chat)
    assert [r["role"] for r in rows] == ["assistant", "user", "user", "user"]
    assert rows[1]["time"].startswith("2024-10-26 20:00:00")
    assert [r.get("speaker") for r in rows] == [None, None, None, "Ann"]
    assert "小明" in chat.calls[0][0].content


async def test_a_time_is_resolved_by_rule_against_the_moment_of_its_message() -> None:
    worker, _ = extracting([row([2], "User plays in Oslo tomorrow.", "Tomorrow")], locale=Locale(zone=SHANGHAI))
    (memory,) = (await worker.run(MESSAGES)).observations
    assert memory.content == "User plays in Oslo tomorrow (2024-10-27)."
    assert memory.event is not None
    assert memory.event.start == datetime(2024, 10, 27, tzinfo=SHANGHAI)
    assert memory.event.end == datetime(2024, 10, 28, tzinfo=SHANGHAI)
    worker, _ = extracting([row([1], "用户昨天买了一把吉他。", "昨天")])
    (bought,) = (await worker.run((message("昨天我买了一把吉他。"),))).observations
    assert bought.content == "用户昨天买了一把吉他（2024-10-25）。"


@pytest.mark.parametrize(
    ("said", "told", "observed"),
    [
        ("我住在北京。", "我住在北京。", "用户住在北京。"),
        ("我的爱好是吉他。", "我的爱好是吉他。", "用户爱好是吉他。"),
        ("I like tea.", "I like tea.", "User likes tea."),
        ("I went to Oslo with my dog.", "I went to Oslo with my dog.", "User went to Oslo with their dog."),
        ("I'm a nurse, I've been one for years.", "I’ve been a nurse for years.", "User has been a nurse for years."),
        ("My sister is ill.", "My sister is ill.", "User's sister is ill."),
        ("我国的历史我很喜欢。", "用户喜欢我国的历史。", "用户喜欢我国的历史。"),
        ("I, Robot is my favourite.", "I, Robot is User's favourite.", "I, Robot is User's favourite."),
    ],
)
async def test_what_a_model_writes_in_the_first_person_is_told_of_the_person(
    said: str, told: str, observed: str
) -> None:
    worker, chat = extracting([row([1], told)])
    (memory,) = (await worker.run((message(said),))).observations
    assert memory.content == observed
    assert len(chat.calls) == 1
    worker, _ = extracting([row([1], told)])
    (named,) = (await worker.run((message(said, speaker="Ann"),))).observations
    assert named.content == (observed if told == observed else observed.replace("用户", "Ann").replace("User", "Ann"))


@pytest.mark.parametrize(
    "time",
    [
        *(
            "last Friday",
            "last  friday",
            '"last Friday"',
            "“last Friday”",
            "'last Friday'.",
            "last Friday (2024-10-18)",
        ),
        *("(last Friday)", "2024-10-18 (last Friday)", "last Friday, 18 October", "last Friday - 2024-10-18"),
        *("【last Friday】", "ｌａｓｔ Ｆｒｉｄａｙ", "last Friday = 2024-10-18", "last Friday（2024年10月18日）"),
    ],
)
async def test_a_time_between_quotes_and_beside_what_it_means_is_the_time_that_was_said(time: str) -> None:
    worker, chat = extracting([row([1], "User moved to Leeds.", time)])
    (memory,) = (await worker.run((message("I moved to Leeds last Friday."),))).observations
    assert memory.event is not None
    assert memory.event.start == datetime(2024, 10, 25, tzinfo=memory.event.start.tzinfo)
    assert memory.event.text.lower() == "last friday"
    assert len(chat.calls) == 1


@pytest.mark.parametrize(
    "time", ["“上周五”", "上週五", "「上周五」", "上周五（2024年10月18日）", "2024-10-18（上周五）", "上周五、周五"]
)
async def test_a_chinese_time_between_quotes_is_the_time_that_was_said(time: str) -> None:
    worker, _ = extracting([row([1], "用户搬到了上海。", time)])
    (memory,) = (await worker.run((message("我上周五搬到了上海。"),))).observations
    assert memory.event is not None
    assert memory.event.text == "上周五"
    worker, _ = extracting([row([1], "用户搬到了上海。", time)])
    (memory,) = (await worker.run((message("我搬到了上海。"),))).observations
    assert memory.event is None


@pytest.mark.parametrize("time", ["next Friday", "2024-12-24", "never ever", "", "(2024-12-24)", "“next Friday” (o)"])
async def test_a_time_that_nobody_said_means_nothing(time: str) -> None:
    worker, _ = extracting([row([2], "User plays in Oslo.", time)])
    (memory,) = (await worker.run(MESSAGES)).observations
    assert memory.event is None
    assert memory.content == "User plays in Oslo."


async def test_a_birthday_recurs_and_gets_no_year() -> None:
    worker, _ = extracting([row([1], "User's birthday is on 3 July.", "3 July")])
    (memory,) = (await worker.run((message("My birthday is on 3 July."),))).observations
    assert memory.content == "User's birthday is on 3 July."
    assert memory.event is not None
    assert memory.event.recurs == "yearly:07-03"


async def test_a_fact_told_twice_is_one_observation_with_both_sources() -> None:
    worker, _ = extracting([row([1], "User likes tea."), row([2], "User  likes Tea"), row([1, 2], "User likes cocoa.")])
    batch = (message("I like tea", id_="a"), message("yes, tea", id_="b", said_at=NOON + DAY))
    tea, cocoa = (await worker.run(batch)).observations
    assert (tea.content, tea.sources, tea.said_at) == ("User likes tea.", ("a", "b"), NOON + DAY)
    assert cocoa.sources == ("a", "b")
    assert tea.id != cocoa.id


@pytest.mark.parametrize(
    "bad",
    [
        [row([4], "User likes tea.")],
        [row([0], "User likes tea.")],
        [row([2, 9], "User likes tea.")],
        [row([], "User likes tea.")],
        [row([1], "User has an assistant that plays.")],
        [row([2], "")],
        [row([2], "x" * 501)],
        [{"ids": [2]}],
        "The talk was about this and that.",
        '[{"ids": [2], "memory": "User likes te',
        "",
    ],
)
async def test_an_answer_that_cannot_be_trusted_gets_one_repair_and_then_fails(bad: object) -> None:
    worker, chat = extracting(bad, [row([2], "User plays the guitar.")])
    assert [m.content for m in (await worker.run(MESSAGES)).observations] == ["User plays the guitar."]
    assert len(chat.calls) == 2
    worker, chat = extracting(bad, bad)
    with pytest.raises(ModelAnswerError) as caught:
        await worker.run(MESSAGES)
    assert "tea" not in caught.value.message
    assert len(chat.calls) == 2


async def test_nothing_is_nothing_only_when_the_model_says_so() -> None:
    worker, chat = extracting("[]")
    assert (await worker.run(MESSAGES)).observations == ()
    assert len(chat.calls) == 1
    worker, chat = extracting()
    assert (await worker.run(MESSAGES[:1])).observations == ()
    assert (await worker.run(())).observations == ()
    assert chat.calls == []


async def test_no_text_can_leave_its_line_or_pass_for_another() -> None:
    batch = tuple(message(text, id_=f"m{n}") for n, text in enumerate(HOSTILE))
    worker, chat = extracting([row([len(HOSTILE)], "User is odd.")])
    (memory,) = (await worker.run(batch)).observations
    assert memory.sources == (f"m{len(HOSTILE) - 1}",)
    rows = rows_shown(chat)
    assert [r["id"] for r in rows] == list(range(1, len(HOSTILE) + 1))
    assert [r["text"] for r in rows] == list(HOSTILE)
    assert all(r["role"] == "user" for r in rows)
    assert "forged" not in chat.calls[0][0].content


@pytest.mark.parametrize(
    ("told", "observed"),
    [
        ("我的爱好是吉他。", "用户爱好是吉他。"),
        ("My hobby is playing the guitar.", "User's hobby is playing the guitar."),
        ("I live in Beijing.", "User lives in Beijing."),
        ("我昨天搬到上海了。", "用户昨天搬到上海了（2024-10-25）。"),
    ],
)
async def test_the_stand_in_reproduces_the_walk_through(told: str, observed: str) -> None:
    worker = ExtractObservations(ScriptedChat(answer_turns), PROMPT, Locale(), FakeClock())
    (memory,) = (await worker.run((message(told),))).observations
    assert memory.content == observed
    assert memory.sources == (told,)
    assert (await worker.run((message("你好吗？"), message("What is new?")))).observations == ()


async def test_names_of_the_config_and_of_speakers_are_used() -> None:
    locale = Locale(human_name="Tom")
    worker = ExtractObservations(ScriptedChat(answer_turns), PROMPT, locale, FakeClock())
    batch = (message("I like tea.", speaker="Tom"), message("I like cocoa.", speaker="Ann"))
    tea, cocoa = (await worker.run(batch)).observations
    assert tea.content == "Tom likes tea."
    assert cocoa.content == "Ann likes cocoa."
    assert cocoa.speaker == "Ann"
