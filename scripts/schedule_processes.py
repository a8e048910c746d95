"""Runs schedules in three real processes on one store, and sees that each due run happens once.

    python scripts/schedule_processes.py --store sqlite --seconds 60

First they wait with nothing due, and what that costs is measured: processor time, and requests to the store. Then a
fourth process talks for 30 users, who pause for some seconds now and then; after each pause the user must be
consolidated once. One process is killed in the midst of it. At the end all must stop in time when they are told to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from elastic_transport import AiohttpHttpNode
from stores import KINDS, Stores, stores

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import build_store
from memoryengine.schedule import Ran, Scheduler

PROCESSES, USERS, JOBS_AT_ONCE = 3, 30, 4
GAP, BETWEEN, LATE = timedelta(seconds=3), 16.0, timedelta(seconds=9)
CLAIM = timedelta(seconds=20)  # ten minutes would be long for a script that kills
IDLE_SECONDS = 20.0
TICKS = os.sysconf("SC_CLK_TCK")
JOBS: dict[str, Any] = {
    "reflect": None,
    "consolidate": {"operation": "consolidate_memory", "idle_minutes": GAP.total_seconds() / 60},
    "sweep": {"operation": "list_memory", "every_minutes": 1},
}
WAITING: dict[str, Any] = {"consolidate": {"operation": "consolidate_memory", "idle_minutes": 30}}


def config_of(spec: dict[str, Any], jobs: dict[str, Any]) -> dict[str, Any]:
    limits = {"spread_seconds": 0, "jobs_at_once": JOBS_AT_ONCE}
    return {"extends": "embedded", "models": {"embedder": None}, "store": spec, "schedule": jobs, "limits": limits}


# --- a process that runs the schedule ---------------------------------------------------------------------------


class Counting:
    """A store, and how often it was asked."""

    def __init__(self, store: Any) -> None:
        self._store, self.calls = store, 0

    def __getattr__(self, name: str) -> Any:
        self.calls += name not in ("open", "close")
        return getattr(self._store, name)


class CountingNode(AiohttpHttpNode):
    """The client's own way to send, and how many requests went over it."""

    requests = 0

    async def perform_request(self, *given: Any, **named: Any) -> Any:  # type: ignore[override]
        """As the class above does."""
        CountingNode.requests += 1
        return await super().perform_request(*given, **named)


async def child(config: dict[str, Any]) -> None:
    """Run the schedule and print a line a run; SIGUSR1 prints the counts, SIGTERM stops."""
    spec = dict(config["store"])
    own = build_store(spec | ({"node_class": CountingNode} if spec["use"] == "elasticsearch" else {}))
    store = Counting(own)

    def tell(ran: Ran) -> None:
        put("ran", alarm=ran.alarm, user=ran.user, outcome=ran.outcome, at=ran.at.isoformat(), detail=ran.detail)

    async with AsyncMemoryEngine(config, store=store) as engine:  # a store by delegation
        scheduler = Scheduler(engine._engine, told=tell, claim=CLAIM)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, scheduler.stop, 5.0)
        loop.add_signal_handler(signal.SIGUSR1, lambda: put("count", calls=store.calls, requests=CountingNode.requests))
        put("ready")
        await scheduler.run()
    put("stopped")


def put(what: str, **more: object) -> None:
    print(json.dumps({"what": what, **more}), flush=True)


# --- the process that watches -----------------------------------------------------------------------------------


@dataclass
class Watched:
    """A child and what it has told so far."""

    process: subprocess.Popen[str]
    log: Path
    read: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)

    def lines(self) -> list[dict[str, Any]]:
        """Everything it told."""
        with self.log.open(encoding="utf-8") as file:
            file.seek(self.read)
            for line in file:
                if line.endswith("\n"):
                    self.told.append(json.loads(line))
                    self.read += len(line.encode())
        return self.told

    def of(self, what: str) -> list[dict[str, Any]]:
        """What it told of one kind."""
        return [one for one in self.lines() if one["what"] == what]

    def wait_for(self, what: str, count: int = 1, seconds: float = 60) -> dict[str, Any]:
        """The last of so many lines of one kind; fails if they do not come."""
        end = time.monotonic() + seconds
        while len(found := self.of(what)) < count:
            if time.monotonic() > end or self.process.poll() not in (None, 0):
                raise SystemExit(f"A child did not say {what!r}: {self.log.read_text('utf-8')}")
            time.sleep(0.02)
        return found[-1]

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def counts(self) -> dict[str, int]:
        """How often it asked the store, and how many requests that took where there is a server."""
        known = len(self.of("count"))
        self.process.send_signal(signal.SIGUSR1)
        told = self.wait_for("count", known + 1)
        return {"calls": told["calls"], "requests": told["requests"]}


