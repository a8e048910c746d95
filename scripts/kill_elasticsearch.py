"""Kill one of two processes that import and consolidate the same users on Elasticsearch; kill_points.py is the command.

A run goes so: the first process dies at its n-th request to the server, before it is sent or after its answer has come,
or at a random moment. At once the second is stopped (SIGSTOP), and another process looks at what the dead one left,
while nobody else writes. Then the second goes on, late with whatever it was about to write, and ends or is killed too,
while the other looks again and again. At last a new process finishes the work, and all is looked at, also past the
store.

All runs lie in the same indices, each in a namespace of its own; those that kill while the indices are made have their
own.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, get_args

import kill_checks
from kill_checks import Report, entry_problems, problems_of, read_held, words_of, write_line
from kill_processes import KILLED, call, end_children, in_child, outcome
from stores import remove

from memoryengine import AsyncMemoryEngine
from memoryengine.filters import Has, Not
from memoryengine.ports import HISTORY
from memoryengine.records import COLLECTIONS, MEMORIES, MESSAGES, RUNS
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.elasticsearch.keys import scope_key
from memoryengine.testing.kill_points import When
from memoryengine.values import Scope

Conversation = Sequence[Mapping[str, Any]]
BATCH = 3
PAUSE = 0.1  # seconds between two looks of the one who watches
WHENS: tuple[When, ...] = get_args(When)
NONCES, FIRST_ENDED, DONE = "nonces.txt", "first_ended", "done"


@dataclass(frozen=True)
class Run:
    """The work of one run: what the users say, where it is kept, and the folder where processes note what they did."""

    url: str
    prefix: str
    namespace: str
    folder: Path
    users: Mapping[str, Conversation]

    def engine(self, name: str = "last", at: int = 0, when: When = "before") -> AsyncMemoryEngine:
        """An engine whose process dies at a request; the requests are noted under its name."""
        chat = {"class": f"{kill_checks.__file__}:NonceChat", "log": str(self.folder / NONCES)}
        store = {"class": "memoryengine.testing.kill_requests:KillingElasticsearch", "at": at, "when": when}
        store |= {"url": self.url, "index_prefix": self.prefix, "log": str(self.folder / name)}
        return AsyncMemoryEngine(
            {
                "models": {"chat": chat, "embedder": {"use": "lexical", "dimensions": 16}},
                "store": store,
                "namespace": self.namespace,
                "time_zone": "UTC",
                "instances": {"load_messages": {"most": BATCH}},
                "limits": {"lease_seconds": 0},  # what is safe rests on commits alone
            }
        )

    async def work(self, name: str = "last", at: int = 0, when: When = "before", *, backwards: bool = False) -> None:
        """Import and consolidate user by user; acknowledged ids are noted as soon as the call returned."""
        async with self.engine(name, at, when) as engine:
            for user in reversed([*self.users]) if backwards else self.users:
                memory = engine.user(user)
                done = await memory.add_messages(self.users[user])
                write_line(self.folder / f"{user}.txt", " ".join(done.new + done.known))
                await memory.consolidate()

    def second(self, ahead: int, *, backwards: bool) -> None:
        """The work of the second process: begins when the first has made `ahead` requests, or has ended."""
        while len(self.names("first")) < ahead and not (self.folder / FIRST_ENDED).exists():
            time.sleep(0.002)
        asyncio.run(self.work("second", backwards=backwards))

    def names(self, process: str) -> list[str]:
        """The requests that a process has made."""
        file = self.folder / process
        return [line.split()[1] for line in file.read_text().splitlines()] if file.exists() else []

    async def first_look(self) -> tuple[list[str], int]:
        """The problems right after a kill, and how many commits were pending before anybody looked."""
        store = await self.opened()
        pending = await self.pending(store)
        found = await self.look(store, finished=False)
        await store.close()
        return found, pending

    async def watch(self) -> tuple[list[str], int]:
        """The problems that show while the second process works, and how many times was looked."""
        store = await self.opened()
        found: dict[str, None] = {}
        looks, done = 0, False
        while not done:
            done = (self.folder / DONE).exists()
            found |= dict.fromkeys(await self.look(store, finished=False))
            looks += 1
            await asyncio.sleep(PAUSE)
        await store.close()
        return [*found], looks

    async def finish(self) -> list[str]:
        """Finish the work, and the problems after it."""
        await self.work()
        async with self.engine() as engine:
            asked = {user: await engine.user(user).retrieve("Where is the drawer?") for user in self.users}
        store = await self.opened()
        found = [f"{user}: nothing is retrieved" for user, result in asked.items() if not result.hits]
        found += await self.look(store, finished=True)
        for user in self.users:
            found += await raw_problems(store, self.prefix, user, Scope(user, self.namespace))
        await store.close()
        return found

    async def opened(self) -> ElasticsearchStore:
        """The store as a process sees it that has just started."""
        store = ElasticsearchStore(self.url, index_prefix=self.prefix)
        await store.open(COLLECTIONS, None)
        return store

    async def look(self, store: ElasticsearchStore, *, finished: bool) -> list[str]:
        """The problems of what the store holds now."""
        found = []
        for user, messages in self.users.items():
            acknowledged = words_of(self.folder / f"{user}.txt")
            held = await read_held(store, Scope(user, self.namespace))
            wanted = {m["id"]: m["content"] for m in messages}
            answered = words_of(self.folder / NONCES)
            problems = problems_of(held.state, wanted, acknowledged, answered, finished=finished)
            found += [f"{user}: {problem}" for problem in problems + entry_problems(held)]
        return found

    async def pending(self, store: ElasticsearchStore) -> int:
        """How many commits stand and are not applied."""
        async with store.client as client:
            await client.indices.refresh(index=f"{self.prefix}-{HISTORY}")
            found = await client.count(index=f"{self.prefix}-{HISTORY}", query={"term": {"state": "pending"}})
        return int(found["count"])


async def raw_problems(store: ElasticsearchStore, prefix: str, user: str, scope: Scope) -> list[str]:
    """What lies in the indices that the store does not show, and what waits for a vector."""
    async with store.client as client:
        await client.indices.refresh(index=f"{prefix}-*")
        there = await client.search(
            index=f"{prefix}-*",
            query={"bool": {"filter": [{"term": {"scope": scope_key(scope)}}, {"exists": {"field": "state"}}]}},
            source_includes=["state", "payload"],
            size=10_000,
        )
    hits = there["hits"]["hits"]
    odd = [hit for hit in hits if hit["_source"]["state"] not in ("live", "marker")]
    found = [f"{hit['_id']} in {hit['_index']} is {hit['_source']['state']}" for hit in odd]
    found += [f"the entry {hit['_id']} has a payload still" for hit in hits if "payload" in hit["_source"]]
    live = sum(hit["_source"]["state"] == "live" for hit in hits)
    shown = sum([await store.count(scope, name) for name in (MESSAGES, MEMORIES, RUNS, HISTORY)])
    if live != shown:
        found.append(f"{live} documents are live, but the store shows {shown}")
    waiting = sum([await store.count(scope, name, Not(Has("vector"))) for name in (MESSAGES, MEMORIES)])
    if waiting:
        found.append(f"{waiting} texts wait for a vector after a search")
    return [f"{user}: {problem}" for problem in found]


def child(work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[int, int]:
    """Do work in a forked process with an event loop of its own."""
    return in_child(lambda: asyncio.run(work()))


def result(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What work in a forked process returns."""
    return call(lambda: asyncio.run(work()))


