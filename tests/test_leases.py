"""Of two runs of one operation for one user only one asks the model; a lease saves calls and promises nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, ModelError
from memoryengine.errors import StoreUnavailable
from memoryengine.leases import Lease, LeaseMoved, LeaseTaken, is_live
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import Answers, ScriptedChat
from memoryengine.ports import HISTORY, Document, Turn
from memoryengine.records import AGENDA, RUNS
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
TOLD = {"role": "user", "content": "My hobby is playing the marimba.", "id": "m1"}
ELSEWHERE = "another process is working on this"
Make = Callable[..., AsyncMemoryEngine]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Engines on one store and one clock whose workers ask a scripted model; closed at the end."""
    made: list[AsyncMemoryEngine] = []
    shared = ManualClock(START)

    def engine(
        answers: Answers = answer_turns, *, delay: float = 0.0, clock: ManualClock | None = None, **limits: float
    ) -> AsyncMemoryEngine:
        config = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}, "limits": limits}
        made.append(AsyncMemoryEngine(config, clock=clock or shared))
        made[-1]._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answers, delay=delay))
        return made[-1]

    yield engine
    for one in made:
        await one.close()


def chat_of(engine: AsyncMemoryEngine) -> ScriptedChat:
    chat: Any = engine._engine.models.chat
    return chat._model  # type: ignore[no-any-return]


async def documents(engine: AsyncMemoryEngine, collection: str) -> tuple[Document, ...]:
    await engine.open()
    return (await engine._engine.store.page(engine.user("ann").scope, collection, limit=1000)).documents


async def lease_of(engine: AsyncMemoryEngine) -> Document | None:
    found = [d for d in await documents(engine, AGENDA) if d.id == "lease/consolidate_memory"]
    return found[0] if found else None


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("It did not come to hold within ten seconds.")


def lease_at(until: datetime | None, seconds: float = 60) -> Document:
    return Document("lease/x", {"owner": "a", "until": until}, {"seconds": seconds})


def test_a_lease_is_live_until_it_runs_out_unless_its_clock_is_far_ahead() -> None:
    second = timedelta(seconds=1)
    assert is_live(lease_at(START + second), START)
    assert is_live(lease_at(START + 120 * second), START)  # a clock that runs a minute ahead
    assert not is_live(lease_at(START), START)
    assert not is_live(lease_at(START - second), START)
    assert not is_live(lease_at(START + 121 * second), START)  # this clock was set back, or that one is wrong
    assert not is_live(lease_at(START + 2 * 3600 * second), START)
    assert not is_live(lease_at(None), START)
    assert not is_live(None, START)


async def test_of_two_runs_one_asks_the_model_and_the_other_says_why_not(make: Make) -> None:
    one, two = make(delay=0.05), make(delay=0.05)
    await one.user("ann").add_messages([{**TOLD, "id": f"m{n}", "content": f"I like food {n}."} for n in range(5)])
    results = await asyncio.gather(one.user("ann").consolidate(), two.user("ann").consolidate())
    idle, busy = sorted(results, key=lambda r: r.consolidated)
    assert (busy.consolidated, busy.stopped) == (5, "no message waits")
    assert idle.stopped.startswith(ELSEWHERE)
    assert "lasts until 13:27:20 UTC" in idle.stopped
    assert idle.stopped in str(idle)
    assert (idle.usage.chat_calls, busy.usage.chat_calls) == (0, len(chat_of(one).calls) + len(chat_of(two).calls))
    assert len(await documents(one, RUNS)) == 1
    assert (await two.user("ann").consolidate()).stopped == "no message waits"


