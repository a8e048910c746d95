"""The agenda: who is to be looked after when, as documents in a scope of the engine's own, and how they come there.

Each user has one document for each alarm of the schedule, with `due_at`. One without `due_at` rests. Whoever claims a
document sets `owner` and `until`, and `due_at` to the same moment: so one query by `due_at` finds what is due, and
also the claims of processes that died. `memoryengine.schedule` does the claiming; here is how users are noted.

**No wake-up is lost, and no message costs a commit.** Before a message is kept, its user is noted: the document of each
`idle` alarm must have a `due_at` (else it gets one), and says in `kept_until` how long it will be kept awake whatever
happens. For `REMEMBERED` the process then adds messages of this user without looking again. This is safe because

- a document is put to rest only after its `kept_until`, by a commit against the revision of the agenda, after a look
  at the user's messages which began later than `kept_until` too and found nothing new;
- a process trusts what it remembers only until `MARGIN` before `kept_until`. So a message that was added without a note
  is there when that last look is taken, unless adding it took, or clocks differ by, more than `MARGIN`. What took
  longer is seen by the process itself when the message is in, and it notes the user again;
- a note that comes between the look and the commit moves the revision, and the look is taken again;
- a process that dies between the note and the message leaves a document that wakes up for nothing.

What is left: a process that hangs for longer than `MARGIN` in the midst of adding a message and dies right after it was
added; and, as a deletion of a user takes the documents along, other processes that added for this user within the last
`REMEMBERED` do not note what they add in the rest of that time. Both wait for the user's next message, or for an alarm
by the clock.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from .errors import Moved, StoreError
from .filters import AllOf, Is, Value
from .locks import ScopeLocks
from .ports import Clock, Document, Json, Patch, Store, Writes
from .reader import read_all
from .records import AGENDA, ENGINE_USER, MESSAGES, PENDING
from .triggers import Alarm, Count, Cron, Every, Idle, next_tick, share_of
from .values import Scope

REMEMBERED = timedelta(seconds=60)
MARGIN = timedelta(minutes=5)
KEPT = timedelta(minutes=10)
"""How long beyond the gap a note keeps a document awake; more than `REMEMBERED` and `MARGIN` together."""

MOST_REMEMBERED = 20_000
ATTEMPTS = 100
BUSY = f"{ATTEMPTS} commits of others to the agenda came first, one after the other."

K = TypeVar("K")
V = TypeVar("V")


def agenda_of(namespace: str) -> Scope:
    """The scope that holds the agenda of a namespace."""
    return Scope(ENGINE_USER, namespace)


def entry_of(now: datetime, what: str) -> Json:
    """What history keeps of a commit to the agenda."""
    return {"at": now.isoformat(), "operation": "schedule", "trigger": what}


def moment(document: Document, name: str) -> datetime | None:
    """A field that holds a moment, if it does."""
    held = document.fields.get(name)
    return held if isinstance(held, datetime) else None


def first_entry(alarm: Alarm, user: str, now: datetime, due_at: datetime | None = None) -> Document:
    """The document of a user who has none for an alarm; its id names nobody, as ids outlive what they stood for."""
    fields: dict[str, Value] = {"job": alarm.id, "user": user, "due_at": due_at}
    match alarm.trigger:
        case Idle(gap):
            fields |= {"due_at": due_at or now + gap, "kept_until": now + gap + KEPT}
        case Every() | Cron() as ticking:
            fields["due_at"] = due_at or next_tick(ticking, share_of(alarm.id, user), now)
    return Document(secrets.token_hex(10), fields, {})


def noted(alarm: Alarm, held: Document, now: datetime) -> dict[str, Value]:
    """What a note changes in a document that is there; most often nothing."""
    if not isinstance(alarm.trigger, Idle):
        return {}
    gap, kept = alarm.trigger.gap, moment(held, "kept_until")
    if held.fields.get("due_at") is None:
        return {"due_at": now + gap, "kept_until": now + gap + KEPT}
    if kept is None or kept < now + REMEMBERED + MARGIN:
        return {"kept_until": now + gap + KEPT}
    return {}


class Bounded(Generic[K, V]):
    """A mapping that forgets what was set longest ago once it holds too much."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._held: OrderedDict[K, V] = OrderedDict()
        self._most = most

    def get(self, key: K) -> V | None:
        """What is held under a key."""
        return self._held.get(key)

    def set(self, key: K, value: V) -> None:
        """Hold something as the newest."""
        self._held.pop(key, None)
        self._held[key] = value
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._held.pop(key, None)