@dataclass
class Killing:
    """All the runs on one server; `most` is how many requests a process made at most, `alone` without another."""

    url: str
    folder: Path
    users: Mapping[str, Conversation]
    report: Report
    told: Callable[[str], None]
    prefix: str = field(default_factory=lambda: f"kill-{secrets.token_hex(5)}")
    most: int = 0
    alone: int = 0

    def everything(self, first: int, every: int, runs: int, rng: random.Random) -> None:
        """Each `every`-th point from the `first` on, and so many random ones; the indices are gone in the end."""
        try:
            opening = self.warm()
            for at in range(first, opening + 1, every):
                for when in WHENS:
                    self.point(at, when, "opening", prefix=f"{self.prefix}-{at}{when}")
            self.together(first, every)
            self.at_random(runs, rng)
        finally:
            end_children()
            result(lambda: remove(self.url, self.prefix))

    def warm(self) -> int:
        """Load and make what later runs need; returns how many requests open an empty store."""
        self.run().engine()  # what it loads is there before any child is forked
        opening, alone = self.unkilled(), self.unkilled()
        self.alone = len(alone)
        return next(number for number, name in enumerate(opening) if name.startswith("mget"))

    def unkilled(self) -> list[str]:
        """The requests of a process that nobody kills, in a run without another."""
        run = self.run()
        result(lambda: run.work("first"))
        names = run.names("first")
        self.recover(run, "unkilled", None)
        return names

    def run(self, prefix: str = "") -> Run:
        """A run in a namespace of its own."""
        namespace = f"run{secrets.token_hex(5)}"
        folder = self.folder / namespace
        folder.mkdir()
        return Run(self.url, prefix or self.prefix, namespace, folder, self.users)

    def together(self, first: int, every: int) -> None:
        """Every point twice.

        Once of a process that is alone until it comes near, so that its requests are the same each time; and once of
        one that races with the other, and may end before it makes so many.
        """
        for at in count(first, every):
            if at > self.most:
                return
            for when in WHENS:
                if at <= self.alone and not self.point(at, when, "ahead", at - 1):
                    self.report.problems.append(f"ahead, {when} request {at}: the process did not get there")
                self.point(at, when, "racing", 0 if at < self.alone / 2 else at // 2)

    def point(self, at: int, when: When, kind: str, ahead: int = 0, prefix: str = "") -> bool:
        """One run of both processes; False if the first one ended without meeting its point.

        The second begins when the first has made so many requests (`ahead`).
        """
        run = self.run(prefix)
        first = child(lambda: run.work("first", at, when))
        backwards = (at % 2 == 0) == (when == "before")
        second = in_child(lambda: run.second(ahead, backwards=backwards))
        died = outcome(*first) is KILLED
        (run.folder / FIRST_ENDED).touch()
        self.counted(run, kind, when, died)
        self.recover(run, f"{kind}, killed {when} request {at}", second)
        return died

    def at_random(self, runs: int, rng: random.Random) -> None:
        """So many runs in which the first process is killed at a moment of its own, and half of the second ones too."""
        length = self.length() if runs else 0.0
        landed = 0
        for number in count(1):
            if landed == runs:
                return
            run, wait = self.run(), rng.uniform(0, length)
            late = rng.uniform(0, length / 2) if rng.random() < 0.5 else None
            first = child(lambda run=run: run.work("first"))  # type: ignore[misc]
            second = child(lambda run=run: run.work("second"))  # type: ignore[misc]
            time.sleep(wait)
            os.kill(first[0], signal.SIGKILL)  # a child that is done waits to be asked for, so the id is still its own
            died = outcome(*first) is KILLED
            landed += died
            self.report.points["random" if died else "random, too late"] += 1
            self.recover(run, f"random run {number}, killed after {wait:.3f} s", second, late)

    def length(self) -> float:
        """How long two processes take that nobody kills, in seconds."""
        run, began = self.run(), time.perf_counter()
        both = [child(lambda run=run, name=name: run.work(name)) for name in ("first", "second")]  # type: ignore[misc]
        for one in both:
            outcome(*one)
        took = time.perf_counter() - began
        self.recover(run, "unkilled", None)
        return took

    def recover(self, run: Run, point: str, second: tuple[int, int] | None, late: float | None = None) -> None:
        """Look, let the second process go on (or kill it after `late` seconds), finish, and note what does not hold."""
        self.told(point)
        if second is not None:
            os.kill(second[0], signal.SIGSTOP)
        try:
            found, pending = result(run.first_look)
        finally:
            if second is not None:
                os.kill(second[0], signal.SIGCONT)
        self.note(f"{point}, looked at once", found)
        self.report.counts["runs with a commit left pending by the kill"] += pending > 0
        if second is not None:
            watching = child(run.watch)
            if late is not None:
                time.sleep(late)
                os.kill(second[0], signal.SIGKILL)
            self.report.counts["second processes killed too"] += outcome(*second) is KILLED
            (run.folder / DONE).touch()
            found, looks = outcome(*watching)
            self.note(f"{point}, while the second went on", found)
            self.report.counts["looks while a second process went on"] += looks
        self.note(f"{point}, in the end", result(run.finish))
        self.most = max(self.most, *(len(run.names(name)) for name in ("first", "second")))
        shutil.rmtree(run.folder)
        if run.prefix != self.prefix:
            result(lambda: remove(self.url, run.prefix))

    def counted(self, run: Run, kind: str, when: When, died: bool) -> None:
        """Count a run, and what the last request was; `died` is false where the process ended before its point."""
        self.report.points[f"{kind}, {when}" if died else f"{kind}, not met"] += 1
        if died and kind != "racing":
            last = run.names("first")[-1].replace(run.prefix, "").replace("-000001-writer", "")
            self.report.counts[f"killed {when} {last}"] += 1

    def note(self, point: str, found: Sequence[str]) -> None:
        """Keep what does not hold."""
        self.report.problems += [f"{point}: {problem}" for problem in found]
