"""The same work for many users at once: bounded, each user for themselves, and told as soon as it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from .errors import MemoryEngineError
from .results import Result
from .together import together

APART = 0.01
"""Seconds between the first users: at once, all would read their messages before the first asks a model."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one user: the result, or the error that ended it; one of the two is None."""

    user: str
    result: Result | None = None
    error: MemoryEngineError | None = None


async def for_users(
    users: Iterable[str],
    work: Callable[[str], Awaitable[Result]],
    concurrency: int,
    told: Callable[[Done], None] | None = None,
) -> tuple[Done, ...]:
    """Do `work` for each user, for `concurrency` of them at a time, and return what became of each, in their order.

    The next user begins as soon as one is done, so one with much to do holds up nobody but whoever waits for the last.
    An error of the engine ends the work of its user alone; anything else, and a cancellation, ends everything.
    """
    waiting = list(dict.fromkeys(users))
    found: dict[str, Done] = {}
    coming = iter(waiting)

    async def serve(place: int) -> None:
        await asyncio.sleep(place * APART)
        for user in coming:
            try:
                done = Done(user, result=await work(user))
            except MemoryEngineError as error:
                done = Done(user, error=error)
            found[user] = done
            if told is not None:
                told(done)

    await together([serve(place) for place in range(min(max(1, concurrency), len(waiting)))])
    return tuple(found[user] for user in waiting)
