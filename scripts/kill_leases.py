"""Kill two processes that share users and hold leases, at random moments; then look for losses, doubles and waste.

    python scripts/kill_leases.py [--kills 300] [--store elasticsearch] [--users 20] [--without-leases]

Both processes add messages for the same users and consolidate them, with a model that puts a fresh nonce into each
answer and notes each call. Now and then one of them is killed, and another takes its place. At the end everything is
consolidated, and must be whole as kill_checks.py says. A call of the model is wasted if nothing of its answer was
committed. Exits with 1 if anything was lost or is there twice, or if a tenth of the calls or more was wasted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import kill_checks
from kill_checks import BEGAN, NONCE, NonceChat, entry_problems, problems_of, read_held, words_of, write_line
from kill_processes import call, end_children, in_child, outcome
from stores import KINDS, stores

from memoryengine import AsyncMemoryEngine, MemoryEngineError
from memoryengine.assembly import build_store
from memoryengine.ports import Reply, Turn
from memoryengine.records import COLLECTIONS
from memoryengine.values import Scope

PAUSE = {"sqlite": 1.0, "elasticsearch": 2.5}
NONCES, CALLS, TRIED, STOP = "nonces.txt", "calls.txt", "tried.txt", "stop"
WASTE = 0.1


class CountedChat(NonceChat):
    """Notes each call with the nonce that it gave, or that stands in the newest memory which it compared."""

    def __init__(self, log: str, calls: str) -> None:
        super().__init__(log)
        self._calls = Path(calls)

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """Answer, and note it."""
        reply = await super().chat(turns, max_tokens=max_tokens)
        found = NONCE.search(reply.text) or NONCE.search(turns[-1].content)
        write_line(self._calls, found[1] if found else "-")
        return reply


@dataclass(frozen=True)
class Shared:
    """The store, the users and the folder in which the processes note what they do."""

    store: dict[str, Any]
    users: Sequence[str]
    folder: Path
    lease_seconds: float

    def engine(self) -> AsyncMemoryEngine:
        """An engine on the shared store."""
        logs = {"log": str(self.folder / NONCES), "calls": str(self.folder / CALLS)}
        return AsyncMemoryEngine(
            {
                "models": {
                    "chat": {"class": f"{__file__}:CountedChat", **logs},
                    "embedder": {"use": "lexical", "dimensions": 16},
                },
                "store": self.store,
                "time_zone": "UTC",
                "limits": {"lease_seconds": self.lease_seconds},
            }
        )

    async def work(self, seed: str) -> None:
        """Add messages for one user after the other and consolidate them, until the file that says stop is there."""
        draw = random.Random(seed)
        async with self.engine() as engine:
            while not (self.folder / STOP).exists():
                user = draw.choice(self.users)
                messages = [self.message(user) for _ in range(draw.randint(1, 3))]
                write_line(self.folder / TRIED, "\n".join(json.dumps([user, m["id"], m["content"]]) for m in messages))
                done = await engine.user(user).add_messages(messages)
                write_line(self.folder / f"{user}.txt", " ".join(done.new))
                await engine.user(user).consolidate()

    def message(self, user: str) -> dict[str, Any]:
        """A message of the person like no other."""
        name = secrets.token_hex(6).translate(kill_checks.LETTERS)
        return {"id": f"{name}u", "role": "user", "content": f"The drawer of {user} holds {name}.", "said_at": BEGAN}

    async def finish(self) -> None:
        """Consolidate everything, waiting for the leases of the dead."""
        async with self.engine() as engine:
            for user in self.users:
                while (await engine.status(user)).users[0].pending:
                    if (await engine.user(user).consolidate()).stopped.startswith("another process"):
                        await asyncio.sleep(0.1)

    async def look(self) -> dict[str, Any]:
        """The problems of what the store holds, and how many calls there were and were wasted."""
        tried: dict[str, dict[str, str]] = {user: {} for user in self.users}
        for line in (self.folder / TRIED).read_text().splitlines():
            user, id_, content = json.loads(line)
            tried[user][id_] = content
        problems, committed, messages = [], set[str](), 0
        store = build_store(self.store)
        await store.open(COLLECTIONS, None)
        for user in self.users:
            held = await read_held(store, Scope(user))
            acknowledged = words_of(self.folder / f"{user}.txt")
            there = {i: said for i, said in tried[user].items() if i in acknowledged or i in held.state.messages}
            answered = words_of(self.folder / NONCES)
            found = problems_of(held.state, there, acknowledged, answered, finished=True) + entry_problems(held)
            problems += [f"{user}: {problem}" for problem in found]
            committed |= {n for o in held.state.observations for n in NONCE.findall(o.content)}
            messages += len(held.messages)
        await store.close()
        calls = (self.folder / CALLS).read_text().split()
        wasted = sum(nonce not in committed for nonce in calls)
        return {"messages": messages, "calls": len(calls), "wasted": wasted, "problems": problems}


def kill(shared: Shared, kills: int, pause: float, draw: random.Random, told: bool) -> None:
    """Keep two processes at work, and kill one of them so many times."""
    started = Counter[int]()

    def start(place: int) -> tuple[int, int]:
        started[place] += 1
        seed = f"{draw.random()} {place} {started[place]}"
        return in_child(lambda: asyncio.run(shared.work(seed)))

    children = [start(0), start(1)]
    for number in range(kills):
        time.sleep(draw.uniform(0.2, 1.8) * pause)
        place = draw.randrange(2)
        os.kill(children[place][0], signal.SIGKILL)
        outcome(*children[place])
        children[place] = start(place)
        if told and sys.stderr.isatty():
            print(f"\r\x1b[K{number + 1} of {kills}", end="", file=sys.stderr, flush=True)
    (shared.folder / STOP).touch()
    for child in children:
        outcome(*child)


def main() -> int:
    """Kill, finish, look and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300, help="default 300")
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="default sqlite")
    parser.add_argument("--users", type=int, default=20, help="default 20")
    parser.add_argument("--pause", type=float, help="seconds between kills, on average (default 1, or 2.5)")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--without-leases", action="store_true", help="to see what they save; waste is no failure")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args()
    began, users = time.perf_counter(), [f"user{n}" for n in range(chosen.users)]
    with TemporaryDirectory() as folder, stores(chosen.store) as room:
        lease = 0.0 if chosen.without_leases else 1.0
        shared = Shared(room.spec("leases"), users, Path(folder), lease)
        shared.engine()  # loads what the children need, before they are forked
        try:
            kill(shared, chosen.kills, chosen.pause or PAUSE[chosen.store], random.Random(chosen.seed), not chosen.json)
            call(lambda: asyncio.run(shared.finish()))
            found = call(lambda: asyncio.run(shared.look()))
        except MemoryEngineError as error:
            raise SystemExit(f"It could not be looked at: {error}") from error
        finally:
            end_children()
    share = found["wasted"] / max(1, found["calls"])
    if chosen.json:
        print(json.dumps({"kills": chosen.kills, **found, "share": share}, indent=1))
    else:
        leases = "without leases" if chosen.without_leases else "with leases"
        print(f"{chosen.store}, two processes {leases}, {chosen.kills} kills, {time.perf_counter() - began:.0f} s:")
        print(f"  {found['messages']:>6}  messages, each consolidated once" if not found["problems"] else "")
        print(f"  {found['calls']:>6}  model calls, {found['wasted']} of them wasted: {share:.1%}")
        print(f"problems: {len(found['problems'])}", *found["problems"][:50], sep="\n  ")
    return 1 if found["problems"] or (share >= WASTE and not chosen.without_leases) else 0


if __name__ == "__main__":
    sys.exit(main())
