"""Running a plan: branches at the same time, a trace of every step, errors that name the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..trace import Usage
from ..values import Changes
from .plan import BoundStep, Plan


@dataclass(frozen=True, slots=True)
class StepTrace:
    """What one step did: when it began (seconds after the run did), how long it took, what it used and moved.

    The counts are the lengths of the tuples that went in and came out, by flow name.
    """

    instance: str
    worker: str
    started: float
    seconds: float
    usage: Usage
    counts_in: Mapping[str, int] = field(default_factory=dict)
    counts_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made: its outputs, what it wants written, and the reason where a worker stopped it early.

    After a stop `values` holds only the outputs that were there by then, and `changes` what the steps before the
    stop had asked for.
    """

    values: Mapping[str, Any]
    changes: Changes
    stopped: str | None = None
    steps: tuple[StepTrace, ...] = ()


async def run_plan(
    plan: Plan,
    values: Mapping[str, object],
    make: Callable[[BoundStep], object],
    *,
    trace: list[StepTrace] | None = None,
) -> Outcome:
    """Run a plan on the given inputs; `make` gives the worker object of a step.

    `trace` takes each step's trace as the step ends, so that it is there when the run fails. Raises `InputError` for
    unknown, missing or mistyped `values`; `WorkerError` names the instance that failed; errors of models, of the
    store and of the input pass through with a note that names it.
    """
    raise NotImplementedError
