"""What an alarm finds when its moment has come: whether there is something to do for this user, and what comes next."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import StoreError
from ..filters import AllOf, Between, Has, Is
from ..ports import Sort, Store
from ..records import MESSAGES, PENDING
from ..triggers import Alarm, Count, Idle, next_tick, pause_after, share_of
from ..values import Scope
from .claims import Claim, Ending

NEWEST = (Sort("recorded_at", descending=True),)
OTHERS_PAUSE = timedelta(minutes=1)
LEAST_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What a user's messages looked like to one alarm; `at` is when the look began."""

    at: datetime
    messages: int = 0
    newest: datetime | None = None
    waiting: int = 0

    @property
    def seen(self) -> str:
        """A text that differs once a message came or went."""
        return f"{self.messages} {self.newest.isoformat() if self.newest else ''}"


async def look_at(store: Store, scope: Scope, alarm: Alarm, now: datetime) -> Look:
    """Look at a user's messages as far as an alarm needs it; a message from the future is not the newest one."""
    match alarm.trigger:
        case Idle():
            newest = await store.page(scope, MESSAGES, Between("recorded_at", None, now), order=NEWEST, limit=1)
            at = [document.fields.get("recorded_at") for document in newest.documents]
            moments = [one for one in at if isinstance(one, datetime)]
            return Look(now, await store.count(scope, MESSAGES), moments[0] if moments else None)
        case Count():
            waiting = await store.count(scope, MESSAGES, Is("state", PENDING))
            return Look(now, await store.count(scope, MESSAGES), waiting=waiting)
    return Look(now)


def nothing_to_do(claim: Claim, look: Look) -> Ending | None:
    """The end of a claim that needs no run, None if it does need one."""
    match claim.alarm.trigger:
        case Idle(gap):
            if look.newest is not None and look.newest + gap > look.at:
                return Ending(claim, look.newest + gap, claim.failures, claim.seen)
            if look.messages == 0 or look.seen == claim.seen:
                return Ending(claim, None, seen=claim.seen, looked_at=look.at, by=_next_look(look, gap, look.at))
        case Count(messages) if look.waiting < (1 if claim.failures else messages):  # what failed need not be so many
            return Ending(claim, None, looked_at=look.at)
    return None


async def after_run(store: Store, scope: Scope, claim: Claim, look: Look, now: datetime, chance: float) -> Ending:
    """The end of a claim whose run went well."""
    if isinstance(claim.alarm.trigger, Idle | Count) and (retry_at := await _next_retry(store, scope)) is not None:
        failures = claim.failures + 1
        # Else it came due while the run was under way, or the run is not for it.
        return Ending(claim, retry_at if retry_at > now else now + pause_after(failures, chance), failures)
    match claim.alarm.trigger:
        case Idle(gap):
            return Ending(claim, None, seen=look.seen, looked_at=look.at, by=_next_look(look, gap, now))
        case Count(messages):
            again = await look_at(store, scope, claim.alarm, now)
            many = again.waiting >= messages and again.messages - look.messages >= messages
            return Ending(claim, now if many else None, looked_at=look.at)
        case ticking:
            # After the tick that was claimed, not after the run: ticks that passed meanwhile make one run together.
            return Ending(claim, next_tick(ticking, share_of(claim.alarm.id, claim.user), claim.at))


async def after_failure(store: Store, scope: Scope, claim: Claim, now: datetime, chance: float) -> Ending:
    """The end of a claim whose run failed: it is tried again after a pause that grows.

    Where messages say themselves when they are to be tried again, an alarm that follows messages goes by them.
    """
    failures = claim.failures + 1
    at = now + pause_after(failures, chance)
    if isinstance(claim.alarm.trigger, Idle | Count):
        with suppress(StoreError):
            retry_at = await _next_retry(store, scope)
            at = retry_at if retry_at is not None and retry_at > now else at
    return Ending(claim, at, failures, claim.seen)


def after_others(claim: Claim, now: datetime) -> Ending:
    """The end of a claim whose run was left to another process: look again soon what became of it."""
    return Ending(claim, now + OTHERS_PAUSE, claim.failures, claim.seen)


def _next_look(look: Look, gap: timedelta, now: datetime) -> datetime:
    """When to look again at a user who is kept awake: a gap later, for whoever speaks now is due no earlier.

    With a gap of seconds that would be often, so it is less so the longer they have been silent.
    """
    silence = now - look.newest if look.newest is not None else LEAST_PAUSE
    return now + max(gap, LEAST_PAUSE, silence / 4)


async def _next_retry(store: Store, scope: Scope) -> datetime | None:
    """When the first of the messages is to be tried again that wait after a failure."""
    where = AllOf(Is("state", PENDING), Has("retry_at"))
    first = await store.page(scope, MESSAGES, where, order=(Sort("retry_at"),), limit=1)
    held = [document.fields.get("retry_at") for document in first.documents]
    return held[0] if held and isinstance(held[0], datetime) else None
