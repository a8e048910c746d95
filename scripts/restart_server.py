"""Kill the Elasticsearch server again and again during an import and a consolidation; all must end as without.

    python scripts/restart_server.py [--restarts 5] [--seconds 120] [--users 4] [--messages 130] [--seed 1]

Users talk with memory at the same time, each by a script of his own: some messages are kept, now and then they are
consolidated, now and then something is looked for. Once they do so on a server that runs on; and once, stretched to so
many seconds, on one that is killed (SIGKILL) and started again whenever a chosen part of all steps is done. Every
clock is a script too, so all that is kept must be equal in the end but the random names of the runs, and each search
must have found the same. Exits with 1 if anything differs. The server is one of the script's own, by elasticsearch.sh.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from kill_checks import read_held, write_line
from kill_elasticsearch import raw_problems
from kill_processes import end_children, in_child, outcome
from stores import SCRIPT

from memoryengine import AsyncMemoryEngine
from memoryengine.ports import Document
from memoryengine.records import COLLECTIONS
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.elasticsearch.node import Node
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Scope

SAMPLE = Path(__file__).with_name("sample_conversation.jsonl")
BEGAN = datetime(2024, 11, 1, 8, tzinfo=UTC)
PATIENCE = 300.0  # seconds, far more than a server takes to start on a busy machine
SHOWN, TRIES = 20, 3
QUESTIONS = ("Where does she live?", "What is his job?", "她住在哪里?", "她有什么爱好?", "my sister's name", "生日")

Step = tuple[str, Any]
"""`("add", messages)`, `("consolidate", None)` or `("retrieve", question)`."""


def make_script(user: int, messages: int, seed: int) -> list[Step]:
    """What one user does, the same for the same seed; it ends with everything consolidated."""
    rng = random.Random(f"{seed} {user}")
    said = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    people = sorted({one["conversation_id"] for one in said})
    rng.shuffle(people)
    said = [one for name in people for one in said if one["conversation_id"] == name][:messages]
    steps: list[Step] = []
    while said:
        size = rng.randint(1, 4)
        steps.append(("add", said[:size]))
        said = said[size:]
        if rng.random() < 0.5:
            steps.append(("consolidate", None))
        if rng.random() < 0.3:
            steps.append(("retrieve", rng.choice(QUESTIONS)))
    return [*steps, ("consolidate", None)]


class Watched(Node):
    """Sends requests and counts how they ended."""

    ended: ClassVar[Counter[str]] = Counter()

    async def perform_request(self, *args: Any, **named: Any) -> Any:  # type: ignore[override]  # it need not know more
        """As the class above; a failure is counted by its kind and goes on."""
        try:
            answer = await super().perform_request(*args, **named)
        except Exception as error:
            cause = error.__context__ or error
            self.ended[type(cause).__name__] += 1
            raise
        self.ended[f"HTTP {answer.meta.status}"] += 1
        return answer


@dataclass(frozen=True)
class Talk:
    """All users at work on one server; each step that was done is a line in the file `steps`."""

    url: str
    prefix: str
    scripts: Mapping[str, Sequence[Step]]
    steps: Path
    seconds: float = 0.0

    async def work(self) -> dict[str, Any]:
        """Do all; what lies in the store then, what was found, and how the requests ended."""
        began = time.monotonic()
        found = await asyncio.gather(*(self.user(user, began) for user in self.scripts))
        took = time.monotonic() - began
        return {
            "found": dict(zip(self.scripts, found, strict=True)),
            "held": await self.held(),
            "requests": Watched.ended,
            "seconds": took,
        }

    async def user(self, user: str, began: float) -> list[list[str]]:
        """One user's steps, each not before its time; what the searches found."""
        clock, found = ManualClock(BEGAN), []
        store = self.store()
        async with AsyncMemoryEngine("embedded", clock=clock, store=store) as engine:
            memory, script = engine.user(user), self.scripts[user]
            for number, (verb, given) in enumerate(script):
                await asyncio.sleep(max(0.0, began + self.seconds * number / len(script) - time.monotonic()))
                clock.advance(timedelta(minutes=7))
                if verb == "add":
                    await memory.add_messages(given)
                elif verb == "consolidate":
                    await memory.consolidate()
                else:
                    found.append([f"{hit.score:.3f} {hit.item.id}" for hit in (await memory.retrieve(given)).hits])
                write_line(self.steps, f"{user} {number}")
        return found

    async def held(self) -> dict[str, Any]:
        """Everything in the store, the random names of runs taken out, and what should not be there."""
        store = self.store()
        await store.open(COLLECTIONS, None)
        told: dict[str, Any] = {}
        for user in self.scripts:
            held = await read_held(store, Scope(user))
            runs = {document.id: f"run of revision {document.revision}" for document in held.runs}
            told[user] = {
                name: sorted(_plain(document, runs) for document in getattr(held, name))
                for name in ("messages", "memories", "runs", "history")
            }
            told[user]["revision"] = held.revision
            told[user]["problems"] = await raw_problems(store, self.prefix, user, Scope(user))
        await store.close()
        return told

    def store(self) -> ElasticsearchStore:
        """The store of one engine, which waits for a server that is away."""
        return ElasticsearchStore(self.url, index_prefix=self.prefix, patience=PATIENCE, node_class=Watched)


