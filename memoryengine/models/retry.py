"""Asking again what may pass: when, how often and how long; time, sleep and chance are arguments."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ..errors import ModelUnavailable

T = TypeVar("T")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
LONGEST_ASKED_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how often and how much one model may be asked for.

    `timeout` is seconds for one attempt, `total_timeout` seconds for all attempts of a call with their pauses,
    `retries` the attempts after the first, `concurrency` the attempts under way at once, `max_bytes` the length of the
    longest answer.
    """

    timeout: float = 60.0
    total_timeout: float = 180.0
    retries: int = 4
    concurrency: int = 8
    max_bytes: int = 8_000_000


@dataclass(frozen=True, slots=True)
class Effects:
    """Chance, sleep and time, so that a test can hold them still."""

    draw: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    sleep_sync: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


REAL = Effects()


class PassingFailure(Exception):
    """One attempt failed in a way that may pass; `wait` is how many seconds the endpoint asked to wait, if it did."""

    def __init__(self, message: str, *, wait: float | None = None, excerpt: str = "") -> None:
        super().__init__(message)
        self.message, self.wait, self.excerpt = message, wait, excerpt

    def final(self, more: str) -> ModelUnavailable:
        """The error for the caller when there is to be no next attempt; `more` says why."""
        return ModelUnavailable(self.message + more, excerpt=self.excerpt)


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds a `Retry-After` header asks for, given as seconds or as a date (RFC 9110, 10.2.3); else None."""
    text = (value or "").strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def pause(failed: int, wait: float | None, draw: float) -> float:
    """The seconds to wait after the `failed`-th failure (from 1): exponential with full jitter, on top of `wait`.

    `draw` is a chance in [0, 1). Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    What an endpoint asks for is honoured up to 60 seconds.
    """
    if wait is not None:
        return min(wait, LONGEST_ASKED_PAUSE) + draw * FIRST_PAUSE
    return draw * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failed - 1))


class Course:
    """The course of one call: how much time is left, and what to do after each failure."""

    def __init__(self, limits: Limits, effects: Effects) -> None:
        self._limits, self._effects = limits, effects
        self._start = effects.elapsed()
        self._failed = 0

    @property
    def remaining(self) -> float:
        """Seconds left of the total time, at least a millisecond so that a limit set to it is valid."""
        return max(0.001, self._limits.total_timeout - (self._effects.elapsed() - self._start))

    @property
    def attempt_limit(self) -> float:
        """Seconds the next attempt may take."""
        return min(self._limits.timeout, self.remaining)

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Time that does not count, because another has the turn: who reads a stream."""
        left = self._effects.elapsed()
        yield
        self._start += self._effects.elapsed() - left

    def pause_after(self, failure: PassingFailure) -> float:
        """Seconds to wait before the next attempt; raises `ModelUnavailable` when there is to be none."""
        self._failed += 1
        seconds = pause(self._failed, failure.wait, self._effects.draw())
        if self._failed > self._limits.retries or seconds >= self.remaining:
            times = "once" if self._failed == 1 else f"{self._failed} times"
            took = self._effects.elapsed() - self._start
            raise failure.final(
                f" It was asked {times} in {took:.1f} seconds. Try again later, or raise retries, timeout or "
                "total_timeout in its settings."
            ) from failure
        return seconds


async def retrying(attempt: Callable[[float], Awaitable[T]], limits: Limits, effects: Effects = REAL) -> T:
    """The result of `attempt`, which gets its time limit in seconds and raises `PassingFailure` to be asked again."""
    course = Course(limits, effects)
    while True:
        try:
            return await attempt(course.attempt_limit)
        except PassingFailure as failure:
            seconds = course.pause_after(failure)
        await effects.sleep(seconds)


def retrying_sync(attempt: Callable[[float], T], limits: Limits, effects: Effects = REAL) -> T:
    """As `retrying`, for code without an event loop."""
    course = Course(limits, effects)
    while True:
        try:
            return attempt(course.attempt_limit)
        except PassingFailure as failure:
            seconds = course.pause_after(failure)
        effects.sleep_sync(seconds)
