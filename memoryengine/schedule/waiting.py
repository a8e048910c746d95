"""The two things of the world outside that a scheduler touches beside engine and store: waiting, and telling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from .claims import Ran

Pause = Callable[[float, asyncio.Event], Awaitable[None]]
"""Waits so many seconds of the clock that the engine goes by, or until the event is set if that comes first."""

Told = Callable[[Ran], None]
"""Hears of each run that ended."""

logger = logging.getLogger("memoryengine.schedule")


async def wait_for(seconds: float, wake: asyncio.Event) -> None:
    """Wait as the machine's clock goes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


def log_run(ran: Ran) -> None:
    """One line a run in the log `memoryengine.schedule`: a failed one as a warning, others as information."""
    logger.log(logging.WARNING if ran.outcome == "failed" else logging.INFO, "%s", ran)