async def test_the_lease_is_given_back_and_leaves_no_text(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    await user.add_messages([TOLD])
    await user.consolidate()
    lease = await lease_of(engine)
    assert lease is not None
    assert not is_live(lease, START + timedelta(seconds=1))
    assert set(lease.fields) == {"job", "owner", "until"}
    entries = [d.body for d in await documents(engine, HISTORY)]
    assert [e["operation"] for e in entries] == ["lease", "consolidate_memory", "lease"]
    assert not any(e["new"] or e["expired"] or e["consolidated"] for e in entries if e["operation"] == "lease")
    assert "marimba" not in str(entries) + str(lease)


async def test_a_lease_is_given_back_when_the_run_fails_or_is_cancelled(make: Make) -> None:
    engine = make(["no list"] * 4)
    user = engine.user("ann")
    await user.add_messages([TOLD])
    with pytest.raises(ModelError):
        await user.consolidate()
    failed = await lease_of(engine)
    assert failed is not None
    assert not is_live(failed, engine._engine.clock.now())
    slow, asked = make(delay=30), asyncio.Event()
    chat = chat_of(slow)
    ask = chat.chat

    async def told(turns: Sequence[Turn], **more: Any) -> Any:
        asked.set()
        return await ask(turns, **more)

    object.__setattr__(chat, "chat", told)
    run = asyncio.create_task(slow.user("ann").consolidate())
    await asyncio.wait_for(asked.wait(), 20)
    held = await lease_of(engine)
    assert is_live(held, START + timedelta(seconds=1))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert not is_live(await lease_of(engine), START + timedelta(seconds=1))
    assert held is not None
    assert held.fields["owner"] != failed.fields["owner"]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_run_that_is_cancelled_while_its_lease_is_being_written_gives_it_back(make: Make, times: int) -> None:
    engine = await make().open()
    await engine.user("ann").add_messages([TOLD])
    store: Any = engine._engine.store
    writer, other = store._open_lanes()[0], sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        run = asyncio.create_task(engine.user("ann").consolidate())
        await until(lambda: writer._using.locked())  # then its thread waits for the other's lock
        for _ in range(times):
            run.cancel()
            await asyncio.sleep(0.02)
        assert run.done() == (times == 2)
        assert await lease_of(engine) is None
    finally:
        other.execute("ROLLBACK")
        other.close()
    with pytest.raises(asyncio.CancelledError):
        await run
    await until(lambda: not any(task.get_name().startswith("give back") for task in asyncio.all_tasks()))
    lease = await lease_of(engine)
    assert lease is not None
    assert not is_live(lease, START + timedelta(seconds=1))
    assert (await make().user("ann").consolidate()).consolidated == 1


async def test_the_lease_of_a_dead_process_runs_out(make: Make) -> None:
    clock = ManualClock(START)
    engine = make(clock=clock)
    user, inner = engine.user("ann"), engine._engine
    await user.add_messages([TOLD])
    dead = Lease(inner.store, user.scope, "consolidate_memory", 60, ManualClock(START), inner.committing)
    assert await dead._take(0) is False  # taken by a process that renews nothing
    assert (await user.consolidate()).stopped.startswith(ELSEWHERE)
    clock.advance(timedelta(seconds=59))
    assert (await user.consolidate()).consolidated == 0
    assert chat_of(engine).calls == []
    clock.advance(timedelta(seconds=2))
    assert (await user.consolidate()).consolidated == 1


async def test_a_lease_is_renewed_while_its_run_works_and_what_it_lost_is_not_taken_back(make: Make) -> None:
    engine = make(clock=None)
    await engine.open()
    inner, scope = engine._engine, engine.user("ann").scope
    clock = ManualClock(START)
    async with Lease(inner.store, scope, "consolidate_memory", 0.09, clock, inner.committing) as lease:
        await lease.take(0)
        first = await lease_of(engine)
        clock.advance(timedelta(milliseconds=80))
        await asyncio.sleep(0.1)
        renewed = await lease_of(engine)
        assert first is not None
        assert renewed is not None
        assert renewed.fields["until"] > first.fields["until"]  # type: ignore[operator]
        with pytest.raises(LeaseTaken):
            await Lease(inner.store, scope, "consolidate_memory", 60, clock, inner.committing).take(0)
        later = ManualClock(START + timedelta(seconds=5))  # for another this lease has run out: it takes it
        other = Lease(inner.store, scope, "consolidate_memory", 60, later, inner.committing)
        await other._take(await inner.store.revision(scope))
        await asyncio.sleep(0.1)
    taken = await lease_of(engine)
    assert taken is not None
    assert taken.fields["owner"] == other.owner
    assert is_live(taken, clock.now())


@pytest.mark.parametrize("between", [False, True])
async def test_who_holds_a_lease_asks_for_the_revision_only_where_others_came_between(
    make: Make, between: bool
) -> None:
    one, two = make(), make()
    user, store = one.user("ann"), one._engine.store
    await user.add_messages([TOLD])
    revision, commit, get = store.revision, store.commit, store.get
    asked = []

    async def counted(scope: Any) -> int:
        asked.append("revision")
        return await revision(scope)

    async def read(scope: Any, collection: str, ids: Sequence[str]) -> Any:
        asked.extend(["lease"] if collection == AGENDA else [])
        return await get(scope, collection, ids)

    async def late(scope: Any, writes: Any, *, expect: int) -> int:
        asked.append(writes.entry["operation"])
        if between and asked.count("consolidate_memory") == 1 and asked[-1] == "consolidate_memory":
            await two.user("ann").add("Ann likes tea.")
        return await commit(scope, writes, expect=expect)

    object.__setattr__(store, "revision", counted)
    object.__setattr__(store, "get", read)
    object.__setattr__(store, "commit", late)
    assert (await user.consolidate()).consolidated == 1
    first, last = ["revision", "lease", "lease", "consolidate_memory"], ["lease"]
    more = ["revision", "consolidate_memory", "revision", "lease"] if between else []
    assert asked == [*first, *more, *last]
    assert not is_live(await lease_of(one), START + timedelta(seconds=1))
    assert len((await user.list()).memories) == 1 + between


async def test_a_run_without_a_model_or_without_work_writes_no_lease(make: Make) -> None:
    engine = make()
    user = engine.user("ann")
    assert (await user.consolidate()).stopped == "no message waits"
    assert (await user.reflect()).stopped
    await user.add("Ann likes tea.")
    await user.retrieve("What tea?")
    assert await documents(engine, AGENDA) == ()
    async with AsyncMemoryEngine("embedded") as by_rule:
        await by_rule.user("ann").add_messages([TOLD])
        assert (await by_rule.user("ann").consolidate()).consolidated == 1
        assert await documents(by_rule, AGENDA) == ()
    unleased = make(lease_seconds=0)
    await unleased.user("ann").add_messages([{**TOLD, "id": "m2"}])
    assert (await unleased.user("ann").consolidate()).consolidated == 1
    assert await documents(unleased, AGENDA) == ()


async def test_what_was_done_before_the_lease_came_is_not_asked_again(make: Make) -> None:
    """Another process consolidates everything between the moment a run reads its batch and the moment it leases."""
    one, two = make(), make()
    user = one.user("ann")
    await user.add_messages([TOLD])
    store = one._engine.store
    get, acted = store.get, 0

    async def first_the_other(scope: Any, collection: str, ids: Sequence[str]) -> Any:
        nonlocal acted
        if collection == AGENDA and not acted:
            acted += 1
            assert (await two.user("ann").consolidate()).consolidated == 1
        return await get(scope, collection, ids)

    object.__setattr__(store, "get", first_the_other)
    done = await user.consolidate()
    assert acted == 1
    assert (done.consolidated, done.stopped) == (0, "no message waits")
    assert chat_of(one).calls == []
    assert [len(trace.steps) for trace in done.traces] == [1]


async def test_a_store_that_fails_when_the_lease_is_given_back_takes_nothing_away(make: Make) -> None:
    engine = make()
    user, store = engine.user("ann"), engine._engine.store
    await user.add_messages([TOLD])
    commit = store.commit

    async def full(scope: Any, writes: Any, *, expect: int) -> int:
        if writes.entry["operation"] == "lease" and writes.patch:
            raise StoreUnavailable("The disk is full.")
        return await commit(scope, writes, expect=expect)

    object.__setattr__(store, "commit", full)
    assert (await user.consolidate()).consolidated == 1
    assert is_live(await lease_of(engine), START + timedelta(seconds=1))
    assert [m.content for m in (await user.list()).memories] == ["User's hobby is playing the marimba."]


async def test_a_lease_whose_answer_was_lost_is_given_back(make: Make) -> None:
    engine = make()
    user, store = engine.user("ann"), engine._engine.store
    await user.add_messages([TOLD])
    commit, lost = store.commit, 0

    async def losing(scope: Any, writes: Any, *, expect: int) -> int:
        nonlocal lost
        revision = await commit(scope, writes, expect=expect)
        if writes.entry["operation"] == "lease" and writes.put and not lost:
            lost += 1
            raise StoreUnavailable("The answer was lost.")
        return revision

    object.__setattr__(store, "commit", losing)
    with pytest.raises(StoreUnavailable):
        await user.consolidate()
    assert lost == 1
    assert not is_live(await lease_of(engine), START + timedelta(seconds=1))
    assert (await user.consolidate()).consolidated == 1


async def test_a_lease_whose_answer_was_lost_is_no_other_run_s(make: Make) -> None:
    engine = make()
    await engine.open()
    inner, scope = engine._engine, engine.user("ann").scope
    commit, lost = inner.store.commit, list[int]()

    async def losing(scope: Any, writes: Any, *, expect: int) -> int:
        revision = await commit(scope, writes, expect=expect)
        if not lost:
            lost.append(revision)
            raise StoreUnavailable("The answer was lost.")
        return revision

    object.__setattr__(inner.store, "commit", losing)
    async with Lease(inner.store, scope, "consolidate_memory", 60, ManualClock(START), inner.committing) as lease:
        with pytest.raises(StoreUnavailable):
            await lease.take(0)
        with pytest.raises(LeaseMoved):  # by its own commit
            await lease.take(0)
        assert lease.held
        assert is_live(await lease_of(engine), START)
    assert lost == [1]
    assert not is_live(await lease_of(engine), START + timedelta(seconds=1))


async def test_operations_and_users_have_leases_of_their_own(make: Make) -> None:
    engine = make()
    inner = engine._engine
    await engine.open()
    ann, bob = engine.user("ann").scope, engine.user("bob").scope
    clock = ManualClock(START)

    def lease(scope: Any, operation: str) -> Lease:
        return Lease(inner.store, scope, operation, 60, clock, inner.committing)

    async with lease(ann, "consolidate_memory") as a, lease(bob, "consolidate_memory") as b, lease(ann, "reflect") as c:
        await a.take(0)
        await b.take(0)
        await c.take(1)
        await a.take(0)  # again is nothing new
        for scope, operation in ((ann, "consolidate_memory"), (bob, "consolidate_memory"), (ann, "reflect")):
            with pytest.raises(LeaseTaken, match=operation):
                await lease(scope, operation).take(0)
    assert len({a.owner, b.owner, c.owner}) == 3
    async with lease(ann, "reflect") as again:
        await again.take(await inner.store.revision(ann))
    assert not is_live(await lease_of(engine), clock.now())


async def test_branches_that_ask_at_once_take_one_lease(make: Make) -> None:
    engine = make()
    inner = engine._engine
    await engine.open()
    async with Lease(inner.store, engine.user("ann").scope, "x", 60, ManualClock(START), inner.committing) as lease:
        await asyncio.gather(*[lease.take(0) for _ in range(5)])
    entries = [d.body["operation"] for d in await documents(engine, HISTORY)]
    assert entries == ["lease", "lease"]
    assert len(await documents(engine, AGENDA)) == 1
