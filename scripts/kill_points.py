"""Kill a process before and after every store request of an import and of a consolidation, and at random moments.

    python scripts/kill_points.py [--messages 200] [--random 50] [--seed 1] [--json]

One run for each point: a child process works on a store, is killed with SIGKILL, and another child opens the store,
looks at it, finishes the work and looks again. What must hold is in `problems_of`. The scripted model puts a fresh
nonce into every answer, so that a memory written twice cannot hide. Exits with 1 if anything did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

from memoryengine import AsyncMemoryEngine
from memoryengine.ports import HISTORY, Reply, Store, Turn
from memoryengine.reader import read_all
from memoryengine.records import COLLECTIONS, CONSOLIDATED, MEMORIES, MESSAGES, RUNS
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.kill_points import KillPoints, When
from memoryengine.values import Scope

Phase = Literal["import", "consolidation"]
USER = "alice"
SCOPE = Scope(USER)
BATCH = 20
BEGAN = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
ROW = re.compile(r'^\{"id":.*\}$', re.MULTILINE)
NONCE = re.compile(r"nonce([0-9a-f]{16})")
STORE, NONCES, ACKNOWLEDGED = "store.db", "nonces.txt", "acknowledged.txt"


class NonceChat:
    """A chat model that keeps every line, and makes one observation of each line of the person, with a fresh nonce."""

    name = "scripted"

    def __init__(self, log: str) -> None:
        self._log = Path(log)

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:  # noqa: ARG002
        """Answer the stock prompts of consolidation."""
        asked = turns[0].content
        rows = [json.loads(row) for row in ROW.findall(turns[-1].content)]
        if "# filter_messages" in asked:
            return Reply(json.dumps([{"id": row["id"], "score": 3} for row in rows]))
        if "# extract_observations" in asked:
            nonce = secrets.token_hex(8)
            write_line(self._log, nonce)
            told = [row for row in rows if row["role"] == "user"]
            made = [{"ids": [row["id"]], "memory": f"{row['text']} nonce{nonce}", "time": ""} for row in told]
            return Reply(json.dumps(made))
        return Reply("[]")

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The answer in one piece."""
        yield (await self.chat(turns)).text

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A stored observation: what it says, the messages it cites, the run that wrote it."""

    content: str
    sources: tuple[str, ...]
    run: str


@dataclass(frozen=True, slots=True)
class State:
    """What a store holds: messages (content, state, run), the messages of each committed run, observations."""

    messages: Mapping[str, tuple[str, str, str]]
    runs: Mapping[str, tuple[str, ...]]
    observations: Sequence[Observed]
    revision: int = 0
    history: int = 0


@dataclass
class Report:
    """How many runs were made, and every problem with the point at which it showed."""

    points: dict[str, int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def problems_of(
    state: State, wanted: Mapping[str, str], acknowledged: set[str], answered: set[str], *, finished: bool
) -> list[str]:
    """What does not hold, as sentences; `wanted` are all messages by id, `answered` the nonces the model gave."""
    found = [f"the acknowledged message {id_} is gone" for id_ in sorted(acknowledged - state.messages.keys())]
    found += [f"the message {i} is changed" for i, (said, _, _) in state.messages.items() if wanted.get(i) != said]
    said_twice = Counter(content for content, _, _ in state.messages.values())
    found += [f"{content!r} is there {times} times" for content, times in said_twice.items() if times > 1]
    found += [f"message {i}: {problem}" for i, problem in _message_problems(state, finished)]
    found += [f"run {run}: {problem}" for run, problem in _run_problems(state, answered)]
    if state.history != state.revision:
        found.append(f"the revision is {state.revision} but history has {state.history} entries")
    if finished:
        found += [f"the message {id_} is missing" for id_ in sorted(wanted.keys() - state.messages.keys())]
    return found


def _message_problems(state: State, finished: bool) -> Iterator[tuple[str, str]]:
    """Each consolidated message must be cited by the one run that it names, every other one by none."""
    citing = defaultdict(list)
    for run, ids in state.runs.items():
        for id_ in ids:
            citing[id_].append(run)
    for id_, (_, held, run) in state.messages.items():
        if held == CONSOLIDATED and citing[id_] != [run]:
            yield id_, f"it names run {run or 'none'} but is cited by {citing[id_] or 'none'}"
        elif held != CONSOLIDATED and citing[id_]:
            yield id_, f"it is {held} but cited by {citing[id_]}"
        elif held != CONSOLIDATED and finished:
            yield id_, f"it is still {held}"


def _run_problems(state: State, answered: set[str]) -> Iterator[tuple[str, str]]:
    """A committed run must have all its observations: one a message of the person, all of one answer of its own."""
    made: dict[str, list[Observed]] = defaultdict(list)
    for observed in state.observations:
        made[observed.run].append(observed)
    runs_of_nonce: dict[str, set[str]] = defaultdict(set)
    for run in made.keys() - state.runs.keys():
        yield run, f"{len(made[run])} observations but no committed run"
    for run, ids in state.runs.items():
        told = sorted(i for i in ids if _is_told(i))
        cited = sorted(s for o in made[run] for s in o.sources)
        if told != cited:
            yield run, f"its observations cite {cited}, its messages of the person are {told}"
        nonces = {n for o in made[run] for n in NONCE.findall(o.content)}
        for nonce in nonces:
            runs_of_nonce[nonce].add(run)
        if len(nonces) != bool(told) or not nonces <= answered:
            yield run, f"its observations carry the nonces {sorted(nonces)}, not one that was answered"
    for nonce, runs in runs_of_nonce.items():
        if len(runs) > 1:
            yield ", ".join(sorted(runs)), f"they share the answer {nonce}"


def _is_told(message_id: str) -> bool:
    return message_id.endswith("u")


def make_messages(number: int) -> list[dict[str, Any]]:
    """Messages of two sides; every third is the assistant's, and its id says so."""
    return [
        {
            "id": f"m{n:04}{'a' if n % 3 == 2 else 'u'}",
            "role": "assistant" if n % 3 == 2 else "user",
            "content": f"Item {n}: the drawer number {n * 7919 % 10007} holds thing {secrets.token_hex(3)}x{n}.",
            "said_at": BEGAN + timedelta(minutes=n),
        }
        for n in range(number)
    ]


