"""A world for schedules: one store in memory, engines with connections that take their time or break, and one clock.

Time stands while anybody works and moves on to the next moment for which somebody waits, so days take milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from heapq import heappop, heappush
from typing import Any

from memoryengine import AsyncMemoryEngine
from memoryengine.agenda import agenda_of
from memoryengine.engine import Engine
from memoryengine.errors import StoreUnavailable
from memoryengine.intake import read_messages
from memoryengine.ports import Document
from memoryengine.records import AGENDA, MESSAGES, PENDING
from memoryengine.schedule import Ran, Scheduler
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Scope

from .stores.naive import NaiveStore

MONDAY = datetime(2024, 6, 3, 9, tzinfo=UTC)
IDLE = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "idle_minutes": 5}}
minutes: Callable[[float], timedelta] = lambda count: timedelta(minutes=count)  # noqa: E731


@cache
def engine_of(given: str) -> Engine:
    """An engine by a config with these jobs and limits."""
    jobs, limits = json.loads(given)
    config = {
        "extends": "embedded",
        "time_zone": "Europe/Berlin",
        "models": {"embedder": None},
        "limits": {"spread_seconds": 0, **limits},
        "schedule": jobs,
    }
    return AsyncMemoryEngine(config)._engine


class World:
    """The time, the store, and everything that happens."""

    def __init__(self, seed: int = 0, slow: float = 0.0) -> None:
        self.clock = ManualClock(MONDAY)
        self.store = NaiveStore()
        self.rng = random.Random(seed)
        self.slow = slow
        self.runs: list[Ran] = []
        self.calls = 0
        self._waiting: list[tuple[datetime, int, asyncio.Event]] = []
        self._count = 0

    async def pause(self, seconds: float, wake: asyncio.Event) -> None:
        """As a scheduler waits."""
        over = self._alarm(seconds)
        waits = [asyncio.ensure_future(over.wait()), asyncio.ensure_future(wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def sleep(self, seconds: float) -> None:
        """Let time pass for whoever calls."""
        await self._alarm(seconds).wait()

    def _alarm(self, seconds: float) -> asyncio.Event:
        over = asyncio.Event()
        self._count += 1
        heappush(self._waiting, (self.clock.now() + timedelta(seconds=seconds), self._count, over))
        return over

    async def settle(self) -> None:
        """Until nobody can go on without time."""
        while True:
            await asyncio.sleep(0)
            if not asyncio.get_running_loop()._ready:  # type: ignore[attr-defined]
                return

    async def pass_time(self, span: timedelta) -> None:
        """Let time pass for all."""
        end = self.clock.now() + span
        await self.settle()
        while self._waiting and self._waiting[0][0] <= end:
            moment, _, over = heappop(self._waiting)
            self.clock.advance(max(moment - self.clock.now(), timedelta(0)))
            over.set()
            await self.settle()
        self.clock.advance(max(end - self.clock.now(), timedelta(0)))

    def process(self, jobs: Mapping[str, Any] = IDLE, clock: ManualClock | None = None, **limits: object) -> Process:
        """A process with an engine of its own."""
        return Process(self, jobs, limits, clock or self.clock)

    async def agenda(self, user: str, job: str = "") -> list[Document]:
        """The documents of a user on the agenda, as they are in the store."""
        held = self.store.shelf(agenda_of("default")).living(AGENDA)
        mine = [one for one in held if one.fields.get("user") == user]
        return [one for one in mine if not job or one.fields.get("job") == job]

    def waiting(self, user: str) -> int:
        """How many messages of a user wait to be consolidated."""
        return sum(one.fields["state"] == PENDING for one in self.store.shelf(Scope(user)).living(MESSAGES))


class Connection:
    """A process's own way to the store: it takes its time, and it can break."""

    def __init__(self, world: World) -> None:
        self._world, self.dead = world, False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._world.store, name)
        if name in ("open", "close"):
            return call

        async def slowly(*given: Any, **named: Any) -> Any:
            self._world.calls += 1
            await self._wait()
            done = await call(*given, **named)
            await self._wait()
            return done

        return slowly

    async def _wait(self) -> None:
        if self._world.slow and not self.dead:
            await self._world.sleep(self._world.rng.random() * self._world.slow)
        if self.dead:
            raise StoreUnavailable("The line is dead.")


class Process:
    """An engine, and the scheduler that it may run."""

    def __init__(self, world: World, jobs: Mapping[str, Any], limits: Mapping[str, object], clock: ManualClock) -> None:
        self.world, self.line = world, Connection(world)
        held = engine_of(json.dumps([jobs, limits]))
        # Each has its own connection; what is read and checked from the config is the same for all.
        self.engine = replace(held, store=self.line, clock=clock)  # a store by delegation
        self.scheduler: Scheduler | None = None
        self.task: asyncio.Task[None] | None = None

    async def say(self, user: str, *texts: str, **more: object) -> None:
        """Add messages of a user."""
        said = texts or (f"I like tea number {self.world.rng.random()}.",)
        items = [{"role": "user", "content": text, **more} for text in said]
        read = read_messages(items, self.engine.clock, self.engine.locale.zone)
        await self.engine.add_messages(Scope(user), read)

    def make(self, poll: float = 30.0, **more: Any) -> Scheduler:
        """A scheduler that waits as this world does."""
        told = self.world.runs.append
        return Scheduler(self.engine, told=told, pause=self.world.pause, poll=poll, **more)

    def start(self, poll: float = 30.0, **more: Any) -> Process:
        """Run a scheduler in this process."""
        self.scheduler = self.make(poll, **more)
        self.task = asyncio.create_task(self.scheduler.run())
        return self

    async def stop(self, seconds: float = 0.0) -> None:
        """Stop it in peace."""
        assert self.scheduler is not None
        assert self.task is not None
        self.scheduler.stop(seconds)
        await self.task

    async def die(self) -> None:
        """End as a process that is killed: nothing of it reaches the store any more."""
        assert self.task is not None
        self.line.dead = True
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
