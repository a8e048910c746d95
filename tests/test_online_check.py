"""The check of endpoints: the cases, how they are scored, and the verdict in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from memoryengine.errors import ModelAnswerError, ModelRefused
from memoryengine.models.scripted import ScriptedChat, ScriptedEmbedder, ScriptedReranker
from memoryengine.online_check import Case, check_online, failing, online_cases
from memoryengine.prompts import load_prompt
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Locale, Memory, Message, Period
from memoryengine.workers.extract_observations import ExtractObservations

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALIKE = {
    "My cat sleeps on the sofa.": (1.0, 0.0),
    "The cat is asleep on my couch.": (0.9, 0.1),
    "Interest rates rose by half a percent.": (0.0, 1.0),
}


def made(case: Case, content: str, day: str = "") -> Memory:
    start = datetime.fromisoformat(day).replace(tzinfo=SHANGHAI) if day else None
    event = Period(start, start + timedelta(days=1)) if start else None
    at = case.said.replace(tzinfo=UTC)
    return Memory(id=content, kind="observation", content=content, said_at=at, recorded_at=at, event=event)


async def perfect(message: Message) -> tuple[Memory, ...]:
    """What every case asks for, word by word."""
    case = next(c for c in online_cases() if c.text == message.content)
    words = " ".join(group[0] for group in case.holds)
    return (made(case, words, case.day),) if words else ()


def test_there_are_ten_cases_in_each_language_and_some_hold_nothing_to_remember() -> None:
    cases = online_cases()
    assert [c.language for c in cases] == ["zh"] * 10 + ["en"] * 10
    assert sum(not c.holds for c in cases) == 4
    assert sum(bool(c.day) for c in cases) == 4
    assert len({c.text for c in cases}) == 20
    for case in cases:
        missing = [group for group in case.holds if not any(word.lower() in case.text.lower() for word in group)]
        assert missing == []


def test_a_case_is_scored_by_words_times_and_silence() -> None:
    climbed = next(c for c in online_cases() if "黄山" in c.text)
    assert failing(climbed, [made(climbed, "用户和姐姐爬了黄山", "2024-03-05")], SHANGHAI) == ""
    assert failing(climbed, [made(climbed, "姐姐"), made(climbed, "黄山", "2024-03-05")], SHANGHAI) == ""
    assert failing(climbed, [made(climbed, "用户爬了黄山", "2024-03-05")], SHANGHAI) == "lacks 姐姐"
    assert failing(climbed, [made(climbed, "姐姐 黄山")], SHANGHAI) == "has no time for 2024-03-05"
    wrong = failing(climbed, [made(climbed, "姐姐 黄山", "2024-03-06")], SHANGHAI)
    assert wrong == "has the time 2024-03-06 for 2024-03-05"
    assert failing(climbed, [], SHANGHAI) == "made none"
    greeting = next(c for c in online_cases() if "早上好" in c.text)
    assert failing(greeting, []) == ""
    assert failing(greeting, [made(greeting, "用户问好")]) == "made 1 of nothing"


async def test_good_endpoints_get_a_good_verdict() -> None:
    report = await check_online(
        ScriptedChat(["ready"]),
        ScriptedEmbedder(ALIKE, dimensions=2),
        ScriptedReranker(lambda _, text: 0.9 if "Biscuit" in text else 0.1),
        perfect,
        zone=SHANGHAI,
    )
    assert [(f.name, f.verdict) for f in report.findings] == [
        ("chat", "good"),
        ("embedding", "good"),
        ("rerank", "good"),
        ("extraction", "good"),
    ]
    assert report.verdict == "good"
    assert "20 of 20 cases are right." in str(report)
    assert str(report).endswith("These endpoints can be used.")


async def test_what_is_weak_is_named() -> None:
    async def blind(message: Message) -> tuple[Memory, ...]:
        found = await perfect(message)
        return tuple(replace(m, event=None) for m in found)

    turned = {text: (0.0, 1.0) if "couch" in text else (1.0, 0.0) for text in ALIKE}
    report = await check_online(
        ScriptedChat(["ready"]),
        ScriptedEmbedder(turned, dimensions=2),
        ScriptedReranker(lambda _, text: 0.1 if "Biscuit" in text else 0.9),
        blind,
    )
    assert [f.verdict for f in report.findings] == ["good", "weak", "weak", "weak"]
    assert "16 of 20" in report.findings[3].text
    assert "has no time for 2024-03-05" in report.findings[3].text
    assert "a stronger model is advised" in report.advice


async def test_what_fails_is_a_finding_and_extraction_is_not_tried_without_chat() -> None:
    asked: list[Message] = []

    async def counted(message: Message) -> tuple[Memory, ...]:
        asked.append(message)
        return ()

    embedder = ScriptedEmbedder(dict.fromkeys(ALIKE, (1.0, 0.0, 0.0)), dimensions=2)
    report = await check_online(ScriptedChat([ModelRefused("The key is refused.")]), embedder, None, counted)
    assert [f.verdict for f in report.findings] == ["failed", "failed", "skipped", "skipped"]
    assert "The key is refused." in str(report)
    assert "vectors of 3 dimensions, where the config says 2" in report.findings[1].text
    assert report.verdict == "failed"
    assert asked == []


async def test_an_answer_that_cannot_be_used_counts_as_a_wrong_case() -> None:
    async def broken(message: Message) -> tuple[Memory, ...]:
        raise ModelAnswerError("The model's answer is empty.", excerpt="secret")

    report = await check_online(ScriptedChat(["ready"]), None, None, broken)
    assert report.findings[3].verdict == "failed"
    assert report.findings[3].text.startswith("0 of 20")
    assert "secret" not in str(report)
    nothing = await check_online(None, None, None, None)
    assert nothing.verdict == "skipped"


@pytest.mark.parametrize("zone", [SHANGHAI, ZoneInfo("America/Los_Angeles")])
async def test_the_stand_in_passes_most_cases_through_the_shipped_worker(zone: ZoneInfo) -> None:
    prompt = load_prompt(Path(__file__).parents[1] / "workers" / "extract_observations", "prompt")
    clock = ManualClock(datetime(2024, 3, 7, tzinfo=UTC))
    worker = ExtractObservations(ScriptedChat(answer_turns), prompt, Locale(zone=zone), clock)

    async def extract(message: Message) -> Sequence[Memory]:
        return (await worker.run((message,))).observations

    right = [not failing(c, await extract(c.message(n, zone)), zone) for n, c in enumerate(online_cases())]
    assert sum(right) >= 15
    assert sum(right[:10]) >= 7
    assert len(right) == 20
