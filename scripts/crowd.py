"""Ten thousand users with one message each, and one user with ten thousand messages: each is consolidated once.

    python scripts/crowd.py [--users 10000] [--messages 10000] [--store elasticsearch]

The model is a stand-in that answers at once with a fresh nonce. Prints how long each part took; at the end it looks at
the store against its own record. Exits with 1 if a message is lost, waits, or is there twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from faults_checks import Found, Told, check_user
from faults_model import LETTERS, ROW
from stores import KINDS, stores

from memoryengine import AsyncMemoryEngine
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import Turn

TOGETHER = 16
MANY = "many"


class Answers:
    """Makes one observation of each line of the person; `answered` maps each nonce to the texts it was given for."""

    def __init__(self) -> None:
        self.answered: dict[str, frozenset[str]] = {}
        self.calls = 0

    def __call__(self, turns: Sequence[Turn]) -> str:
        """The answer to a prompt of consolidation."""
        self.calls += 1
        if "# extract_observations" not in turns[0].content:
            return "[]"
        rows = [json.loads(row) for row in ROW.findall(turns[1].content)]
        nonce = f"nonce{secrets.token_hex(8).translate(LETTERS)}"
        self.answered[nonce] = frozenset(row["text"] for row in rows)
        return json.dumps([{"ids": [row["id"]], "memory": f"{row['text']} {nonce}", "time": ""} for row in rows])


@contextmanager
def timed(what: str) -> Any:
    """Print how long something took."""
    began = time.perf_counter()
    yield
    print(f"{time.perf_counter() - began:>8.1f} s  {what}", flush=True)


@asynccontextmanager
async def opened(spec: dict[str, Any], answers: Answers) -> AsyncIterator[AsyncMemoryEngine]:
    """An engine with the stand-in for a model."""
    config = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical", "dimensions": 64}}, "store": spec}
    async with AsyncMemoryEngine(config) as engine:
        engine._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answers))
        yield engine


def message(user: str, number: int) -> dict[str, Any]:
    """A message like no other."""
    said = f"Drawer {number} of {user} holds {secrets.token_hex(6).translate(LETTERS)}."
    return {"id": f"{user}-{number}", "role": "user", "content": said}


async def work(spec: dict[str, Any], users: int, messages: int) -> Found:
    """Add, consolidate, count and look."""
    answers, found = Answers(), Found()
    told = {f"user{n:05}": [message(f"user{n:05}", 0)] for n in range(users)}
    told[MANY] = [message(MANY, n) for n in range(messages)]
    async with opened(spec, answers) as engine:
        with timed(f"{users} users add one message each"):
            await in_turn([lambda u=u: engine.user(u).add_messages(told[u]) for u in told if u != MANY])
        with timed(f"one user adds {messages} messages"):
            await engine.user(MANY).add_messages(told[MANY])
        with timed("status of all of them"):
            total = (await engine.status()).total
        assert total.pending == users + messages, total
        with timed(f"{users} users are consolidated"):
            await engine.consolidate_all([u for u in told if u != MANY], concurrency=TOGETHER)
        before = answers.calls
        with timed(f"{messages} messages of one user are consolidated"):
            await engine.user(MANY).consolidate()
        print(f"{before} model calls for {users} users, {answers.calls - before} for {messages} messages of one")
        for user, sent in told.items():
            own = [Told(m["id"], "user", m["content"]) for m in sent]
            await check_user(engine._engine.store, engine.user(user).scope, own, answers.answered, found)
    return found


async def in_turn(jobs: Sequence[Any]) -> None:
    """Do the jobs, some of them at the same time."""
    places = asyncio.Semaphore(TOGETHER)

    async def one(job: Any) -> None:
        async with places:
            await job()

    await asyncio.gather(*map(one, jobs))


def main() -> int:
    """Do it and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000, help="default 10000")
    parser.add_argument("--messages", type=int, default=10_000, help="default 10000")
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="default sqlite")
    chosen = parser.parse_args()
    with stores(chosen.store) as room:
        found = asyncio.run(work(room.spec("crowd"), chosen.users, chosen.messages))
    print(dict(found.states), f"problems: {len(found.problems)}", *found.problems[:50], sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