def _plain(document: Document, runs: Mapping[str, str]) -> str:
    """A document as one line; of a run it is kept which it is, and not how long its steps took."""
    body = {name: value for name, value in document.body.items() if name not in ("seconds", "steps")}
    names = [document.id, sorted(document.fields.items()), sorted(body.items()), document.revision]
    line = json.dumps(names, ensure_ascii=False, default=str)
    for run, name in runs.items():
        line = line.replace(run, name)
    return line


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two results differ, as sentences."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [text for key in keys for text in differences(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [text for number, (a, b) in pairs for text in differences(a, b, f"{place}/{number}")]
    return [] if one == other else [f"{place}: {one!r} without a restart, {other!r} with them"]


@dataclass(frozen=True)
class OwnServer:
    """A server of the script's own, which it may kill."""

    name: str

    def start(self) -> str:
        """Start it, or start it again with the data and the port that it had; its URL.

        A busy machine may take longer for it than elasticsearch.sh waits, so that is told to several times.
        """
        for left in reversed(range(TRIES)):
            try:
                self._call("start")
                break
            except SystemExit:
                if not left:
                    raise
        return self._call("env").split("'")[1]

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._call("kill")

    def stop(self) -> None:
        """End it and remove its data."""
        self._call("stop")

    def _call(self, command: str) -> str:
        call = [str(SCRIPT), command, "--name", self.name]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(call)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server of this process's own, not started yet, which is gone in the end."""
    server = OwnServer(f"restarts_{os.getpid()}")
    try:
        yield server
    finally:
        server.stop()


def restarted(server: OwnServer, talk: Talk, restarts: int, rng: random.Random) -> tuple[dict[str, Any], list[float]]:
    """The talk on a server that is killed so many times; its result, and how long the server was away each time."""
    total = sum(len(script) for script in talk.scripts.values())
    points = sorted(rng.uniform(0.04, 0.94) * total for _ in range(restarts))
    child, away = in_child(lambda: asyncio.run(talk.work())), []
    for point in points:
        while _lines(talk.steps) < point:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))  # into whatever the users do then
        began = time.monotonic()
        server.kill()
        server.start()
        away.append(time.monotonic() - began)
        print(f"killed at {_lines(talk.steps)} of {total} steps, away for {away[-1]:.1f} s", file=sys.stderr)
    return outcome(*child), away


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restarts", type=int, default=5, metavar="N", help="how often it is killed (default 5)")
    parser.add_argument("--seconds", type=float, default=120, help="how long the users talk, at least (default 120)")
    parser.add_argument("--users", type=int, default=4, metavar="N", help="default 4")
    parser.add_argument("--messages", type=int, default=130, metavar="N", help="of each user (default and at most 130)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the scripts and the moments (default 1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


def main() -> int:
    """Talk twice and compare."""
    chosen = read_arguments()
    scripts = {f"user{n}": make_script(n, chosen.messages, chosen.seed) for n in range(chosen.users)}
    with tempfile.TemporaryDirectory() as folder, own_server() as server:
        url, prefix = server.start(), f"restarts-{secrets.token_hex(4)}"
        try:
            calm = Talk(url, f"{prefix}-calm", scripts, Path(folder) / "calm")
            without = outcome(*in_child(lambda: asyncio.run(calm.work())))
            rough = Talk(url, f"{prefix}-rough", scripts, Path(folder) / "rough", chosen.seconds)
            result, away = restarted(server, rough, chosen.restarts, random.Random(chosen.seed))
        finally:
            end_children()
    problems = [text for held in result["held"].values() for text in held["problems"]]
    problems += [text for name in ("held", "found") for text in differences(without[name], result[name], name)]
    show(chosen, without, result, away, problems)
    return 1 if problems else 0


def show(
    chosen: argparse.Namespace,
    without: Mapping[str, Any],
    result: Mapping[str, Any],
    away: Sequence[float],
    problems: Sequence[str],
) -> None:
    """Print what was done and what differs."""
    counts: Counter[str] = Counter()
    for held in result["held"].values():
        counts.update({name: len(held[name]) for name in ("messages", "memories", "runs", "history")})
    counts["searches"] = sum(map(len, result["found"].values()))
    if chosen.json:
        told = {"away": away, "counts": counts, "requests": result["requests"], "seconds": result["seconds"]}
        print(json.dumps({**told, "problems": problems}, indent=1, ensure_ascii=False))
        return
    print(f"{chosen.users} users, {result['seconds']:.0f} s with {len(away)} restarts (away for", end=" ")
    print(f"{', '.join(f'{one:.1f}' for one in away)} s), {without['seconds']:.0f} s without a pause or a restart")
    print("in the end: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    print("requests: " + ", ".join(f"{number} {name}" for name, number in sorted(result["requests"].items())))
    print(f"problems: {len(problems)}")
    for problem in problems[:SHOWN]:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
