"""Statements rewritten in the third person, with their times, by rules."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memoryengine.values import Locale, Memory
from memoryengine.workers.extract_observations_by_rule import ExtractObservationsByRule
from memoryengine.workers.find_conflicts_by_rule.compare import Read

from .fakes import NOON, FakeClock, memory, message
from .rules_corpus import CHINESE, ENGLISH, NOTHING

SHANGHAI = Locale(zone=ZoneInfo("Asia/Shanghai"))


async def observed(*texts: str, locale: Locale | None = None, speaker: str = "", **settings: int) -> list[Memory]:
    extract = ExtractObservationsByRule(locale=locale or Locale(), clock=FakeClock(), **settings)
    said = tuple(message(text, id_=str(n), speaker=speaker) for n, text in enumerate(texts))
    return list((await extract.run(said)).observations)


async def contents(*texts: str, **more: object) -> list[str]:
    return [m.content for m in await observed(*texts, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "expected"), [*ENGLISH, *CHINESE])
async def test_a_statement_becomes_observations(text: str, expected: tuple[str, ...]) -> None:
    assert tuple(await contents(text)) == expected


@pytest.mark.parametrize("text", NOTHING)
async def test_what_states_nothing_gives_nothing(text: str) -> None:
    assert await contents(text) == []


async def test_the_walk_through() -> None:
    assert await contents("我的爱好是吉他。") == ["用户爱好是吉他。"]
    assert await contents("My hobby is playing the guitar.") == ["User's hobby is playing the guitar."]
    assert await contents("I live in Beijing. I moved!") == ["User lives in Beijing.", "User moved."]


async def test_the_configured_name_or_the_speakers_own_is_used() -> None:
    alice = Locale(human_name="Alice")
    assert await contents("I like my job", locale=alice) == ["Alice likes their job."]
    assert await contents("我喜欢爬山", locale=alice) == ["Alice喜欢爬山。"]
    assert await contents("My sister likes me", locale=alice, speaker="user") == ["Alice's sister likes Alice."]
    assert await contents("My sister likes me", locale=alice, speaker="James") == ["James' sister likes James."]
    assert await contents("我的猫叫阿福", speaker="小林") == ["小林的猫叫阿福。"]


async def test_an_observation_cites_its_message_and_its_time() -> None:
    (found,) = await observed("I'm flying to Rome tomorrow", locale=SHANGHAI, speaker="Ana")
    assert found.kind == "observation"
    assert found.sources == ("0",)
    assert (found.said_at, found.speaker) == (NOON, "Ana")
    assert found.content == "Ana is flying to Rome tomorrow (2024-10-27)."
    assert found.event is not None
    assert found.event.start == datetime(2024, 10, 26, 16, tzinfo=UTC)
    assert found.recorded_at > NOON


async def test_the_zone_decides_which_day_tomorrow_is() -> None:
    late = message("明天我要去体检", said_at=datetime(2024, 10, 26, 20, tzinfo=UTC))
    for locale, day in ((SHANGHAI, "2024-10-28"), (Locale(), "2024-10-27")):
        found = (await ExtractObservationsByRule(locale=locale, clock=FakeClock()).run((late,))).observations
        assert [m.content for m in found] == [f"明天用户要去体检（{day}）。"]


@pytest.mark.parametrize("text", ["My birthday is on 3 May", "我的生日是5月3号", "Our anniversary is 3 May"])
async def test_birthdays_come_again_every_year_and_carry_no_date(text: str) -> None:
    (found,) = await observed(text)
    assert found.event is not None
    assert found.event.recurs == "yearly:05-03"
    assert "2024" not in found.content
    assert "2025" not in found.content


async def test_pronouns_go_back_to_the_one_just_mentioned() -> None:
    assert await contents("My brother Leo is a diver.", "He lives in Malta.") == [
        "User's brother Leo is a diver.",
        "User's brother Leo lives in Malta.",
    ]
    assert await contents("我妹妹是兽医。她住在昆明。") == ["用户的妹妹是兽医。", "用户的妹妹住在昆明。"]
    assert await contents("She lives in Malta.") == []
    assert await contents("他住在昆明。") == []


async def test_the_assistant_and_quoted_text_give_nothing() -> None:
    extract = ExtractObservationsByRule(locale=Locale(), clock=FakeClock())
    said = (message("I live in a data centre", role="assistant"), message("> I like tea\n“我喜欢茶”"))
    assert (await extract.run(said)).observations == ()
    assert (await extract.run(())).observations == ()
    assert await contents('I read "My brother lives in Rome" twice') == ['User reads "My brother lives in Rome" twice.']


async def test_one_message_gives_each_statement_once_and_no_more_than_allowed() -> None:
    text = " ".join(f"I have visited town number {n}." for n in range(30))
    assert len(await observed(text)) == 30
    assert len(await observed(text, per_message=7)) == 7
    assert await contents("I like tea. I like tea.") == ["User likes tea."]


@pytest.mark.parametrize("unit", ["I like tea and I live in Oslo. ", "我喜欢喝茶，住在成都，", "no stops here ", "（"])
async def test_a_long_message_takes_time_in_proportion(unit: str) -> None:
    took = []
    for size in (40_000, 320_000):
        began = time.perf_counter()
        found = await observed(unit * (size // len(unit)))
        took.append(time.perf_counter() - began)
        assert len(found) <= 2
    assert took[1] < 40 * took[0] + 0.5
    assert took[1] < 20


@pytest.mark.parametrize(
    "unit",
    ["我现在", "，去年", "最近", "都", "不", "我的", "用户在", "两个，", "I ", "and I ", "in the ", "User's ", "that "],
)
async def test_no_sentence_takes_long(unit: str) -> None:
    text = (unit * 600)[:595]
    began = time.perf_counter()
    found = await observed(text, f"我喜欢{text[:580]}", f"I like {text[:580]}")
    for content in (text, *(m.content for m in found)):
        assert Read.of(memory(content), frozenset({"user", "用户"})).memory.content == content
    assert time.perf_counter() - began < 3
    assert len(found) <= 60


async def test_control_characters_and_lone_surrogates_are_taken() -> None:
    (found,) = await observed("I like\x00 tea \ud800")
    assert found.content.startswith("User likes tea")
    found.content.encode("utf-8")
    assert await contents("\ud800\udfff") == []


async def test_of_a_pasted_book_the_beginning_is_read_and_nobody_waits_for_the_rest() -> None:
    book = "我住在成都。" + "他说了很多话。" * 150_000 + "我养了一只猫。"
    began = time.process_time()
    found = await observed(book)
    assert time.process_time() - began < 10
    assert found[0].content == "用户住在成都。"
    assert not any("猫" in memory.content for memory in found)
