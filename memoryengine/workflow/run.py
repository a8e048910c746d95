"""Running a plan: branches at the same time, a trace of every step, errors that name the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NoReturn

from ..annotations import fits, type_name
from ..errors import InputError, MemoryEngineError, WorkerError
from ..together import settled
from ..trace import Meter, Usage, measure
from ..values import Changes
from ..worker import Stop
from ..yaml_tree import suggestion
from .plan import CHANGES, BoundStep, Branches, Included, Plan, PlanStep

Values = dict[str, Any]
Make = Callable[[BoundStep], object]
Before = Callable[[BoundStep], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StepTrace:
    """What one step did: when it began (seconds after the run did), how long it took, what it used and moved.

    The counts are the lengths of the tuples that went in and came out, by flow name; `notes` are the causes that the
    worker noted with `trace.note`, each with how often, and `warnings` what it told with `trace.warn`.
    """

    instance: str
    worker: str
    started: float
    seconds: float
    usage: Usage
    counts_in: Mapping[str, int] = field(default_factory=dict)
    counts_out: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made: its outputs, what it wants written, and the reason where a worker stopped it early.

    After a stop `values` holds only the outputs that were there by then, and `changes` what the steps before the
    stop had asked for; what a branch beside it had made is dropped.
    """

    values: Mapping[str, Any]
    changes: Changes
    stopped: str | None = None
    steps: tuple[StepTrace, ...] = ()


async def run_plan(
    plan: Plan,
    values: Mapping[str, object],
    make: Make,
    *,
    trace: list[StepTrace] | None = None,
    made: Values | None = None,
    before: Before | None = None,
) -> Outcome:
    """Run a plan on the given inputs; `make` gives the worker object of a step.

    `trace` takes each step's trace as the step ends, and `made` the values that it made, by their names in the flow,
    so that they are there when the run fails. `before` is awaited before each step, and what it raises ends the run
    and is raised as it is. Raises `InputError` for unknown, missing or mistyped `values`; `WorkerError` names the
    instance that failed; errors of models, of the store and of the input pass through with a note that names it.
    """
    _check_values(plan, values)
    run = _Run(make, [] if trace is None else trace, {} if made is None else made, before)
    held: Values = {}
    _put(held, values)
    stopped = None
    try:
        await run.steps(plan.steps, held)
    except _Stopped as stop:
        stopped, held = stop.reason, stop.values
    outputs = {name: _take(held[name]) for name in plan.outputs if name in held}
    return Outcome(outputs, _take(held.get(CHANGES, _Parts())), stopped, tuple(run.trace))


class _Stopped(Exception):  # it ends a run well
    """Carries a worker's stop through the branches around it, with the values that were there."""

    def __init__(self, reason: str, values: Values) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


class _Parts(tuple[Changes, ...]):
    """Changes of several workers under one name, kept apart so that branches can be put together again."""

    __slots__ = ()


class _Run:
    """One run of a plan: how workers are made, the trace so far, and all that was made."""

    def __init__(self, make: Make, trace: list[StepTrace], made: Values, before: Before | None) -> None:
        self.make, self.trace, self.made, self.before = make, trace, made, before
        self.began = perf_counter()

    async def steps(self, steps: tuple[PlanStep, ...], values: Values) -> None:
        for step in steps:
            if isinstance(step, BoundStep):
                await self.step(step, values)
            elif isinstance(step, Branches):
                await self.branches(step, values)
            else:
                await self.included(step, values)

    async def step(self, step: BoundStep, values: Values) -> None:
        if self.before is not None:
            await self.before(step)
        given = {key: _take(values[name]) for key, name in step.inputs.items() if name is not None and name in values}
        began = perf_counter()
        made: Values = {}
        with measure() as meter:
            try:
                result = await self.make(step).run(**given)  # type: ignore[attr-defined]  # spec_of has checked it
                if isinstance(result, Stop):
                    raise _Stopped(result.reason, values)
                made = _outputs(step, result)
            except _Stopped:
                raise
            except asyncio.CancelledError as error:
                if _is_cancelled():
                    raise
                _name_worker(step.instance, error)
            except Exception as error:  # noqa: BLE001  # a worker is somebody's code: whatever it raises gets its name
                _name_worker(step.instance, error)
            finally:
                self.note(step, began, meter, given, made)
        self.made.update(made)
        _put(values, made)

    def note(self, step: BoundStep, began: float, meter: Meter, given: Values, made: Values) -> None:
        """Add the step's trace, whichever way it ended."""
        counts_in = _counts({step.inputs[key] or key: value for key, value in given.items()})
        started, spent = began - self.began, perf_counter() - began
        name, counts_out = step.worker.name, _counts(made)
        self.trace.append(
            StepTrace(
                step.instance, name, started, spent, meter.usage, counts_in, counts_out, meter.notes, meter.warnings
            )
        )

    async def branches(self, step: Branches, values: Values) -> None:
        """Run the branches on copies of the values, then put together what each has written."""
        copies = [dict(values) for _ in step.branches]
        work = [self.steps(branch, copy) for branch, copy in zip(step.branches, copies, strict=True)]
        failed = [each for each in await settled(work) if each is not None]
        if failed:
            raise min(failed, key=_weight)
        before = dict(values)
        for copy in copies:
            _merge(values, before, copy)

    async def included(self, step: Included, values: Values) -> None:
        """Run another operation's steps on names of its own."""
        own = {key: values[name] for key, name in step.inputs.items() if name is not None and name in values}
        try:
            await self.steps(step.plan.steps, own)
        except _Stopped as stop:
            _hand_over(step, stop.values, values)
            raise _Stopped(stop.reason, values) from None
        _hand_over(step, own, values)