@dataclass
class Findings:
    """What was measured and what went wrong."""

    runs: Counter[str] = field(default_factory=Counter)
    by_process: Counter[int] = field(default_factory=Counter)
    doubles: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    stop_seconds: float = 0.0
    pending: int = 0
    late: float = 0.0
    again: int = 0

    @property
    def good(self) -> bool:
        """Whether each due run happened once, and waiting costs less than 1 % and one request a second."""
        cheap = max(self.cpu) < 1 and max(self.calls) <= 1 and max(self.requests) <= 1
        return cheap and not (self.doubles or self.missed or self.failed or self.pending) and self.stop_seconds < 10


def watch(made: Stores, kind: str, seconds: float, idle: float = IDLE_SECONDS) -> Findings:
    """Run both parts."""
    found = Findings()
    with ExitStack() as stack:
        folder = made.folder
        asyncio.run(fill(config_of(made.spec("waiting", kind), WAITING)))
        waiting = list(children(stack, config_of(made.spec("waiting", kind), WAITING), folder))
        wait_for_calm(waiting)
        measure(waiting, idle, found)
        stop(waiting)
        config = config_of(made.spec("talking", kind), JOBS)
        asyncio.run(fill(config, 0))
        talking = list(children(stack, config, folder))
        said = asyncio.run(talk(config, seconds, talking[-1]))
        began = time.monotonic()
        stop(talking[:-1])
        found.stop_seconds = time.monotonic() - began
        compare(said, talking, found)
        found.pending = asyncio.run(pending(config))
    return found


def children(stack: ExitStack, config: dict[str, Any], folder: Path) -> Iterator[Watched]:
    """Three processes that run a schedule, and are ended at last whatever happens."""
    made = []
    for number in range(PROCESSES):
        log = folder / f"child-{len(list(folder.glob('child-*')))}-{number}.log"
        with log.open("w", encoding="utf-8") as file:
            call = [sys.executable, __file__, "--child", json.dumps(config)]
            process = subprocess.Popen(call, stdout=file, text=True)
        stack.callback(process.wait)
        stack.callback(process.kill)
        made.append(Watched(process, log))
    for one in made:
        one.wait_for("ready")
    yield from made


async def fill(config: dict[str, Any], users: int = 200) -> None:
    """Make the store, with users whose last message was now."""
    async with AsyncMemoryEngine(config) as engine:
        for number in range(users):
            await engine.user(f"user{number}").add_messages([{"role": "user", "content": "I like tea."}])


def wait_for_calm(waiting: list[Watched], seconds: float = 120) -> None:
    """Until all users who were there before are noted, which each process does when it starts."""
    end, before = time.monotonic() + seconds, [0] * len(waiting)
    while time.monotonic() < end:
        time.sleep(3)
        calls = [one.counts()["calls"] for one in waiting]
        if all(now - then <= 3 for now, then in zip(calls, before, strict=True)):
            return
        before = calls


def measure(waiting: list[Watched], seconds: float, found: Findings) -> None:
    """What waiting costs."""
    before = [(one.cpu(), one.counts()) for one in waiting]
    time.sleep(seconds)
    after = [(one.cpu(), one.counts()) for one in waiting]
    for (cpu, counts), (cpu_after, counts_after) in zip(before, after, strict=True):
        found.cpu.append(100 * (cpu_after - cpu) / seconds)
        found.calls.append((counts_after["calls"] - counts["calls"]) / seconds)
        found.requests.append((counts_after["requests"] - counts["requests"]) / seconds)


