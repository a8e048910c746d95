"""Several things at once."""

from __future__ import annotations

import asyncio

import pytest

from memoryengine.together import Meanwhile, settled, together


async def test_together_keeps_order_and_raises_the_failure_itself() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        if number == 2:
            raise KeyError("two")
        finished.append(number)
        return number

    finished: list[int] = []
    assert await together([work(0), work(1)]) == [0, 1]
    assert await together([]) == []
    finished.clear()
    with pytest.raises(KeyError, match="two"):
        await together([work(0), work(1), work(2)])
    assert finished == []


async def test_a_failure_leaves_no_mark_on_the_task_around_it() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError("soon")

    this = asyncio.current_task()
    assert this is not None
    with pytest.raises(KeyError, match="soon"):
        await together([asyncio.sleep(10), fail()])
    assert this.cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)


async def test_who_is_cancelled_cancels_what_is_under_way_and_waits_for_its_end() -> None:
    ended: list[str] = []

    async def work(name: str) -> str:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.01)
            ended.append(name)
        return name

    task = asyncio.create_task(together([work("one"), work("two")]))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["one", "two"]


async def test_settled_gives_results_and_failures_in_order() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0.001 * number)
        if number == 2:
            raise KeyError(number)
        return number

    first, second, third = await settled([work(1), work(2), work(50)])
    assert first == 1
    assert isinstance(second, KeyError)
    assert isinstance(third, asyncio.CancelledError)
    assert await settled([]) == []


async def test_meanwhile_begins_after_its_seconds_unless_its_maker_was_quicker() -> None:
    begun: list[str] = []

    async def work(name: str, seconds: float = 0.0) -> str:
        begun.append(name)
        await asyncio.sleep(seconds)
        return name.upper()

    early, late = Meanwhile(10, lambda: work("early")), Meanwhile(0, lambda: work("late"))
    await asyncio.sleep(0.01)
    assert (await early.result(), await late.result()) == (None, "LATE")
    endless, unborn = Meanwhile(0, lambda: work("endless", 60)), Meanwhile(10, lambda: work("unborn"))
    await asyncio.sleep(0.01)
    await asyncio.wait_for(asyncio.gather(endless.drop(), unborn.drop()), 5)
    assert begun == ["late", "endless"]
    with pytest.raises(asyncio.CancelledError):
        await endless.result()
