"""Bringing back what a clock that ran ahead put off: no document may be due later than its alarm can ever mean.

A clock that is a year ahead for a minute leaves documents that are due in a year. Once it is right again they are found
by one query, which finds nothing as long as clocks are right.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from ..agenda import KEPT, Agenda, agenda_of, entry_of
from ..errors import Moved
from ..filters import AllOf, AnyOf, Between, Filter, Is, Value
from ..ports import Document, Patch, Writes
from ..records import AGENDA
from ..triggers import LONGEST_PAUSE, Alarm, Cron, Every, Idle, next_tick, share_of

BATCH = 500
TOLERANCE = timedelta(hours=1)
"""How much further clocks may differ before this counts as wrong."""


def latest(alarm: Alarm, now: datetime, longest_retry: timedelta) -> datetime:
    """The latest moment at which a document of an alarm can be due as seen from now."""
    pause = max(LONGEST_PAUSE, longest_retry)
    match alarm.trigger:
        case Every(step):
            return now + max(step, pause) + TOLERANCE
        case Cron(_, _, spread) as cron:
            return max(next_tick(cron, 0.0, now) + spread, now + pause) + TOLERANCE
        case Idle(gap):
            return now + max(gap + KEPT, pause) + TOLERANCE
    return now + pause + TOLERANCE


async def bring_back(agenda: Agenda, namespace: str, longest_retry: timedelta) -> int:
    """Make due what is due later than it can be: by the clock at its next tick, else now; returns how many."""
    scope, alarms, count = agenda_of(namespace), {alarm.id: alarm for alarm in agenda.alarms}, 0
    revision: int | None = None  # asked for once something was found
    while True:
        now = agenda.clock.now()
        late: list[Filter] = [
            AllOf(Is("job", alarm.id), Between("due_at", latest(alarm, now, longest_retry)))
            for alarm in alarms.values()
        ]
        page = await agenda.store.page(scope, AGENDA, AnyOf(*late), limit=BATCH)
        if not page.documents:
            return count
        if revision is None:
            revision = await agenda.store.revision(scope)
            continue
        patches = [Patch(AGENDA, one.id, _due(alarms[str(one.fields["job"])], one, now)) for one in page.documents]
        with suppress(Moved):
            writes = Writes(patch=tuple(patches), entry=entry_of(now, "bring back"))
            await agenda.store.commit(scope, writes, expect=revision)
            count += len(patches)
        revision = None


def _due(alarm: Alarm, held: Document, now: datetime) -> dict[str, Value]:
    freed: dict[str, Value] = {"owner": None, "until": None, "due_at": now}
    match alarm.trigger:
        case Every() | Cron() as ticking:
            return freed | {"due_at": next_tick(ticking, share_of(alarm.id, str(held.fields["user"])), now)}
        case Idle(gap):
            return freed | {"kept_until": now + gap + KEPT}
    return freed
