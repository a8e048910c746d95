"""The model test of commits that cannot tear: see `memoryengine.stores.elasticsearch.log` for the argument it tests.

Every test goes through **all** schedules of its processes, with one fault at most: in every order of their requests,
with a process that dies before or after any of them, or a request that is done twice. A request to two indices is two
steps, in either order; where `apart` is switched off it is one. `preemptions` bounds how often a process is interrupted
that could have gone on: those tests go through all schedules within that bound, and no others.
After each schedule somebody who remembers nothing reads everything, commits, and reads again; then all answers of all
calls must be explained by one order of the calls (see `orders`), and the documents must be what they should.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from memoryengine.errors import Moved, StoreUnavailable, StoreUnreadable
from memoryengine.filters import EVERYTHING
from memoryengine.ports import HISTORY, Document, Patch, Writes
from memoryengine.stores.elasticsearch.codec import Change, Source
from memoryengine.stores.elasticsearch.keys import scope_key
from memoryengine.stores.elasticsearch.log import Log, Recent, Seen, mark_key
from memoryengine.stores.elasticsearch.server import Action, Ask, Got, Searching
from memoryengine.stores.elasticsearch.view import Answer, View
from memoryengine.testing.store_samples import ALICE, ENTRY, note
from memoryengine.values import Scope

from .elasticsearch_schedules import WORDS, Caller, FakeStore, Program, Scenario, adding, check_state
from .fake_server import AtOnce, FakeServer, Machine
from .interleavings import Bounds, Wrong, explore

ZERO = note("counter", rank=0)
AFTER_FIRST = (1, ZERO)
EMPTY = (0, None)
EVERYTHING_GONE = [("note", EVERYTHING), (HISTORY, EVERYTHING)]
MANY: Any = {
    "put": (("note", note("story", "told again 1")),),
    "patch": (Patch("note", "story", {"status": "valid"}),),
    "delete": (("note", "victim"),),
}


def writer(known: tuple[int, Document | None] | None = None, tries: int = 1, **more: Any) -> Program:
    """Adds one to the counter and puts a note of its own; reads again and retries when somebody else came first."""

    async def program(call: Caller) -> None:
        ground = known
        for _ in range(tries):
            if ground is None:
                revision = await call("revision")
                ground = revision, (await call("get", "note", ["counter"]))[0]
            if await call("commit", adding(call.name, ground[0], ground[1], **more), ground[0]) is not Moved:
                return
            ground = None

    return program


def deleter(id_: str) -> Program:
    """Deletes a note if it is there, and else puts it."""

    async def program(call: Caller) -> None:
        (found,) = await call("get", "note", [id_])
        delete = () if found is None else (("note", id_),)
        put = (("note", note(id_, "told 1")),) if found is None else ()
        await call("commit", Writes(put=put, delete=delete, entry={**ENTRY, "by": call.name}), 1)

    return program


def insisting(first: int = 1) -> Program:
    """Puts a note, and when somebody else came first puts it again without a look at what he did."""

    async def program(call: Caller) -> None:
        for expect in range(first, 3):
            put = (("note", note("victim", f"told {expect}")),)
            writes = Writes(put=put, entry={**ENTRY, "by": call.name, "at revision": expect})
            if await call("commit", writes, expect) is not Moved:
                return

    return program


def calling(*calls: Sequence[Any]) -> Program:
    """Makes these calls one after another."""

    async def program(call: Caller) -> None:
        for name, *args in calls:
            await call(name, *args)

    return program


def attacher(*ids: str) -> Program:
    return calling(("attach", "note", {id_: [1.0, 2.0, 0.0, 0.0] for id_ in ids}))


APPENDER = calling(("append", "note", [note("late", "new")]))
LOSER = calling(
    ("commit", Writes(entry={**ENTRY, "by": "p"}), 1),
    ("append", "note", [note("late", "new")]),  # behind what the commit was told of
)
UNABLE = calling(
    ("commit", Writes(patch=(Patch("note", "late", {"status": "valid"}),), entry={**ENTRY, "by": "p"}), 1),
    ("append", "note", [note("late", "new")]),
)
PURGER = calling(("purge", EVERYTHING_GONE, {**ENTRY, "purges": True}))
READER = calling(("page", "note"), ("get", "note", ["counter", "story", "victim", "a"]))
SEARCHER = calling(("search", [WORDS]), ("page", HISTORY))
TWICE = calling(("page", "note"), ("page", "note"))
TWO = {"a": writer(AFTER_FIRST, delete=(("note", "victim"),)), "b": writer(AFTER_FIRST)}


def mortal(*names: str) -> Bounds:
    return Bounds(faults=1, mortal=names)


def echoing(*names: str) -> Bounds:
    return Bounds(faults=1, echoes=names)


MANY_AND = {"a": writer(AFTER_FIRST, **MANY)}
SCENARIOS: Mapping[str, Scenario] = {
    "two writers, one retries": Scenario({"a": writer(AFTER_FIRST, **MANY), "b": writer(AFTER_FIRST, 2)}),
    "two first writers": Scenario({"a": writer(EMPTY), "b": writer(EMPTY)}, empty=True, cold=True, apart=False),
    "a first writer dies": Scenario({"a": writer(EMPTY), "b": writer(EMPTY)}, mortal("a"), empty=True, apart=False),
    "a writer dies": Scenario(TWO, mortal("a"), apart=False),
    "a writer's answers are lost": Scenario(TWO, Bounds(1, echoes=("a",), preemptions=2), apart=False),
    "attaching to what is put": Scenario({**MANY_AND, "v": attacher("story")}),
    "attaching to what is patched": Scenario({**MANY_AND, "v": attacher("counter")}),
    "attaching to what is deleted": Scenario({**MANY_AND, "v": attacher("victim")}),
    "attaching to what is new": Scenario({**MANY_AND, "v": attacher("a")}),
    "attaching, and one dies": Scenario({**MANY_AND, "v": attacher("story")}, mortal("a", "v"), apart=False),
    "attaching, answers lost": Scenario({**MANY_AND, "v": attacher("victim")}, echoing("v"), apart=False),
    "appending what is put": Scenario({"a": writer(AFTER_FIRST, put=(("note", note("late", "new")),)), "p": APPENDER}),
    "losing, then appending": Scenario(
        {"a": writer(AFTER_FIRST, put=(("note", note("late", "other")),)), "p": LOSER}, apart=False
    ),
    "not able to commit, then appending": Scenario(
        {"a": writer(AFTER_FIRST, put=(("note", note("late", "other")),)), "p": UNABLE}, Bounds(preemptions=2)
    ),
    "appending what is deleted": Scenario({"a": deleter("late"), "p": APPENDER}),
    "appending, and one dies": Scenario({"a": deleter("late"), "p": APPENDER}, mortal("a", "p"), apart=False),
    "appending, answers lost": Scenario({"a": deleter("late"), "p": APPENDER}, echoing("p"), apart=False),
    "purging": Scenario({"a": writer(AFTER_FIRST), "x": PURGER}, Bounds(preemptions=1)),
    "purging what is written": Scenario({"a": writer(AFTER_FIRST), "x": PURGER}, Bounds(preemptions=2), apart=False),
    "purging after a death": Scenario(
        {"a": writer(AFTER_FIRST), "x": PURGER}, Bounds(1, mortal=("a",), preemptions=1), apart=False
    ),
    "purging, and dying": Scenario(
        {"x": PURGER, "r": calling(("page", "note"))}, Bounds(1, mortal=("x",), preemptions=1), apart=False
    ),
    "purging, answers lost": Scenario(
        {"a": writer(AFTER_FIRST), "x": PURGER}, Bounds(1, echoes=("a",), preemptions=1), apart=False
    ),
    "purging what is appended": Scenario({"p": APPENDER, "x": PURGER}, apart=False),
    "a late writer, a reader, a purge": Scenario(
        {"a": writer(AFTER_FIRST), "r": READER, "x": PURGER}, Bounds(preemptions=1), apart=False
    ),
    "putting again what is deleted": Scenario({"a": insisting(), "b": TWO["a"]}),
    "putting what is being deleted": Scenario({"a": insisting(first=2), "b": TWO["a"]}),
    "reading beside a replica": Scenario({"p": APPENDER, "r": TWICE}, Bounds(stale=1), copies=2, apart=False),
    "reading while bulks are done": Scenario(
        {"a": writer(AFTER_FIRST, **MANY), "r": TWICE}, Bounds(preemptions=2), fine=True, apart=False
    ),
    "reading": Scenario({**MANY_AND, "r": READER}),
    "searching": Scenario({**MANY_AND, "r": SEARCHER}, apart=False),
    "reading after a death": Scenario({**MANY_AND, "r": calling(("page", "note"))}, mortal("a"), apart=False),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_schedule_ends_well(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    found = explore(SCENARIOS[name])
    with capsys.disabled():
        print(
            f"{name:35}{found.schedules:>16,} schedules, {found.states:6,} states, {found.ends:5,} ends, "
            f"{found.runs:5,} runs, {time.process_time() - began:5.1f} s"
        )
    assert found.schedules >= found.ends > 1


# --- errors made on purpose: each takes away one thing that the argument rests on -----------------------------------


class AppliesAgain(Log):
    """Forgets that a document has the revision already, or a later one."""

    def _action(self, scope: str, revision: int, change: Change, got: Got) -> Action | None:
        older = got if got.source is None else replace(got, source={**got.source, "revision": 0})
        return super()._action(scope, revision, change, older)


class LeavesPending(Log):
    """Does not finish what somebody else began."""

    async def settled(self, scope: str, more: Sequence[Ask] = (), *, patient: bool = False) -> Seen:
        return await self.look(scope, more)


class ReducesWhatever(Log):
    """Replaces an entry whatever became of it meanwhile."""

    async def _reduce(self, scope: Scope | str, revision: int, entry: Got, source: Source) -> None:
        key = scope if isinstance(scope, str) else scope_key(scope)
        (now,) = await self._server.mget([self._ask(key, revision)])
        await super()._reduce(scope, revision, now, source)


class BlamesTheCaller(Log):
    """Takes documents that a later commit changed for those of the expected revision."""

    async def _check_still(self, scope: str, expect: int) -> None:
        return


class TakesOneRequestForOneMoment(Log):
    """Believes that the documents are as new as the entries that came with them."""

    class Known(Recent[str, int]):
        def get(self, key: str, default: int = 0) -> int:  # type: ignore[override]
            return 2**53

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._done = self.Known()


class TakesEveryConflictForAnothers(Log):
    """Does not know its own entry again when it hears of it only by a 409."""

    def _entry(self, scope: str, revision: int, changes: Sequence[Change], entry: Mapping[str, Any]) -> Source:
        return super()._entry(scope, revision, changes, entry) | {"call": float("nan")}


class ForgetsWhose(Log):
    """Leaves a tombstone that does not tell whose entry it was."""

    def _action(self, scope: str, revision: int, change: Change, got: Got) -> Action | None:
        action = super()._action(scope, revision, change, got)
        return action and replace(action, body={name: one for name, one in action.body.items() if name != "call"})


class NeverRefreshes(View):
    """Takes what searches show for all there is."""

    async def search(self, scope: Scope, searches: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Answer]:
        asked = [Searching((self._names.alias(name),), scope_key(scope), body) for name, body in searches]
        return await self._server.msearch(asked)


class BelievesGets(View):
    """Takes for visible what a get showed before a refresh."""

    async def _search(self, key: str, asked: Sequence[Searching], aliases: Sequence[str]) -> list[Answer]:
        answers = await super()._search(key, asked, aliases)
        for alias in aliases:
            (got,) = await self._server.mget([Ask(alias, mark_key(key), key)])
            self._visible.keep((alias, key), (got.index, got.term, got.seq_no))
        return answers


def deaf(**flags: bool) -> Any:
    """A machine on which these are switched off."""

    def broken(machine: Machine) -> None:
        for name, value in flags.items():
            setattr(machine, name, value)

    return broken


BREAKS: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "the server ignores guards": ("two writers, one retries", {"broken": deaf(heeds_guard=False)}, "bulk"),
    "the server ignores create": ("two first writers", {"broken": deaf(heeds_create=False)}, "bulk"),
    "a change is applied again": ("two writers, one retries", {"log": AppliesAgain}, "no order"),
    "nobody finishes a commit": ("a writer dies", {"log": LeavesPending}, "bulk"),
    "an entry is reduced unguarded": ("purging", {"log": ReducesWhatever}, "came back"),
    "a late commit is a wrong one": ("purging", {"log": BlamesTheCaller}, "StoreError"),
    "a request is one moment": ("putting what is being deleted", {"log": TakesOneRequestForOneMoment}, "came back"),
    "every 409 is another's": ("a writer's answers are lost", {"log": TakesEveryConflictForAnothers}, "no order"),
    "a tombstone is nobody's": ("purging, answers lost", {"log": ForgetsWhose}, "no order"),
    "nothing is refreshed": ("reading", {"view": NeverRefreshes}, "no order"),
    "gets tell what is visible": ("reading beside a replica", {"view": BelievesGets}, "no order"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_found(name: str) -> None:
    """Without any of these the test above could not fail."""
    scenario, broken, told = BREAKS[name]
    with pytest.raises(Wrong, match=told) as caught:
        explore(replace(SCENARIOS[scenario], **broken))
    schedule = [line.split(":")[0].split() for line in str(caught.value).splitlines()]
    assert any(len(line) == 2 and line[1].isdigit() for line in schedule), "it does not tell the schedule"
    assert isinstance(caught.value.__cause__, AssertionError)


def test_the_limit_of_replicas_is_where_the_docstring_says() -> None:
    """Of two writers of one scope the later may reach a replica first, and its mark then tells of both: see `view`."""
    with pytest.raises(Wrong, match="no order"):
        explore(Scenario({"a": writer(AFTER_FIRST), "r": TWICE}, copies=2, apart=False))
    one_copy = explore(Scenario({"a": writer(AFTER_FIRST), "r": TWICE}, Bounds(preemptions=1), apart=False))
    assert one_copy.ends > 1


async def test_a_reader_goes_on_where_nothing_can_be_written() -> None:
    """While an index takes no writes a commit half done stays so; it is whole when the block is lifted."""
    scenario = Scenario({"a": writer(AFTER_FIRST, **MANY)}, apart=False)
    execution = scenario.begin()
    execution.settle()
    for _ in range(2):  # read the ground, create the entry
        execution.take(execution.moves()[0])
    execution.end()
    machine = execution.machine
    machine.index("m-note").blocked = True
    store = FakeStore(FakeServer(machine, AtOnce()))
    assert [one and one.revision for one in await store.get(ALICE, "note", ["a", "story", "victim"])] == [None, 1, 1]
    assert [one.id for one in (await store.page(ALICE, "note")).documents] == ["counter", "story", "victim"]
    with pytest.raises(StoreUnavailable):
        await store.revision(ALICE)
    machine.index("m-note").blocked = False
    assert [one and one.revision for one in await store.get(ALICE, "note", ["a", "story", "victim"])] == [2, 2, None]
    assert await store.revision(ALICE) == 2
    check_state(machine)


async def test_the_server_of_these_tests_does_what_a_server_does() -> None:
    """Guards, create, aliases, and searches that see what was refreshed."""
    machine = Machine({"all": "index", "index-writer": "index"})
    server = FakeServer(machine, AtOnce())
    here = Searching(("all",), "", {"query": {"ids": {"values": ["x"]}}})

    async def wrote(verb: Any, guard: tuple[int, int] | None = None, **body: Any) -> tuple[int, int]:
        (done,) = await server.bulk([Action(verb, "all", "x", "", body, guard)])
        return done.status, done.seq_no

    assert await wrote("create", a=1) == (201, 0)
    assert (await wrote("create", a=2))[0] == 409
    assert (await server.msearch([here]))[0]["hits"]["total"]["value"] == 0
    await server.refresh(["all"])
    assert (await server.msearch([here]))[0]["hits"]["hits"][0]["_seq_no"] == 0
    assert await wrote("update", (0, 1), b=2) == (200, 1)
    assert (await wrote("index", (0, 1), c=3))[0] == 409
    assert (await server.mget([Ask("index", "x", "")]))[0].source == {"a": 1, "b": 2}
    assert (await server.msearch([here]))[0]["hits"]["hits"][0]["_seq_no"] == 0
    with pytest.raises(StoreUnreadable, match="require_alias"):
        await server.bulk([Action("index", "index", "x", "", {})])
    machine.index("all").blocked = True
    with pytest.raises(StoreUnavailable):
        await wrote("index", d=4)
