"""The same work for many users at once: bounded, fair, and one user's error is theirs alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngine
from memoryengine.errors import ModelUnavailable
from memoryengine.many import Done, for_users
from memoryengine.results import Result
from memoryengine.testing.clock import ManualClock

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
NAMES = [f"user{n}" for n in range(20)]


async def test_so_many_at_a_time_and_the_next_as_soon_as_one_is_done() -> None:
    now = most = 0
    order: list[str] = []

    async def work(user: str) -> Result:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.2 if user == "user0" else 0.005)
        now -= 1
        return Result(operation=user)

    done = await for_users(NAMES, work, 4, lambda one: order.append(one.user))
    assert most == 4
    assert [one.user for one in done] == NAMES
    assert [one.result.operation for one in done if one.result] == NAMES
    assert order[-1] == "user0"  # the one with much to do held up nobody
    assert await for_users([], work, 4) == ()
    assert len(await for_users(["a", "b", "a"], work, 0)) == 2


async def test_an_error_of_the_engine_ends_one_user_and_a_fault_everything() -> None:
    began: list[str] = []

    async def work(user: str) -> Result:
        began.append(user)
        await asyncio.sleep(0)
        if user == "user3":
            raise ModelUnavailable("The model is away.")
        if user == "user7":
            raise ZeroDivisionError
        return Result(operation=user)

    done = await for_users(NAMES[:7], work, 2)
    assert [(one.user, one.result is None) for one in done if one.error is not None] == [("user3", True)]
    assert len(began) == 7
    with pytest.raises(ZeroDivisionError):
        await for_users(NAMES, work, 2)
    assert len(began) < 7 + len(NAMES)


async def test_every_user_is_consolidated_or_those_that_are_named() -> None:
    async with AsyncMemoryEngine(clock=ManualClock(START)) as engine:
        for name in NAMES:
            await engine.user(name).add_messages([{"role": "user", "content": f"I like food {name}."}])
        told: list[Done] = []
        some = await engine.consolidate_all(NAMES[:3], told=told.append)
        assert [one.result.consolidated for one in some if one.result] == [1, 1, 1]
        assert sorted(one.user for one in told) == NAMES[:3]
        everyone = await engine.consolidate_all()
        assert {one.user for one in everyone} == set(NAMES)
        assert sum(one.result.consolidated for one in everyone if one.result) == 17
        assert all([len((await engine.user(name).list()).memories) == 1 for name in NAMES])


def test_the_sync_engine_does_it_too() -> None:
    with MemoryEngine(clock=ManualClock(START)) as engine:
        engine.user("ann").add_messages([{"role": "user", "content": "I like tea."}])
        (done,) = engine.consolidate_all(concurrency=2)
        assert done.user == "ann"
        assert done.error is None
        assert done.result is not None
        assert done.result.consolidated == 1
