"""What a look at a user costs who needs no run, and what becomes of one that fails."""

from __future__ import annotations

from typing import Any

from memoryengine.agenda import agenda_of
from memoryengine.errors import StoreUnavailable
from memoryengine.records import MESSAGES
from memoryengine.values import Scope

from .schedule_world import World, minutes


async def commits_of_a_talk(processes: int) -> tuple[int, list[str], int]:
    """How many commits to the agenda one talk of an hour costs, and what was run for it."""
    world = World()
    started = [world.process().start(poll=5) for _ in range(processes)]
    await world.pass_time(minutes(1))
    before = await started[0].engine.store.revision(agenda_of("default"))
    for number in range(15):
        await started[number % processes].say("anna")
        await world.pass_time(minutes(4))
    await world.pass_time(minutes(120))
    after = await started[0].engine.store.revision(agenda_of("default"))
    return after - before, [ran.outcome for ran in world.runs], world.waiting("anna")


async def test_a_look_at_who_still_talks_is_one_commit_and_a_run_two() -> None:
    """Each commit leaves an entry in the agenda's history for good."""
    for processes in (1, 3):
        commits, runs, waiting = await commits_of_a_talk(processes)
        assert runs == ["done"]
        assert waiting == 0
        assert 5 <= commits <= 24  # 37 where each look is claimed


async def test_a_look_that_fails_is_left_to_the_run_that_tells_of_it() -> None:
    world = World()
    process = world.process()
    await process.say("anna")
    await process.say("ben")
    page = process.engine.store.page

    async def broken(scope: Scope, *given: Any, **more: Any) -> Any:
        if scope.user == "anna" and given[0] == MESSAGES and broken_now:
            raise StoreUnavailable("The shard is away.")
        return await page(scope, *given, **more)

    broken_now = True
    setattr(process.engine.store, "page", broken)  # noqa: B010  # a method of one object
    process.start(poll=5)
    await world.pass_time(minutes(6))
    assert world.waiting("ben") == 0
    assert ("anna", "consolidate/idle", "failed") in [(ran.user, ran.alarm, ran.outcome) for ran in world.runs]
    broken_now = False
    await world.pass_time(minutes(60))
    assert world.waiting("anna") == 0
