"""Kill a process that imports and consolidates on the embedded store; kill_points.py is the command.

One run for each point: a child process works on a store, is killed with SIGKILL, and another child opens the store,
looks at it, finishes the work and looks again.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import kill_checks
from kill_checks import Report, entry_problems, problems_of, read_held, words_of, write_line
from kill_processes import KILLED, call, in_child, outcome

from memoryengine import AsyncMemoryEngine
from memoryengine.records import COLLECTIONS
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.kill_points import KillPoints, When
from memoryengine.values import Scope

Phase = Literal["import", "consolidation"]
USER = "alice"
SCOPE = Scope(USER)
PHASES: tuple[Phase, ...] = ("import", "consolidation")
BATCH = 20
STORE, NONCES, ACKNOWLEDGED = "store.db", "nonces.txt", "acknowledged.txt"


@dataclass(frozen=True)
class Case:
    """One folder with one store, and the work that is done on it."""

    folder: Path
    messages: Sequence[Mapping[str, Any]]

    def engine(self, at: int = 0, when: When = "before") -> AsyncMemoryEngine:
        """An engine whose process dies at a request."""
        chat = {"class": f"{kill_checks.__file__}:NonceChat", "log": str(self.folder / NONCES)}
        store = KillPoints(SqliteStore(self.folder / STORE), at=at, when=when)
        # without leases: that what one process does is safe from another rests on commits alone
        limits = {"lease_seconds": 0}
        return AsyncMemoryEngine({"models": {"chat": chat}, "time_zone": "UTC", "limits": limits}, store=store)

    async def work(self, phases: Sequence[Phase], at: int = 0, when: When = "before") -> None:
        """Import and consolidate; acknowledged ids are written down as soon as the call returned."""
        async with self.engine(at, when) as engine:
            memory = engine.user(USER)
            if "import" in phases:
                for start in range(0, len(self.messages), BATCH):
                    done = await memory.add_messages(self.messages[start : start + BATCH])
                    write_line(self.folder / ACKNOWLEDGED, " ".join(done.new + done.known))
            if "consolidation" in phases:
                await memory.consolidate()

    async def look(self, *, finished: bool) -> list[str]:
        """The problems of what the store holds now."""
        store = SqliteStore(self.folder / STORE)
        await store.open(COLLECTIONS, None)
        held = await read_held(store, SCOPE)
        await store.close()
        wanted = {m["id"]: m["content"] for m in self.messages}
        acknowledged, answered = words_of(self.folder / ACKNOWLEDGED), words_of(self.folder / NONCES)
        return problems_of(held.state, wanted, acknowledged, answered, finished=finished) + entry_problems(held)

    async def recover(self) -> list[str]:
        """Look at what a killed process left, finish its work, and look again."""
        found = [f"after reopening, {problem}" for problem in await self.look(finished=False)]
        await self.work(("import", "consolidation"))
        return found + [f"after finishing, {problem}" for problem in await self.look(finished=True)]


@dataclass(frozen=True)
class Killing:
    """All the runs over one list of messages."""

    folder: Path
    messages: Sequence[Mapping[str, Any]]
    report: Report

    def every_point(self, phase: Phase, when: When, told: Callable[[str], None]) -> None:
        """One run for each request of a phase, until a run gets through without meeting its point."""
        ready = self.case("ready")
        if phase == "consolidation":
            call(lambda: asyncio.run(ready.work(("import",))))
        for at in count(1):
            case = self.case("killed", ready.folder)
            died = call(lambda at=at, case=case: asyncio.run(case.work((phase,), at, when))) is KILLED  # type: ignore[misc]
            self.recover(case, f"{phase}, killed {when} request {at}")
            if not died:
                return
            self.report.points[f"{phase}, {when}"] += 1
            told(f"{phase}, {when} request {at}")

    def at_random(self, runs: int, rng: random.Random, told: Callable[[str], None]) -> None:
        """So many killed runs of everything, each killed at a moment of its own; one that was done first is extra."""
        began = time.perf_counter()
        call(lambda: asyncio.run(self.case("timed").work(("import", "consolidation"))))
        length = time.perf_counter() - began
        landed = 0
        for number in count(1):
            if landed == runs:
                return
            case, wait = self.case("killed"), rng.uniform(0, length)
            child, pipe = in_child(lambda case=case: asyncio.run(case.work(("import", "consolidation"))))  # type: ignore[misc]
            time.sleep(wait)
            os.kill(child, signal.SIGKILL)  # a child that is done waits to be asked for, so the id is still its own
            died = outcome(child, pipe) is KILLED
            self.recover(case, f"random run {number}, killed after {wait:.3f} s")
            self.report.points["at random" if died else "at random, too late"] += 1
            landed += died
            told(f"at random {number}")

    def case(self, name: str, like: Path | None = None) -> Case:
        """An empty folder, or a copy of one."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        if like is None:
            folder.mkdir()
        else:
            shutil.copytree(like, folder)
        return Case(folder, self.messages)

    def recover(self, case: Case, point: str) -> None:
        """Finish what was killed, and note what does not hold."""
        self.report.problems += [f"{point}: {problem}" for problem in call(lambda: asyncio.run(case.recover()))]

    def everything(self, runs: int, rng: random.Random, told: Callable[[str], None]) -> None:
        """Every point of both phases, and so many random ones."""
        self.case("warm").engine()  # loads what the children need, before they are forked
        for phase in PHASES:
            self.every_point(phase, "before", told)
            self.every_point(phase, "after", told)
        self.at_random(runs, rng, told)
