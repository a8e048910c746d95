"""Doing several things at once.

Not by `asyncio.TaskGroup`: before Python 3.13 one whose tasks fail while it waits for them marks the task around it as
cancelled for good, and the next time limit in that task then ends as a `CancelledError`
(https://github.com/python/cpython/issues/116720).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first failure cancels the rest and is raised as it is."""
    if len(work) == 1:
        return [await work[0]]
    ended = await settled(work)
    failed = [each for each in ended if isinstance(each, BaseException)]
    if failed:
        raise next((each for each in failed if not isinstance(each, asyncio.CancelledError)), failed[0])
    return [each for each in ended if not isinstance(each, BaseException)]


async def settled(work: Sequence[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """The result of each in order, or what it raised; the first failure cancels those that are still under way."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    return ended


class Meanwhile(Generic[T]):
    """Work that begins after some seconds, beside whatever its maker goes on with."""

    def __init__(self, seconds: float, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def result(self) -> T | None:
        """What comes of it; None if it had not begun, and then it never will."""
        self._timer.cancel()
        return None if self._task is None else await self._task

    async def drop(self) -> None:
        """End it, if it has not ended, and whatever it failed with."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
