"""The engine: runs an operation's workflow for one scope and commits what it produced in one step."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .assembly import Models, build_store, check_content, vector_space
from .commits import (
    RunRecord,
    Seen,
    actions_of,
    history_entry,
    overtaken,
    prune,
    read_ground,
    to_writes,
    turn_writes,
)
from .embedding import EmbeddingQueue
from .errors import (
    ConfigError,
    DeletionPending,
    InputError,
    MemoryEngineError,
    Moved,
    NotFound,
    Problem,
    StoreError,
    WorkerError,
)
from .filters import EVERYTHING, Is, Not, Value
from .locks import ScopeLocks
from .ports import Appended, Clock, Patch, Store, Writes
from .prompts import Prompt
from .reader import StoreReader
from .records import COLLECTIONS, CONSOLIDATED, MEMORIES, MESSAGES, RUNS, message_document
from .results import Result, Trace
from .settings import Settings
from .values import Changes, Locale, Message, Purge, Scope
from .worker import WorkerSpec
from .workflow import BoundStep, Outcome, Plan, StepTrace, prompts_of, run_plan
from .yaml_tree import nearest

COMMIT_ATTEMPTS = 50
APPEND_BATCH = 500
BUSY = f"{COMMIT_ATTEMPTS} commits of others came first, one after the other; run it again later."
OVERTAKEN = "these messages were consolidated or deleted by others first"


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
    _prompts: dict[str, Mapping[str, Prompt]] = field(default_factory=dict)
    _committing: ScopeLocks = field(default_factory=ScopeLocks)

    @cached_property
    def queue(self) -> EmbeddingQueue | None:
        """The texts that wait for a vector; None without an embedder."""
        embedder = self.models.embedder
        return None if embedder is None else EmbeddingQueue(self.store, embedder, self.settings.limits.embed_batch)

    async def open(self) -> None:
        """Check that keys are there and open the store; raises `ConfigError` or `StoreError` before any work."""
        if self.settings.missing:
            raise ConfigError(self.settings.missing)
        await self.store.open(COLLECTIONS, vector_space(self.models.embedder))

    async def close(self) -> None:
        """Close the models and the store."""
        await self.models.close()
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
        return StoreReader(self.store, scope, self.models.embedder, self.queue)

    def worker(self, operation: str, instance: str, scope: Scope) -> Any:
        """One worker of an operation with its settings and ports, as a run would get it: to try it alone.

        Raises `NotFound` where the operation has no such step.
        """
        plan = self.plan(operation)
        step = next((step for step in plan.bound_steps() if step.instance == instance), None)
        if step is None:
            raise NotFound(f"The operation {operation!r} has no step {instance!r}.")
        return _Run(self, plan, scope, "trial", self.locale_of(scope))._make(step)

    async def add_messages(self, scope: Scope, messages: Sequence[Message]) -> Appended:
        """Keep messages durably, waiting to be consolidated; see `Store.append` for ids that are known."""
        done = Appended()
        for start in range(0, len(messages), APPEND_BATCH):
            documents = [message_document(m) for m in messages[start : start + APPEND_BATCH]]
            one = await self.store.append(scope, MESSAGES, documents)
            done = Appended(done.new + one.new, done.known + one.known, done.deleted + one.deleted)
        return done

    async def add_turn(self, scope: Scope, asked: Message, answered: Message, seen: Seen) -> str:
        """Keep a question and its answer, in a commit that rests on what the model saw; returns a warning, or "".

        If some of that was deleted meanwhile, the question is kept alone.
        """
        async with self._committing.of(scope):
            for _ in range(COMMIT_ATTEMPTS):
                revision = await self.store.revision(scope)
                writes = await turn_writes(self.store, scope, asked, answered, seen, self.clock.now())
                if writes is None:
                    await self.add_messages(scope, [asked])
                    return "What the model was shown was deleted meanwhile, so its answer was not kept."
                with suppress(Moved):
                    await self.store.commit(scope, writes, expect=revision)
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
    ) -> Result:
        """Run an operation and commit its changes; one that repeats runs until a worker stops it.

        Raises `NotFound` for an unknown operation, `InputError` for inputs that it does not take, `WorkerError`,
        `ModelError` and `StoreError` when a run failed; what earlier runs of a repeating operation committed stays.
        """
        plan = self.plan(operation)
        results: list[Result] = []
        while True:
            result = await _Run(self, plan, scope, trigger, locale or self.locale_of(scope)).execute(inputs)
            results.append(result)
            # A run that neither stopped nor wrote anything would only do the same again.
            if not plan.repeat or (result.stopped and result.stopped != OVERTAKEN) or not _moved(result):
                return _joined(results)


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


class _Run:
    """One execution of an operation for one scope."""

    def __init__(self, engine: Engine, plan: Plan, scope: Scope, trigger: str, locale: Locale) -> None:
        self.engine, self.plan, self.scope, self.trigger, self.locale = engine, plan, scope, trigger, locale
        self.id = secrets.token_hex(10)
        self.reader = engine.reader(scope)
        self.steps: list[StepTrace] = []
        self.began = asyncio.get_running_loop().time()

    async def execute(self, inputs: Mapping[str, object]) -> Result:
        """Run the workflow and commit; a failed run is recorded before its error goes on.

        What the caller gave wrongly is no failed run: nothing of it is kept, not even its words in a sentence.
        """
        try:
            outcome = await self._within_limit(inputs)
            committed = await self._commit(outcome) if outcome.changes else Result(operation=self.plan.operation)
        except InputError:
            raise
        except MemoryEngineError as error:
            await self._record_failure(error)
            raise
        if outcome.changes.memories or outcome.changes.consolidated:
            await self._embed_committed()
        return self._result(outcome, committed)

    async def _within_limit(self, inputs: Mapping[str, object]) -> Outcome:
        limit = self.engine.settings.limits.run_seconds
        try:
            async with asyncio.timeout(limit):
                return await run_plan(self.plan, inputs, self._make, trace=self.steps)
        except TimeoutError as error:
            last = self.steps[-1].instance if self.steps else "the first worker"
            raise WorkerError(last, f"the run took longer than limits.run_seconds ({limit:g} s).") from error

    def _make(self, step: BoundStep) -> object:
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
            case "prompt":
                if worker.name not in engine._prompts:
                    engine._prompts[worker.name] = prompts_of(worker)
                return engine._prompts[worker.name][field_name]
        return None

    async def _commit(self, outcome: Outcome) -> Result:
        """Commit against what the store holds now, one commit of this process after the other."""
        if outcome.changes.purge is not None:
            return await self._purge(outcome.changes.purge)
        async with self.engine._committing.of(self.scope):
            return await self._commit_in_turn(outcome)

    async def _commit_in_turn(self, outcome: Outcome) -> Result:
        """Read what the changes rest on and commit; when another process was faster, do both once more."""
        store, scope = self.engine.store, self.scope
        record = self._record()
        for _ in range(COMMIT_ATTEMPTS):
            revision = await store.revision(scope)
            ground = await read_ground(store, scope, outcome.changes)
            if overtaken(outcome.changes, ground):
                return Result(operation=self.plan.operation, stopped=OVERTAKEN)
            changes = prune(outcome.changes, ground)
            writes = to_writes(changes, ground, record)
            try:
                await store.commit(scope, writes, expect=revision)
            except Moved:
                continue
            except DeletionPending as pending:
                self.reader.warnings.append(pending.message)
            return Result(
                operation=self.plan.operation,
                actions=actions_of(changes, ground),
                consolidated=len(changes.consolidated),
                deleted_memories=len(changes.deleted),
                deleted_messages=len(writes.delete) - len(changes.deleted),
            )
        raise StoreError(BUSY)

    async def _embed_committed(self) -> None:
        """Embed now what was written, so that the next search has nothing to wait for but its own question.

        The commit stands whatever comes of it, so what goes wrong here is a warning.
        """
        try:
            await self.reader.embed_waiting()
        except StoreError as error:
            self.reader.warnings.append(f"New texts wait for their vectors: {error.message}")

    async def _purge(self, purge: Purge) -> Result:
        """Delete everything; messages that stay are set aside first, or the next run would remember them again."""
        store, scope = self.engine.store, self.scope
        if not purge.messages:
            await self._set_messages_aside()
        targets = [(MEMORIES, EVERYTHING)] + ([(MESSAGES, EVERYTHING), (RUNS, EVERYTHING)] if purge.messages else [])
        entry = history_entry(Changes(), self._record(), 0)
        try:
            counts = await store.purge(scope, targets, entry=entry)
        except DeletionPending as pending:
            self.reader.warnings.append(pending.message)
            counts = pending.result if isinstance(pending.result, tuple) else ()
        memories, messages = (*counts, 0, 0)[:2]
        return Result(operation=self.plan.operation, deleted_memories=memories, deleted_messages=messages)

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
        steps = [_step_body(step) for step in self.steps]
        body: dict[str, Any] = {"seconds": self._seconds(), "steps": steps}
        if error is not None:
            body["error"] = f"{type(error).__name__}: {error.message}"
        return RunRecord(self.id, self.plan.operation, self.trigger, self.engine.clock.now(), body)

    async def _record_failure(self, error: MemoryEngineError) -> None:
        # The store may be what failed: then the error itself must still reach the caller.
        with suppress(StoreError):
            await self.engine.store.append(self.scope, RUNS, [self._record(error).document("failed")])

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
            warnings=tuple(self.reader.warnings),
            traces=(Trace(self.id, self._seconds(), tuple(self.steps), stopped),),
            locale=self.locale,
        )


def _step_body(step: StepTrace) -> dict[str, Any]:
    usage = step.usage
    return {
        "instance": step.instance,
        "worker": step.worker,
        "started": round(step.started, 6),
        "seconds": round(step.seconds, 6),
        "chat_calls": usage.chat_calls,
        "embed_calls": usage.embed_calls,
        "rerank_calls": usage.rerank_calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "in": dict(step.counts_in),
        "out": dict(step.counts_out),
        "notes": dict(step.notes),
    }


def _moved(result: Result) -> bool:
    return bool(result.actions or result.consolidated or result.stopped == OVERTAKEN)


def _joined(results: Sequence[Result]) -> Result:
    """Several runs of one operation as one result; what the last one found, and what all of them did."""
    last = results[-1]
    return replace(
        last,
        actions=tuple(a for r in results for a in r.actions),
        consolidated=sum(r.consolidated for r in results),
        warnings=tuple(dict.fromkeys(w for r in results for w in r.warnings)),
        traces=tuple(t for r in results for t in r.traces),
    )
