"""The engine: runs an operation's workflow for one scope and commits what it produced in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from .agenda import Agenda
from .assembly import Models, build_store, check_content, vector_space
from .attempts import waits_until
from .commits import COMMIT_ATTEMPTS, Seen, turn_writes
from .embedding import EmbeddingQueue
from .errors import ConfigError, Moved, NotFound, Problem, StoreError
from .execution import BUSY, OVERTAKEN, Execution
from .leases import Lease, stopped
from .locks import ScopeLocks
from .ports import Appended, Clock, Store
from .quarantine import Quarantine
from .reader import StoreReader
from .records import COLLECTIONS, MESSAGES, message_document
from .replies import Heard
from .results import Result
from .settings import Settings
from .triggers import alarms_of
from .values import Locale, Message, Scope
from .worker import WorkerSpec
from .workflow import Plan
from .yaml_tree import nearest

APPEND_BATCH = 500
Told = Callable[[Result], None]
SCHEDULE = "schedule"  # the trigger of runs that nobody asked for just now


@dataclass(frozen=True)
class Engine:
    """Settings made into objects; `assemble` builds one, `open` must come before the first run."""

    settings: Settings
    store: Store
    models: Models
    workers: Mapping[str, WorkerSpec]
    plans: Mapping[str, Plan]
    clock: Clock
    locale: Locale
    committing: ScopeLocks = field(default_factory=ScopeLocks)
    heard: Heard = field(default_factory=Heard)
    under_way: set[Lease] = field(default_factory=set)

    @cached_property
    def queue(self) -> EmbeddingQueue | None:
        """The texts that wait for a vector; None without an embedder."""
        embedder = self.models.embedder
        if embedder is None:
            return None
        # Hashing words takes less time than asking the store for what was made of them before.
        kept = not embedder.name.startswith("offline-")
        return EmbeddingQueue(self.store, embedder, self.settings.limits.embed_batch, kept=kept, clock=self.clock)

    @cached_property
    def agenda(self) -> Agenda:
        """Who is to be looked after when; without a schedule in the config nobody is noted there."""
        spread = timedelta(seconds=self.settings.limits.spread_seconds)
        return Agenda(self.store, self.clock, alarms_of(self.settings.schedule, self.locale.zone, spread))

    async def open(self) -> None:
        """Check that keys are there and open the store; raises `ConfigError` or `StoreError` before any work."""
        if self.settings.missing:
            raise ConfigError(self.settings.missing)
        await self.store.open(COLLECTIONS, vector_space(self.models.embedder))

    async def close(self) -> None:
        """Stop the runs that hold a lease, so that it is given back; then close the models and the store."""
        try:
            await stopped(self.under_way)
            await self.models.close()
        finally:
            await self.store.close()

    def plan(self, operation: str) -> Plan:
        """The plan of an operation; raises `NotFound` with the nearest name."""
        if operation in self.plans:
            return self.plans[operation]
        near = nearest(str(operation), self.plans)
        hint = f" Did you mean {near!r}?" if near else ""
        raise NotFound(f"There is no operation {operation!r}; there is: {', '.join(sorted(self.plans))}.{hint}")

    def locale_of(self, scope: Scope) -> Locale:
        """How this user's memory is worded: `human_name` is the name of one person, so of no other user."""
        mine = scope.user == self.locale.human_name
        return self.locale if mine else replace(self.locale, human_name="")

    def reader(self, scope: Scope) -> StoreReader:
        """A reader of one scope."""
        return StoreReader(self.store, scope, self.queue, self.heard)

    def worker(self, operation: str, instance: str, scope: Scope) -> Any:
        """One worker of an operation with its settings and ports, as a run would get it: to try it alone.

        Raises `NotFound` where the operation has no such step.
        """
        plan = self.plan(operation)
        step = next((step for step in plan.bound_steps() if step.instance == instance), None)
        if step is None:
            raise NotFound(f"The operation {operation!r} has no step {instance!r}.")
        return Execution(self, plan, scope, "trial", self.locale_of(scope)).make(step)

    async def add_messages(self, scope: Scope, messages: Sequence[Message]) -> Appended:
        """Keep messages durably, waiting to be consolidated; see `Store.append` for ids that are known."""
        done = Appended()
        await self.agenda.coming(scope)
        linked = self.heard.linked(scope, messages)
        for start in range(0, len(messages), APPEND_BATCH):
            documents = [message_document(m) for m in linked[start : start + APPEND_BATCH]]
            one = await self.store.append(scope, MESSAGES, documents)
            done = Appended(done.new + one.new, done.known + one.known, done.deleted + one.deleted)
        await self.agenda.came(scope, len(done.new))
        return done

    async def add_turn(self, scope: Scope, asked: Message, answered: Message, seen: Seen) -> str:
        """Keep a question and its answer, in a commit that rests on what the model saw; returns a warning, or "".

        If some of that was deleted meanwhile, the question is kept alone.
        """
        await self.agenda.coming(scope)
        asked, answered = self.heard.linked(scope, [asked, answered])
        async with self.committing.of(scope):
            for _ in range(COMMIT_ATTEMPTS):
                revision = await self.store.revision(scope)
                writes = await turn_writes(self.store, scope, asked, answered, seen, self.clock.now())
                if writes is None:
                    await self.add_messages(scope, [asked])
                    return "What the model was shown was deleted meanwhile, so its answer was not kept."
                with suppress(Moved):
                    await self.store.commit(scope, writes, expect=revision)
                    await self.agenda.came(scope, 2)
                    return ""
        raise StoreError(BUSY)

    async def run(
        self,
        operation: str,
        scope: Scope,
        inputs: Mapping[str, object],
        *,
        trigger: str = "call",
        locale: Locale | None = None,
        dry_run: bool = False,
        told: Told | None = None,
    ) -> Result:
        """Run an operation and commit its changes; one that repeats runs until a worker stops it.

        With the trigger `schedule` messages that failed wait until their pause is over; else they are tried at once.
        A dry run says what it would do and commits nothing, of one that repeats for its first run alone: the next
        would only find the same. `told` hears the result of each run as soon as it is there.

        Raises `NotFound` for an unknown operation, `InputError` for inputs that it does not take, `WorkerError`,
        `ModelError` and `StoreError` when a run failed; what earlier runs of a repeating operation committed stays.
        """
        plan = self.plan(operation)
        until = await self._paused_until(plan, scope) if trigger == SCHEDULE else None
        if until is not None:
            return Result(operation=operation, stopped=f"the last try failed; the next one is due at {until:%F %T} UTC")
        results: list[Result] = []
        spoken = locale or self.locale_of(scope)
        async with AsyncExitStack() as stack:
            leased = self._is_leased(plan) and not dry_run
            lease = await stack.enter_async_context(self._lease(plan, scope)) if leased else None
            while True:
                result = await Execution(self, plan, scope, trigger, spoken, lease, dry=dry_run).execute(inputs)
                results.append(result)
                if told is not None:
                    told(result)
                # A run that neither stopped nor wrote anything would only do the same again.
                if dry_run or not plan.repeat or (result.stopped and result.stopped != OVERTAKEN) or not _moved(result):
                    return _joined(results)

    async def retry(self, scope: Scope, ids: Sequence[str] | None = None) -> tuple[Message, ...]:
        """Let messages that were set aside wait again, all of them without `ids`; raises `NotFound`."""
        await self.agenda.coming(scope)
        done = await self._quarantine(scope).retry(ids)
        if done:
            await self.agenda.again(scope)
        await self.agenda.came(scope, len(done))
        return done

    async def discard(self, scope: Scope, ids: Sequence[str] | None = None) -> tuple[Message, ...]:
        """Give up messages that were set aside, all of them without `ids`; raises `NotFound`."""
        return await self._quarantine(scope).discard(ids)

    def _quarantine(self, scope: Scope) -> Quarantine:
        return Quarantine(self.store, scope, self.clock, self.committing)

    async def _paused_until(self, plan: Plan, scope: Scope) -> datetime | None:
        """When messages that failed may be tried again without a person asking for it; None if at once."""
        if not plan.takes_batches:
            return None
        return await waits_until(self.store, scope, self.clock.now(), self.settings.limits)

    def _is_leased(self, plan: Plan) -> bool:
        return plan.is_leased and self.settings.limits.lease_seconds > 0

    def _lease(self, plan: Plan, scope: Scope) -> Lease:
        seconds = self.settings.limits.lease_seconds
        return Lease(self.store, scope, plan.operation, seconds, self.clock, self.committing, under_way=self.under_way)


def assemble(
    settings: Settings, clock: Clock, locale: Locale, store: Store | None = None, known: Sequence[Problem] = ()
) -> Engine:
    """Build an engine; raises `ConfigError` with every problem of the workers and workflows that settings name.

    `known` are the problems of the settings themselves, which are raised with those.
    """
    workers, plans, problems = check_content(settings)
    if known or problems:
        raise ConfigError([*known, *problems])
    chosen = store or build_store(settings.store)
    return Engine(settings, chosen, Models(settings.models), workers, plans, clock, locale)


def _moved(result: Result) -> bool:
    return bool(result.actions or result.consolidated or result.quarantined or result.stopped == OVERTAKEN)


def _joined(results: Sequence[Result]) -> Result:
    """Several runs of one operation as one result; what the last one found, and what all of them did."""
    last = results[-1]
    return replace(
        last,
        actions=tuple(a for r in results for a in r.actions),
        consolidated=sum(r.consolidated for r in results),
        quarantined=sum(r.quarantined for r in results),
        warnings=tuple(dict.fromkeys(w for r in results for w in r.warnings)),
        traces=tuple(t for r in results for t in r.traces),
    )