@dataclass(frozen=True)
class Case:
    """One folder with one store, and the work that is done on it."""

    folder: Path
    messages: Sequence[Mapping[str, Any]]

    def engine(self, at: int = 0, when: When = "before") -> AsyncMemoryEngine:
        """An engine whose process dies at a request."""
        chat = {"class": f"{Path(__file__).resolve()}:NonceChat", "log": str(self.folder / NONCES)}
        store = KillPoints(SqliteStore(self.folder / STORE), at=at, when=when)
        return AsyncMemoryEngine({"models": {"chat": chat}, "time_zone": "UTC"}, store=store)

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
        state = await read_state(store)
        await store.close()
        wanted = {m["id"]: m["content"] for m in self.messages}
        acknowledged, answered = words_of(self.folder / ACKNOWLEDGED), words_of(self.folder / NONCES)
        return problems_of(state, wanted, acknowledged, answered, finished=finished)

    async def recover(self) -> list[str]:
        """Look at what a killed process left, finish its work, and look again."""
        found = [f"after reopening, {problem}" for problem in await self.look(finished=False)]
        await self.work(("import", "consolidation"))
        return found + [f"after finishing, {problem}" for problem in await self.look(finished=True)]


async def read_state(store: Store) -> State:
    """Everything that is looked at, from the store itself."""
    messages = await read_all(store, SCOPE, MESSAGES)
    runs = [d for d in await read_all(store, SCOPE, RUNS) if d.fields["outcome"] == "committed"]
    memories = await read_all(store, SCOPE, MEMORIES)
    return State(
        messages={
            d.id: (d.body["content"], str(d.fields.get("state")), str(d.fields.get("run") or "")) for d in messages
        },
        runs={d.id: _texts(d.fields.get("messages")) for d in runs},
        observations=[
            Observed(d.body["content"], _texts(d.fields.get("sources")), str(d.fields.get("run"))) for d in memories
        ],
        revision=await store.revision(SCOPE),
        history=await store.count(SCOPE, HISTORY),
    )


def _texts(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def write_line(path: Path, line: str) -> None:
    """Append a line in one write, which a kill leaves whole."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def words_of(path: Path) -> set[str]:
    """The words of a file; none where there is no file."""
    return set(path.read_text().split()) if path.exists() else set()


def in_child(work: Callable[[], Any]) -> tuple[int, int]:
    """Do work in a forked process; its id, and the end of a pipe that will hold what it returned, as JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    except BaseException:  # noqa: BLE001  # a fork must never return into the caller's stack
        traceback.print_exc()
    finally:
        os._exit(1)


def outcome(child: int, reading: int) -> Any:
    """What a child returned, or KILLED if it was; any other end is an error."""
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return KILLED
    if status:
        raise SystemExit(f"A child process ended with {status}; see its traceback above.")
    return json.loads(told)


KILLED = object()


def call(work: Callable[[], Any]) -> Any:
    """Do work in a forked process and wait for what it returns."""
    return outcome(*in_child(work))


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


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200, metavar="N", help="messages of the import (default 200)")
    parser.add_argument("--random", type=int, default=50, metavar="N", help="runs killed at random (default 50)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random moments (default 1)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


def main() -> int:
    """Run every point and print what was found."""
    chosen = read_arguments()

    def told(point: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{point}", end="", file=sys.stderr, flush=True)

    report, began = Report(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        killing = Killing(Path(folder), make_messages(chosen.messages), report)
        killing.case("warm").engine()  # loads what the children need, before they are forked
        for phase in ("import", "consolidation"):
            for when in ("before", "after"):
                killing.every_point(phase, when, told)
        killing.at_random(chosen.random, random.Random(chosen.seed), told)
    told("")
    show(report, chosen, time.perf_counter() - began)
    return 1 if report.problems else 0


def show(report: Report, chosen: argparse.Namespace, seconds: float) -> None:
    """Print the report."""
    runs = sum(report.points.values())
    if chosen.json:
        made = {"messages": chosen.messages, "runs": runs, "points": report.points, "problems": report.problems}
        print(json.dumps(made, indent=1, ensure_ascii=False))
        return
    print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores")
    print(f"{chosen.messages} messages, {runs} killed runs in {seconds:.0f} s, seed {chosen.seed}:")
    for point, number in report.points.items():
        print(f"  {number:>5}  {point}")
    print(f"problems: {len(report.problems)}")
    for problem in report.problems:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
