"""Drives three engines, each with a connection of its own to one store, through days of a schedule under one clock.

    python scripts/schedule_days.py --users 1000 --store sqlite
    python scripts/schedule_days.py --users 1000 --store elasticsearch --season spring

Two days with the hour that is skipped in spring, or that comes twice in autumn, pass in as much time as the work takes.
Every user has four alarms: a cron time that lies in that hour, an interval of six hours, an idle gap of half an hour
and a count of messages; people talk all the while, each time to another engine. Afterwards every run is compared with
those that there should be, reckoned here in another way: each must have happened once and in time. The last engine is
stopped on the first day and started again on the second.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from stores import KINDS, Stores, stores

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import build_store
from memoryengine.schedule import Ran, Scheduler
from memoryengine.testing.clock import DrivenTime
from memoryengine.triggers import share_of

ZONE = ZoneInfo("Europe/Berlin")
BEGINS = {"autumn": datetime(2024, 10, 26, tzinfo=ZONE), "spring": datetime(2024, 3, 30, tzinfo=ZONE)}
# 02:30 comes twice on the 27th of October and counts once; on the 31st of March it is skipped, and 03:00 stands for it.
AT_HALF_PAST_TWO = {
    "autumn": [datetime(2024, 10, 26, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 0, 30, tzinfo=UTC)],
    "spring": [datetime(2024, 3, 30, 1, 30, tzinfo=UTC), datetime(2024, 3, 31, 1, 0, tzinfo=UTC)],
}
STEP, GAP, MANY, SPREAD = timedelta(hours=6), timedelta(minutes=30), 8, timedelta(minutes=10)
POLL = 300.0  # seconds of the clock that is driven
ENGINES = 3
JOBS: dict[str, Any] = {
    "reflect": None,
    "nightly": {"operation": "read_message", "cron": "30 2 * * *"},
    "sweep": {"operation": "list_memory", "every_minutes": STEP.total_seconds() / 60},
    "consolidate": {"operation": "consolidate_memory", "idle_minutes": GAP.total_seconds() / 60, "messages": MANY},
}


@dataclass
class Findings:
    """What was expected, what happened, and where the two differ."""

    runs: int = 0
    doubles: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    pending: int = 0
    seconds: float = 0.0
    by_alarm: Counter[str] = field(default_factory=Counter)
    by_engine: Counter[int] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether each due run happened once and none else."""
        return not (self.doubles or self.missed or self.unasked or self.pending)


@dataclass(frozen=True)
class Talk:
    """When each user says something; a burst ends half an hour or more before the next one begins."""

    bursts: dict[str, list[list[datetime]]]

    def lines(self) -> list[tuple[datetime, str, int]]:
        """Everything that is said, in order, and to which engine: a burst is one conversation with one of them."""
        bursts = [(user, number, burst) for user, held in self.bursts.items() for number, burst in enumerate(held)]
        return sorted((at, user, (int(user[4:]) + number) % ENGINES) for user, number, burst in bursts for at in burst)


def talk_of(users: int, begin: datetime, end: datetime, rng: random.Random) -> Talk:
    """Three bursts a user of one to four messages at full minutes; every tenth user has a long one up to the count."""
    bursts = {}
    for number in range(users):
        day = (end - begin - timedelta(hours=2)) / 3
        found = []
        for part in range(3):
            at = begin + day * part + (day - timedelta(hours=2)) * rng.random()
            size = MANY + 3 if number % 10 == 0 and part == 1 else rng.randint(1, 4)
            burst = [at]
            for _ in range(size - 1):
                burst.append(burst[-1] + timedelta(seconds=rng.uniform(60, 600)))
            found.append([moment.replace(second=0, microsecond=0) for moment in burst])
        bursts[f"user{number:04}"] = found
    return Talk(bursts)


