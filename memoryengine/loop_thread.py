"""The event loop of this process's engines, in a thread of its own that never keeps the process from ending."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from .errors import MemoryEngineError

T = TypeVar("T")
FAREWELL_SECONDS = 2.0


class Closing(Protocol):
    """What is to be closed before its process ends."""

    async def close(self) -> None:
        """Give everything back."""
        ...


_left_open: WeakSet[Closing] = WeakSet()


def close_at_end(what: Closing) -> None:
    """Close this when the process ends, if it is still there."""
    _left_open.add(what)


@dataclass(frozen=True, slots=True)
class _Home:
    """The event loop of this process's engines, and the daemon thread that runs it."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread


_home: _Home | None = None
_ended = False
_starting = threading.Lock()


def _started() -> _Home:
    """The loop, running; the first call of a process starts it."""
    global _home
    with _starting:
        if _ended:
            raise MemoryEngineError("This process is ending, and its memory engines were closed: call them earlier.")
        if _home is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="memoryengine", daemon=True)
            thread.start()
            atexit.register(_farewell)
            _home = _Home(loop, thread)
        return _home


def _forget_parent() -> None:
    """Start anew in a forked process: the thread of the loop stayed behind, and maybe held the lock."""
    global _home, _starting
    _home, _starting = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parent)


class _Call(Generic[T]):
    """Work for the engines' loop, and its result for the thread that waits for it.

    An interrupt may come between any two steps of that thread. So whether the work is to be closed or cancelled never
    rests on how far the thread has come, but on whether the loop has begun: that is decided once, by `result`.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.work = work
        self.result: Future[T] = Future()
        self._task: asyncio.Task[T] | None = None

    def begin(self) -> None:
        """In the loop: begin, unless it was given up before."""
        if self.result.set_running_or_notify_cancel():
            self._task = asyncio.get_running_loop().create_task(self.work)
            self._task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[T]) -> None:
        error = CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self.result.set_exception(error)
        else:
            self.result.set_result(task.result())

    def give_up(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """In the waiting thread: leave nothing of it, but wait a moment only for what it does when it is cancelled."""
        if self.result.cancel():
            self.work.close()  # it was never begun
        elif loop is not None and not self.result.done():
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._cancel)
                wait((self.result,), FAREWELL_SECONDS)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, done in the engines' loop.

    A call that is interrupted cancels it, and waits a moment for it to give back what it holds, such as a lease.
    """
    call, loop = _Call(work), None
    try:
        loop = _loop_to_wait_for()
        loop.call_soon_threadsafe(call.begin)
        return call.result.result()
    except BaseException:
        call.give_up(loop)
        raise


def _loop_to_wait_for() -> asyncio.AbstractEventLoop:
    home = _started()
    if threading.get_ident() == home.thread.ident:
        raise MemoryEngineError(
            "MemoryEngine was called inside its own event loop, as by a worker, and would wait for itself for ever: "
            "use AsyncMemoryEngine there."
        )
    return home.loop


def iterate(pieces: AsyncGenerator[str, None]) -> Iterator[str]:
    """What an asynchronous generator yields, piece by piece; it is closed when nobody iterates any more."""
    turn = asyncio.Lock()  # a step that was interrupted may take a while to end, and nothing else may be done till then

    async def step() -> str | None:
        async with turn:
            return await anext(pieces, None)

    async def end() -> None:
        async with turn:
            await pieces.aclose()

    try:
        while (piece := wait_for(step())) is not None:
            yield piece
    finally:
        unattended(end())


def unattended(work: Coroutine[Any, Any, None]) -> None:
    """Begin work without waiting for it, for finalizers: they run wherever and whenever the last reference drops."""
    home = _home
    try:
        if home is not None:
            asyncio.run_coroutine_threadsafe(work, home.loop)
            return
    except RuntimeError:  # the loop has ended
        pass
    work.close()


def _farewell() -> None:
    """Close what was left open, so that the end of a process leaves no warning; what cannot close now is let go."""
    global _home, _ended
    home, _home, _ended = _home, None, True
    if home is None:
        return

    async def close_all() -> None:
        for engine in list(_left_open):
            with suppress(Exception):
                await engine.close()
        await home.loop.shutdown_asyncgens()

    with suppress(Exception):
        asyncio.run_coroutine_threadsafe(close_all(), home.loop).result(FAREWELL_SECONDS)
    home.loop.call_soon_threadsafe(home.loop.stop)
    home.thread.join(FAREWELL_SECONDS)
    if not home.thread.is_alive():
        home.loop.close()
