"""The stages of the classic pipeline, each a worker of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memoryengine.errors import ModelAnswerError
from memoryengine.models.lexical import lexical_vector
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.values import Changes, Conflict, Expiry, Locale, Memory
from memoryengine.workers.compare_with_today import CompareWithToday
from memoryengine.workers.load_today import LoadToday
from memoryengine.workers.print_memories import PrintMemories
from memoryengine.workers.review_observations import ReviewObservations
from memoryengine.workers.write_observations import WriteObservations
from memoryengine.workers.write_timed_observations import WriteTimedObservations

from .fakes import NOON, FakeClock, FakeReader, memory, message
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
PLAIN = message("I have a parrot called Kiki.", id_="m1", session="s")
TIMED = message("Yesterday I sold my boat.", id_="m2")
WEDDING = message("Our wedding day is 28 April.", id_="m3")
ASKED = message("Do you have pets?", role="assistant")


def answers(*given: object) -> ScriptedChat:
    return CountingChat([g if isinstance(g, str) else json.dumps(g, ensure_ascii=False) for g in given])


def writing(*given: object) -> tuple[WriteObservations, ScriptedChat]:
    chat = answers(*given)
    return WriteObservations(chat, prompt_of("write_observations"), Locale(), FakeClock()), chat


def timing(*given: object, zone: ZoneInfo = SHANGHAI) -> tuple[WriteTimedObservations, ScriptedChat]:
    chat, locale = answers(*given), Locale(zone=zone)
    return WriteTimedObservations(chat, prompt_of("write_timed_observations"), locale, FakeClock()), chat


async def test_messages_without_a_time_go_to_the_one_and_with_a_time_to_the_other() -> None:
    batch = (ASKED, PLAIN, TIMED, WEDDING)
    plain, chat = writing([{"ids": [1], "memory": "user has a parrot called Kiki."}])
    (kiki,) = (await plain.run(batch)).observations
    assert (kiki.content, kiki.sources, kiki.session) == ("User has a parrot called Kiki.", ("m1",), "s")
    assert [row["text"] for row in rows_shown(chat)] == [PLAIN.content]
    told = [
        {"ids": [1], "memory": "User sold a boat yesterday.", "time": "2024-10-25"},
        {"ids": [2], "memory": "User's wedding day is 28 April.", "time": "every 28 April"},
    ]
    timed, chat = timing(told)
    boat, wedding = (await timed.run(batch)).timed
    assert [row["text"] for row in rows_shown(chat)] == [TIMED.content, WEDDING.content]
    assert rows_shown(chat)[0]["time"] == "2024-10-26 20:00:00 Saturday"
    assert boat.content == "User sold a boat yesterday (2024-10-25)."
    assert boat.event is not None
    assert boat.event.start == datetime(2024, 10, 25, tzinfo=SHANGHAI)
    assert wedding.event is not None
    assert (wedding.event.recurs, wedding.content) == ("yearly:04-28", "User's wedding day is 28 April.")
    assert (await writing()[0].run((ASKED, TIMED))).observations == ()  # and no model is asked
    assert (await timing()[0].run((ASKED, PLAIN))).timed == ()


@pytest.mark.parametrize("time", ["2031-01-01", "whenever", "", "every 3 May"])
async def test_a_time_that_is_none_of_the_message_does_not_count(time: str) -> None:
    worker, _ = timing([{"ids": [1], "memory": "User sold a boat yesterday.", "time": time}])
    (boat,) = (await worker.run((TIMED,))).timed
    assert boat.event is None or boat.event.start == datetime(2024, 10, 25, tzinfo=SHANGHAI)
    assert boat.event is None or not boat.event.recurs


async def test_what_cannot_be_read_or_stands_in_no_message_is_no_observation() -> None:
    bad = [{"ids": [7], "memory": "User has a parrot."}]
    worker, chat = writing(bad, bad)
    with pytest.raises(ModelAnswerError):
        await worker.run((PLAIN,))
    assert len(chat.calls) == 2
    rows = [{"ids": [1], "memory": "User has a parrot called Kiki."}, {"ids": [1], "memory": "User has 17 parrots."}]
    worker, _ = writing(rows)
    assert [m.content for m in (await worker.run((PLAIN,))).observations] == ["User has a parrot called Kiki."]
    worker, chat = writing([])
    assert (await worker.run(tuple(message(text, id_=f"h{n}") for n, text in enumerate(HOSTILE)))).observations == ()
    assert "forged" not in chat.calls[0][0].content
    worker, _ = writing([{"ids": [1], "memory": ""}])
    assert (await worker.run((PLAIN,))).observations == ()


async def test_today_is_the_day_of_the_zone() -> None:
    told = [
        memory("early", said_at=datetime(2024, 10, 26, 0, 0, tzinfo=SHANGHAI)),
        memory("late", said_at=datetime(2024, 10, 25, 23, 59, tzinfo=SHANGHAI)),
        memory("noon", said_at=NOON),
        memory("gone", said_at=NOON, status="expired"),
        memory("summed", said_at=NOON, kind="insight"),
    ]
    clock = FakeClock(datetime(2024, 10, 26, 15, 59, tzinfo=ZoneInfo("UTC")))
    load = LoadToday(FakeReader(memories_=told), clock, Locale(zone=SHANGHAI))
    assert [m.content for m in (await load.run()).today] == ["noon", "early"]
    assert [m.content for m in (await replace(load, limit=1).run()).today] == ["noon"]
    later = replace(load, clock=FakeClock(datetime(2024, 10, 26, 16, 1, tzinfo=ZoneInfo("UTC"))))
    assert (await later.run()).today == ()


BEIJING = memory("User lives in Beijing.", id_="beijing", said_at=NOON - timedelta(hours=3), sources=("a",))
SHANGHAI_NOW = memory("User moved to Shanghai.", id_="shanghai", sources=("b",))
TEA = memory("User likes tea.", id_="tea", said_at=NOON - timedelta(hours=2), sources=("c",))


def comparing(*given: object) -> tuple[CompareWithToday, ScriptedChat]:
    chat = answers(*given)
    return CompareWithToday(chat, prompt_of("compare_with_today"), Locale(), FakeClock()), chat


async def test_new_ones_are_compared_with_those_of_today_newest_first() -> None:
    worker, chat = comparing([{"id": 3, "relation": "contradicted", "by": 1}])
    changes = (await worker.run((SHANGHAI_NOW,), (), (TEA, BEIJING))).changes
    assert changes.memories == (SHANGHAI_NOW,)
    assert changes.expired == (Expiry("beijing", "contradicted", "shanghai"),)
    assert [row["text"] for row in rows_shown(chat, "memories")] == [m.content for m in (SHANGHAI_NOW, TEA, BEIJING)]
    again = memory("user likes TEA", id_="again", sources=("d",))
    worker, chat = comparing()
    assert (await worker.run((again,), (), (TEA,))).changes == Changes(known=(("tea", ("d",)),))
    assert (await worker.run((TEA,))).changes == Changes(memories=(TEA,))
    assert (await worker.run()).changes == Changes()
    assert chat.calls == []
    worker, chat = comparing([])
    many = tuple(memory(f"User likes drink {n}.", id_=f"d{n}", said_at=NOON - n * DAY) for n in range(80))
    assert (await worker.run(many)).changes.memories == many
    assert len(rows_shown(chat, "memories")) == 50


FLUTE = memory("User plays the flute.", id_="flute", said_at=NOON - 900 * DAY, sources=("f",))
BOTH = memory("User plays the violin and the flute.", id_="both", said_at=NOON - 400 * DAY, sources=("v",))
QUIT = memory("User no longer plays the violin.", id_="quit", sources=("q",))
CUSTOM = replace(BOTH, id="custom", kind="custom")


def reviewing(known: tuple[Memory, ...], *given: object) -> tuple[ReviewObservations, ScriptedChat]:
    chat, reader = answers(*given), FakeReader(memories_=known, embed=lambda text: lexical_vector(text, 256))
    return ReviewObservations(chat, prompt_of("review_observations"), reader, Locale(), FakeClock()), chat


def verdict(id_: int, relation: str, by: int, text: str = "") -> dict[str, Any]:
    return {"id": id_, "relation": relation, "by": by, "text": text}


async def test_an_older_observation_is_put_right_or_expires() -> None:
    righted = "User plays the flute and no longer the violin."
    worker, chat = reviewing((FLUTE, BOTH, QUIT), [verdict(2, "contradicted", 1, righted)])
    changes = (await worker.run((QUIT, BOTH))).changes
    (made,) = changes.memories
    assert (made.content, made.sources, made.said_at, made.reflected) == (righted, ("v", "q"), NOON, False)
    assert changes.expired == (Expiry("both", "updated", made.id),)
    assert [row["text"] for row in rows_shown(chat, "memories")] == [QUIT.content, BOTH.content, FLUTE.content]
    for text in ("", "Bananas are blue.", QUIT.content):
        worker, _ = reviewing((BOTH, QUIT), [verdict(1, "contradicted", 2, text)])  # whichever way it is put
        changes = (await worker.run((QUIT,))).changes
        assert changes == Changes(expired=(Expiry("both", "contradicted", "quit"),))
    worker, _ = reviewing((FLUTE, BOTH), [verdict(2, "contained", 1), verdict(2, "contradicted", 1)])
    assert (await worker.run((FLUTE,))).changes == Changes(expired=(Expiry("flute", "contained", "both"),))


async def test_a_memory_by_hand_stays_and_nothing_alike_asks_no_model() -> None:
    worker, _ = reviewing((CUSTOM, QUIT), [verdict(2, "contradicted", 1)])
    assert (await worker.run((QUIT,))).changes == Changes(conflicts=(Conflict("quit", "custom"),))
    worker, _ = reviewing((CUSTOM, QUIT), [verdict(2, "contained", 1)])
    assert (await worker.run((QUIT,))).changes == Changes()
    worker, chat = reviewing((TEA, QUIT))
    assert (await worker.run((QUIT,))).changes == Changes()
    assert (await worker.run(())).changes == Changes()
    assert chat.calls == []
    worker, chat = reviewing((BOTH, QUIT), [verdict(1, "contradicted", 1)], [verdict(9, "contradicted", 1)])
    with pytest.raises(ModelAnswerError):
        await worker.run((QUIT,))
    assert len(chat.calls) == 2


@pytest.mark.parametrize(
    "worker", ["write_observations", "write_timed_observations", "compare_with_today", "review_observations"]
)
async def test_the_prompts_stand_in_both_languages_and_the_stand_in_reads_them(worker: str) -> None:
    prompt = prompt_of(worker)
    for language, text in (("zh", "用户住在北京。"), ("en", "User lives in Beijing.")):
        system = prompt.texts[language]["system"]  # type: ignore[index]  # both are there
        assert system.startswith(f"# {worker}\n")
        assert len(system) < 2_300
        assert "~" in system
        rows = '{"id":1,"time":"","text":"' + text.replace("用户", "我").replace("User lives", "I live") + '"}'
        turns = prompt.turns(language, human="Tom", lines=f"~~~~lines\n{rows}\n~~~~")  # type: ignore[arg-type]
        if worker.startswith("write"):
            assert "Tom" in answer_turns(turns)


async def test_the_page_has_a_part_for_each_sort_and_says_why_something_expired() -> None:
    insight = memory("The hobby of user: tea.", id_="i", kind="insight")
    custom = memory("User is tall.", id_="c", kind="custom")
    gone = memory("User lives in Rome.", id_="g", status="expired", reason="contradicted")
    page = (await PrintMemories(Locale(zone=SHANGHAI)).run((gone, TEA, custom, insight))).page
    assert page == (
        "Insights (1)\n  1. [2024-10-26 20:00:00 Saturday] The hobby of user: tea.\n\n"
        "Told by hand (1)\n  1. [2024-10-26 20:00:00 Saturday] User is tall.\n\n"
        "Observations (1)\n  1. [2024-10-26 18:00:00 Saturday] User likes tea.\n\n"
        "Expired (1)\n  1. [2024-10-26 20:00:00 Saturday] User lives in Rome. (contradicted)"
    )
    assert (await PrintMemories(Locale()).run(())).page == "Nothing is remembered yet."
    chinese = (await PrintMemories(Locale(language="zh")).run((gone,))).page
    assert chinese.startswith("已过期 (1)\n  1. [2024-10-26 12:00:00 周六]")
    assert chinese.endswith("(矛盾)")
