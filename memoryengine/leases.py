"""One run at a time: a lease on an operation of one user, so that two processes do not ask a model the same thing.

A lease saves model calls and nothing else: commits are safe without it, and clocks that disagree cost work, never
correctness. It is the document `lease/<operation>` of the user's own scope, taken and renewed by commits against the
revision, so that of two who want it at once one gets it. It runs out by itself when its process dies.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from .commits import COMMIT_ATTEMPTS, RunRecord, history_entry
from .errors import Moved, StoreError
from .filters import Value
from .locks import ScopeLocks
from .ports import Clock, Document, Patch, Store, Writes
from .records import AGENDA
from .values import Changes, Scope

LEASE = "lease"
LEFT_TO_OTHERS = "another process is working on this"
"""How the reason begins for which a run ends that finds the lease taken."""
CLOSED_MEANWHILE = (
    "This engine was closed while it worked on this. What was not committed yet is as before: make a new engine and "
    "call it again."
)
STOPPING_SECONDS = 5.0
RENEWALS = 3
"""How often a lease is renewed within its length."""


class LeaseTaken(Exception):
    """Another run holds the lease; `until` is when it runs out if nobody renews it."""

    def __init__(self, operation: str, until: datetime) -> None:
        self.until = until
        self.reason = (
            f"{LEFT_TO_OTHERS}: a run of {operation} is under way for this user, "
            f"and what it takes on is left to it (its lease lasts until {until:%H:%M:%S} UTC unless renewed)"
        )
        super().__init__(self.reason)


class LeaseMoved(Exception):
    """The lease is taken, but somebody committed since the run began: what it has read may be done already."""


def is_live(lease: Document | None, now: datetime) -> bool:
    """Whether somebody holds a lease at this moment.

    One that lasts more than twice its length from now was taken by a clock that runs ahead, or this one was set back:
    nobody waits for it.
    """
    until = lease.fields.get("until") if lease is not None else None
    if lease is None or not isinstance(until, datetime):
        return False
    length = timedelta(seconds=float(lease.body.get("seconds", 0)))
    return now < until <= now + 2 * length


@dataclass(eq=False)
class Lease:
    """The lease that one call of an operation may take, for `seconds` at a time; given back at the end of the `with`.

    It is taken when the first worker that may ask the chat model is about to run, so that a call that finds nothing to
    do writes nothing. `under_way` holds it as long as the `with` lasts, for `stopped` to end it.
    """

    store: Store
    scope: Scope
    operation: str
    seconds: float
    clock: Clock
    locks: ScopeLocks
    owner: str = field(default_factory=lambda: secrets.token_hex(10))
    under_way: set[Lease] = field(default_factory=set)
    _task: asyncio.Task[Any] | None = None
    _cancelled_before: int = 0
    _stopping: bool = False
    _ended: Future[None] = field(default_factory=Future)
    _at: int | None = None
    _held: bool = False
    _asked: bool = False
    _taking: asyncio.Task[bool] | None = None
    _renewing: asyncio.Task[None] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def id(self) -> str:
        """The id of its document."""
        return f"{LEASE}/{self.operation}"

    @property
    def held(self) -> bool:
        """Whether this call took it."""
        return self._held

    @property
    def at(self) -> int | None:
        """The newest revision of the scope at which it is known to be held; None where that is not known.

        Whoever commits against it, and succeeds, has shown that nobody committed since, and so need not ask before.
        """
        return self._at

    def committed(self, expected: int, made: int | None) -> None:
        """Tell that a commit of its run led from the revision `expected` to `made`; None where that is not known."""
        self._at = made if expected == self._at else None

    async def take(self, read_at: int) -> None:
        """Take the lease, unless this call holds it already; `read_at` is the revision at which the run began.

        Raises `LeaseTaken` if another run holds it, `LeaseMoved` if it is taken but the scope has moved since.
        """
        async with self._turn:
            if self._held:
                return
            self._asked = True  # it may be held though its commit did not return: its answer was lost, or the run ended
            # As a task, so that a cancelled run can see what became of a commit that its store carries through.
            self._taking = self._taking or asyncio.create_task(self._take(read_at), name=f"take {self.id}")
            try:
                moved = await asyncio.shield(self._taking)
            except LeaseTaken:
                self._asked = False
                raise
            finally:
                if self._taking.done():
                    self._taking = None
            self._held = True
            self._renewing = asyncio.create_task(self._renew(), name=f"renew {self.id}")
        if moved:
            raise LeaseMoved

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancelled_before = self._task.cancelling()
        self.under_way.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.under_way.discard(self)
        try:
            if self._asked:  # a second cancellation stops the waiting, and not what is waited for
                giving_back = asyncio.create_task(self._give_back(), name=f"give back {self.id}")
                giving_back.add_done_callback(lambda _: self._ended.set_result(None))
                await asyncio.shield(giving_back)
            else:
                self._ended.set_result(None)
        finally:
            ours_alone = self._take_back_cancellation()
        if kind is asyncio.CancelledError and ours_alone:
            raise StoreError(CLOSED_MEANWHILE) from error

    def _take_back_cancellation(self) -> bool:
        """Whether the run was cancelled by `stop` and nobody else, told as `asyncio.timeout` tells its own."""
        if not self._stopping or self._task is None:
            return False
        return self._task.uncancel() <= self._cancelled_before

    def _stop(self) -> None:
        if self in self.under_way and self._task is not None and not self._stopping:
            self._stopping = self._task.cancel()

    def stop(self) -> Future[None] | None:
        """Cancel the run around it, from any loop, so that it raises `StoreError`; what is done when it has ended.

        None where nothing can be waited for: the run called this itself, or its event loop has ended.
        """
        if self._task is None or self._task is asyncio.current_task():
            return None
        try:
            self._task.get_loop().call_soon_threadsafe(self._stop)
        except RuntimeError:
            return None
        return self._ended

    async def _give_back(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        await asyncio.gather(*filter(None, (self._taking, self._renewing)), return_exceptions=True)
        self._held = self._asked = False
        # One that cannot be given back runs out, and the work of the run must not fail for it.
        with suppress(StoreError):
            await self._extend(timedelta(0))

    async def _take(self, revision: int) -> bool:
        moved = False
        for _ in range(COMMIT_ATTEMPTS):
            (held,) = await self.store.get(self.scope, AGENDA, [self.id])
            now = self.clock.now()
            if held is not None and held.fields.get("owner") != self.owner and is_live(held, now):
                raise LeaseTaken(self.operation, _until(held))
            until = now + timedelta(seconds=self.seconds)
            fields: dict[str, Value] = {"job": self.operation, "owner": self.owner, "until": until}
            lease = Document(self.id, fields, {"seconds": self.seconds})
            with suppress(Moved):
                self._at = await self._commit(Writes(put=((AGENDA, lease),)), now, revision)
                return moved
            moved = True
            revision = await self.store.revision(self.scope)
        raise StoreError(f"{COMMIT_ATTEMPTS} commits of others came before the lease; run it again later.")

    async def _renew(self) -> None:
        """Keep the lease until this task is cancelled or somebody else has it."""
        while True:
            await asyncio.sleep(self.seconds / RENEWALS)
            with suppress(StoreError):  # the next time is soon enough
                if not await self._extend(timedelta(seconds=self.seconds)):
                    return

    async def _extend(self, by: timedelta) -> bool:
        """Let the lease last this long from now; False if it is no longer this run's own."""
        revision = self._at
        while True:
            if revision is None:
                revision = await self.store.revision(self.scope)
                (held,) = await self.store.get(self.scope, AGENDA, [self.id])
                if held is None or held.fields.get("owner") != self.owner:
                    return False
            now = self.clock.now()
            try:
                writes = Writes(patch=(Patch(AGENDA, self.id, {"until": now + by}),))
                self._at = await self._commit(writes, now, revision)
            except Moved:
                revision = None
            else:
                return True

    async def _commit(self, writes: Writes, now: datetime, revision: int) -> int:
        entry = lease_entry(self.owner, now)
        async with self.locks.of(self.scope):
            return await self.store.commit(self.scope, Writes(writes.put, writes.patch, entry=entry), expect=revision)


async def stopped(leases: Iterable[Lease]) -> None:
    """Stop the runs around these leases, and wait, for some seconds at most, until they have given them back."""
    ending = [asyncio.wrap_future(ended) for ended in map(Lease.stop, tuple(leases)) if ended is not None]
    if ending:
        await asyncio.wait(ending, timeout=STOPPING_SECONDS)


def lease_entry(owner: str, at: datetime) -> dict[str, Any]:
    """What history keeps of a lease taken, renewed or given back: its operation is `lease`, and nothing changed."""
    return history_entry(Changes(), RunRecord(owner, LEASE, LEASE, at, {}), 0)


def _until(held: Document) -> datetime:
    until = held.fields["until"]
    assert isinstance(until, datetime)  # a lease that is live has one
    return until
