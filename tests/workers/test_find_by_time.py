"""Questions that name a time and nothing else are answered by filter, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memoryengine.values import Hit, Locale, Message, Period
from memoryengine.workers.find_by_time import FindByTime, FoundByTime

from .fakes import FakeClock, FakeReader, memory, message

NOW = datetime(2024, 10, 23, 15, tzinfo=UTC)  # a Wednesday
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2024, 10, day, hour, minute, tzinfo=UTC)


def sitting(day: int, *texts: str, session: str = "", hour: int = 9, speakers: Sequence[str] = ("",)) -> list[Message]:
    return [
        message(text, said_at=at(day, hour, n), session=session, speaker=speakers[n % len(speakers)])
        for n, text in enumerate(texts)
    ]


TALK = [
    *sitting(1, "a1", "a2", "a3", session="one"),
    *sitting(4, "b1", "b2", session="two"),
    *sitting(18, "c1", "c2", "c3", session="three", speakers=("Caroline", "Melanie")),
    *sitting(18, "d1", session="four", hour=20),
    *sitting(22, "e1", "e2", session="five"),
]


async def ask(query: str, messages: Sequence[Message] = TALK, **more: Any) -> FoundByTime:
    memories = more.pop("memories", ())
    return await FindByTime(FakeReader(messages, memories), FakeClock(NOW), Locale()).run(query, **more)


def ids(hits: Sequence[Hit]) -> str:
    return " ".join(hit.item.id for hit in hits)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("What did we talk about last Friday?", "c1 c2 c3 d1"),
        ("我们上周五聊了什么？", "c1 c2 c3 d1"),
        ("What did we discuss on October 4th?", "b1 b2"),
        ("Summarize what we said between 1 and 5 October", "a1 a2 a3 b1 b2"),
        ("昨天我们聊了些什么", "e1 e2"),
        ("What did we talk about last Friday evening?", "d1"),
        ("What did we discuss in our third conversation?", "c1 c2 c3"),
        ("第二次聊天我们说了什么？", "b1 b2"),
        ("What did we talk about 2 sessions ago?", "d1"),
        ("What did we discuss over sessions 2 through 3?", "b1 b2 c1 c2 c3"),
        ("What did we talk about last time?", "e1 e2"),
        ("上上次我们聊了什么？", "d1"),
        ("What did we talk about the first time?", "a1 a2 a3"),
        ("What were our last two chats about?", "d1 e1 e2"),
        ("What have we discussed since our fourth session?", "d1 e1 e2"),
        ("What did we discuss in our second conversation on 18 October?", "d1"),
        ("What was the last thing we discussed on October 18th?", "d1 c3 c2 c1"),
        ("What did Caroline say last Friday?", "c1 c3"),
        ("What did Caroline and Melanie talk about last Friday?", "c1 c2 c3 d1"),
        ("what did melanie say last friday", "c2"),
    ],
)
async def test_a_time_alone_is_found_in_order(query: str, expected: str) -> None:
    answer = await ask(query)
    assert ids(answer.found) == expected
    assert answer.only
    assert [hit.channels["time"] for hit in answer.found] == [1.0] * len(answer.found)
    scores = [hit.score for hit in answer.found]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert scores[-1] > 0
    assert [sum(hit.parts.values()) for hit in answer.found] == scores


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("In the first session, what sport did Matt mention?", (1, 1)),
        ("第三次聊天里她提到的那本书叫什么？", (18, 18)),
        ("Which film did we like in our last conversation?", (22, 22)),
    ],
)
async def test_a_sitting_named_beside_content_gives_its_period(query: str, days: tuple[int, int]) -> None:
    answer = await ask(query)
    assert not answer.only
    assert {hit.item.said_at.day for hit in answer.found} == {days[0]}
    assert {(hit.score, hit.channels["time"]) for hit in answer.found} == {(0.0, 1.0)}
    assert answer.period is not None
    assert (answer.period.start, answer.period.end.day) == (at(days[0]), days[1])
    assert answer.period.end > at(days[1])


async def test_content_a_name_that_nobody_has_and_no_time_are_left_to_the_search() -> None:
    for query in (
        "What did we say about the car last Friday?",
        "What did Boris say last Friday?",
        "上次面试我们聊了什么？",
    ):
        assert not (await ask(query)).only
    car = await ask("What did we say about the car last Friday?")
    assert car.period is not None
    assert (ids(car.found), {hit.score for hit in car.found}) == ("c1 c2 c3 d1", {0.0})
    assert (await ask("What did we say about the car this year?")).found == ()
    assert (await ask("上次面试我们聊了什么？")).order == "last"
    nothing = await ask("What is my dog called?")
    assert (nothing.period, nothing.order, nothing.only) == (None, "", False)


async def test_an_empty_day_looks_one_day_either_side_and_says_so_when_there_is_nothing() -> None:
    assert ids((await ask("What did we talk about on October 17th?")).found) == "c1 c2 c3 d1"
    assert ids((await ask("What did we talk about on October 3rd?")).found) == "b1 b2"
    assert ids((await ask("What did we talk about on the morning of October 19th?")).found) == "c1 c2 c3 d1"
    assert ids((await ask("What did we talk about yesterday evening?")).found) == "e1 e2"
    never = await ask("What did we talk about on October 12th?")
    assert (never.only, never.found) == (True, ())
    assert await ask("What did we talk about in our ninth session?") == FoundByTime((), True, None, "")
    # What happened may have been told at any time, so the search goes on.
    assert not (await ask("What happened on October 12th?")).only


async def test_sittings_without_sessions_are_parted_by_a_pause_of_six_hours() -> None:
    talk = [message(f"m{n}", said_at=at(1) + timedelta(hours=h)) for n, h in enumerate((0, 3, 8.9, 15, 16, 40))]
    assert ids((await ask("What did we say in our first conversation?", talk)).found) == "m0 m1 m2"
    assert ids((await ask("What did we say in our second conversation?", talk)).found) == "m3 m4"
    assert ids((await ask("What did we talk about two sessions ago?", talk)).found) == "m3 m4"
    assert ids((await ask("What did we talk about last time?", talk)).found) == "m5"
    assert ids((await ask("What did we talk about the last 2 sessions?", talk)).found) == "m3 m4 m5"


async def test_a_sitting_far_from_both_ends_is_found_among_many() -> None:
    talk = [
        message(f"{s}:{n}", said_at=datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=s, minutes=n), session=f"s{s}")
        for s in range(1, 31)
        for n in range(15)
    ]
    loose = [
        message(f"x{s}:{n}", said_at=datetime(2023, 3, 1, tzinfo=UTC) + timedelta(days=s, minutes=n))
        for s in range(1, 21)
        for n in range(15)
    ]
    for number, first in ((1, "1:0"), (17, "17:0"), (30, "30:0"), (31, "x1:0"), (44, "x14:0")):
        found = (await ask(f"What did we discuss in session {number}?", talk + loose)).found
        assert (found[0].item.id, len(found)) == (first, 15)
    for back, first in ((1, "x20:0"), (20, "x1:0"), (21, "30:0"), (50, "1:0")):
        found = (await ask(f"What did we discuss {back} sessions ago?", talk + loose)).found
        assert (found[0].item.id, len(found)) == (first, 15)
    assert (await ask("What did we discuss in session 51?", talk + loose)).found == ()


async def test_the_sitting_that_is_held_is_not_the_last_one() -> None:
    window = ("f1", "f2")
    talk = [*TALK, *(message(id_, said_at=at(23, 14, 50 + n), session="six") for n, id_ in enumerate(window))]
    assert ids((await ask("What did we talk about last time?", talk, window=window)).found) == "e1 e2"
    assert ids((await ask("What did we talk about last time?", talk)).found) == "f1 f2"
    assert ids((await ask("What did we talk about today?", talk, window=window)).found) == ""
    later = await ask("What did we talk about last time?", talk, window=window, asked_at=NOW + timedelta(days=1))
    assert (later.only, later.found) == (True, ())  # what was said then is in front of the reader


async def test_memories_stand_for_their_messages_and_count_by_what_happens_too() -> None:
    memories = [
        memory("User bought a bike.", id_="bike", said_at=at(18), sources=("c1", "c2")),
        memory("User flies to Rome.", id_="rome", said_at=at(2), event=Period(at(18, 0), at(19, 0))),
        memory("User swims on Fridays.", id_="swims", said_at=at(2), event=Period(at(25, 0), at(26, 0), "weekly:5")),
        memory("User reads every day.", id_="reads", said_at=at(2), event=Period(at(24, 0), at(25, 0), "daily")),
        memory("User sold the car.", id_="car", said_at=at(18), status="expired"),
        memory("User likes to travel.", id_="travel", kind="insight", said_at=at(18)),
    ]
    said = await ask("What did we talk about last Friday?", memories=memories)
    assert ids(said.found) == "bike c3 d1 rome swims"
    happened = await ask("What did I do last Friday?", memories=memories)
    assert ids(happened.found)[:10] == "rome swims"
    only_memories = await ask("What did we talk about last Friday?", memories=memories, kinds=("observation", "custom"))
    assert ids(only_memories.found) == "bike rome swims"
    assert (await ask("What did we talk about last Friday?", memories=memories, kinds=("insight",))).found == ()


async def test_what_happened_is_also_what_was_told_of_that_time() -> None:
    talk = [
        message("tomorrow we are going to the zoo", id_="before", said_at=at(17)),
        message("hello", id_="then", said_at=at(18)),
        message("last Friday we went to the zoo", id_="after", said_at=at(21)),
        message("we went there on Sunday", id_="other", said_at=at(22)),
    ]
    assert ids((await ask("What happened last Friday?", talk)).found) == "before after then"
    assert ids((await ask("What did we talk about last Friday?", talk)).found) == "then"
    ahead = [message("I see the dentist next Monday", id_="plan", said_at=at(14))]
    assert (await ask("What is happening next Monday?", ahead)).only is False
    said = [message("I see the dentist on 28 October", id_="plan", said_at=at(14))]
    assert ids((await ask("What plans do I have next Monday?", said)).found) == "plan"


async def test_days_are_those_of_the_zone_and_a_period_that_is_given_counts() -> None:
    late = message("late", said_at=datetime(2024, 10, 17, 17, tzinfo=UTC))  # one in the morning of the 18th in Shanghai
    reader = FakeReader([late, message("next", said_at=at(18, 17))])
    worker = FindByTime(reader, FakeClock(NOW), Locale(zone=SHANGHAI))
    assert ids((await worker.run("我们上周五聊了什么？")).found) == "late"
    given = Period(at(18, 12), at(19))
    assert ids((await worker.run("我们上周五聊了什么？", period=given)).found) == "next"
    assert (await worker.run("What did we say about cars?", period=given)).period == given


async def test_no_more_than_asked_for_is_read_and_what_the_assistant_is_told_by_the_system_is_left_out() -> None:
    talk = [message(f"m{n:03}", said_at=at(22, 9) + timedelta(seconds=n)) for n in range(300)]
    worker = FindByTime(FakeReader(talk), FakeClock(NOW), Locale(), top_k=25)
    found = (await worker.run("What did we talk about yesterday?")).found
    assert (found[0].item.id, found[-1].item.id, len(found)) == ("m000", "m024", 25)
    last = (await worker.run("What was the last thing we talked about yesterday?")).found
    assert (last[0].item.id, len(last)) == ("m299", 25)
    spoken = [message("mine", said_at=at(22)), message("rule", role="system", said_at=at(22))]
    spoken.append(message("yours", role="assistant", said_at=at(22, 10)))
    assert ids((await ask("What did we talk about yesterday?", spoken)).found) == "mine yours"
    assert ids((await ask("What did you tell me yesterday?", spoken)).found) == "yours"
    assert ids((await ask("我昨天跟你说了什么？", spoken)).found) == "mine"
