"""Noting the users who were there before the schedule, or before one of its alarms: once for each, then never again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..agenda import Agenda, agenda_of, entry_of
from ..errors import Moved
from ..ports import Document, FilterQuery, Store, Writes
from ..records import AGENDA, ENGINE_USER, MEMORIES, MESSAGES
from ..triggers import Alarm, Count
from ..values import Scope

BATCH = 200
AT_ONCE = 8


async def take_up(agenda: Agenda, namespace: str, stopped: Callable[[], bool]) -> int:
    """Note every user of a namespace for the alarms that are new or have other ticks; returns how many users.

    What is done is marked in the agenda, one document an alarm, so that the next start reads nothing but the marks. A
    pass that was stopped, or whose process died, is done again from the beginning; what it noted is found noted.
    """
    marks = {_mark_id(alarm): alarm for alarm in agenda.alarms if not isinstance(alarm.trigger, Count)}
    held = await agenda.store.get(agenda_of(namespace), AGENDA, list(marks))
    done = {one.id: one.body.get("spec") for one in held if one is not None}
    lacking = [alarm for id_, alarm in marks.items() if done.get(id_) != alarm.spec]
    if not lacking:
        return 0
    changed = frozenset(alarm.id for alarm in lacking if _mark_id(alarm) in done)
    count, last = 0, ""
    while users := await agenda.store.scopes(namespace, after=last, limit=BATCH):
        if stopped():
            return count
        last = users[-1]
        known = await _with_content(agenda.store, namespace, [name for name in users if name != ENGINE_USER])
        await agenda.note_all(namespace, known, changed)
        count += len(known)
    await _mark(agenda, namespace, lacking)
    return count


async def _with_content(store: Store, namespace: str, users: Sequence[str]) -> list[str]:
    """Those who have a message or a memory: of a user who was deleted only the name is left, and it stays off."""
    found: list[str] = []
    queries = (FilterQuery(MESSAGES, top_k=1), FilterQuery(MEMORIES, top_k=1))
    for start in range(0, len(users), AT_ONCE):
        some = users[start : start + AT_ONCE]
        answers = await asyncio.gather(*(store.search(Scope(name, namespace), queries) for name in some))
        found += [name for name, matches in zip(some, answers, strict=True) if any(matches)]
    return found


async def _mark(agenda: Agenda, namespace: str, alarms: Sequence[Alarm]) -> None:
    scope = agenda_of(namespace)
    marks = [Document(_mark_id(alarm), {"job": "taken up"}, {"spec": alarm.spec}) for alarm in alarms]
    writes = Writes(put=tuple((AGENDA, one) for one in marks), entry=entry_of(agenda.clock.now(), "take up"))
    while True:
        with suppress(Moved):
            await agenda.store.commit(scope, writes, expect=await agenda.store.revision(scope))
            return


def _mark_id(alarm: Alarm) -> str:
    return f"taken up/{alarm.id}"
