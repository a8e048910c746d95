"""The n-th sitting of a talk, found by walking from the nearer end.

A sitting is a session; messages without one belong together until a pause of six hours. From the start sittings are
counted by their first message, from the end by their last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from memoryengine.asked import Sessions
from memoryengine.filters import AllOf, Between, Filter, Is, Not
from memoryengine.ports import NEWEST_FIRST, OLDEST_FIRST, Reader
from memoryengine.values import PAUSE, Message

TICK = timedelta(microseconds=1)
FIRST_BATCH = 64


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session, or messages without one; from `start` to `end`, both included, as far as they were seen."""

    session: str
    start: datetime
    end: datetime


@dataclass(slots=True)
class _Walk:
    """The sittings seen so far, from one end of the talk on; `edge` is the last message that was looked at."""

    found: list[Sitting] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    loose: int = -1
    edge: datetime | None = None
    at_edge: set[str] = field(default_factory=set)

    def see(self, message: Message) -> None:
        """Count a message to its sitting, or to a new one."""
        if message.said_at != self.edge:
            self.edge, self.at_edge = message.said_at, set()
        self.at_edge.add(message.id)
        at = message.said_at
        if message.session:
            if message.session not in self.sessions:
                self.sessions.add(message.session)
                self.found.append(Sitting(message.session, at, at))
            return
        last = self.found[self.loose] if self.loose >= 0 else None
        if last and last.start - PAUSE < at < last.end + PAUSE:
            self.found[self.loose] = replace(last, start=min(last.start, at), end=max(last.end, at))
        else:
            self.loose = len(self.found)
            self.found.append(Sitting("", at, at))


async def _walk(reader: Reader, where: Filter, count: int, *, newest: bool) -> list[Sitting]:
    """The first `count` sittings from one end, or all if there are fewer; one without a session is seen to its end."""
    walk, size = _Walk(), FIRST_BATCH
    order = NEWEST_FIRST if newest else OLDEST_FIRST
    while True:
        wanted = [where, Not(Is("session", *sorted(walk.sessions)))] if walk.sessions else [where]
        if walk.edge:
            wanted.append(Between("said_at", high=walk.edge + TICK) if newest else Between("said_at", low=walk.edge))
        batch = await reader.messages(AllOf(*wanted), order=order, limit=size)
        for message in batch:
            if message.id not in walk.at_edge or message.said_at != walk.edge:
                walk.see(message)
        done = len(walk.found) >= count and (walk.loose < count - 1 or len(walk.found) > count)
        if done or len(batch) < size:
            return walk.found[:count]
        size *= 2


async def find_sittings(
    reader: Reader, wanted: Sessions, where: Filter, skip: int = 0
) -> tuple[Sitting, Sitting] | None:
    """The first and the last of the sittings wanted, among the messages that pass; None where there is no such.

    `skip` sittings at the end are not counted from there: the one that is being held. Of several wanted, those that
    there are count.
    """
    first, last = wanted
    ends = (first, last)
    from_start = await _walk(reader, where, max(ends), newest=False) if max(ends) > 0 else []
    back = [-n for n in ends if n < 0]
    from_end = (await _walk(reader, where, max(back) + skip, newest=True))[skip:] if back else []
    many = first != last
    a = _nth(from_start, first, many) if first > 0 else _nth(from_end, -first, many)
    b = _nth(from_start, last, many) if last > 0 else _nth(from_end, -last, False)
    if a is None or b is None or (first > 0 and first > len(from_start)):
        return None
    a, b = await _whole(reader, where, a), await _whole(reader, where, b)
    return (a, b) if a.start <= b.end else None


def _nth(found: Sequence[Sitting], n: int, many: bool) -> Sitting | None:
    """The n-th, or the farthest there is where it is but one end of several."""
    if n <= len(found):
        return found[n - 1]
    return found[-1] if many and found else None


async def _whole(reader: Reader, where: Filter, sitting: Sitting) -> Sitting:
    """The sitting with the moments of its first and last message; those of a session are looked up."""
    if not sitting.session:
        return sitting
    own = AllOf(where, Is("session", sitting.session))
    (first,) = await reader.messages(own, order=OLDEST_FIRST, limit=1)
    (last,) = await reader.messages(own, order=NEWEST_FIRST, limit=1)
    return replace(sitting, start=first.said_at, end=last.said_at)
