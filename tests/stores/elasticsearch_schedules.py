"""Scenarios for the Elasticsearch store: processes that call it, over a fake server, and what must hold in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memoryengine.filters import Has
from memoryengine.ports import HISTORY, KeywordQuery, Patch, Writes
from memoryengine.stores.checks import HISTORY_COLLECTION
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.elasticsearch.codec import decompressed, unpacked
from memoryengine.stores.elasticsearch.declare import Declared
from memoryengine.stores.elasticsearch.keys import document_key, scope_key
from memoryengine.stores.elasticsearch.layout import SCOPES, Names, writer_of
from memoryengine.stores.elasticsearch.log import Log
from memoryengine.stores.elasticsearch.server import Server
from memoryengine.stores.elasticsearch.spaces import Spaces
from memoryengine.stores.elasticsearch.view import View
from memoryengine.testing.store_samples import ALICE, ENTRY, NOTES, SPACE, note

from .fake_server import AtOnce, FakeServer, Machine, Request, Source
from .interleavings import Bounds, Schedule
from .naive import NaiveStore
from .orders import Call, at_once, explain, outcome
from .quiet_loop import run

PREFIX = "m"
NAMES = Names(PREFIX)
KEY = scope_key(ALICE)
NOTE, LOG, USERS = (NAMES.index(name, 1) for name in ("note", HISTORY, SCOPES))
IDS = ("counter", "story", "victim", "late", "a", "b", "heir")
WORDS = KeywordQuery("note", ("secret", "told"))
OLD = "secret"
"""A word that the documents of the beginning hold, and no later one."""

FIRST = Writes(
    put=(("note", note("counter", rank=0)), ("note", note("story", OLD)), ("note", note("victim", OLD))), entry=ENTRY
)


class FakeStore(ElasticsearchStore):
    """The store on another server; `log` and `view` may be broken ones."""

    def __init__(self, server: Server, log: type[Log] = Log, view: type[View] = View) -> None:
        super().__init__(index_prefix=PREFIX)
        self._server = server  # type: ignore[assignment]  # only `scopes`, `open` and `close` ask for more than the port
        self._begin(Declared({one.name: one for one in (NOTES, HISTORY_COLLECTION)}, SPACE), log, view)
        self._spaces = Spaces(self._server, None)  # the fake has no mappings to look at


class Execution(Schedule):
    """A schedule of processes that call the store, with all their calls."""

    def __init__(self, machine: Machine, bounds: Bounds) -> None:
        super().__init__(machine, bounds)
        self.machine = machine
        self.calls: list[Call] = []

    @property
    def turned(self) -> int:
        """See `Schedule.turned`: calls that begin take note of those that have ended."""
        returned = sum(one.returned for one in self.calls)
        return super().turned + len(self.calls) + returned

    def over(self) -> tuple[frozenset[tuple[str, int]], frozenset[tuple[str, int]]]:
        """The calls that have returned, and those of processes that died and of which nothing is under way."""
        under_way = {part.process for part in self.waiting}
        dead = {name for name, process in self.processes.items() if process.dead} - under_way
        returned = frozenset([one.id for one in self.calls if one.returned])
        return returned, frozenset([one.id for one in self.calls if one.id[0] in dead]) - returned


@dataclass(frozen=True)
class Caller:
    """What a program calls: the store, as one process that is watched."""

    name: str
    store: ElasticsearchStore
    execution: Execution
    turns: Any

    async def __call__(self, name: str, *args: Any) -> Any:
        """The answer of a call, or the class of the error that it raised."""
        calls = self.execution.calls
        number = sum(one.id[0] == self.name for one in calls)
        call = Call((self.name, number), name, args, *self.execution.over())
        calls.append(call)
        if self.name in self.execution.processes:
            self.execution.learn(self.name, (call.id, sorted(call.before), sorted(call.gone)))
        answer = await outcome(self.store, ALICE, name, args)
        if call.writes and self.name in self.execution.bounds.mortal:
            await self.turns.part(Request("return"), [list])  # here it may die between the last request and its caller
        call.answer, call.returned = answer, True
        return answer


Program = Callable[[Caller], Coroutine[Any, Any, None]]


@dataclass
class Scenario:
    """Processes that run at the same time: the `Plan` of an exploration.

    `empty` begins without any commit, and `cold` with processes that know nothing yet. A request to two indices is
    two steps if `apart`; with `fine` each item of a bulk is one. `log`, `view` and `broken` are for errors on purpose.
    """

    programs: Mapping[str, Program]
    bounds: Bounds = field(default_factory=Bounds)
    empty: bool = False
    cold: bool = False
    apart: bool = True
    fine: bool = False
    copies: int = 1
    log: type[Log] = Log
    view: type[View] = View
    broken: Callable[[Machine], None] = lambda _: None

    def __post_init__(self) -> None:
        indices = {NAMES.alias(name): NAMES.index(name, 1) for name in ("note", HISTORY, SCOPES)}
        writers = {writer_of(index): index for index in indices.values()}
        together = {USERS: LOG} if self.apart else {USERS: LOG, NOTE: LOG}
        self._machine, self._model = Machine(indices | writers, self.copies, together), NaiveStore()
        if not self.empty:
            run(outcome(FakeStore(FakeServer(self._machine, AtOnce())), ALICE, "commit", (FIRST, 0)))
            at_once(outcome(self._model, ALICE, "commit", (FIRST, 0)))
        self.broken(self._machine)

    def begin(self) -> Execution:
        """See `Plan.begin`."""
        execution = Execution(self._machine.twin(), self.bounds)
        for name, program in self.programs.items():
            server, turns = FakeServer(execution.machine, AtOnce(), fine=self.fine), execution.turns(name)
            store = FakeStore(server, self.log, self.view)
            if not self.cold:
                for collection in ("note", HISTORY):
                    run(store.page(ALICE, collection))
            server.turns = turns
            execution.start(name, program(Caller(name, store, execution, turns)))
        return execution

    def check(self, schedule: Schedule) -> None:
        """See `Plan.check`."""
        assert isinstance(schedule, Execution)
        check_state(schedule.machine)
        if schedule.waiting:
            return
        assert all(one.task.done() for one in schedule.processes.values()), "somebody waits for ever"
        assert not schedule.loop.errors, schedule.loop.errors
        check_users(schedule.machine)
        machine = schedule.machine.twin()
        run(self._afterwards(schedule, machine))
        explain(ALICE, schedule.calls, self._model.shelf(ALICE))
        check_state(machine)
        check_end(machine, schedule.calls)

    async def _afterwards(self, execution: Execution, machine: Machine) -> None:
        """Who comes next, and remembers nothing, reads all, commits, and reads again."""
        for name in ("next", "last"):
            store = FakeStore(FakeServer(machine, AtOnce()), self.log, self.view)
            call = Caller(name, store, execution, None)
            await call("page", "note")
            if name == "next":
                revision = await call("revision")
                (counter, *_) = await call("get", "note", IDS)
                await call("commit", adding("heir", revision, counter), revision)
            else:
                await call("search", [WORDS])
                await call("page", "note", Has("vector"))
            await call("page", HISTORY)


def adding(name: str, revision: int, counter: Any, **more: Any) -> Writes:
    """A commit of one process: a note of its own, and one more on the counter if that is there."""
    put = (("note", note(name, f"told {name} {revision}")), *more.pop("put", ()))
    patch = () if counter is None else (Patch("note", "counter", {"rank": counter.fields["rank"] + 1}),)
    entry = {**ENTRY, "by": name, "at revision": revision, "adds": len(patch)}
    return Writes(put, (*patch, *more.pop("patch", ())), entry=entry, **more)


# --- what must hold ---------------------------------------------------------------------------------------------


def check_state(machine: Machine) -> None:
    """What holds at every moment, whoever is half-way through what."""
    held = machine.indices[LOG].copies[0].docs
    entries = {id_: one.source for id_, one in held.items() if not id_.startswith("@")}
    count = 0
    while document_key(KEY, f"{count + 1:012d}") in entries:
        count += 1
    assert count == len(entries), "the entries do not follow one another"
    for revision in range(1, count + 1):
        source = entries[document_key(KEY, f"{revision:012d}")]
        assert source["state"] != "pending" or revision == count, f"entry {revision} of {count} is pending"
        assert ("payload" in source) == (source["state"] == "pending"), f"entry {revision} has a payload, and is done"
    gone: set[tuple[str, str]] = set()
    for write in machine.journal:
        if write.source.get("state") == "gone":
            gone.add((write.index, write.id))
            assert write.source.keys() <= {"scope", "state", "revision", "call"}, "a tombstone holds more"
        else:
            assert (write.index, write.id) not in gone, f"what was deleted came back: {write}"


def check_users(machine: Machine) -> None:
    """Whoever has documents is known by name."""
    users, others = machine.indices[USERS], (machine.indices[LOG], machine.indices[NOTE])
    assert KEY in users.copies[0].docs or not any(index.copies[0].docs for index in others), "the user is not known"


def check_end(machine: Machine, calls: Sequence[Call]) -> None:
    """What holds when nothing is under way."""
    began = [write for write in machine.journal if write.index == LOG and write.verb == "create"]
    made = [unpacked(write.source["document"])[2] for write in began]
    assert len({json.dumps(entry) for entry in made}) == len(made), "a commit stands twice"
    stands = [entry for entry in made if "by" in entry]
    for call in calls:
        if call.name == "commit" and isinstance(call.answer, int):
            assert call.args[0].entry in stands, f"an acknowledged commit is not there: {call}"
    counter = machine.indices[NOTE].copies[0].docs.get(document_key(KEY, "counter"))
    if counter is not None and counter.source["state"] == "live":
        added = sum(entry.get("adds", 0) for entry in made)
        assert counter.source["fields"]["rank"] == added, f"{added} commits added one: {counter.source['fields']}"
    purges = [number for number, write in enumerate(began, 1) if "purges" in made[number - 1]]
    if purges:
        check_forgotten(machine, purges[-1])


def check_forgotten(machine: Machine, revision: int) -> None:
    """No document holds a word that was told before everything was deleted, the log included."""
    for index in machine.indices.values():
        for version in index.copies[0].docs.values():
            words = readable(version.source).split()
            assert OLD not in words, f"a deleted word is left: {words}"
            told = [int(words[at + 2]) for at, word in enumerate(words) if word == "told"]
            assert all(at >= revision for at in told), f"a word told before {revision} is left: {words}"


def readable(source: Source) -> str:
    """All that a source says."""
    payload = (
        [
            unpacked(change[3]["document"]) if isinstance(change[3], dict) and "document" in change[3] else change
            for change in decompressed(source["payload"])
        ]
        if "payload" in source
        else []
    )
    document = unpacked(source["document"]) if "document" in source else []
    return json.dumps([payload, document], ensure_ascii=False).replace('"', " ").replace(",", " ")
