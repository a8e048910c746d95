"""What a killed process must leave behind, and the messages and the model that show it.

`problems_of` says what does not hold. The scripted model puts a fresh nonce into every answer, so that a memory written
twice cannot hide.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memoryengine.leases import LEASE
from memoryengine.ports import HISTORY, Document, Reply, Store, Turn
from memoryengine.reader import read_all
from memoryengine.records import CONSOLIDATED, MEMORIES, MESSAGES, RUNS
from memoryengine.values import Scope

BEGAN = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
ROW = re.compile(r'^\{"id":.*\}$', re.MULTILINE)
NONCE = re.compile(r"nonce([0-9a-p]{16})")
LETTERS = str.maketrans("0123456789", "ghijklmnop")  # a number that no message holds would be dropped


class NonceChat:
    """A chat model that keeps every line, and makes one observation of each line of the person, with a fresh nonce.

    Of the memories that it compares, the newest contradicts the oldest, so that commits change what others wrote.
    """

    name = "scripted"

    def __init__(self, log: str) -> None:
        self._log = Path(log)

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:  # noqa: ARG002
        """Answer the stock prompts of consolidation."""
        asked = turns[0].content
        rows = [json.loads(row) for row in ROW.findall(turns[-1].content)]
        if "# extract_observations" in asked:
            nonce = secrets.token_hex(8).translate(LETTERS)
            write_line(self._log, nonce)
            told = [row for row in rows if row["role"] == "user"]
            made = [{"ids": [row["id"]], "memory": f"{row['text']} nonce{nonce}", "time": ""} for row in told]
            return Reply(json.dumps(made))
        if "# find_conflicts" in asked and len(rows) > 1:
            return Reply(json.dumps([{"id": rows[-1]["id"], "relation": "contradicted", "by": rows[0]["id"]}]))
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
    """How many runs were made, what else was counted, and every problem with the point at which it showed."""

    points: dict[str, int] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in what others found."""
        for mine, theirs in ((self.points, other.points), (self.counts, other.counts)):
            for name, number in theirs.items():
                mine[name] = mine.get(name, 0) + number
        self.problems += other.problems


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


@dataclass(frozen=True, slots=True)
class Held:
    """The documents of a scope as a store gave them, and its revision."""

    messages: Sequence[Document]
    memories: Sequence[Document]
    runs: Sequence[Document]
    history: Sequence[Document]
    revision: int

    @property
    def state(self) -> State:
        """What of it `problems_of` looks at."""
        return State(
            messages={
                d.id: (d.body["content"], str(d.fields.get("state")), str(d.fields.get("run") or ""))
                for d in self.messages
            },
            runs={d.id: _texts(d.fields.get("messages")) for d in self.runs},
            observations=[
                Observed(d.body["content"], _texts(d.fields.get("sources")), str(d.fields.get("run")))
                for d in self.memories
            ],
            revision=self.revision,
            history=len(self.history),
        )


async def read_held(store: Store, scope: Scope) -> Held:
    """Everything that is looked at, from the store itself, as it was at one revision."""
    while True:
        revision = await store.revision(scope)
        messages = await read_all(store, scope, MESSAGES)
        memories = await read_all(store, scope, MEMORIES)
        runs = [d for d in await read_all(store, scope, RUNS) if d.fields["outcome"] == "committed"]
        held = Held(messages, memories, runs, await read_all(store, scope, HISTORY), revision)
        if await store.revision(scope) == revision:
            return held


def entry_problems(held: Held) -> list[str]:
    """What of each commit is not there as its entry in history says, as sentences; nothing may be there beyond that."""
    entries = {int(str(d.fields["revision"])): d.body for d in held.history}
    found = []
    if sorted(entries) != [*range(1, held.revision + 1)]:
        found.append(f"the revision is {held.revision}, and history has {sorted(entries)}")
    wrote: dict[str, int] = {}
    retired: set[str] = set()
    for revision, entry in sorted(entries.items()):
        if entry.get("operation") == LEASE:
            continue
        gone = [id_ for id_, _, _ in entry["expired"]]
        wrote |= dict.fromkeys([*entry["new"], *gone, entry["run"]], revision)
        retired.update(gone)
    there = {d.id: d for d in (*held.memories, *held.runs)}
    found += [f"{id_}, which commit {wrote[id_]} wrote, is not there" for id_ in wrote.keys() - there.keys()]
    found += [f"{id_} is there, and no commit wrote it" for id_ in there.keys() - wrote.keys()]
    found += [
        f"{id_} is of revision {there[id_].revision}, but commit {wrote[id_]} wrote it last"
        for id_ in wrote.keys() & there.keys()
        if there[id_].revision != wrote[id_]
    ]
    valid = [d.id for d in held.memories if d.id in retired and d.fields["status"] == "valid"]
    found += [f"the memory {id_} is valid, but history says that it expired" for id_ in valid]
    messages = {d.id: d for d in held.messages}
    for revision, entry in entries.items():
        for id_ in entry["consolidated"]:
            one = messages.get(id_)
            if one is None or one.fields.get("run") != entry["run"] or one.revision < revision:
                found.append(f"the message {id_} is not as commit {revision} wrote it")
    return found


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