async def days(
    made: Stores, kind: str, users: int, season: str = "autumn", *, seed: int = 1, poll: float = POLL
) -> Findings:
    """Let the two days pass, and compare."""
    began, rng = time.perf_counter(), random.Random(seed)
    begin = BEGINS[season].astimezone(UTC)
    end = (BEGINS[season] + timedelta(days=2)).astimezone(UTC)
    talk, done = talk_of(users, begin, end, rng), list[tuple[int, Ran]]()
    schedulers: dict[int, Scheduler] = {}
    clock = DrivenTime(begin, ENGINES + 1, lambda: any(one.working for one in schedulers.values()))
    spec = made.spec("days", kind)
    limits = {"jobs_at_once": 16, "spread_seconds": SPREAD.total_seconds(), "lease_seconds": 0}
    zone = {"time_zone": ZONE.key, "models": {"embedder": None}}
    config = {"extends": "embedded", **zone, "limits": limits, "schedule": JOBS, "store": spec}
    engines = [await AsyncMemoryEngine(config, clock=clock, store=build_store(spec)).open() for _ in range(ENGINES)]

    def start(number: int) -> asyncio.Task[None]:
        inner = engines[number]._engine
        hear = lambda ran: done.append((number, ran))  # noqa: E731
        schedulers[number] = Scheduler(inner, told=hear, pause=clock.pause, poll=poll, least=poll, chance=rng.random)
        return asyncio.create_task(schedulers[number].run())

    async def speak() -> None:
        for at, lines in groupby(talk.lines(), key=itemgetter(0)):
            await clock.sleep_until(at)
            await asyncio.gather(*(say(user, engine) for _, user, engine in lines))
        clock.leave()

    async def say(user: str, engine: int) -> None:
        said = {"role": "user", "content": f"I like tea number {rng.random()}."}
        await engines[engine].user(user).add_messages([said])

    speaking = asyncio.create_task(speak())
    running = [start(number) for number in range(ENGINES)]
    await clock.drive(begin + timedelta(hours=20))
    schedulers[ENGINES - 1].stop()
    await running[-1]
    clock.leave()
    await clock.drive(begin + timedelta(hours=30))
    clock._members += 1
    running[-1] = start(ENGINES - 1)
    await clock.drive(end)
    await speaking
    for one in schedulers.values():
        one.stop()
    await asyncio.gather(*running)
    late = timedelta(seconds=poll + 5)
    found = compare(talk, [ran for _, ran in done], season, end, late)
    found.by_engine = Counter(number for number, _ in done)
    found.pending = sum(one.pending for one in (await engines[0].status()).users)
    for engine in engines:
        await engine.close()
    found.seconds = time.perf_counter() - began
    return found


def compare(talk: Talk, done: list[Ran], season: str, end: datetime, late: timedelta) -> Findings:
    """Match each run with the one that there should be."""
    found = Findings(runs=len(done), by_alarm=Counter(one.alarm for one in done))
    found.unasked += [str(one) for one in done if one.outcome != "done"]
    happened: dict[tuple[str, str], list[datetime]] = {}
    for one in done:
        happened.setdefault((one.alarm, one.user), []).append(one.at)
    for user, bursts in talk.bursts.items():
        first = bursts[0][0]
        # Each user's own time lies up to SPREAD later: who came within that may have been in time for it.
        share = SPREAD * share_of("nightly/cron", user)
        ticks = [at for at in AT_HALF_PAST_TWO[season] if at + share > first]
        match(found, f"nightly {user}", ticks, happened.pop(("nightly/cron", user), []), SPREAD + late)
        ends = [burst[-1] + GAP for burst in bursts]
        match(found, f"idle {user}", ends, happened.pop(("consolidate/idle", user), []), late)
        many = [burst[MANY - 1] for burst in bursts if len(burst) >= MANY]
        match(found, f"count {user}", many, happened.pop(("consolidate/messages", user), []), late)
        sweeps = sorted(happened.pop(("sweep/every", user), []))
        check_sweeps(found, user, sweeps, first, end, late)
    found.unasked += [f"{key} {len(times)}" for key, times in happened.items()]
    return found


def match(found: Findings, name: str, wanted: list[datetime], times: list[datetime], late: timedelta) -> None:
    """Each wanted moment must have one run soon after it, and no run may be left over."""
    left = sorted(times)
    for at in wanted:
        fitting = [one for one in left if at <= one <= at + late]
        if not fitting:
            found.missed.append(f"{name} {at}")
        if len(fitting) > 1:
            found.doubles.append(f"{name} {at}: {fitting}")
        left = [one for one in left if one not in fitting]
    found.unasked += [f"{name} {one}" for one in left]


def check_sweeps(
    found: Findings, user: str, times: list[datetime], first: datetime, end: datetime, late: timedelta
) -> None:
    """An interval: within a step after the first message, then every step, until the end."""
    least, most = int((end - late - first) / STEP), int((end - first) / STEP) + 1  # the last may be due, and late
    if not least <= len(times) <= most:
        found.missed.append(f"sweep {user}: {len(times)} runs in {end - first}")
    if times and times[0] - first > STEP + late:
        found.missed.append(f"sweep {user}: the first was {times[0] - first} after the first message")
    for one, other in pairwise(times):
        if not STEP - late <= other - one <= STEP + late:
            found.doubles.append(f"sweep {user}: {one} and {other}")


def report(found: Findings, kind: str, users: int, season: str) -> None:
    print(f"{kind}, {users} users, two days in {season}: {found.seconds:.1f} s, {found.runs} runs")
    print(f"  by alarm: {dict(sorted(found.by_alarm.items()))}; by engine: {dict(sorted(found.by_engine.items()))}")
    figures = {"twice": found.doubles, "missed": found.missed, "not asked for": found.unasked}
    for name, what in figures.items():
        print(f"  {name}: {len(what)}", *what[:5], sep="\n    ")
    print(f"  messages that still wait: {found.pending}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--store", choices=KINDS, default="sqlite")
    parser.add_argument("--season", choices=sorted(BEGINS), default="autumn")
    parser.add_argument("--poll", type=float, default=POLL, help="Seconds of that clock; a run may be as much late.")
    given = parser.parse_args()
    with stores(given.store) as made:
        found = asyncio.run(days(made, given.store, given.users, given.season, poll=given.poll))
    report(found, given.store, given.users, given.season)
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
