"""What becomes of messages whose consolidation failed: tried again after a growing pause, in the end set aside.

A failure that says something about the messages is counted. After `limits.attempts` of them `load_messages` halves the
batch, again and again, so that the message at fault is in the end tried alone; when it has failed alone as often it is
set aside (quarantined), and the others go on. A failure that says nothing about them, as of an endpoint that cannot be
reached, makes them wait and is never held against them. What is kept of a failure is its kind, never a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .commits import COMMIT_ATTEMPTS, RunRecord, history_entry
from .errors import (
    ConfigError,
    MemoryEngineError,
    ModelAnswerError,
    ModelRefused,
    ModelUnavailable,
    Moved,
    StoreError,
    WorkerError,
)
from .filters import AllOf, Between, Is, Value
from .locks import ScopeLocks
from .ports import OLDEST_FIRST, Document, Patch, Store, Writes
from .reader import read_all
from .records import MESSAGES, PENDING, QUARANTINED
from .settings import Limits
from .values import Changes, Scope

NOT_WAITING: dict[str, Value] = {"retry_at": None, "outages": None}


@dataclass(frozen=True, slots=True)
class Setback:
    """What a failure does to a batch: new fields for its messages, and the one that is set aside."""

    patches: tuple[Patch, ...] = ()
    quarantined: str = ""


def is_about_messages(error: MemoryEngineError) -> bool:
    """Whether a failure counts as a try of the messages it happened with.

    An answer that cannot be used, a refusal of what was sent (a content filter, too long an input) and a worker that
    failed or took too long may be due to the messages. An endpoint that cannot be reached, a key or a model's name
    that is refused, a store or a config is not. What took too long is tried in smaller parts, but never set aside for
    it: the endpoint may be slow.
    """
    if isinstance(error, ModelRefused):
        return not error.access
    return isinstance(error, ModelAnswerError | WorkerError)


def took_too_long(error: MemoryEngineError) -> bool:
    """Whether a run ended at its time limit."""
    return isinstance(error, WorkerError) and isinstance(error.__cause__, TimeoutError)


def trouble_of(error: MemoryEngineError) -> str:
    """The kind of a failure in a few words, without a word of a person or a model."""
    match error:
        case ModelAnswerError():
            return "unusable answer"
        case ModelRefused():
            return "key or model refused" if error.access else "input refused"
        case ModelUnavailable():
            return "model unavailable"
        case WorkerError():
            return "took too long" if took_too_long(error) else "worker failed"
        case ConfigError():
            return "config at fault"
    return "failed"


def pause(failures: int, limits: Limits, draw: float) -> timedelta:
    """How long to wait after so many failures (from 1): doubling, between half and all of it by `draw` in [0, 1)."""
    # 2 ** 60 pauses are more than any limit, and more could not be told as a number
    longest = min(limits.retry_longest, limits.retry_seconds * 2.0 ** min(failures - 1, 60))
    return timedelta(seconds=longest * (1 - draw / 2))


def setback(
    waiting: Sequence[Document], alone: bool, error: MemoryEngineError, now: datetime, limits: Limits, draw: float
) -> Setback:
    """What a failure does to the messages of the batch that wait still; `alone` is whether one message was all of it.

    A batch waits as one: as long as its most tried message has to. Only what a message does alone is held against it,
    and its pauses begin anew then.
    """
    if not waiting:
        return Setback()
    counted, trouble = is_about_messages(error), trouble_of(error)
    name = "attempts" if counted else "outages"
    failures = {d.id: number(d, name) + 1 for d in waiting}
    if counted and alone:
        return _failed_alone(waiting[0], failures[waiting[0].id], error, now, limits, draw)
    retry_at = now + pause(max(failures.values()), limits, draw)
    told: dict[str, Value] = {"retry_at": retry_at, "trouble": trouble}
    return Setback(tuple(Patch(MESSAGES, d.id, {**told, name: failures[d.id]}) for d in waiting))


def _failed_alone(
    message: Document, failures: int, error: MemoryEngineError, now: datetime, limits: Limits, draw: float
) -> Setback:
    times = number(message, "alone") + (not took_too_long(error))
    fields: dict[str, Value] = {"attempts": failures, "alone": times or None, "trouble": trouble_of(error)}
    if times >= limits.attempts:
        fields |= {"state": QUARANTINED, **NOT_WAITING}
        return Setback((Patch(MESSAGES, message.id, fields),), message.id)
    fields["retry_at"] = now + pause(times or failures, limits, draw)
    return Setback((Patch(MESSAGES, message.id, fields),))


def cleared(others: Sequence[Document], limits: Limits) -> tuple[Patch, ...]:
    """What the others of a batch are told when the one at fault was found.

    They need not wait, and stand where one more failure halves their batch again: what failed with all of them may
    have been the model, and must not set one after the other aside.
    """
    most = limits.attempts - 1
    free: dict[str, Value] = {"alone": None, "trouble": None, **NOT_WAITING}
    return tuple(Patch(MESSAGES, d.id, {"attempts": min(number(d, "attempts"), most), **free}) for d in others)


async def record_setback(
    store: Store,
    scope: Scope,
    batch: Sequence[str],
    error: MemoryEngineError,
    run: RunRecord,
    limits: Limits,
    draw: float,
    locks: ScopeLocks,
) -> Setback:
    """Keep what a failure does to the messages with these ids; those that somebody else finished stay as they are."""
    async with locks.of(scope):
        for _ in range(COMMIT_ATTEMPTS):
            revision = await store.revision(scope)
            found = await store.get(scope, MESSAGES, batch)
            waiting = [d for d in found if d is not None and d.fields.get("state") == PENDING]
            what = setback(waiting, len(batch) == 1, error, run.at, limits, draw)
            patches = what.patches
            if what.quarantined:
                tried = AllOf(Is("state", PENDING), Between("attempts", 1))
                others = await read_all(store, scope, MESSAGES, tried)
                patches += cleared([d for d in others if d.id != what.quarantined], limits)
            if not patches:
                return what
            entry = history_entry(Changes(), run, 0) | {"failed": trouble_of(error)}
            entry |= {"quarantined": [what.quarantined] if what.quarantined else []}
            try:
                await store.commit(scope, Writes(patch=patches, entry=entry), expect=revision)
            except Moved:
                continue
            return what
    raise StoreError("What a failed run left could not be kept: commits of others came first.")


async def waits_until(store: Store, scope: Scope, now: datetime, limits: Limits) -> datetime | None:
    """When the oldest message that waits may be tried again; None if at once.

    Messages are consolidated in order, so the newer ones wait with it. A moment further away than any pause was set by
    a clock that was wrong, and nobody waits for it.
    """
    page = await store.page(scope, MESSAGES, Is("state", PENDING), order=OLDEST_FIRST, limit=1)
    at = page.documents[0].fields.get("retry_at") if page.documents else None
    furthest = now + timedelta(seconds=2 * limits.retry_longest)
    return at if isinstance(at, datetime) and now < at <= furthest else None


def number(document: Document, field: str) -> int:
    """A count among the fields of a message; 0 where it has none."""
    held = document.fields.get(field)
    return int(held) if isinstance(held, int | float) else 0
