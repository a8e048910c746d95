"""Runs, status, dry runs and what was set aside, as a program sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, InputError
from memoryengine.engine import SCHEDULE
from memoryengine.errors import ModelAnswerError, NotFound
from memoryengine.execution import OVERTAKEN
from memoryengine.filters import EVERYTHING, Filter
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import HISTORY
from memoryengine.reader import read_all
from memoryengine.records import AGENDA, MESSAGES, RUNS
from memoryengine.results import Result
from memoryengine.status import UserStatus, statuses
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Scope

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
TOLD = {"role": "user", "content": "My hobby is playing the marimba.", "id": "m1"}
Make = Callable[..., AsyncMemoryEngine]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Engines on one store and one clock, closed at the end."""
    made: list[AsyncMemoryEngine] = []
    clock = ManualClock(START)

    def engine(answers: Any = answer_turns, **limits: float) -> AsyncMemoryEngine:
        config = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}, "limits": limits}
        made.append(AsyncMemoryEngine(config, clock=clock))
        made[-1]._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answers))
        return made[-1]

    yield engine
    for one in made:
        await one.close()


async def written(engine: AsyncMemoryEngine, user: str = "ann") -> dict[str, list[Any]]:
    """All documents of a user."""
    store, scope = engine._engine.store, engine.user(user).scope
    return {name: await read_all(store, scope, name) for name in (MESSAGES, "memories", RUNS, AGENDA, HISTORY)}


