"""One process of faults.py: it adds messages for several users and consolidates them as a schedule would."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from faults_model import POISON

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import build_store
from memoryengine.engine import SCHEDULE
from memoryengine.errors import ModelError, StoreError, StoreUnavailable, WorkerError
from memoryengine.ports import Store
from memoryengine.testing.kill_points import KillPoints
from memoryengine.user_memory import AsyncUserMemory

T = TypeVar("T")
DRAIN, READY, ACKNOWLEDGED, COUNTS = "drain", "ready-{}", "acknowledged-{}.jsonl", "counts-{}.json"
POISONED = 0.003
MOST_MESSAGES = 6
MOST_WAITING = 24  # else most of what was added would be consolidated at the end, when nothing fails any more
DRAIN_SECONDS = 900.0


class Unreliable(KillPoints):
    """A store whose calls now and then fail, before they are passed on or after they were answered."""

    def __init__(self, inner: Store, rate: float, draw: random.Random) -> None:
        super().__init__(inner)
        self.rate, self._draw, self.failures = rate, draw, 0

    async def _pass(self, name: str, request: Callable[[], Awaitable[T]]) -> T:
        chance = self._draw.random() if name not in ("open", "close") else 1.0
        if chance < self.rate:
            self.failures += 1
            if chance < self.rate / 2:
                await request()
            raise StoreUnavailable("The store is away for a moment.")
        return await request()


class Worker:
    """One process: its engine, the users it looks after, and what it counts."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.number, self.folder = int(task["number"]), Path(task["folder"])
        self.users: list[str] = task["users"]
        self.draw = random.Random(f"{task['seed']} {self.number}")
        self.counts = Counter[str]()
        self.store = Unreliable(build_store(task["config"]["store"]), task["store_rate"], self.draw)
        self.engine = AsyncMemoryEngine(task["config"], store=self.store)
        self.added = 0

    @property
    def draining(self) -> bool:
        """Whether nothing more is to be added."""
        return (self.folder / DRAIN).exists()

    async def work(self) -> None:
        """Look after all users until the script says that it is enough, and then until nothing waits."""
        async with self.engine:
            assert self.engine._engine.models.chat is not None  # building it loads the library, which takes seconds
            (self.folder / READY.format(self.number)).touch()
            await asyncio.gather(*map(self.tend, self.users))
        self.counts["failures of the store"] = self.store.failures
        (self.folder / COUNTS.format(self.number)).write_text(json.dumps(self.counts))

    async def tend(self, user: str) -> None:
        """Add and consolidate the messages of one user."""
        memory, end = self.engine.user(user), 0.0
        loop = asyncio.get_running_loop()
        while True:
            if self.draining:
                end = end or loop.time() + DRAIN_SECONDS
                self.store.rate = 0.0
                if loop.time() > end or not (await self.engine.status(user)).users[0].pending:
                    return
            elif self.draw.random() < 0.4 and await self.has_room(user):
                await self.add(memory)
            await self.consolidate(memory)
            await asyncio.sleep(self.draw.uniform(0.0, 0.2))

    async def has_room(self, user: str) -> bool:
        """Whether few messages of a user wait."""
        try:
            return (await self.engine.status(user)).users[0].pending < MOST_WAITING
        except StoreError:
            return False

    async def add(self, memory: AsyncUserMemory) -> None:
        """Some messages, added again until the store has said that it has them."""
        messages = [self.message() for _ in range(self.draw.randint(1, MOST_MESSAGES))]
        while True:
            try:
                await memory.add_messages(messages)
                break
            except StoreError:
                self.counts["additions that were repeated"] += 1
        lines = [json.dumps({**m, "user": memory.scope.user, "said_at": ""}) for m in messages]
        with (self.folder / ACKNOWLEDGED.format(self.number)).open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def message(self) -> dict[str, Any]:
        """A message like no other; every third is the assistant's."""
        self.added += 1
        number = self.number * 1_000_000 + self.added
        role = "assistant" if self.added % 3 == 2 else "user"
        thing = POISON if role == "user" and self.draw.random() < POISONED else f"thing {secrets.token_hex(3)}x{number}"
        content = f"Item {number}: the drawer number {number * 7919 % 100_003} holds {thing}."
        return {"id": f"m{number}", "role": role, "content": content, "said_at": datetime.now(UTC).isoformat()}

    async def consolidate(self, memory: AsyncUserMemory) -> None:
        """One scheduled run; what went wrong is counted."""
        try:
            done = await self.engine.run_operation("consolidate_memory", memory.scope, {}, trigger=SCHEDULE)
        except (ModelError, WorkerError, StoreError) as error:
            self.counts[f"runs that failed: {type(error).__name__}"] += 1
            return
        self.counts["runs that went through"] += 1
        self.counts["left to another process"] += done.stopped.startswith("another process")
        self.counts["chat calls of these"] += done.usage.chat_calls
        self.counts["set aside"] += done.quarantined


if __name__ == "__main__":
    asyncio.run(Worker(json.loads(sys.stdin.read())).work())