@dataclass(frozen=True, slots=True)
class Trusted:
    """Until when a note is trusted: by the clock, and by one that nobody can set back."""

    until: datetime
    ticks: float


@dataclass
class Agenda:
    """Notes users on the agenda as their messages come in; without alarms it does nothing."""

    store: Store
    clock: Clock
    alarms: tuple[Alarm, ...]
    ticks: Callable[[], float] = time.monotonic
    _trusted: Bounded[Scope, Trusted] = field(default_factory=Bounded)
    _left: Bounded[tuple[str, Scope], int] = field(default_factory=Bounded)
    _waiting: dict[Scope, None] = field(default_factory=dict)
    _turns: ScopeLocks = field(default_factory=ScopeLocks)

    async def coming(self, scope: Scope) -> None:
        """Note the user of a scope before messages are kept.

        Raises nothing: if the agenda cannot be written, `came` tries again, and after that the next message.
        """
        if self.alarms and not self._trusts(scope):
            with suppress(StoreError):
                await self._note(scope)

    async def came(self, scope: Scope, messages: int) -> None:
        """Say that so many messages of a user were kept; raises nothing."""
        if not self.alarms:
            return
        await self.coming(scope)
        for alarm in self.alarms:
            if isinstance(alarm.trigger, Count):
                with suppress(StoreError):
                    await self._count(alarm, alarm.trigger.messages, scope, messages)

    async def again(self, scope: Scope) -> None:
        """Say that messages wait again that were there before, so that no look takes them for seen; raises nothing."""
        idle = [alarm for alarm in self.alarms if isinstance(alarm.trigger, Idle)]
        with suppress(StoreError):
            await self._enter(agenda_of(scope.namespace), [scope.user], idle, first_entry, _unseen)

    async def forget(self, scope: Scope) -> None:
        """Delete all documents of a user, whose name stands in them; raises as `Store.purge` does."""
        self._trusted.drop(scope)
        for alarm in self.alarms:
            self._left.drop((alarm.id, scope))
        agenda, mine = agenda_of(scope.namespace), Is("user", scope.user)
        if await self.store.count(agenda, AGENDA, mine):
            await self.store.purge(agenda, [(AGENDA, mine)], entry=entry_of(self.clock.now(), "forget"))

    async def note_all(self, namespace: str, users: Sequence[str], changed: frozenset[str]) -> None:
        """Note users who may have messages from before there was a schedule.

        A look at each is due within the gap of its alarm, at a moment of its own. The alarms in `changed` have other
        ticks than before, which hold from now on; what is overdue stays so.
        """
        agenda = agenda_of(namespace)

        def first(alarm: Alarm, user: str, now: datetime) -> Document:
            gap = alarm.trigger.gap if isinstance(alarm.trigger, Idle) else None
            return first_entry(alarm, user, now, None if gap is None else now + gap * share_of(alarm.id, user))

        def again(alarm: Alarm, held: Document, now: datetime) -> dict[str, Value]:
            ticking, due_at = alarm.trigger, moment(held, "due_at")
            if alarm.id not in changed or not isinstance(ticking, Every | Cron):
                return {}
            if held.fields.get("owner") or due_at is None or due_at <= now:
                return {}
            return {"due_at": next_tick(ticking, share_of(alarm.id, str(held.fields["user"])), now)}

        noting = [alarm for alarm in self.alarms if not isinstance(alarm.trigger, Count)]
        await self._enter(agenda, users, noting, first, again)

    # --- notes --------------------------------------------------------------------------------------------------

    def _trusts(self, scope: Scope) -> bool:
        held = self._trusted.get(scope)
        return held is not None and self.clock.now() < held.until and self.ticks() < held.ticks

    async def _note(self, scope: Scope) -> None:
        """Note a user, and with the same commit all others who wait for their turn."""
        agenda = agenda_of(scope.namespace)
        self._waiting[scope] = None
        async with self._turns.of(agenda):
            if scope not in self._waiting and self._trusts(scope):
                return  # the one before took this user along
            together = {scope: None} | {one: None for one in list(self._waiting) if one.namespace == scope.namespace}
            for one in together:
                self._waiting.pop(one, None)
            began, ticks = self.clock.now(), self.ticks()
            noting = [alarm for alarm in self.alarms if not isinstance(alarm.trigger, Count)]
            await self._enter(agenda, [one.user for one in together], noting, first_entry, noted)
            for one in together:
                self._trusted.set(one, Trusted(began + REMEMBERED, ticks + REMEMBERED.total_seconds()))

    async def _count(self, alarm: Alarm, wanted: int, scope: Scope, messages: int) -> None:
        """Look how many messages wait once this process has added so many that there may be enough.

        Of a user of whom it knows nothing yet any number may: those that processes before it have added.
        """
        held = self._left.get((alarm.id, scope))
        left = held - messages if held is not None else 0
        if left <= 0:
            waiting = await self.store.count(scope, MESSAGES, Is("state", PENDING))
            left = wanted - waiting
            if waiting >= wanted:
                left = wanted
                agenda = agenda_of(scope.namespace)
                async with self._turns.of(agenda):  # many at once would only overtake each other
                    await self._enter(agenda, [scope.user], [alarm], _now, _now_again)
        self._left.set((alarm.id, scope), left)

    async def _enter(
        self,
        agenda: Scope,
        users: Sequence[str],
        alarms: Sequence[Alarm],
        first: Callable[[Alarm, str, datetime], Document],
        again: Callable[[Alarm, Document, datetime], dict[str, Value]],
    ) -> None:
        """Make or change the documents of some users, in one commit, or in none if all is as it should be."""
        if not alarms:
            return
        which = AllOf(Is("user", *users), Is("job", *(alarm.id for alarm in alarms)))
        for _ in range(ATTEMPTS):
            revision = await self.store.revision(agenda)
            held = {_key(one): one for one in await read_all(self.store, agenda, AGENDA, which)}
            now = self.clock.now()
            pairs = [(alarm, user) for alarm in alarms for user in users]
            put = [first(alarm, user, now) for alarm, user in pairs if (alarm.id, user) not in held]
            there = [(alarm, held[alarm.id, user]) for alarm, user in pairs if (alarm.id, user) in held]
            patch = [(one.id, fields) for alarm, one in there if (fields := again(alarm, one, now))]
            if not put and not patch:
                return
            with suppress(Moved):
                await self.store.commit(agenda, _writes(put, patch, now), expect=revision)
                return
        raise StoreError(BUSY)


def _writes(put: Iterable[Document], patch: Iterable[tuple[str, dict[str, Value]]], now: datetime) -> Writes:
    patches = tuple(Patch(AGENDA, id_, fields) for id_, fields in patch)
    return Writes(put=tuple((AGENDA, one) for one in put), patch=patches, entry=entry_of(now, "note"))


def _key(document: Document) -> tuple[Value, Value]:
    return document.fields.get("job"), document.fields.get("user")


def _now(alarm: Alarm, user: str, now: datetime) -> Document:
    return first_entry(alarm, user, now, now)


def _unseen(alarm: Alarm, held: Document, now: datetime) -> dict[str, Value]:
    forgotten: dict[str, Value] = {"seen": None} if held.fields.get("seen") else {}
    return noted(alarm, held, now) | forgotten


def _now_again(alarm: Alarm, held: Document, now: datetime) -> dict[str, Value]:  # noqa: ARG001  # as `noted`
    return {} if held.fields.get("due_at") else {"due_at": now}
