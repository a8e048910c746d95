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
        held = self._held.get(loop)
        if held is None:
            self._forget_ended()
            held = self._held[loop] = self._make_held(loop)
            await anext(held.holder)
        return held.thing

    def _make_held(self, loop: asyncio.AbstractEventLoop) -> _Held[C]:
        thing, anchor = self._make(), object()
        holder = _anchored[anchor] = _hold(thing, anchor)
        forgotten = weakref.finalize(self, _close_soon, loop, anchor, holder)
        forgotten.atexit = False
        return _Held(thing, anchor, holder, forgotten)

    def _forget_ended(self) -> None:
        # Loops in other threads begin and end meanwhile. No lock: finalizers may come here while their thread holds
        # it, and a copy of the keys and `pop` are one step each.
        for loop in list(self._held):
            if loop.is_closed() and (held := self._held.pop(loop, None)):
                held.forgotten.detach()
                _anchored.pop(held.anchor, None)  # unless its loop closed it, it is too late for that

    async def close(self) -> None:
        """Close the running loop's own; those of other loops are closed with their loop."""
        held = self._held.pop(asyncio.get_running_loop(), None)
        if held is not None:
            held.forgotten.detach()
            await _close(held.anchor, held.holder)


_Holder = AsyncGenerator[None, None]


@dataclass(frozen=True, slots=True)
class _Held(Generic[C]):
    thing: C
    anchor: object
    holder: _Holder
    forgotten: weakref.finalize[..., Any]


# What is open is referred to from here, each by an object of its own, so that it never becomes garbage together
# with its owner: then it could only complain that nobody closed it.
_anchored: dict[object, _Holder] = {}


async def _hold(thing: Closing, anchor: object) -> _Holder:
    try:
        yield
    finally:
        try:
            with suppress(OSError):
                await thing.close()
        finally:
            _anchored.pop(anchor, None)


async def _close(anchor: object, holder: _Holder) -> None:
    try:
        await holder.aclose()
    finally:
        _anchored.pop(anchor, None)


def _close_soon(loop: asyncio.AbstractEventLoop, anchor: object, holder: _Holder) -> None:
    try:
        loop.call_soon_threadsafe(lambda: loop.create_task(_close(anchor, holder)))
    except RuntimeError:  # the loop has ended, and closed the holder before
        _anchored.pop(anchor, None)
