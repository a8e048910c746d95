"""When a job of the schedule is due, as pure functions of moments: idle gap, message count, interval and cron.

A job may have several triggers; each of them is an `Alarm`, and each user has one entry on the agenda for each alarm.
Intervals and cron expressions name ticks in time for themselves; idle gap and count follow a user's messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

LONGEST_MINUTES = 366 * 24 * 60

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What a config says of one job: an operation, and one or more of its triggers.

    `idle_minutes` after a user's last message; as soon as `messages` of them wait to be consolidated; every
    `every_minutes`; at the times of a `cron` expression (minute, hour, day, month, weekday) in the config's time zone.
    """

    operation: str
    idle_minutes: float | None = None
    messages: int | None = None
    every_minutes: float | None = None
    cron: str | None = None

    def __post_init__(self) -> None:
        given = (self.idle_minutes, self.messages, self.every_minutes, self.cron)
        wrong = [] if any(one is not None for one in given) else [NO_TRIGGER]
        if self.idle_minutes is not None and not 0 <= self.idle_minutes <= LONGEST_MINUTES:
            wrong.append(f"`idle_minutes` must lie between 0 and {LONGEST_MINUTES}, not {self.idle_minutes:g}")
        if self.messages is not None and self.messages < 1:
            wrong.append(f"`messages` must be at least 1, not {self.messages}")
        if self.every_minutes is not None and not 1 <= self.every_minutes <= LONGEST_MINUTES:
            wrong.append(f"`every_minutes` must lie between 1 and {LONGEST_MINUTES}, not {self.every_minutes:g}")
        if self.cron is not None and (trouble := _cron_trouble(self.cron)):
            wrong.append(trouble)
        if wrong:
            raise ValueError(*wrong)


NO_TRIGGER = "it has no trigger: give it idle_minutes, messages, every_minutes or cron"


@dataclass(frozen=True, slots=True)
class Idle:
    """Due when this long has passed since a user's last message."""

    gap: timedelta


@dataclass(frozen=True, slots=True)
class Count:
    """Due as soon as so many messages of a user wait to be consolidated."""

    messages: int


@dataclass(frozen=True, slots=True)
class Every:
    """Due in fixed steps of time; each user has a phase of its own in the step, so that they do not come together."""

    step: timedelta


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at the times of a cron expression in a zone, each user up to `spread` later, always by the same time.

    A time that the clocks skip in spring is due right after the gap, and one that comes twice in autumn is due once;
    expressions with `*` or `*/n` for the hour follow the time that passes. (As Debian's cron does.)
    """

    expression: str
    zone: ZoneInfo
    spread: timedelta = timedelta(0)


Ticking = Every | Cron
Trigger = Idle | Count | Ticking
KINDS: Mapping[type, str] = {Idle: "idle", Count: "messages", Every: "every", Cron: "cron"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One trigger of one job."""

    job: str
    operation: str
    trigger: Trigger

    @property
    def id(self) -> str:
        """How the agenda calls it; the same when only the figures of the trigger change."""
        return f"{self.job}/{KINDS[type(self.trigger)]}"

    @property
    def spec(self) -> str:
        """The ticks it stands for, as a text that differs where they do; empty where it follows messages."""
        match self.trigger:
            case Every(step):
                return f"every {step.total_seconds():g} s"
            case Cron(expression, zone, spread):
                return f"cron {expression} {zone.key} {spread.total_seconds():g} s"
        return ""


def alarms_of(jobs: Mapping[str, JobSettings | None], zone: ZoneInfo, spread: timedelta) -> tuple[Alarm, ...]:
    """The alarms of all jobs; a job that is None was switched off."""
    found: list[Alarm] = []
    for name, job in jobs.items():
        if job is not None:
            found += [Alarm(name, job.operation, trigger) for trigger in _triggers(job, zone, spread)]
    return tuple(found)


def _triggers(job: JobSettings, zone: ZoneInfo, spread: timedelta) -> list[Trigger]:
    found: list[Trigger] = []
    if job.idle_minutes is not None:
        found.append(Idle(timedelta(minutes=job.idle_minutes)))
    if job.messages is not None:
        found.append(Count(job.messages))
    if job.every_minutes is not None:
        found.append(Every(timedelta(minutes=job.every_minutes)))
    if job.cron is not None:
        found.append(Cron(job.cron, zone, spread))
    return found


def next_tick(trigger: Ticking, share: float, after: datetime) -> datetime:
    """The first tick after a moment, in UTC, for a user whose `share` of the phase or spread lies in [0, 1)."""
    if isinstance(trigger, Every):
        phase = BEGAN + trigger.step * share
        return phase + trigger.step * ((after - phase) // trigger.step + 1)
    offset = trigger.spread * share
    base = (after - offset).astimezone(UTC).replace(second=0, microsecond=0)  # ticks are whole minutes
    return _next_cron(trigger.expression, trigger.zone, base) + offset


def share_of(*names: str) -> float:
    """A number in [0, 1) that is always the same for these names and evenly spread over many."""
    digest = blake2b("\x1f".join(names).encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def pause_after(failures: int, chance: float) -> timedelta:
    """How long a job rests that failed so often in a row: a minute, doubled each time, 6 hours at most.

    `chance` in [0, 1) takes up to a quarter off, so that what failed together does not come back together.
    """
    doublings: int = min(max(failures - 1, 0), 20)
    grown = min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
    return grown * (1 - chance / 4)


@lru_cache(maxsize=1024)
def _next_cron(expression: str, zone: ZoneInfo, after: datetime) -> datetime:
    # From a little earlier on: where clocks are set back, the library may begin with a time that has passed.
    ticks = CronSim(expression, (after - timedelta(hours=3)).astimezone(zone))
    while (tick := next(ticks).astimezone(UTC)) <= after:
        pass
    return tick


def _cron_trouble(expression: str) -> str:
    try:
        next(CronSim(expression, BEGAN))
    except CronSimError as error:
        said = str(error) or "it cannot be read"
        hint = "write as in 0 3 * * * (minute hour day month weekday)"
        return f"`cron` is {expression!r}: {said[0].lower()}{said[1:]}; {hint}"
    except StopIteration:
        return f"`cron` is {expression!r}, and no such day ever comes"
    return ""