async def test_a_run_tells_what_each_worker_did_and_cost(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    await user.add_messages([TOLD, {"role": "user", "content": "I live in Ljubljana."}])
    done = await user.consolidate()
    (run,) = await user.runs()
    assert run == await user.find_run(run.id)
    assert (run.operation, run.trigger, run.outcome, run.error) == ("consolidate_memory", "call", "committed", "")
    assert len(run.messages) == 2
    assert run.usage == done.usage
    assert [step.instance for step in run.steps] == [step.instance for step in done.traces[0].steps]
    assert dict(run.steps[0].counts_out) == {"batch": 2}
    with pytest.raises(NotFound, match="There is no run 'x' of 'ann'"):
        await user.find_run("x")


async def test_runs_are_listed_newest_first_and_those_in_vain_are_kept_too(make: Make) -> None:
    engine, other = make(lease_seconds=0), make(lease_seconds=0)
    user = engine.user("ann")
    await user.add_messages([TOLD])

    async def first_the_other(*arguments: Any, **more: Any) -> Any:
        await other.user("ann").consolidate()
        return await chat(*arguments, **more)

    model: Any = engine._engine.models.chat
    chat = model._model.chat
    object.__setattr__(model._model, "chat", first_the_other)
    done = await user.consolidate()
    assert done.traces[0].stopped == OVERTAKEN
    object.__setattr__(model._model, "chat", chat)
    await user.add_messages([{**TOLD, "id": "m2"}])
    model._model._answers = lambda _: "nonsense"
    with pytest.raises(ModelAnswerError):
        await engine.run_operation("consolidate_memory", user.scope, {}, trigger=SCHEDULE)
    found = await user.runs()
    assert [(run.outcome, run.trigger) for run in found] == [
        ("failed", "schedule"), ("overtaken", "call"), ("committed", "call"),
    ]  # fmt: skip
    assert all(run.usage.chat_calls for run in found)
    assert [run.id for run in await user.runs(limit=1)] == [found[0].id]
    assert "marimba" not in str(found)


async def test_a_dry_run_of_any_operation_commits_nothing(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    await user.add_messages([TOLD])
    memory = (await user.add("Ann likes tea.")).actions[0].memory
    before = await written(engine)
    consolidated = await user.consolidate(dry_run=True)
    assert (consolidated.dry_run, consolidated.consolidated, len(consolidated.actions)) == (True, 1, 1)
    added = await user.run("add_memory", dry_run=True, content="Ann likes cake.")
    assert [a.verb for a in added.actions] == ["new"]
    gone = await user.run("delete_memory", dry_run=True, memory_id=memory.id)
    assert (gone.deleted_memories, str(gone).splitlines()[0]) == (1, "[DRY RUN]: nothing was written")
    everything = await user.run("delete_all", dry_run=True, with_messages=True)
    assert (everything.deleted_memories, everything.deleted_messages) == (1, 1)
    service = engine.default_memory_service
    assert (await service.run_service_operation("consolidate_memory", "ann", dry_run=True)).dry_run
    with pytest.raises(InputError):
        await user.run("add_memory", dry_run=True, colour="red")
    assert await written(engine) == before
    model: Any = engine._engine.models.chat
    model._model._answers = lambda _: "nonsense"
    with pytest.raises(ModelAnswerError):
        await user.consolidate(dry_run=True)
    assert await written(engine) == before


async def test_a_dry_run_of_what_repeats_looks_at_one_batch(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    await user.add_messages([{**TOLD, "id": f"m{n:03}", "content": f"I like food {n}."} for n in range(150)])
    heard: list[Result] = []
    first = await user.consolidate(dry_run=True, told=heard.append)
    assert 0 < first.consolidated < 150
    assert heard == [first]
    assert (await user.consolidate(told=heard.append)).consolidated == 150
    assert sum(result.consolidated for result in heard[1:]) == 150
    assert heard[1].consolidated == first.consolidated


async def test_status_counts_each_state_with_its_reasons(make: Make) -> None:
    engine = make(lambda _: "nonsense", attempts=1)
    ann, bob = engine.user("ann"), engine.user("bob")
    await ann.add_messages([TOLD])
    await ann.consolidate()
    await bob.add_messages([TOLD, {**TOLD, "id": "m2"}])
    with pytest.raises(ModelAnswerError):
        await bob.consolidate()
    status = await engine.status()
    one, two = status.users
    assert (one.quarantined, one.pending, one.waiting_since, one.troubles) == (1, 0, None, {"unusable answer": 1})
    assert (two.quarantined, two.pending, two.troubles) == (0, 2, {"unusable answer": 2})
    assert two.waiting_since is not None
    assert status.total == UserStatus("total", 3, 2, 0, 0, 1, 0, two.waiting_since, {"unusable answer": 3})
    await ann.discard("m1")
    assert (await engine.status("ann")).users[0] == UserStatus("ann", messages=1, discarded=1)


async def test_users_are_counted_side_by_side_but_not_all_at_once() -> None:
    class Slow:
        now = most = 0

        async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.002)
            self.now -= 1
            return int(scope.user == "u07")

        async def page(self, scope: Scope, *_: object, **__: object) -> Any:
            return type("Page", (), {"documents": ()})

    store: Any = Slow()
    found = await statuses(store, [Scope(f"u{n:02}") for n in range(40)], at_once=4)
    assert [one.user for one in found] == [f"u{n:02}" for n in range(40)]
    assert [one.messages for one in found] == [int(n == 7) for n in range(40)]
    assert 4 < store.most <= 16  # four counts of a user, four users


async def test_what_was_set_aside_is_taken_up_again_or_given_up(make: Make) -> None:
    model: list[Any] = [lambda _: "nonsense"]
    engine = make(lambda turns: model[0](turns), attempts=1)
    user = engine.user("ann")
    for n in range(3):
        await user.add_messages([{**TOLD, "id": f"m{n}", "content": f"I like food {n}."}])
        assert (await user.consolidate()).quarantined == 1
    aside = await user.quarantined()
    assert [(one.message.id, one.trouble, one.message.attempts) for one in aside] == [
        (f"m{n}", "unusable answer", 1) for n in range(3)
    ]
    assert [one.message.id for one in await user.quarantined(limit=1)] == ["m0"]
    for wrong, said in (("m7", "There is no message 'm7'"), ("", "There is no message ''")):
        with pytest.raises(NotFound, match=said):
            await user.retry(wrong)
    assert [m.id for m in await user.discard("m1")] == ["m1"]
    with pytest.raises(NotFound, match="'m1' was not set aside; it is discarded"):
        await user.retry("m1")
    assert [m.id for m in await user.retry()] == ["m0", "m2"]
    assert await user.retry() == await user.discard() == ()
    model[0] = answer_turns
    assert (await user.consolidate()).consolidated == 2
    kept = {d.id: (d.fields["state"], d.fields.get("trouble")) for d in (await written(engine))[MESSAGES]}
    assert kept == {"m0": ("consolidated", None), "m1": ("discarded", "unusable answer"), "m2": ("consolidated", None)}
    entries = [d.body for d in (await written(engine))[HISTORY]]
    assert [(e["operation"], e.get("retried") or e.get("discarded")) for e in entries if e["operation"] in (
        "retry", "discard")] == [("discard", ["m1"]), ("retry", ["m0", "m2"])]  # fmt: skip
    assert len((await user.list()).memories) == 2


async def test_many_that_were_set_aside_are_retried_in_several_commits(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    await user.add_messages([{**TOLD, "id": f"m{n:04}", "content": f"I like food {n}."} for n in range(1100)])
    inner = engine._engine
    from memoryengine.ports import Patch, Writes

    aside = tuple(Patch(MESSAGES, f"m{n:04}", {"state": "quarantined", "attempts": 9}) for n in range(1100))
    await inner.store.commit(user.scope, Writes(patch=aside, entry={"at": START.isoformat()}), expect=0)
    done: Sequence[Any] = await user.retry()
    assert len(done) == 1100
    assert (await engine.status("ann")).users[0].pending == 1100
    assert await inner.store.revision(user.scope) == 4
