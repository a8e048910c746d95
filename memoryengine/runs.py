"""Runs as they were kept: what each did and cost, worker by worker, and why it failed; never a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from .errors import NotFound
from .ports import Document, Sort, Store
from .reader import read_all
from .records import RUNS
from .trace import Usage
from .values import Scope
from .workflow import StepTrace

NEWEST = (Sort("at", descending=True),)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an operation.

    `outcome` is `committed`, `failed`, or for one that asked a model and wrote nothing `stopped` or `overtaken` (by
    another run that was first). `at` is when it ended, `messages` are the ids of those that it consolidated.
    """

    id: str
    operation: str
    trigger: str
    outcome: str
    at: datetime
    seconds: float
    messages: tuple[str, ...] = ()
    steps: tuple[StepTrace, ...] = ()
    error: str = ""

    @property
    def usage(self) -> Usage:
        """The model calls and tokens of all its workers."""
        return sum((step.usage for step in self.steps), Usage())


async def read_runs(store: Store, scope: Scope, limit: int | None = None) -> tuple[Run, ...]:
    """The runs of a scope, newest first."""
    return tuple(map(run_of, await read_all(store, scope, RUNS, order=NEWEST, limit=limit)))


async def find_run(store: Store, scope: Scope, id_: str) -> Run:
    """One run; raises `NotFound`."""
    document = (await store.get(scope, RUNS, [id_]))[0] if id_ else None
    if document is None:
        raise NotFound(f"There is no run {id_[:80]!r} of {scope.user!r}; `memoryengine runs` lists them.")
    return run_of(document)


def run_of(document: Document) -> Run:
    """The run that a document holds."""
    held: Mapping[str, Any] = document.fields
    body = document.body
    return Run(
        id=document.id,
        operation=held["operation"],
        trigger=held["trigger"],
        outcome=held["outcome"],
        at=held["at"],
        seconds=float(body.get("seconds", 0.0)),
        messages=held.get("messages") or (),
        steps=tuple(map(_step, body.get("steps", ()))),
        error=str(body.get("error", "")),
    )


def step_body(step: StepTrace) -> dict[str, Any]:
    """What is kept of one step: counts and causes."""
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


def _step(body: Mapping[str, Any]) -> StepTrace:
    return StepTrace(
        instance=body["instance"],
        worker=body["worker"],
        started=body["started"],
        seconds=body["seconds"],
        usage=Usage(**{f.name: int(body.get(f.name, 0)) for f in fields(Usage)}),
        counts_in=body.get("in", {}),
        counts_out=body.get("out", {}),
        notes=body.get("notes", {}),
    )
