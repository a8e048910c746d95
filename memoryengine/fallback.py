"""Asking a model for something that one can do without: whatever goes wrong becomes a warning in the result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from .errors import MemoryEngineError
from .trace import note, warn

T = TypeVar("T")


async def best_effort(work: Awaitable[T], model: str, *, seconds: float, instead: str) -> T | None:
    """What `work` gives, or None where it fails or takes more than `seconds`.

    Then the result of the run has a warning: `instead` says in a sentence without its point what is done without the
    model, and the reason follows, as in "The question was searched as it is: ...". The cause stands in the trace too.
    A run that is cancelled from outside is cancelled.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        cause, said = "the model took too long", f"{model!r} did not answer within {seconds:g} seconds."
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        cause, said = "the model broke off", f"{model!r} broke off its own call."
    except MemoryEngineError as error:
        cause, said = type(error).__name__, error.message
    note(f"done without a model: {cause}")
    warn(f"{instead}: {said}")
    return None


def _is_cancelled() -> bool:
    """Whether somebody cancelled this task; a library may let out a `CancelledError` of its own."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