def _hand_over(step: Included, own: Values, values: Values) -> None:
    _put(values, {name: _take(own[key]) for key, name in step.outputs.items() if name is not None and key in own})


def _take(value: Any) -> Any:
    """A value as a worker gets it: changes as one."""
    return sum(value, Changes()) if isinstance(value, _Parts) else value


def _put(values: Values, made: Mapping[str, Any]) -> None:
    """Bind what a step made; changes add up, everything else is replaced."""
    for name, value in made.items():
        values[name] = _Parts((*values.get(name, ()), value)) if isinstance(value, Changes) else value


def _merge(values: Values, before: Values, branch: Values) -> None:
    """Take over what a branch has written; of changes only the parts that it has added."""
    for name, value in branch.items():
        old = before.get(name)
        if isinstance(value, _Parts):
            values[name] = _Parts((*values.get(name, ()), *value[len(old or ()) :]))
        elif value is not old:
            values[name] = value


def _outputs(step: BoundStep, result: object) -> Values:
    """What the worker made, under the names that flow; refuses a result of another type than promised."""
    wanted = step.worker.result
    if wanted is None and result is None:
        return {}
    if wanted is None or not isinstance(result, wanted):
        promised = wanted.__name__ if wanted else "None"
        message = f"its run returned {type(result).__name__}, where its signature promises {promised}."
        raise WorkerError(step.instance, message)
    made = {key: getattr(result, key) for key in step.outputs}
    for key, value in made.items():
        kind = step.worker.outputs[key]
        if not fits(value, kind, inside=False):
            message = f"its output {key!r} is {type(value).__name__}, where its type promises {type_name(kind)}."
            raise WorkerError(step.instance, message)
    return {name: made[key] for key, name in step.outputs.items() if name is not None}


def _check_values(plan: Plan, values: Mapping[str, object]) -> None:
    """Refuse inputs that the operation does not have, lacks, or that are of another type."""
    for name, value in values.items():
        slot = plan.inputs.get(name)
        if slot is None:
            hint = suggestion(name, plan.inputs)
            raise InputError(f"The operation {plan.operation!r} has no input {name!r}. {hint}")
        if not fits(value, slot.type):
            raise InputError(
                f"The input {name!r} of {plan.operation!r} must be {type_name(slot.type)}, not {type(value).__name__}."
            )
    for name, slot in plan.inputs.items():
        if slot.required and name not in values:
            raise InputError(f"The operation {plan.operation!r} needs the input {name!r}: {type_name(slot.type)}.")


def _counts(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(value) for name, value in values.items() if isinstance(value, tuple)}


def _is_cancelled() -> bool:
    """Whether somebody cancelled this task; a library may let out a `CancelledError` of its own, which ends no run."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _name_worker(instance: str, error: BaseException) -> NoReturn:
    """Raise the error again with the worker's name: the engine's own errors keep their type, others get one."""
    if isinstance(error, WorkerError) and error.worker == instance:
        raise error
    if isinstance(error, MemoryEngineError):
        error.add_note(f"It happened in the worker {instance!r}.")
        raise error
    # what an exception says may hold a person's words, so it does not go into the message
    raise WorkerError(instance, f"it raised {type(error).__name__}.", excerpt=str(error)) from error


def _weight(failed: BaseException) -> int:
    """Which failure of branches is raised: an error before a stop, and that before what either cancelled."""
    return 2 if isinstance(failed, asyncio.CancelledError) else int(isinstance(failed, _Stopped))