async def talk(config: dict[str, Any], seconds: float, doomed: Watched) -> dict[str, list[list[datetime]]]:
    """Talk for all users, and kill one process halfway; returns the moments of each burst of each user."""
    rng, said = random.Random(1), dict[str, list[list[datetime]]]()

    async def speak(engine: AsyncMemoryEngine, user: str, end: float) -> None:
        memory, loop = engine.user(user), asyncio.get_running_loop()
        await asyncio.sleep(rng.uniform(0, BETWEEN))
        while loop.time() < end:
            burst = said.setdefault(user, [[]])
            burst[-1].append(datetime.now(UTC))  # when it began
            for _ in range(rng.randint(1, 3)):
                await memory.add_messages([{"role": "user", "content": f"I like tea number {rng.random()}."}])
                burst[-1].append(datetime.now(UTC))
                await asyncio.sleep(rng.uniform(0.1, 0.6))
            await asyncio.sleep(BETWEEN * rng.uniform(1, 1.3))
            burst.append([])

    async with AsyncMemoryEngine(config) as engine:
        end = asyncio.get_running_loop().time() + seconds
        speaking = [asyncio.create_task(speak(engine, f"user{number}", end)) for number in range(USERS)]
        await asyncio.sleep(seconds / 2)
        doomed.process.kill()
        await asyncio.gather(*speaking)
    await asyncio.sleep((CLAIM + LATE).total_seconds())  # what the killed one had claimed
    return said


def stop(running: list[Watched]) -> None:
    """Tell them to stop, and wait."""
    for one in running:
        one.process.send_signal(signal.SIGTERM)
    for one in running:
        one.process.wait(30)
        one.wait_for("stopped")


def compare(said: dict[str, list[list[datetime]]], talking: list[Watched], found: Findings) -> None:
    """Each burst must have led to one run after its gap; a claim of the process that was killed may be late."""
    ran = [(number, one) for number, child in enumerate(talking) for one in child.of("ran")]
    found.by_process = Counter(number for number, _ in ran)
    found.runs = Counter(one["alarm"] for _, one in ran)
    found.failed = [str(one) for _, one in ran if one["outcome"] != "done"]
    last = [one for number, one in ran if number == PROCESSES - 1][-JOBS_AT_ONCE:]
    unsure = {one["user"] for one in last}
    for user, bursts in said.items():
        mine = [one for _, one in ran if (one["user"], one["alarm"]) == (user, IDLE)]
        times = sorted(datetime.fromisoformat(one["at"]) for one in mine)
        for burst in filter(None, bursts):
            due = burst[-1] + GAP
            fitting = [at for at in times if due - timedelta(seconds=0.5) <= at <= due + LATE]
            late = [at for at in times if due <= at <= due + CLAIM + LATE]
            if fitting:
                found.late = max(found.late, (fitting[0] - due).total_seconds())
            if len(fitting) > 1:
                found.doubles.append(f"{user} {due}: {fitting}")
            if not late:
                found.missed.append(f"{user} {due}")
        # A store that was slow may have held up a burst for longer than the gap: then the parts count.
        # A message counts from when its adding began, which is where that of the one before ended or later.
        held_up = sum(other - one > GAP * 0.8 for burst in bursts for one, other in zip(burst, burst[2:], strict=False))
        # What the killed process did and could not write down is done again, and finds nothing to do.
        again = sum(not one["detail"] for one in mine) if user in unsure else 0
        found.again += again
        if len(times) > len([burst for burst in bursts if burst]) + held_up + again:
            found.doubles.append(f"{user}: {len(times)} runs for {len(bursts)} bursts")


IDLE = "consolidate/idle"


async def pending(config: dict[str, Any]) -> int:
    """How many messages still wait."""
    async with AsyncMemoryEngine(config) as engine:
        return sum(user.pending for user in (await engine.status()).users)


def report(found: Findings, kind: str) -> None:
    print(f"{kind}: runs {dict(sorted(found.runs.items()))}, by process {dict(sorted(found.by_process.items()))}")
    wrong = {"twice": found.doubles, "missed": found.missed, "not done": found.failed}
    for name, what in wrong.items():
        print(f"  {name}: {len(what)}", *what[:5], sep="\n    ")
    print(f"  messages that still wait: {found.pending}; at most {found.late:.1f} s late; stopped in", end=" ")
    print(f"{found.stop_seconds:.1f} s; done again after the kill, with nothing left to do: {found.again}")
    figures = {"of a core, %": found.cpu, "store calls a second": found.calls, "HTTP requests a second": found.requests}
    for name, values in figures.items():
        print(f"  waiting process, {name}: {', '.join(f'{value:.2f}' for value in values)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=KINDS, default="sqlite")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asyncio.run(child(json.loads(given.child)))
        return 0
    with stores(given.store) as made:
        found = watch(made, given.store, given.seconds)
    report(found, given.store)
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
