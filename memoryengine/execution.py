"""One execution of an operation's workflow for one scope: it is run, its changes committed, and what it was is kept."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from .agenda import Agenda
from .assembly import Models
from .attempts import record_setback, trouble_of
from .commits import COMMIT_ATTEMPTS, RunRecord, actions_of, history_entry, overtaken, prune, to_writes
from .embedding import EmbeddingQueue, entries_of, forget, text_of
from .errors import DeletionPending, InputError, MemoryEngineError, Moved, StoreError, WorkerError
from .filters import EVERYTHING, Is, Not, Value
from .ground import Ground, read_ground
from .leases import Lease, LeaseMoved, LeaseTaken
from .locks import ScopeLocks
from .lookback import looking_back
from .ports import Clock, Document, Patch, Store, Writes
from .reader import StoreReader
from .records import CONSOLIDATED, EMBEDDINGS, MEMORIES, MESSAGES, RUNS
from .replies import Heard
from .results import Result, Trace
from .runs import step_body
from .settings import Settings
from .together import Meanwhile
from .values import Changes, Locale, Patience, Purge, Scope
from .worker import WorkerSpec
from .workflow import BATCH, BoundStep, Outcome, Plan, StepTrace, asks_chat, run_plan

BUSY = f"{COMMIT_ATTEMPTS} commits of others came first, one after the other; run it again later."
ASIDE = 0.1
"""Seconds after which a run that waits for the chat model embeds its messages: others are to ask the model first."""
OVERTAKEN = "these messages were consolidated or deleted by others first"


class Surroundings(Protocol):
    """What an execution needs of the engine."""

    @property
    def settings(self) -> Settings:
        """The config."""
        ...

    @property
    def store(self) -> Store:
        """Where memory lives."""
        ...

    @property
    def models(self) -> Models:
        """The configured models."""
        ...

    @property
    def clock(self) -> Clock:
        """Where moments come from."""
        ...

    @property
    def queue(self) -> EmbeddingQueue | None:
        """The texts that wait for a vector."""
        ...

    @property
    def heard(self) -> Heard:
        """Who spoke lately."""
        ...

    @property
    def agenda(self) -> Agenda:
        """Who is to be looked after when."""
        ...

    @property
    def committing(self) -> ScopeLocks:
        """Turns for commits."""
        ...


class Execution:
    """One execution of an operation for one scope."""

    def __init__(
        self,
        engine: Surroundings,
        plan: Plan,
        scope: Scope,
        trigger: str,
        locale: Locale,
        lease: Lease | None = None,
        *,
        dry: bool = False,
    ) -> None:
        self.engine, self.plan, self.scope, self.trigger, self.locale = engine, plan, scope, trigger, locale
        self.lease, self.dry = lease, dry
        self.id = secrets.token_hex(10)
        self.reader = StoreReader(engine.store, scope, engine.queue, engine.heard)
        self.steps: list[StepTrace] = []
        self.made: dict[str, Any] = {}
        self.read_at = 0
        self.written: list[Document] = []
        self.embedding: Meanwhile[bool] | None = None  # of messages, for which waiting for the chat model is time
        self.began = asyncio.get_running_loop().time()

    async def execute(self, inputs: Mapping[str, object]) -> Result:
        """Run the workflow and commit; a failed run is recorded before its error goes on.

        A dry run commits and records nothing, and says what it would have done. A failure by which the message at
        fault was found is no error: the message is set aside, and a warning tells.
        What the caller gave wrongly is no failed run: nothing of it is kept, not even its words in a sentence.
        """
        try:
            return await self._executed(inputs)
        finally:
            if self.embedding is not None:
                await self.embedding.drop()

    async def _executed(self, inputs: Mapping[str, object]) -> Result:
        try:
            given, self.reader.then = looking_back(self.plan, inputs, self.locale.zone)
            outcome = await self._within_limit(given)
            committed = await self._commit(outcome) if outcome.changes else Result(operation=self.plan.operation)
        except InputError:
            raise
        except LeaseTaken as taken:
            return self._result(Outcome({}, Changes(), taken.reason), Result(operation=self.plan.operation))
        except MemoryEngineError as error:
            if self.dry or not await self._failed(error):
                raise
            return self._result(Outcome({}, Changes()), Result(operation=self.plan.operation, quarantined=1))
        if self.dry:
            return self._result(outcome, replace(committed, dry_run=True))
        if outcome.changes.memories or outcome.changes.consolidated:
            await self._embed_committed()
        if committed.stopped == OVERTAKEN or not outcome.changes:
            await self._keep_spent(committed.stopped)
        return self._result(outcome, committed)

    async def _within_limit(self, inputs: Mapping[str, object]) -> Outcome:
        limit = self.engine.settings.limits.run_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._outcome(inputs)
        except TimeoutError as error:
            last = self.steps[-1].instance if self.steps else "the first worker"
            raise WorkerError(last, f"the run took longer than limits.run_seconds ({limit:g} s).") from error

    async def _outcome(self, inputs: Mapping[str, object]) -> Outcome:
        """What the workflow makes; it begins again where somebody else committed before the lease was taken."""
        if self.lease is not None and not self.lease.held:
            self.read_at = await self.engine.store.revision(self.scope)
        while True:
            try:
                return await run_plan(
                    self.plan, inputs, self.make, trace=self.steps, made=self.made, before=self._before
                )
            except LeaseMoved:
                self.steps.clear()
                self.made.clear()

    async def _before(self, step: BoundStep) -> None:
        if self.lease is not None and asks_chat(step):
            await self.lease.take(self.read_at)
            if self.embedding is None and self.made.get(BATCH) and not self.dry:
                self.embedding = Meanwhile(ASIDE, lambda: self.reader.embed_waiting([MESSAGES]))

    def make(self, step: BoundStep) -> object:
        """The worker of a step with its settings and ports."""
        ports = {name: self._port(step.worker, name, port) for name, port in step.ports.items()}
        return step.worker.cls(**step.settings, **ports)

    def _port(self, worker: WorkerSpec, field_name: str, port: str | None) -> object:
        engine = self.engine
        match port:
            case "chat" | "embedder" | "reranker":
                return getattr(engine.models, port)
            case "reader":
                return self.reader
            case "clock":
                return engine.clock
            case "locale":
                return self.locale
            case "patience":
                return Patience(engine.settings.limits.attempts)
            case "prompt":
                return worker.prompts[field_name]
        return None

    async def _commit(self, outcome: Outcome) -> Result:
        """Commit against what the store holds now, one commit of this process after the other."""
        if self.dry:
            return await self._foreseen(outcome.changes)
        if outcome.changes.purge is not None:
            return await self._purge(outcome.changes.purge)
        async with self.engine.committing.of(self.scope):
            return await self._commit_in_turn(outcome)

    async def _commit_in_turn(self, outcome: Outcome) -> Result:
        """Read what the changes rest on and commit; when another process was faster, do both once more."""
        store, scope = self.engine.store, self.scope
        record = self._record()
        known = self.lease.at if self.lease is not None else None
        for _ in range(COMMIT_ATTEMPTS):
            revision = await store.revision(scope) if known is None else known
            known = None
            ground = await read_ground(store, scope, outcome.changes)
            if overtaken(outcome.changes, ground):
                return Result(operation=self.plan.operation, stopped=OVERTAKEN)
            changes = prune(outcome.changes, ground)
            writes = to_writes(changes, ground, record)
            texts = _deleted_texts(writes, ground)
            kept = await entries_of(store, scope, self._embedded_by, texts)
            made = None
            try:
                made = await store.commit(scope, replace(writes, delete=(*writes.delete, *kept)), expect=revision)
            except Moved:
                continue
            except DeletionPending as pending:
                self.reader.warnings.append(pending.message)
            if self.lease is not None:
                self.lease.committed(revision, made)
            self.written = [document for name, document in writes.put if name == MEMORIES]
            await self._forget_vectors(texts)
            return self._done(changes, ground, writes)
        raise StoreError(BUSY)

    @property
    def _embedded_by(self) -> str:
        """The name of the embedder; "" without one, so that whatever others made counts as of another model."""
        return "" if self.engine.queue is None else self.engine.queue.embeddings.model

    async def _forget_vectors(self, texts: Sequence[str]) -> None:
        """Once more after a deletion, for what another process embedded just then and has kept since."""
        if not texts:
            return
        try:
            await forget(self.engine.store, self.scope, self._embedded_by, texts, self.engine.clock.now())
        except DeletionPending as pending:
            self.reader.warnings.append(pending.message)

    async def _foreseen(self, wanted: Changes) -> Result:
        """What a commit of these changes would do now; nothing is written."""
        store, scope = self.engine.store, self.scope
        if wanted.purge is not None:
            memories = await store.count(scope, MEMORIES)
            messages = await store.count(scope, MESSAGES) if wanted.purge.messages else 0
            return Result(operation=self.plan.operation, deleted_memories=memories, deleted_messages=messages)
        ground = await read_ground(store, scope, wanted)
        changes = prune(wanted, ground)
        return self._done(changes, ground, to_writes(changes, ground, self._record()))

    def _done(self, changes: Changes, ground: Ground, writes: Writes) -> Result:
        return Result(
            operation=self.plan.operation,
            actions=actions_of(changes, ground),
            consolidated=len(changes.consolidated),
            deleted_memories=len(changes.deleted),
            deleted_messages=len(writes.delete) - len(changes.deleted),
        )

    async def _embed_committed(self) -> None:
        """Embed now what was written, so that the next search has nothing to wait for but its own question.

        The commit stands whatever comes of it, so what goes wrong here is a warning.
        """
        try:
            if self.embedding is not None and await self.embedding.result():
                await self.reader.embed(MEMORIES, self.written)
            else:
                await self.reader.embed_waiting()
        except StoreError as error:
            self.reader.warnings.append(f"New texts wait for their vectors: {error.message}")

    async def _purge(self, purge: Purge) -> Result:
        """Delete everything; messages that stay are set aside first, or the next run would remember them again."""
        store, scope = self.engine.store, self.scope
        if not purge.messages:
            await self._set_messages_aside()
        targets = [(MEMORIES, EVERYTHING)] + ([(MESSAGES, EVERYTHING), (RUNS, EVERYTHING)] if purge.messages else [])
        targets.append((EMBEDDINGS, EVERYTHING))
        entry = history_entry(Changes(purge=purge), self._record(), 0)
        try:
            counts = await store.purge(scope, targets, entry=entry)
        except DeletionPending as pending:
            self.reader.warnings.append(pending.message)
            counts = pending.result if isinstance(pending.result, tuple) else ()
        if purge.messages:
            await self._forget()
        memories, messages = (*counts[:-1], 0, 0)[:2]
        return Result(operation=self.plan.operation, deleted_memories=memories, deleted_messages=messages)

    async def _forget(self) -> None:
        """Take the user off the agenda of the schedule, where their name stands."""
        try:
            await self.engine.agenda.forget(self.scope)
        except DeletionPending as pending:
            self.reader.warnings.append(pending.message)

    async def _set_messages_aside(self) -> None:
        """Hide every message from search and from consolidation; a run that holds some of them is overtaken."""
        store, scope = self.engine.store, self.scope
        while True:
            revision = await store.revision(scope)
            page = await store.page(scope, MESSAGES, Not(Is("hidden", True)), limit=1000)
            if not page.documents:
                return
            aside: dict[str, Value] = {"hidden": True, "state": CONSOLIDATED}
            writes = Writes(
                patch=tuple(Patch(MESSAGES, d.id, aside) for d in page.documents),
                entry=history_entry(Changes(), self._record(), 0),
            )
            with suppress(Moved):
                await store.commit(scope, writes, expect=revision)

    def _record(self, error: MemoryEngineError | None = None) -> RunRecord:
        steps = [step_body(step) for step in self.steps]
        body: dict[str, Any] = {"seconds": self._seconds(), "steps": steps}
        if error is not None:
            body["error"] = f"{type(error).__name__}: {error.message}"
        return RunRecord(self.id, self.plan.operation, self.trigger, self.engine.clock.now(), body)

    async def _record_failure(self, error: MemoryEngineError) -> None:
        # The store may be what failed: then the error itself must still reach the caller.
        with suppress(StoreError):
            await self.engine.store.append(self.scope, RUNS, [self._record(error).document("failed")])

    async def _keep_spent(self, stopped: str) -> None:
        """Keep a run that wrote nothing but asked the chat model, so that `runs` shows what was paid for."""
        if self.plan.writes_changes and any(step.usage.chat_calls for step in self.steps):
            outcome = "overtaken" if stopped == OVERTAKEN else "stopped"
            with suppress(StoreError):
                await self.engine.store.append(self.scope, RUNS, [self._record().document(outcome)])

    async def _failed(self, error: MemoryEngineError) -> bool:
        """Keep that the run failed and what it means for its messages; whether one was set aside by it."""
        await self._record_failure(error)
        return await self._set_aside(error)

    async def _set_aside(self, error: MemoryEngineError) -> bool:
        """Keep what the failure means for the messages of the batch; whether one was set aside by it."""
        batch = [message.id for message in self.made.get(BATCH, ())]
        if not batch or isinstance(error, StoreError):
            return False
        engine, run = self.engine, self._record()
        limits = engine.settings.limits
        try:
            what = await record_setback(
                engine.store, self.scope, batch, error, run, limits, random.random(), engine.committing
            )
        except StoreError:
            return False  # the error itself must still reach the caller
        if what.quarantined:
            self.reader.warnings.append(
                f"The message {what.quarantined} was set aside: consolidating it alone failed too "
                f"({trouble_of(error)}). `memoryengine retry` takes it up again."
            )
        return bool(what.quarantined)

    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    def _result(self, outcome: Outcome, committed: Result) -> Result:
        outputs = outcome.values
        stopped = committed.stopped or outcome.stopped or ""
        return replace(
            committed,
            hits=outputs.get("hits", ()),
            memories=outputs.get("memories", ()),
            messages=outputs.get("messages", ()),
            outputs=outputs,
            stopped=stopped,
            warnings=tuple(dict.fromkeys([*self.reader.warnings, *(w for step in self.steps for w in step.warnings)])),
            traces=(Trace(self.id, self._seconds(), tuple(self.steps), stopped),),
            locale=self.locale,
        )


def _deleted_texts(writes: Writes, ground: Ground) -> list[str]:
    """The texts of the messages and memories that a commit is to delete."""
    held = {MEMORIES: ground.memories, MESSAGES: ground.messages}
    return [text_of(collection, held[collection][id_]) for collection, id_ in writes.delete]
