"""Closing that is cancelled, that fails half-way, and that comes from another event loop than the first call."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, StoreError
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.results import Result
from memoryengine.testing.answering import answer_turns

Make = Callable[[], AsyncMemoryEngine]
MakeAsking = Callable[..., AsyncMemoryEngine]
SCHEDULE = {"consolidate": {"operation": "consolidate_memory", "messages": 1}, "reflect": None}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    place = {"use": "sqlite", "path": str(tmp_path / "a.db")}
    return lambda: AsyncMemoryEngine({"extends": "embedded", "store": place, "schedule": SCHEDULE})


@pytest.fixture
def make_asking(tmp_path: Path) -> MakeAsking:
    """Engines whose workers ask a model that takes half a minute, unless told else."""
    place = {"use": "sqlite", "path": str(tmp_path / "a.db")}
    models = {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}

    def make(delay: float = 30) -> AsyncMemoryEngine:
        engine = AsyncMemoryEngine({"store": place, "models": models})
        engine._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answer_turns, delay=delay))
        return engine

    return make


class Unclosable(ScriptedChat):
    """A model that hesitates to close, and then fails."""

    async def close(self) -> None:
        await asyncio.sleep(0.01)
        raise OSError("It does not close.")


class Slow(ScriptedChat):
    """A model that takes a while to close, as one with connections does."""

    async def close(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await super().close()


async def is_closed(engine: AsyncMemoryEngine) -> bool:
    with pytest.raises(StoreError, match="was closed"):
        await engine.open()
    with pytest.raises(StoreError, match="was closed"):
        await engine._engine.store.describe()
    return True


async def test_a_closing_that_is_cancelled_at_any_step_can_be_done_again(make: Make) -> None:
    others = set(threading.enumerate())  # of engines that other tests have not closed
    for steps in range(30):
        engine = make()
        await engine.user("ann").add("Ann keeps bees.")
        engine._engine.models.__dict__["chat"] = MeteredChat(Slow(lambda _: ""))
        if steps % 2:
            await engine.start()
        closing = asyncio.create_task(engine.close())
        for _ in range(steps):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await engine.close()
        assert await is_closed(engine)
    assert not [task for task in asyncio.all_tasks() if "schedule" in task.get_name()]
    ours = [t for t in threading.enumerate() if t.name.startswith("memoryengine-") and t not in others]
    assert not [thread for thread in ours if busy(thread)]


def busy(thread: threading.Thread) -> bool:
    thread.join(5)
    return thread.is_alive()


async def test_a_model_that_does_not_close_keeps_no_store_open(make: Make) -> None:
    engine = make()
    await engine.user("ann").add("Ann keeps bees.")
    engine._engine.models.__dict__["chat"] = MeteredChat(Unclosable(lambda _: ""))
    with pytest.raises(OSError, match="does not close"):
        await engine.close()
    with pytest.raises(StoreError, match="was closed"):
        await engine._engine.store.describe()
    again = make()
    assert "bees" in str(await again.user("ann").list())
    await again.close()
    assert await is_closed(again)


def test_an_engine_that_was_started_in_a_loop_that_ended_is_closed_in_another(make: Make) -> None:
    engine = make()
    asyncio.run(engine.start())

    async def start_anew() -> bool:
        await engine.user("ann").add_messages([{"role": "user", "content": "My hobby is chess."}])
        await engine.start()
        for _ in range(400):
            if not (await engine.status("ann")).users[0].pending:
                return True
            await asyncio.sleep(0.02)
        return False

    assert asyncio.run(start_anew())
    asyncio.run(engine.close())
    assert asyncio.run(is_closed(engine))
    asyncio.run(engine.close())


def test_an_engine_whose_schedule_runs_in_another_thread_is_closed_from_here(make: Make) -> None:
    engine, loop = make(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def left() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks() if "schedule" in task.get_name()]

    try:
        asyncio.run_coroutine_threadsafe(engine.start(), loop).result(10)
        assert asyncio.run_coroutine_threadsafe(left(), loop).result(10) == ["memoryengine schedule"]
        asyncio.run(engine.close())
        assert asyncio.run_coroutine_threadsafe(left(), loop).result(10) == []
        assert asyncio.run(is_closed(engine))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def consolidating(engine: AsyncMemoryEngine) -> asyncio.Task[Result]:
    """A consolidation that has its lease, and waits for a model that takes half a minute."""
    await engine.user("ann").add_messages([{"role": "user", "content": "My hobby is chess."}])
    run = asyncio.create_task(engine.user("ann").consolidate())
    for _ in range(2000):
        if any(lease._held for lease in engine._engine.under_way):
            return run
        await asyncio.sleep(0.005)
    pytest.fail("No lease was taken within ten seconds.")


async def test_a_run_under_way_is_stopped_and_gives_its_lease_back(make_asking: MakeAsking) -> None:
    engine = make_asking()
    run = await consolidating(engine)
    began = time.monotonic()
    await engine.close()
    assert time.monotonic() - began < 4
    with pytest.raises(StoreError, match="was closed while it worked"):
        await run
    assert run.cancelling() == 0
    assert engine._engine.under_way == set()
    async with make_asking(delay=0) as other:
        assert (await other.user("ann").consolidate()).consolidated == 1


async def test_a_run_that_others_cancelled_at_the_same_time_ends_as_cancelled(make_asking: MakeAsking) -> None:
    engine = make_asking()
    run = await consolidating(engine)
    closing = asyncio.create_task(engine.close())
    for _ in range(3):
        await asyncio.sleep(0)
    run.cancel()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await run
    async with make_asking(delay=0) as other:
        assert (await other.user("ann").consolidate()).consolidated == 1
    assert await is_closed(engine)


def test_a_run_in_the_loop_of_another_thread_is_stopped_too(make_asking: MakeAsking) -> None:
    engine, going, said = make_asking(), threading.Event(), []

    async def work() -> None:
        run = await consolidating(engine)
        going.set()
        try:
            await run
        except StoreError as error:
            said.append(error.message)

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    assert going.wait(10)
    asyncio.run(engine.close())
    thread.join(10)
    assert not thread.is_alive()
    assert [text.split(".")[0] for text in said] == ["This engine was closed while it worked on this"]
    assert asyncio.run(is_closed(engine))
