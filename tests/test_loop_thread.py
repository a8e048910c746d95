"""Waiting for the engines' loop from other threads, and interrupts at any moment of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from memoryengine import loop_thread
from memoryengine.loop_thread import iterate, wait_for
from memoryengine.models.gate import Gate

MOST_LINES = 100
TRACED = (loop_thread.__file__, asyncio.tasks.__file__, asyncio.base_events.__file__)


@contextmanager
def interrupted_at(line: int, before: Callable[[], object]) -> Iterator[list[int]]:
    """A `KeyboardInterrupt` before the so-many-th line that this thread runs here or in asyncio; yields what it counts.

    `before` is called at that place, so that the other thread can come as far as the test wants it.
    """
    count, earlier = [0], sys.gettrace()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        # `_started` holds a lock, and at the end of a `with` a trace can raise where no signal would be heard
        if frame.f_code.co_filename not in TRACED or frame.f_code.co_name == "_started":
            return None
        if event == "line":
            count[0] += 1
            if count[0] == line:
                before()
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(earlier)


class Work:
    """A place at a gate, held until it is cancelled or told to go."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.begun = threading.Event()
        self.ended = ""

    async def run(self, seconds: float) -> str:
        async with self.gate:
            self.begun.set()
            try:
                await asyncio.sleep(seconds)
            except BaseException as error:
                self.ended = type(error).__name__
                raise
            self.ended = "done"
        return "done"


def interrupt(gate: Gate, line: int, *, far: bool) -> tuple[bool, Work]:
    """Whether a call was interrupted before this line, and the work that it waited for."""
    work = Work(gate)
    running = work.run(30 if far else 0.01)
    try:
        with interrupted_at(line, lambda: work.begun.wait(0.03) if far else None) as count:
            # past the last line nothing interrupts it
            assert wait_for(asyncio.wait_for(running, 0.3)) == "done"
    except KeyboardInterrupt:
        return True, work
    except TimeoutError:
        assert count[0] < line
    finally:
        if inspect.getcoroutinestate(running) == inspect.CORO_CREATED:
            running.close()
    return False, work


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("far", [True, False])
def test_an_interrupt_between_any_two_lines_leaves_nothing_behind(far: bool) -> None:
    gate = Gate(2)
    wait_for(asyncio.sleep(0))  # the loop runs
    ends: list[str] = []
    for line in range(1, MOST_LINES):
        interrupted, work = interrupt(gate, line, far=far)
        if not interrupted:
            break
        assert gate._free == 2
        assert bool(work.ended) == work.begun.is_set()
        ends.append(work.ended)
    assert 5 < len(ends) < MOST_LINES - 1
    assert set(ends) <= ({"", "CancelledError"} if far else {"", "CancelledError", "done"})
    assert ends[0] == ""
    assert ends[-1] == "CancelledError" or not far
    assert wait_for(Work(gate).run(0)) == "done"


def test_what_the_work_raises_is_raised_as_it_is() -> None:
    async def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError("seven"), TimeoutError("late"), SystemError("odd")):
        with pytest.raises(type(error)) as caught:
            wait_for(fail(error))
        assert caught.value is error
    with pytest.raises(concurrent.futures.CancelledError):
        wait_for(fail(asyncio.CancelledError()))


def test_contexts_of_the_caller_are_those_of_the_work() -> None:
    from contextvars import ContextVar

    word: ContextVar[str] = ContextVar("word", default="none")

    async def read() -> str:
        return word.get()

    assert wait_for(read()) == "none"
    token = word.set("mine")
    assert wait_for(read()) == "mine"
    word.reset(token)
    assert wait_for(read()) == "none"


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals go to threads on POSIX alone")
def test_a_stream_whose_last_step_ends_late_is_closed_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_thread, "FAREWELL_SECONDS", 0.02)
    waiting, closed, told = threading.Event(), threading.Event(), []

    async def speak() -> AsyncGenerator[str, None]:
        try:
            yield "first"
            try:
                waiting.set()
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)
                told.append("cancelled")
            yield "late"
        finally:
            closed.set()

    def press(main: int) -> None:
        assert waiting.wait(10)
        time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)

    pieces = speak()  # held here, so that no collection of garbage closes it
    stream = iterate(pieces)
    assert next(stream) == "first"
    pressing = threading.Thread(target=press, args=(threading.get_ident(),))
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    pressing.join(10)
    assert not closed.is_set()
    assert closed.wait(5)
    assert told == ["cancelled"]
    assert next(stream, None) is None
    del stream
    gc.collect()
    assert wait_for(asyncio.sleep(0, "on")) == "on"
