"""Which time a question asks about."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memoryengine.values import Locale
from memoryengine.workers.extract_time import ExtractTime

from .fakes import NOON, FakeClock

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("query", ["What did I do yesterday?", "我昨天做了什么？"])
async def test_a_time_word_is_resolved_against_the_moment_of_asking(query: str) -> None:
    worker = ExtractTime(FakeClock(NOON), Locale(zone=SHANGHAI))
    period = (await worker.run(query)).period
    assert period is not None
    assert period.start == datetime(2024, 10, 25, tzinfo=SHANGHAI)
    assert period.end == datetime(2024, 10, 26, tzinfo=SHANGHAI)


async def test_asked_at_comes_before_the_clock_and_days_are_those_of_the_zone() -> None:
    worker = ExtractTime(FakeClock(NOON), Locale(zone=SHANGHAI))
    late = datetime(2023, 3, 7, 20, tzinfo=UTC)  # four in the morning of the eighth in Shanghai
    period = (await worker.run("what happened yesterday", late)).period
    assert period is not None
    assert period.start == datetime(2023, 3, 7, tzinfo=SHANGHAI)
    assert (await worker.run("what happened yesterday", datetime(2023, 3, 8, 4))).period == period


async def test_a_question_without_a_time_names_none() -> None:
    worker = ExtractTime(FakeClock(NOON), Locale())
    for query in ("What is my dog called?", "我的狗叫什么？", ""):
        assert (await worker.run(query)).period is None
