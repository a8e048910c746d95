"""How many may do something at once, in all event loops and threads."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from threading import Lock
from types import TracebackType

GIVE_WAY = 6
"""Turns of the event loop until a request that waited for its place is on its way."""


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

    def _leave(self) -> bool:
        """Give the place on; whether somebody waited for it."""
        with self._lock:
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_result(None)
                    return True
            self._free += 1
        return False

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
        # Who comes next sends before this one works on: a model that waits for that would stand idle.
        for _ in range(GIVE_WAY if self._leave() and kind is None else 0):
            await asyncio.sleep(0)

    def __enter__(self) -> None:
        place = self._ask()
        try:
            place.result()
        except BaseException:
            self._give_up(place)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._leave()
