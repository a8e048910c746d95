from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memoryengine.errors import ModelUnavailable
from memoryengine.models.retry import Effects, Limits, PassingFailure, pause, retry_after, retrying, retrying_sync

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 14:01:00 +0200", 60.0),
        ("Fri, 20 Nov 2026 11:59:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_pauses_grow_with_full_jitter_up_to_a_cap() -> None:
    assert [pause(n, None, 1.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert [pause(3, None, draw) for draw in (0.0, 0.25, 0.5)] == [0.0, 0.5, 1.0]
    assert pause(1, 9.0, 0.5) == 9.25
    assert pause(1, 10_000.0, 0.0) == 60.0


class Clock:
    """Time that passes only by sleeping and working."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    @property
    def effects(self) -> Effects:
        async def sleep(seconds: float) -> None:
            self.sleep(seconds)

        return Effects(draw=lambda: 1.0, sleep=sleep, sleep_sync=self.sleep, elapsed=lambda: self.time, now=lambda: NOW)


async def test_it_asks_again_until_it_works_and_hands_down_the_time_left() -> None:
    clock = Clock()
    limits_seen: list[float] = []

    async def attempt(seconds: float) -> str:
        limits_seen.append(seconds)
        clock.time += 3
        if len(limits_seen) < 4:
            raise PassingFailure("It was busy.")
        return "done"

    assert await retrying(attempt, Limits(timeout=10, total_timeout=20), clock.effects) == "done"
    assert clock.slept == [0.5, 1.0, 2.0]
    assert limits_seen == [10, 10, 10, 20 - 12.5]


def test_it_gives_up_when_the_pause_would_pass_the_total_limit() -> None:
    clock = Clock()

    def attempt(seconds: float) -> str:
        clock.time += 4
        raise PassingFailure("It was busy.", excerpt="try later")

    with pytest.raises(ModelUnavailable, match=r"asked 3 times in 13\.5 seconds") as caught:
        retrying_sync(attempt, Limits(total_timeout=15, retries=9), clock.effects)
    assert clock.slept == [0.5, 1.0]
    assert caught.value.message.startswith("It was busy.")
    assert caught.value.excerpt == "try later"


def test_no_retries_and_other_errors() -> None:
    clock = Clock()
    attempts: list[float] = []

    def attempt(seconds: float) -> str:
        attempts.append(seconds)
        raise PassingFailure("It was busy.") if len(attempts) == 1 else ValueError("a bug")

    with pytest.raises(ModelUnavailable, match="asked once"):
        retrying_sync(attempt, Limits(retries=0), clock.effects)
    with pytest.raises(ValueError, match="a bug"):
        retrying_sync(attempt, Limits(), clock.effects)
    assert len(attempts) == 2
    assert clock.slept == []
