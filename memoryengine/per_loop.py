"""Things that each event loop has its own of, such as connections, and that close themselves."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


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
