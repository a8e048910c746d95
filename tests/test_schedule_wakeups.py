"""No wake-up is lost: random talks with slow stores, several processes, deaths and clocks that differ."""

from __future__ import annotations

import asyncio
import os
import random
from datetime import timedelta
from typing import Any

import pytest

from memoryengine import agenda
from memoryengine.testing.clock import ManualClock

from .schedule_world import World, minutes

GAP = minutes(5)
LONG = GAP + agenda.KEPT + minutes(30)
SEEDS = int(os.environ.get("MEMORYENGINE_TEST_TALKS", "3"))  # more of them by hand
USERS = ("anna", "ben", "chen")


async def talk(world: World, rng: random.Random) -> None:
    """Several processes add messages of the same users at moments that lie near all that matters."""
    processes = [world.process() for _ in range(2)]
    pauses = [1, 30, 59, 61, 120, 290, 300, 310, 600, 880, 900, 920, 1200]
    for _ in range(25):
        await world.sleep(rng.choice(pauses) * rng.uniform(0.9, 1.1) / 2)
        speaking = rng.choice(processes)
        asyncio.get_running_loop().create_task(speaking.say(rng.choice(USERS)))


async def lost(seed: int, slow: float, deaths: int = 0) -> tuple[int, int]:
    """How many messages were never consolidated in a random history, and how many runs it took."""
    rng = random.Random(seed)
    world = World(seed, slow)
    running = [world.process().start(claim=minutes(5)) for _ in range(2)]
    talking = asyncio.create_task(talk(world, rng))
    for _ in range(deaths):
        await world.pass_time(minutes(rng.uniform(3, 30)))
        await running.pop(0).die()
        running.append(world.process().start(claim=minutes(5)))
    while not talking.done():
        await world.pass_time(minutes(10))
    await world.pass_time(LONG)
    waiting = sum(world.waiting(user) for user in USERS)
    awake = [one for user in USERS for one in await world.agenda(user) if one.fields.get("due_at")]
    assert len(awake) == 0, "what has nothing to do must rest in the end"
    for one in running:
        await one.die()
    return waiting, len(world.runs)


@pytest.mark.parametrize("slow", [0.0, 2.0, 40.0])
async def test_no_message_is_left_over_however_slow_the_store_is(slow: float) -> None:
    found = [await lost(seed, slow) for seed in range(SEEDS)]
    assert [waiting for waiting, _ in found] == [0] * SEEDS
    assert min(runs for _, runs in found) >= 3
    assert max(runs for _, runs in found) <= 40, "no more runs than messages"


async def test_no_message_is_left_over_where_schedulers_die() -> None:
    found = [await lost(seed, 10.0, deaths=4) for seed in range(SEEDS)]
    assert [waiting for waiting, _ in found] == [0] * SEEDS
    assert min(runs for _, runs in found) >= 3


async def test_the_histories_are_hard_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "KEPT", timedelta(0))
    monkeypatch.setattr(agenda, "REMEMBERED", minutes(60))
    monkeypatch.setattr("memoryengine.agenda.noted", lambda alarm, held, now: {})
    failed = 0
    for seed in range(6):
        try:
            failed += (await lost(seed, 2.0))[0] > 0
        except AssertionError:
            failed += 1
    assert failed > 0, "without the rules of the agenda messages must be lost, or this file shows nothing"
    assert failed <= 6
    assert agenda.REMEMBERED > GAP > agenda.KEPT


async def test_clocks_that_differ_by_four_minutes_lose_nothing() -> None:
    for ahead in (-240, 240):
        world = World()
        other = ManualClock(world.clock.now() + timedelta(seconds=ahead))
        world.process().start()
        speaker = world.process(clock=other)
        for _ in range(12):
            await speaker.say("anna")
            await world.pass_time(minutes(3))
            other.advance(minutes(3))
        await world.pass_time(LONG)
        assert world.waiting("anna") == 0
        assert 1 <= len(world.runs) <= 13
        assert {ran.outcome for ran in world.runs} == {"done"}


async def test_a_message_that_takes_twenty_minutes_to_be_kept_wakes_its_user_again() -> None:
    world = World()
    world.process().start()
    speaker = world.process()

    async def append(*given: Any) -> Any:
        await world.sleep(1200)
        return await world.store.append(*given)

    speaker.line.append = append  # type: ignore[attr-defined]  # in the place of the one that is passed on
    speaking = asyncio.create_task(speaker.say("anna"))
    await world.pass_time(minutes(19))
    (asleep,) = await world.agenda("anna")
    assert "due_at" not in asleep.fields
    await world.pass_time(minutes(2))
    assert speaking.done()
    assert world.waiting("anna") == 1
    await world.pass_time(minutes(6))
    assert world.waiting("anna") == 0
