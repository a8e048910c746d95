"""How many may do something at once, in all event loops and threads; and things each event loop has its own of."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Gate:
    """Lets `places` through at once and the others wait in order; `with` in threads, `async with` in any event loop."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = Lock()
        self._waiting: deque[Future[None]] = deque()

    def _ask(self) -> Future[None]:
        place: Future[None] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                place.set_result(None)
            else:
                self._waiting.append(place)
        return place

    def _leave(self) -> None:
        with self._lock:
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_result(None)
                    return
            self._free += 1

    def _give_up(self, place: Future[None]) -> None:
        if not place.cancel():  # the place was given in the same moment
            self._leave()

    async def __aenter__(self) -> None:
        place = self._ask()
        try:
            if not place.done():
                await asyncio.wrap_future(place)
        except BaseException:
            self._give_up(place)
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._leave()

    def __enter__(self) -> None:
        place = self._ask()
        try:
            place.result()
        except BaseException:
            self._give_up(place)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._leave()


class Closing(Protocol):
    """Something that is closed with `await thing.close()`."""

    async def close(self) -> None:
        """Give everything back."""
        ...


C = TypeVar("C", bound=Closing)


class PerLoop(Generic[C]):
    """One thing for each running event loop, made when it is first asked for.

    It is closed by `close`, or when its loop ends, or when this object is forgotten; so a caller who never closes
    anything leaves nothing open behind. The thing is held inside a suspended asynchronous generator, because
    `asyncio.run` closes those before it closes the loop.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._held: dict[asyncio.AbstractEventLoop, _Held[C]] = {}

    async def get(self) -> C:
        """The running loop's own."""
        loop = asyncio.get_running_loop()
        if loop not in self._held:
            for ended in [other for other in self._held if other.is_closed()]:
                self._held.pop(ended).forgotten.detach()
            thing = self._make()
            holder = _hold(thing)
            _anchored.add(holder)
            forgotten = weakref.finalize(self, _close_soon, loop, holder)
            forgotten.atexit = False
            self._held[loop] = _Held(thing, holder, forgotten)
            await anext(holder)
        return self._held[loop].thing

    async def close(self) -> None:
        """Close the running loop's own; those of other loops are closed with their loop."""
        held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None:
            held.forgotten.detach()
            await _close(held.holder)


_Holder = AsyncGenerator[None, None]


@dataclass(frozen=True, slots=True)
class _Held(Generic[C]):
    thing: C
    holder: _Holder
    forgotten: weakref.finalize[..., Any]


# What is open is referred to from here, so that it never becomes garbage together with its owner: then it could only
# complain that nobody closed it.
_anchored: set[_Holder] = set()


async def _hold(thing: Closing) -> _Holder:
    try:
        yield
    finally:
        with suppress(OSError):
            await thing.close()


async def _close(holder: _Holder) -> None:
    try:
        await holder.aclose()
    finally:
        _anchored.discard(holder)


def _close_soon(loop: asyncio.AbstractEventLoop, holder: _Holder) -> None:
    try:
        loop.call_soon_threadsafe(lambda: loop.create_task(_close(holder)))
    except RuntimeError:  # the loop has ended, and closed the holder before
        _anchored.discard(holder)


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure cancels the rest and is raised as it is."""
    if len(work) == 1:
        return [await work[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
