"""A scheduler in the background of a program's event loop: `engine.start()` and `engine.stop()`."""

from __future__ import annotations

import asyncio
import traceback
from typing import Protocol

from ..engine import Engine
from ..errors import ConfigError
from .claims import Ran
from .scheduler import GRACE_SECONDS, Scheduler
from .waiting import Told, log_run, logger

NO_JOBS = (
    "The config has no schedule. Add one, as in `schedule: {consolidate: {operation: consolidate_memory, "
    "idle_minutes: 30}}`; the shipped configs have one to extend."
)

ANSWER_SECONDS = 5.0


class Owner(Protocol):
    """Whoever must not be forgotten while its schedule runs: an engine that nobody else holds is closed."""


class Background:
    """The one scheduler that an engine runs, if it was started."""

    def __init__(self) -> None:
        self._scheduler: Scheduler | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, engine: Engine, owner: Owner, told: Told = log_run) -> None:
        """Begin in the running loop; a second call does nothing. Raises `ConfigError` where no job is configured."""
        if self._task is not None and not _has_ended(self._task):
            return
        self._scheduler = scheduler_of(engine, told)
        self._task = asyncio.create_task(_attend(self._scheduler, owner), name="memoryengine schedule")

    async def stop(self, seconds: float = GRACE_SECONDS) -> None:
        """Wait until what is under way has ended, or give it up after so many seconds, or when this is cancelled."""
        task, scheduler = self._task, self._scheduler
        if task is None or scheduler is None:
            return
        home = task.get_loop()
        if not _has_ended(task) and home is asyncio.get_running_loop():
            await _stopped(task, scheduler, seconds)
        elif not _has_ended(task) and home.is_running():
            there = asyncio.run_coroutine_threadsafe(_stopped(task, scheduler, seconds), home)
            # That loop may end before it answers.
            await asyncio.wait([asyncio.wrap_future(there)], timeout=seconds + ANSWER_SECONDS)
        if self._task is task:
            self._task = self._scheduler = None


def _has_ended(task: asyncio.Task[None]) -> bool:
    return task.done() or task.get_loop().is_closed()


async def _stopped(task: asyncio.Task[None], scheduler: Scheduler, seconds: float) -> None:
    scheduler.stop(seconds)
    await asyncio.gather(task, return_exceptions=True)


async def _attend(scheduler: Scheduler, owner: Owner) -> None:  # noqa: ARG001  # held as long as this runs
    try:
        await scheduler.run()
    except Exception as error:
        place = "".join(traceback.format_tb(error.__traceback__))
        logger.error("The schedule ended with a %s that nobody foresaw.\n%s", type(error).__name__, place)
        raise


def scheduler_of(engine: Engine, told: Told = log_run) -> Scheduler:
    """A scheduler for the jobs of an engine's config; raises `ConfigError` where there is none."""
    if not engine.agenda.alarms:
        raise ConfigError(NO_JOBS)
    return Scheduler(engine, told=told)


async def run_due(engine: Engine, limit: int | None = None, told: Told = log_run) -> tuple[Ran, ...]:
    """Do once what is due, and say what was done."""
    done: list[Ran] = []

    def tell(ran: Ran) -> None:
        done.append(ran)
        told(ran)

    await scheduler_of(engine, tell).run_due(limit)
    return tuple(done)
