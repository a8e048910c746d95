from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from memoryengine import per_loop
from memoryengine.models.gate import Gate
from memoryengine.per_loop import PerLoop


@dataclass
class Counted:
    now: int = 0
    most: int = 0
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def leave(self) -> None:
        with self.lock:
            self.now -= 1
            self.done += 1


def test_threads_and_event_loops_share_one_limit() -> None:
    gate, seen = Gate(2), Counted()

    def in_thread() -> None:
        with gate:
            seen.enter()
            time.sleep(0.01)
            seen.leave()

    async def in_loop() -> None:
        async with gate:
            seen.enter()
            await asyncio.sleep(0.01)
            seen.leave()

    async def many() -> None:
        await asyncio.gather(*(in_loop() for _ in range(8)))

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(in_thread) for _ in range(8)]
        work += [pool.submit(asyncio.run, many()) for _ in range(2)]
        for each in work:
            each.result(10)
    assert seen.done == 24
    assert seen.most == 2
    assert seen.now == 0


async def test_a_cancelled_waiter_loses_no_place() -> None:
    gate = Gate(1)
    entered: list[int] = []

    async def use(number: int) -> None:
        async with gate:
            entered.append(number)
            await asyncio.sleep(0.01)

    for moment in (0, 0.005, 0.01, 0.015):
        tasks = [asyncio.create_task(use(number)) for number in range(4)]
        await asyncio.sleep(moment)
        for task in tasks[1:3]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[0] is None
        assert results[3] is None
    await asyncio.wait_for(use(99), 1)
    assert entered[-1] == 99


class Thing:
    def __init__(self) -> None:
        self.closed = False
        self.loop = asyncio.get_running_loop()

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed = True


def test_each_loop_has_its_own_thing_and_closes_it_when_it_ends() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    held = PerLoop(make)

    async def use() -> bool:
        one, other = await asyncio.gather(held.get(), held.get())
        return one is other and not one.closed

    assert asyncio.run(use())
    assert asyncio.run(use())
    assert len(made) == 2
    assert all(thing.closed for thing in made)


async def test_closing_and_forgetting() -> None:
    held = PerLoop(Thing)
    first = await held.get()
    await held.close()
    await held.close()
    second = await held.get()
    assert first.closed
    assert not second.closed
    del held
    gc.collect()
    await asyncio.sleep(0.01)
    assert second.closed


async def test_who_waited_begins_before_the_one_that_left_works_on() -> None:
    gate, order = Gate(1), list[str]()

    async def use(name: str) -> None:
        async with gate:
            order.append(f"{name} begins")
            await asyncio.sleep(0.01)
        order.append(f"{name} works on")

    await asyncio.gather(use("one"), use("two"), use("three"))
    assert order[:4] == ["one begins", "two begins", "one works on", "three begins"]
    assert sorted(order) == sorted(f"{n} {what}" for n in ("one", "two", "three") for what in ("begins", "works on"))
    assert gate._free == 1


def test_loops_that_ended_are_not_remembered() -> None:
    held, seen = PerLoop(Thing), []

    async def use() -> bool:
        seen.append(weakref.ref(asyncio.get_running_loop()))
        return (await held.get()).closed

    before = len(per_loop._anchored)
    assert [asyncio.run(use()) for _ in range(20)] == [False] * 20
    assert len(per_loop._anchored) == before
    for _ in range(20):  # a loop that does not close its generators
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(use()) is False
        loop.close()
    asyncio.run(use())
    del loop
    gc.collect()
    assert len(held._held) == 1
    assert len(per_loop._anchored) == before
    assert sum(loop() is not None for loop in seen) <= 1


class Hesitant(asyncio.SelectorEventLoop):
    """An event loop that lets other threads come in between when it is asked whether it is closed."""

    def is_closed(self) -> bool:
        time.sleep(0.0002)
        return super().is_closed()


def test_loops_of_many_threads_that_begin_and_end_at_once() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        thing = Thing()
        made.append(thing)
        return thing

    held = PerLoop(make)

    async def use() -> bool:
        one, other = await asyncio.gather(held.get(), held.get())
        return one is other and not one.closed

    def work() -> list[bool]:
        used = []
        for _ in range(30):
            with asyncio.Runner(loop_factory=Hesitant) as runner:
                used.append(runner.run(use()))
        return used

    with ThreadPoolExecutor(6) as threads:
        used = [each.result() for each in [threads.submit(work) for _ in range(6)]]
    assert used == [[True] * 30] * 6
    assert len(made) == 180
    assert all(thing.closed for thing in made)
    asyncio.run(held.close())
