"""Closing that is cancelled, that fails half-way, and that comes from another event loop than the first call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, StoreError
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat

Make = Callable[[], AsyncMemoryEngine]
SCHEDULE = {"consolidate": {"operation": "consolidate_memory", "messages": 1}, "reflect": None}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    place = {"use": "sqlite", "path": str(tmp_path / "a.db")}
    return lambda: AsyncMemoryEngine({"extends": "embedded", "store": place, "schedule": SCHEDULE})


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
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("memoryengine-") and busy(thread)]


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
