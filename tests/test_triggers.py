"""When jobs are due: cron times through changes of the clocks, phases, pauses, and what a config may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from memoryengine import AsyncMemoryEngine, ConfigError
from memoryengine.triggers import (
    Alarm,
    Count,
    Cron,
    Every,
    Idle,
    JobSettings,
    alarms_of,
    next_tick,
    pause_after,
    share_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def ticks(expression: str, zone: str, start: str, count: int, spread: timedelta = timedelta(0)) -> list[str]:
    """The next times, as that zone's clock shows them."""
    cron, at = Cron(expression, ZoneInfo(zone), spread), datetime.fromisoformat(start)
    found = []
    for _ in range(count):
        at = next_tick(cron, 0.5, at)
        found.append(at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"))
    return found


def test_a_skipped_time_is_due_right_after_and_a_repeated_one_once() -> None:
    spring = ticks("30 2 * * *", "Europe/Berlin", "2024-03-30T12:00+01:00", 3)
    assert spring == ["2024-03-31T03:00+02:00", "2024-04-01T02:30+02:00", "2024-04-02T02:30+02:00"]
    autumn = ticks("30 2 * * *", "Europe/Berlin", "2024-10-26T12:00+02:00", 3)
    assert autumn == ["2024-10-27T02:30+02:00", "2024-10-28T02:30+01:00", "2024-10-29T02:30+01:00"]
    second = ticks("30 2 * * *", "Europe/Berlin", "2024-10-27T02:10+01:00", 1)
    assert second == ["2024-10-28T02:30+01:00"], "in the hour that comes again it was done already"


def test_times_by_the_hour_follow_the_time_that_passes() -> None:
    autumn = ticks("*/30 * * * *", "Europe/Berlin", "2024-10-27T01:31+02:00", 5)
    assert autumn == [
        f"2024-10-27T{time}" for time in ("02:00+02:00", "02:30+02:00", "02:00+01:00", "02:30+01:00", "03:00+01:00")
    ]
    spring = ticks("15 * * * *", "America/New_York", "2024-03-10T00:30-05:00", 3)
    assert spring == ["2024-03-10T01:15-05:00", "2024-03-10T03:15-04:00", "2024-03-10T04:15-04:00"]
    assert ticks("15 * * * *", "America/New_York", "2024-11-03T00:59-04:00", 2)[1] == "2024-11-03T01:15-05:00"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"])
@pytest.mark.parametrize("minute", [0, 15, 45])
@pytest.mark.parametrize("hour", [0, 1, 2, 3])
def test_once_a_day_is_once_a_day_all_year(zone: str, minute: int, hour: int) -> None:
    found = ticks(f"{minute} {hour} * * *", zone, "2024-01-01T00:00+00:00", 366)
    days = [at[:10] for at in found]
    assert len(set(days)) == len(days)
    moments = [datetime.fromisoformat(at) for at in found]
    assert all(timedelta(hours=22) < other - one < timedelta(hours=26) for one, other in pairwise(moments))
    assert sum(at[11:16] == f"{hour:02}:{minute:02}" for at in found) >= 365


def test_users_are_spread_always_in_the_same_way() -> None:
    spread, after = timedelta(minutes=10), datetime(2024, 6, 1, tzinfo=UTC)
    cron = Cron("0 3 * * *", BERLIN, spread)
    shares = {user: share_of("nightly/cron", user) for user in map(str, range(1000))}
    moments = [next_tick(cron, share, after) for share in shares.values()]
    first = datetime(2024, 6, 1, 1, tzinfo=UTC)
    assert all(first <= at < first + spread for at in moments)
    assert len({at.minute for at in moments}) == 10
    assert shares == {user: share_of("nightly/cron", user) for user in shares}
    assert next_tick(cron, 0.5, first + timedelta(minutes=5)) == first + timedelta(days=1, minutes=5)
    assert next_tick(cron, 0.5, first + timedelta(minutes=4, seconds=59)) == first + timedelta(minutes=5)


def test_an_interval_has_a_phase_and_skips_what_has_passed() -> None:
    every, now = Every(6 * HOUR), datetime(2024, 10, 26, 12, 34, tzinfo=UTC)
    first = next_tick(every, 0.25, now)
    assert first == datetime(2024, 10, 26, 13, 30, tzinfo=UTC)
    assert next_tick(every, 0.25, first) == first + 6 * HOUR
    assert next_tick(every, 0.25, first + timedelta(days=3, hours=1)) == first + timedelta(days=3, hours=6)
    assert next_tick(every, 0.0, now) == datetime(2024, 10, 26, 18, tzinfo=UTC)


def test_pauses_grow_to_six_hours_and_keep_users_apart() -> None:
    assert [pause_after(n, 0.0) for n in (1, 2, 3, 9)] == [timedelta(minutes=n) for n in (1, 2, 4, 256)]
    assert pause_after(10, 0.0) == pause_after(10**6, 0.0) == 6 * HOUR
    assert pause_after(1, 0.999) < pause_after(1, 0.5) < pause_after(1, 0.0)
    assert pause_after(1, 0.999) > timedelta(seconds=44)


def test_each_trigger_of_a_job_is_an_alarm() -> None:
    jobs = {"a": JobSettings("x", idle_minutes=30, messages=40), "b": None, "c": JobSettings("y", cron="0 3 * * *")}
    found = alarms_of(jobs, BERLIN, timedelta(seconds=60))
    assert found == (
        Alarm("a", "x", Idle(timedelta(minutes=30))),
        Alarm("a", "x", Count(40)),
        Alarm("c", "y", Cron("0 3 * * *", BERLIN, timedelta(seconds=60))),
    )
    assert [alarm.id for alarm in found] == ["a/idle", "a/messages", "c/cron"]
    assert [alarm.spec for alarm in found] == ["", "", "cron 0 3 * * * Europe/Berlin 60 s"]


BROKEN = [
    ({"operation": "consolidate_memory"}, "no trigger"),
    ({"operation": "consolidate_memory", "cron": "61 * * * *"}, "bad minute"),
    ({"operation": "consolidate_memory", "cron": "0 0 31 2 *"}, "`cron` is '0 0 31 2 *'"),
    ({"operation": "consolidate_memory", "cron": "every night"}, "wrong number of fields"),
    ({"operation": "consolidate_memory", "idle_minutes": -1}, "`idle_minutes` must lie"),
    ({"operation": "consolidate_memory", "messages": 0}, "`messages` must be at least 1"),
    ({"operation": "consolidate_memory", "every_minutes": 0.5}, "`every_minutes` must lie"),
    ({"operation": "consolidate_memory", "every": 5}, "has no 'every'"),
    ({"operation": "consolidate", "cron": "0 3 * * *"}, "Did you mean 'consolidate_memory'"),
    ({"operation": "retrieve_memory", "cron": "0 3 * * *"}, "which needs query"),
    ({"cron": "0 3 * * *"}, "needs 'operation'"),
]


@pytest.mark.parametrize(("job", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_what_a_config_cannot_mean_is_told(job: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AsyncMemoryEngine({"extends": "embedded", "schedule": {"mine": job}})
    assert said.lower() in str(caught.value).lower()
    assert len(caught.value.problems) >= 1
    assert "mine" in str(caught.value)


def test_a_config_changes_adds_and_takes_out_jobs() -> None:
    shipped = AsyncMemoryEngine("embedded").settings.schedule
    assert set(shipped) == {"consolidate", "reflect"}
    assert shipped["consolidate"] == JobSettings("consolidate_memory", idle_minutes=30, messages=40)
    own = {"reflect": None, "tidy": {"operation": "consolidate_memory", "every_minutes": 360}}
    found = AsyncMemoryEngine({"extends": "embedded", "schedule": own})
    assert {name for name, job in found.settings.schedule.items() if job} == {"consolidate", "tidy"}
    alarms = [alarm.id for alarm in found._engine.agenda.alarms]
    assert alarms == ["consolidate/idle", "consolidate/messages", "tidy/every"]
