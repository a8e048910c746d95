"""What a scheduler does: when, for whom, once; after failures, deaths and downtime; and how little it does else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, ConfigError
from memoryengine.agenda import KEPT, agenda_of, moment
from memoryengine.attempts import record_setback
from memoryengine.commits import RunRecord
from memoryengine.errors import MemoryEngineError, ModelUnavailable
from memoryengine.leases import LEFT_TO_OTHERS, LeaseTaken
from memoryengine.ports import Patch, Writes
from memoryengine.records import AGENDA, ENGINE_USER, MESSAGES, QUARANTINED
from memoryengine.results import Result
from memoryengine.schedule import Ran, Scheduler
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Scope

from .schedule_world import MONDAY, Process, World, minutes

NIGHTLY = {"consolidate": None, "reflect": {"operation": "list_memory", "cron": "0 3 * * *"}}
MANY = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "messages": 3}}
HOURLY = {"reflect": None, "consolidate": {"operation": "list_memory", "every_minutes": 60}}


def told(world: World) -> list[tuple[str, str, str]]:
    return [(ran.user, ran.alarm, ran.outcome) for ran in world.runs]


async def test_an_idle_gap_counts_from_the_last_message() -> None:
    world = World()
    process = world.process().start()
    for _ in range(4):
        await process.say("anna")
        await world.pass_time(minutes(4))
    assert world.runs == []
    last = world.clock.now() - minutes(4)
    await world.pass_time(minutes(2))
    assert told(world) == [("anna", "consolidate/idle", "done")]
    assert minutes(5) <= world.runs[0].at - last <= minutes(5) + timedelta(seconds=31)
    assert world.waiting("anna") == 0
    await world.pass_time(KEPT + minutes(30))
    (entry,) = await world.agenda("anna")
    assert "due_at" not in entry.fields
    assert "owner" not in entry.fields
    assert len(world.runs) == 1


async def test_many_messages_do_not_wait_for_a_pause() -> None:
    world = World()
    process = world.process(MANY).start(poll=5)
    await process.say("anna", "I like tea.", "I like rice.")
    await process.say("ben", "I like milk.")
    await world.pass_time(minutes(60))
    assert world.runs == []
    await process.say("anna", "I like soup.")
    await world.pass_time(timedelta(seconds=10))
    assert told(world) == [("anna", "consolidate/messages", "done")]
    assert (world.waiting("anna"), world.waiting("ben")) == (0, 1)
    await process.say("anna", *(f"I like dish number {n}." for n in range(7)))
    await world.pass_time(timedelta(seconds=10))
    assert told(world)[1:] == [("anna", "consolidate/messages", "done")]
    assert world.waiting("anna") == 0


async def test_messages_that_came_during_a_run_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    process = world.process(MANY).start(poll=5)
    run = type(process.engine).run

    async def slowly(self: Any, *given: Any, **named: Any) -> Result:
        done = await run(self, *given, **named)
        if len(world.runs) == 0:
            await process.say("anna", *(f"I like dish number {n}." for n in range(4)))
        return done

    monkeypatch.setattr(type(process.engine), "run", slowly)
    await process.say("anna", "I like tea.", "I like rice.", "I like soup.")
    await world.pass_time(minutes(1))
    assert told(world) == [("anna", "consolidate/messages", "done")] * 2
    assert world.waiting("anna") == 0
    (entry,) = await world.agenda("anna")
    assert "due_at" not in entry.fields


async def test_a_cron_time_is_kept_by_the_zone_of_the_config() -> None:
    world = World()
    process = world.process(NIGHTLY).start()
    await process.say("anna")
    await process.say("ben")
    await world.pass_time(timedelta(days=2))
    expected = [datetime(2024, 6, day, 1, tzinfo=UTC) for day in (4, 4, 5, 5)]  # 03:00 in Berlin's summer
    assert [ran.at.replace(microsecond=0) for ran in world.runs] == expected
    assert sorted(told(world)) == [("anna", "reflect/cron", "done")] * 2 + [("ben", "reflect/cron", "done")] * 2
    assert all(ran.operation == "list_memory" for ran in world.runs)


async def test_what_was_missed_makes_one_run_each_and_the_longest_due_comes_first() -> None:
    world = World()
    process = world.process(HOURLY, jobs_at_once=2)
    for user in ("anna", "ben", "chen", "dora"):
        await process.say(user)
    await world.pass_time(timedelta(days=3))
    entries = {user: (await world.agenda(user))[0].fields["due_at"] for user in ("anna", "ben", "chen", "dora")}
    process.start()
    await world.pass_time(minutes(1))
    overdue = sorted(entries, key=lambda user: str(entries[user]))
    assert [ran.user for ran in world.runs] == overdue
    await world.pass_time(minutes(60))
    assert len(world.runs) == 8
    after = [(await world.agenda(user))[0].fields["due_at"] for user in entries]
    assert all(isinstance(at, datetime) and world.clock.now() < at <= world.clock.now() + minutes(60) for at in after)
    assert len(set(after)) == 4, "each user has a phase of their own"


async def test_never_more_at_once_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    process = world.process(HOURLY, jobs_at_once=3)
    at_once, most = 0, 0

    async def count(self: Any, operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await world.sleep(20)
        at_once -= 1
        return Result(operation=operation)

    for number in range(10):
        await process.say(f"user{number}")
    monkeypatch.setattr(type(process.engine), "run", count)
    await world.pass_time(timedelta(hours=5))
    process.start()
    await world.pass_time(minutes(2))
    assert most == 3
    assert len({ran.user for ran in world.runs[:10]}) == 10
    assert timedelta(seconds=60) <= world.runs[9].at - world.runs[0].at <= timedelta(seconds=70)


class Failing:
    """Takes the place of `Engine.run` and fails for some users for a while."""

    def __init__(self, world: World, users: set[str], error: Exception) -> None:
        self.world, self.users, self.error = world, users, error
        self.tries: list[tuple[str, datetime]] = []

    async def __call__(self, operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        self.tries.append((scope.user, self.world.clock.now()))
        if scope.user in self.users:
            raise self.error
        return Result(operation=operation)


def failing(world: World, process: Process, users: set[str], error: Exception) -> Failing:
    made = Failing(world, users, error)
    object.__setattr__(process.engine, "run", made)
    return made


async def test_a_job_that_fails_rests_longer_each_time_and_stands_in_nobodys_way() -> None:
    world = World()
    process = world.process(jobs_at_once=1)
    made = failing(world, process, {"anna"}, ModelUnavailable("The endpoint says 503."))
    process.start(chance=lambda: 0.0)
    await process.say("anna")
    await process.say("ben")
    await world.pass_time(minutes(40))
    tries = [at for user, at in made.tries if user == "anna"]
    pauses = [round((other - one) / minutes(1)) for one, other in pairwise(tries)]
    assert pauses == [1, 2, 4, 8, 16]
    assert [user for user, _ in made.tries].count("ben") == 1
    assert world.runs[0].detail == "ModelUnavailable: The endpoint says 503."
    assert {ran.outcome for ran in world.runs if ran.user == "anna"} == {"failed"}
    made.users.clear()
    await world.pass_time(minutes(40))
    (entry,) = await world.agenda("anna")
    assert "failures" not in entry.fields
    assert world.runs[-1].outcome == "done"


async def test_messages_that_say_when_they_are_to_be_tried_again_are_listened_to() -> None:
    world = World()
    process = world.process()
    made = failing(world, process, {"anna"}, ModelUnavailable("The endpoint says 503."))

    async def run(operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        retry_at = world.clock.now() + timedelta(seconds=20)
        (waiting,) = world.store.shelf(scope).living(MESSAGES)
        patch = Patch(MESSAGES, waiting.id, {"retry_at": retry_at})
        at = {"at": world.clock.now().isoformat()}
        revision = await world.store.revision(scope)
        await world.store.commit(scope, Writes(patch=(patch,), entry=at), expect=revision)
        return await made(operation, scope, inputs, **named)

    object.__setattr__(process.engine, "run", run)
    process.start(poll=5)
    await process.say("anna")
    await world.pass_time(minutes(7))
    tries = [at for _, at in made.tries]
    assert 5 <= len(tries) <= 7
    assert all(timedelta(seconds=19) < other - one < timedelta(seconds=27) for one, other in pairwise(tries))
    (entry,) = await world.agenda("anna")
    assert entry.fields["failures"] == len(tries)


async def test_many_messages_that_failed_elsewhere_are_tried_when_their_pause_is_over() -> None:
    world = World()
    job = {"operation": "consolidate_memory", "idle_minutes": None, "messages": 3}
    process = world.process({"reflect": None, "consolidate": job})
    await process.say("anna", "I like tea.", "I like rice.", "I like soup.")
    scope = Scope("anna")
    batch = [held.id for held in world.store.shelf(scope).living(MESSAGES)]
    for number in range(3):
        run = RunRecord(f"by hand {number}", "consolidate_memory", "call", world.clock.now(), {})
        limits, locks = process.engine.settings.limits, process.engine.committing
        await record_setback(world.store, scope, batch, ModelUnavailable("503."), run, limits, 0.0, locks)
    process.start(poll=5)
    await world.pass_time(timedelta(seconds=110))
    assert world.waiting("anna") == 3
    gone = Writes(delete=((MESSAGES, batch[0]),), entry={"at": world.clock.now().isoformat()})
    await world.store.commit(scope, gone, expect=await world.store.revision(scope))
    await world.pass_time(timedelta(seconds=20))
    assert world.waiting("anna") == 0
    assert [ran.detail for ran in world.runs] == ["", "2 consolidated, 2 new"]


async def test_what_was_set_aside_and_is_taken_up_again_is_consolidated_by_the_schedule() -> None:
    world = World()
    process, scope = world.process().start(), Scope("anna")
    await process.say("anna", "I like tea.")
    await world.pass_time(minutes(60))
    assert len(world.runs) == 1
    (message,) = world.store.shelf(scope).living(MESSAGES)
    aside = Writes(
        patch=(Patch(MESSAGES, message.id, {"state": QUARANTINED}),), entry={"at": world.clock.now().isoformat()}
    )
    await world.store.commit(scope, aside, expect=await world.store.revision(scope))
    assert [one.id for one in await process.engine.retry(scope)] == [message.id]
    assert world.waiting("anna") == 1
    await world.pass_time(minutes(6))
    assert world.waiting("anna") == 0
    assert len(world.runs) == 2


async def test_an_error_that_nobody_foresaw_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    process = world.process()
    failing(world, process, {"anna"}, ZeroDivisionError("secret words"))
    process.start()
    await process.say("anna")
    await world.pass_time(minutes(5.6))
    assert [(ran.outcome, ran.detail) for ran in world.runs] == [("failed", "ZeroDivisionError")]
    assert "nobody foresaw" in caplog.text
    assert "in __call__" in caplog.text
    assert "secret" not in caplog.text
    await process.stop()
    assert process.task is not None
    assert process.task.done()


async def test_a_listener_that_fails_keeps_no_run_from_ending(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    process = world.process()

    def told(ran: Ran) -> None:
        world.runs.append(ran)
        raise BrokenPipeError("a person's words")

    await process.say("anna")
    world.clock.advance(minutes(6))
    count = await Scheduler(process.engine, told=told, pause=world.pause).run_due()
    assert (count, len(world.runs), world.waiting("anna")) == (1, 1, 0)
    (entry,) = await world.agenda("anna")
    assert "owner" not in entry.fields
    assert [record.getMessage() for record in caplog.records] == ["A run could not be told of: BrokenPipeError."]


async def test_what_a_dead_process_had_claimed_is_done_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    first, second = world.process(), world.process()

    async def hang(*given: object, **named: object) -> Result:
        await world.sleep(10**7)
        raise AssertionError

    object.__setattr__(first.engine, "run", hang)
    first.start()
    await first.say("anna")
    await world.pass_time(minutes(6))
    (entry,) = await world.agenda("anna")
    assert entry.fields["owner"]
    second.start()
    await world.pass_time(minutes(30))
    assert world.runs == [], "a claim is renewed as long as its process lives"
    await first.die()
    await world.pass_time(minutes(11))
    assert told(world) == [("anna", "consolidate/idle", "done")]
    assert world.waiting("anna") == 0


@pytest.mark.parametrize("job", [{"idle_minutes": 5}, {"idle_minutes": None, "every_minutes": 60}])
async def test_a_clock_that_was_a_year_ahead_puts_nobody_off_for_a_year(job: dict[str, object]) -> None:
    world, jobs = World(), {"reflect": None, "consolidate": {"operation": "consolidate_memory", **job}}
    ahead = ManualClock(MONDAY + timedelta(days=365))
    wrong = world.process(jobs, ahead)
    await wrong.say("anna", "I like tea.")
    await wrong.make(chance=lambda: 0.0).run_due()
    (entry,) = await world.agenda("anna")
    due_at = moment(entry, "due_at")
    assert due_at is not None
    assert due_at > MONDAY + timedelta(days=364)
    right = world.process(jobs).start()
    await right.say("anna", "I like soup.")
    await world.pass_time(minutes(70))
    assert world.waiting("anna") == 0
    assert all(ran.at < MONDAY + minutes(70) for ran in world.runs)
    (entry,) = await world.agenda("anna")
    due_at = moment(entry, "due_at")
    assert due_at is None or due_at < MONDAY + minutes(200)


async def test_stopping_gives_up_what_it_cannot_finish() -> None:
    world = World()
    first, second = world.process(), world.process()

    async def hang(*given: object, **named: object) -> Result:
        await world.sleep(10**7)
        raise AssertionError

    object.__setattr__(first.engine, "run", hang)
    first.start()
    await first.say("anna")
    await world.pass_time(minutes(6))
    (claimed,) = await world.agenda("anna")
    await first.stop(0.01)
    (entry,) = await world.agenda("anna")
    assert claimed.fields["owner"]
    assert "owner" not in entry.fields
    second.start()
    await world.pass_time(timedelta(seconds=1))
    assert told(world) == [("anna", "consolidate/idle", "done")]
    assert first.scheduler is not None
    assert first.scheduler.working == 0


async def test_stopping_waits_for_what_is_under_way() -> None:
    world = World()
    process = world.process()
    done = asyncio.Event()

    async def wait(*given: object, **named: object) -> Result:
        await done.wait()
        return Result(operation="consolidate_memory")

    object.__setattr__(process.engine, "run", wait)
    process.start()
    await process.say("anna")
    await world.pass_time(minutes(6))
    assert process.scheduler is not None
    stopping = asyncio.create_task(process.stop(30))
    await world.settle()
    assert not stopping.done()
    done.set()
    await stopping
    assert told(world) == [("anna", "consolidate/idle", "done")]
    assert [one.fields.get("owner") for one in await world.agenda("anna")] == [None]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_stopping_that_is_cancelled_leaves_no_run_behind(times: int) -> None:
    world = World()
    process, ended = world.process(), asyncio.Event()

    async def hang(*given: object, **named: object) -> Result:
        try:
            await world.sleep(10**7)
        finally:  # as a run that gives its lease back
            try:
                await asyncio.sleep(0.05)
            finally:
                ended.set()
        raise AssertionError

    object.__setattr__(process.engine, "run", hang)
    process.start()
    await process.say("anna")
    await world.pass_time(minutes(6))
    assert [bool(one.fields["owner"]) for one in await world.agenda("anna")] == [True]
    assert process.scheduler is not None
    stopping = asyncio.create_task(process.stop(30))
    await world.settle()
    for _ in range(times):
        stopping.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert ended.is_set()
    assert process.scheduler.working == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("schedule ")]
    assert ["owner" in one.fields for one in await world.agenda("anna")] == [False]


async def test_of_two_alarms_of_a_user_one_runs_after_the_other() -> None:
    world = World()
    jobs = {"reflect": {"operation": "list_memory", "cron": "0 * * * *"}, "consolidate": NIGHTLY["reflect"]}
    process = world.process(jobs)
    under_way: set[str] = set()
    together: list[str] = []

    async def run(operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        together.extend([scope.user] if scope.user in under_way else [])
        under_way.add(scope.user)
        await world.sleep(5)
        under_way.discard(scope.user)
        return Result(operation=operation)

    object.__setattr__(process.engine, "run", run)
    await process.say("anna")
    await world.pass_time(timedelta(days=1))
    process.start()
    await world.pass_time(minutes(1))
    assert sorted(told(world)) == [("anna", "consolidate/cron", "done"), ("anna", "reflect/cron", "done")]
    assert together == []
    assert under_way == set()


async def test_what_another_process_is_at_is_left_to_it() -> None:
    world = World()
    process = world.process()
    reasons = [f"{LEFT_TO_OTHERS}: its lease lasts", ""]

    async def run(operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        return Result(operation=operation, stopped=reasons.pop(0))

    object.__setattr__(process.engine, "run", run)
    process.start()
    await process.say("anna")
    await world.pass_time(minutes(5.5))
    assert [ran.outcome for ran in world.runs] == ["taken"]
    await world.pass_time(minutes(2))
    assert [ran.outcome for ran in world.runs] == ["taken", "done"]
    assert world.runs[1].at - world.runs[0].at < minutes(1.6)


def test_the_words_of_a_lease_are_known() -> None:
    assert LeaseTaken("consolidate_memory", MONDAY).reason.startswith(LEFT_TO_OTHERS)
    assert "consolidate_memory" in LeaseTaken("consolidate_memory", MONDAY).reason
    assert LEFT_TO_OTHERS


async def test_a_store_that_goes_away_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    process, other = world.process(), world.process()
    process.start()
    await other.say("anna")
    await world.pass_time(minutes(1))
    process.line.dead = True
    await world.pass_time(minutes(20))
    assert world.runs == []
    assert 5 <= caplog.text.count("The line is dead.") <= 30
    process.line.dead = False
    await world.pass_time(minutes(2))
    assert told(world) == [("anna", "consolidate/idle", "done")]


async def test_who_waits_asks_the_store_little() -> None:
    world = World()
    process = world.process(jobs_at_once=2).start(poll=5)
    await process.say("anna")
    await world.pass_time(minutes(30))
    before = world.calls
    await world.pass_time(minutes(60))
    asked = world.calls - before
    assert asked <= 3600 / 5 + 2
    assert asked >= 3600 / 5 - 2
    assert len(world.runs) == 1


async def test_users_from_before_the_schedule_are_taken_up_once() -> None:
    world = World()
    before = world.process({"consolidate": None, "reflect": None})
    for number in range(30):
        await before.say(f"user{number}")
    assert await world.agenda("user1") == []
    await before.engine.run("delete_all", Scope("user0"), {"with_messages": True})
    await world.pass_time(minutes(60))
    process = world.process().start()
    await world.pass_time(minutes(6))
    assert sorted(told(world)) == sorted((f"user{n}", "consolidate/idle", "done") for n in range(1, 30))
    assert len({ran.at.replace(microsecond=0) for ran in world.runs}) > 5, "not all at the same moment"
    assert await world.agenda("user0") == [], "of who was deleted nothing comes back"
    await process.stop()
    calls = world.calls
    again = world.process().start()
    await world.pass_time(timedelta(seconds=1))
    assert world.calls - calls <= 3, "the second start reads nothing but the marks"
    await again.stop()


async def test_a_changed_time_holds_for_everybody_at_the_next_start() -> None:
    world = World()
    first = world.process(NIGHTLY).start()
    await first.say("anna")
    await world.pass_time(minutes(1))
    await first.stop()
    later = {"consolidate": None, "reflect": {"operation": "list_memory", "cron": "0 20 * * *"}}
    world.process(later).start()
    await world.pass_time(minutes(1))
    (entry,) = await world.agenda("anna")
    assert entry.fields["due_at"] == datetime(2024, 6, 3, 18, tzinfo=UTC)
    await world.pass_time(timedelta(days=1))
    assert [ran.at.hour for ran in world.runs] == [18]
    assert len(await world.agenda("anna")) == 1


async def test_run_due_does_what_is_due_and_ends() -> None:
    world = World()
    process = world.process(jobs_at_once=2)
    for number in range(5):
        await process.say(f"user{number}")
    assert await process.make().run_due() == 0
    await world.pass_time(minutes(6))
    assert await process.make().run_due(2) == 2
    assert len(world.runs) == 2
    assert await process.make().run_due() == 3
    assert sorted(ran.user for ran in world.runs) == [f"user{number}" for number in range(5)]
    assert sum(world.waiting(f"user{number}") for number in range(5)) == 0


async def test_deleting_a_user_takes_them_off_the_agenda() -> None:
    world = World()
    process = world.process(MANY | {"idle": {"operation": "consolidate_memory", "idle_minutes": 5}, **NIGHTLY})
    await process.say("anna", "I like tea.", "I like soup.", "I like rice.")
    await process.say("ben")
    assert len(await world.agenda("anna")) >= 2
    kept = await process.engine.run("delete_all", Scope("anna"), {})
    assert len(await world.agenda("anna")) >= 2, "with messages that stay the name stays"
    await process.engine.run("delete_all", Scope("anna"), {"with_messages": True})
    assert await world.agenda("anna") == []
    assert len(await world.agenda("ben")) >= 2
    shelf = world.store.shelf(agenda_of("default"))
    assert "anna" not in repr(shelf.documents)
    await process.say("anna")
    assert len(await world.agenda("anna")) >= 2, "who comes back is noted anew"
    assert kept.deleted_messages == 0


async def test_a_claim_of_a_user_who_is_deleted_meanwhile_is_dropped() -> None:
    world = World()
    process = world.process()
    other = world.process()

    async def run(operation: str, scope: Scope, inputs: object, **named: object) -> Result:
        await other.engine.run("delete_all", scope, {"with_messages": True})
        return Result(operation=operation)

    object.__setattr__(process.engine, "run", run)
    process.start()
    await process.say("anna")
    await process.say("ben")
    await world.pass_time(minutes(30))
    assert sorted(ran.user for ran in world.runs) == ["anna", "ben"]
    assert world.store.shelf(agenda_of("default")).living(AGENDA) != []  # the marks
    assert await world.agenda("anna") == await world.agenda("ben") == []


async def test_a_message_from_the_future_does_not_keep_a_user_from_resting() -> None:
    world = World()
    process = world.process().start()
    await process.say("anna")
    future = world.clock.now() + timedelta(days=400)
    from memoryengine.values import Message

    strange = Message(id="f", role="user", content="I like snow.", said_at=future, recorded_at=future)
    await process.engine.add_messages(Scope("anna"), [strange])
    await world.pass_time(minutes(6))
    assert told(world) == [("anna", "consolidate/idle", "done")]
    await world.pass_time(minutes(60))
    assert len(world.runs) == 1
    assert world.waiting("anna") == 0


async def test_the_agenda_is_nobodys_memory(tmp_path: Any) -> None:
    config = {"extends": "embedded", "store": {"use": "sqlite", "path": str(tmp_path / "a.db")}}
    async with AsyncMemoryEngine(config) as engine:
        await engine.user("anna").add_messages([{"role": "user", "content": "I like tea."}])
        assert await engine.users() == ("anna",)
        assert [one.user for one in (await engine.status()).users] == ["anna"]
        assert await engine._engine.store.scopes("default") == ("anna", ENGINE_USER)
        with pytest.raises(MemoryEngineError, match="engine's own"):
            engine.user(ENGINE_USER)


async def test_start_and_stop_in_a_program(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    jobs = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "messages": 2}}
    store = {"use": "sqlite", "path": str(tmp_path / "a.db")}
    caplog.set_level("INFO", "memoryengine.schedule")
    async with AsyncMemoryEngine({"extends": "embedded", "store": store, "schedule": jobs}) as engine:
        await engine.user("anna").add_messages([{"role": "user", "content": text} for text in ("I like tea.", "Hi!")])
        await engine.start()
        await engine.start()
        for _ in range(200):
            if "done" in caplog.text:
                break
            await asyncio.sleep(0.05)
        await engine.stop()
        assert (await engine.status()).users[0].pending == 0
        assert await engine.run_due() == ()
    assert caplog.text.count("consolidate/messages consolidate_memory user='anna' done") == 1
    without = {"extends": "embedded", "store": store, "schedule": {"reflect": None, "consolidate": None}}
    async with AsyncMemoryEngine(without) as engine:
        with pytest.raises(ConfigError, match="has no schedule"):
            await engine.start()
