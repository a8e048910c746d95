"""Noting users on the agenda as their messages come in: cheaply, and never at the cost of the messages."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.agenda import KEPT, MARGIN, REMEMBERED, Bounded, agenda_of
from memoryengine.errors import StoreUnavailable
from memoryengine.maintenance import migrate, site
from memoryengine.records import AGENDA, ENGINE_USER
from memoryengine.schedule import Scheduler
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.values import Scope

from .schedule_world import IDLE, World, minutes
from .stores.elasticsearch_stores import prefix_for

AGENDA_SCOPE = agenda_of("default")


def revision(world: World) -> int:
    return world.store.shelf(AGENDA_SCOPE).revision


async def test_a_talk_costs_a_commit_now_and_then_and_a_message_none() -> None:
    world = World()
    process = world.process()
    await process.say("anna")
    assert revision(world) == 1
    calls = world.calls
    for _ in range(50):
        await process.say("anna")
        world.clock.advance(timedelta(seconds=1))
    assert world.calls - calls == 50, "as long as the note is remembered there is nothing but the messages"
    assert revision(world) == 1
    for _ in range(100):
        await process.say("anna")
        world.clock.advance(timedelta(seconds=30))
    assert 50 <= world.calls - calls - 150 <= 150, "then the agenda is looked at, about once a minute"
    assert 2 <= revision(world) <= 10
    (entry,) = await world.agenda("anna")
    kept = entry.fields["kept_until"]
    assert isinstance(kept, datetime)
    assert kept - world.clock.now() > MARGIN


async def test_users_who_come_at_the_same_time_share_a_commit() -> None:
    world = World(slow=0.1)
    process = world.process()
    saying = asyncio.gather(*(process.say(f"user{number}") for number in range(200)))
    await world.pass_time(minutes(1))
    assert saying.done()
    assert revision(world) <= 3
    held = world.store.shelf(AGENDA_SCOPE).living(AGENDA)
    assert len({one.fields["user"] for one in held}) == 200
    assert len(held) == 200


async def test_users_who_reach_their_count_at_the_same_time_do_not_overtake_each_other() -> None:
    world = World(slow=0.01)
    jobs = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "idle_minutes": None, "messages": 3}}
    process = world.process(jobs)
    saying = asyncio.gather(*(process.say(f"user{number}", "tea", "rice", "soup") for number in range(50)))
    await world.pass_time(minutes(1))
    assert saying.done()
    assert len(world.store.shelf(AGENDA_SCOPE).living(AGENDA)) == 50
    assert world.calls == 50 * 5, "a message, a count, and a revision, a page and a commit of the agenda each"


async def test_two_processes_make_one_document_of_a_user() -> None:
    world = World(slow=5.0)
    processes = [world.process() for _ in range(5)]
    saying = [asyncio.create_task(one.say("anna")) for one in processes]
    await world.pass_time(minutes(5))
    assert all(one.done() for one in saying)
    assert len(await world.agenda("anna")) == 1
    assert world.waiting("anna") == 5


async def test_a_message_is_kept_though_the_agenda_cannot_be_written() -> None:
    world = World()
    process = world.process()
    commit = world.store.commit

    async def refuse(scope: Scope, *given: Any, **named: Any) -> int:
        if scope.user == ENGINE_USER:
            raise StoreUnavailable("The agenda is out of reach.")
        return await commit(scope, *given, **named)

    world.store.commit = refuse  # type: ignore[method-assign]
    await process.say("anna")
    assert world.waiting("anna") == 1
    assert await world.agenda("anna") == []
    world.store.commit = commit  # type: ignore[method-assign]
    await process.say("anna")
    assert len(await world.agenda("anna")) == 1


async def test_without_a_schedule_nothing_is_noted() -> None:
    world = World()
    process = world.process({"consolidate": None, "reflect": None})
    await process.say("anna")
    assert world.calls == 1
    assert AGENDA_SCOPE not in world.store.shelves
    await process.engine.run("delete_all", Scope("anna"), {"with_messages": True})
    assert world.store.shelf(AGENDA_SCOPE).revision == 0


async def test_a_clock_that_is_set_back_does_not_prolong_what_is_remembered() -> None:
    world = World()
    process = world.process()
    ticks = [0.0]
    process.engine.agenda.ticks = lambda: ticks[0]
    await process.say("anna")
    calls = world.calls
    await process.say("anna")
    assert world.calls - calls == 1
    ticks[0] += REMEMBERED.total_seconds() + 1
    await process.say("anna")
    assert world.calls - calls == 4, "a message, and a revision and a page of the agenda"


async def test_the_count_is_looked_at_only_when_it_may_be_reached() -> None:
    world = World()
    process = world.process({"reflect": None, "consolidate": {"operation": "consolidate_memory", "messages": 10}})
    await process.say("anna")
    calls = world.calls
    for _ in range(8):
        await process.say("anna")
    assert world.calls - calls == 8
    assert await world.agenda("anna") == []
    await process.say("anna")
    (entry,) = await world.agenda("anna")
    assert entry.fields["job"] == "consolidate/messages"
    assert entry.fields["due_at"] is not None


async def test_messages_that_each_come_by_a_process_of_their_own_are_counted_together() -> None:
    world = World()
    jobs = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "idle_minutes": None, "messages": 4}}
    world.process(jobs).start(poll=5)
    for _ in range(3):
        await world.process(jobs).say("anna")
    await world.pass_time(minutes(1))
    assert (world.waiting("anna"), world.runs) == (3, [])
    await world.process(jobs).say("anna")
    await world.pass_time(minutes(1))
    assert [(ran.alarm, ran.outcome) for ran in world.runs] == [("consolidate/messages", "done")]
    assert world.waiting("anna") == 0


def test_what_is_remembered_is_bounded() -> None:
    held: Bounded[int, str] = Bounded(3)
    for number in range(5):
        held.set(number, str(number))
    held.set(2, "again")
    held.set(5, "5")
    assert [held.get(number) for number in range(6)] == [None, None, "again", None, "4", "5"]
    held.drop(5)
    held.drop(77)
    assert held.get(5) is None
    assert REMEMBERED + MARGIN < KEPT


def config(store: dict[str, Any]) -> dict[str, Any]:
    return {"extends": "embedded", "models": {"embedder": None}, "store": store, "schedule": IDLE}


async def test_the_agenda_moves_with_its_store(tmp_path: Path) -> None:
    here, there = ({"use": "sqlite", "path": str(tmp_path / f"{name}.db")} for name in "ab")
    async with AsyncMemoryEngine(config(here)) as engine:
        for user in ("anna", "ben"):
            await engine.user(user).add_messages([{"role": "user", "content": "I like tea."}])
        await Scheduler(engine._engine).run_due()
        before = await engine._engine.store.page(AGENDA_SCOPE, AGENDA)
    copied = await migrate(site(config(here), {}), site(config(there), {}), lambda step: None)
    assert [one.scope.user for one in copied] == ["anna", "ben", ENGINE_USER]
    async with AsyncMemoryEngine(config(there)) as engine:
        after = await engine._engine.store.page(AGENDA_SCOPE, AGENDA)
        assert after.documents == before.documents
        assert len(after.documents) == 3
        assert await engine.users() == ("anna", "ben")


@pytest.mark.elasticsearch
async def test_the_agenda_in_elasticsearch(es_url: str) -> None:
    async with prefix_for(es_url) as prefix:
        store = {"use": "elasticsearch", "url": es_url, "index_prefix": prefix}
        jobs = {"reflect": None, "consolidate": {"operation": "consolidate_memory", "idle_minutes": 0, "messages": 3}}
        own = [ElasticsearchStore(es_url, index_prefix=prefix) for _ in range(2)]
        one, other = (AsyncMemoryEngine({**config(store), "schedule": jobs}, store=connected) for connected in own)
        async with one, other:
            users = ("anna", "ben", "chen")
            for user in users:
                said = [{"role": "user", "content": f"I like dish number {number}."} for number in range(3)]
                await one.user(user).add_messages(said)
            done = await asyncio.gather(one.run_due(), other.run_due())
            ran = [(run.user, run.alarm, run.outcome) for runs in done for run in runs]
            assert len(set(ran)) == len(ran), "none twice"
            assert {(user, "consolidate/idle", "done") for user in users} <= set(ran)
            assert sum(user.pending for user in (await one.status()).users) == 0
            await other.user("anna").delete_all(with_messages=True)
            left = await one._engine.store.page(AGENDA_SCOPE, AGENDA)
            assert {held.fields.get("user") for held in left.documents} == {"ben", "chen", None}
