"""Workflows + worker contracts + instances -> plans, and every problem at once. Nothing here reads a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ..errors import Problem
from ..values import Changes
from ..worker import InstanceSettings, WorkerSpec
from ..yaml_tree import nearest, suggestion
from .bindings import SURE, Bound, bind_instances, bind_ports, meant, missing_settings, read_settings_of, refused
from .flow import Flow
from .plan import CHANGES, BoundStep, Branches, Included, Plan, PlanStep
from .steps import STEP_NAME, AnyStep, Include, Parallel, Step, Unread, Workflow


def check_workflows(
    workflows: Sequence[Workflow],
    specs: Mapping[str, WorkerSpec],
    instances: Mapping[str, InstanceSettings],
    ports_available: AbstractSet[str],
    lost: AbstractSet[str] = frozenset(),
) -> tuple[Mapping[str, Plan], list[Problem]]:
    """The plans of all workflows without a problem, by operation, and every problem found.

    `ports_available` are names of `memoryengine.worker.PORTS` that the engine can fill in; `prompt` always is. `lost`
    are names of workers that could not be loaded, which is a problem that has been told.
    """
    bound, problems = bind_instances(instances, specs, lost)
    by_name = {workflow.operation: workflow for workflow in workflows}
    checker = _Checker(by_name, bound, ports_available)
    for workflow in workflows:
        checker.plan(workflow.operation)
    return checker.plans, problems + checker.problems


def misspelt_instances(
    instances: Mapping[str, InstanceSettings], workflows: Sequence[Workflow], specs: Mapping[str, WorkerSpec]
) -> list[Problem]:
    """A problem for each instance that no step names and whose name is nearly that of a step or a worker.

    One with a name that is like no other may wait for a workflow to come, in a config that others extend.
    """
    used = {name for workflow in workflows for name in _names(workflow.steps)}
    problems = []
    for name, instance in instances.items():
        near = nearest(name, {*used, *specs} - {name}, least=SURE)
        if near and not name.startswith(near) and instance.use in specs and name not in used and name not in specs:
            message = f"The instance {name!r} is used by no step."
            problems.append(instance.place.problem(message, f"Did you mean {near!r}? Else take it out."))
    return problems


def _names(steps: Sequence[AnyStep]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, Step):
            yield step.name
        elif isinstance(step, Parallel):
            for branch in step.branches:
                yield from _names(branch)


@dataclass(frozen=True, slots=True)
class _Sound:
    """A plan, or None and whether it was met while it was still being checked (a cycle)."""

    plan: Plan | None
    cycle: tuple[str, ...] = ()


class _Checker:
    """Checks each workflow once, those that it includes before it."""

    def __init__(
        self, workflows: Mapping[str, Workflow], bound: Mapping[str, Bound | None], ports: AbstractSet[str]
    ) -> None:
        self.workflows, self.bound, self.ports = workflows, bound, ports
        self.plans: dict[str, Plan] = {}
        self.problems: list[Problem] = []
        self.seen: set[str] = set()
        self.open: list[str] = []

    def plan(self, operation: str) -> _Sound:
        if operation in self.open:
            return _Sound(None, (*self.open[self.open.index(operation) :], operation))
        if operation not in self.seen:
            self.seen.add(operation)
            self.open.append(operation)
            self._check(self.workflows[operation])
            self.open.pop()
        return _Sound(self.plans.get(operation))

    def _check(self, workflow: Workflow) -> None:
        flow = Flow(workflow.inputs)
        steps = self._steps(workflow.steps, flow)
        flow.finish(workflow.outputs)
        inputs = flow.input_slots()
        self.problems += flow.problems
        named = STEP_NAME.fullmatch(workflow.operation)  # else the reader has said so
        if flow.problems or flow.guessed or flow.broken or not named:
            return
        outputs = {str(name.text): flow.type_now(str(name.text)) for name in workflow.outputs}
        self.plans[workflow.operation] = Plan(
            workflow.operation, inputs, outputs, steps, workflow.repeat, workflow.description, workflow.place
        )

    def _steps(self, steps: Sequence[AnyStep], flow: Flow) -> tuple[PlanStep, ...]:
        return tuple(made for step in steps for made in self._step(step, flow))

    def _step(self, step: AnyStep, flow: Flow) -> Iterator[PlanStep]:
        match step:
            case Step():
                yield from self._named(step, flow)
            case Include():
                yield from self._include(step, flow)
            case Parallel():
                yield self._parallel(step, flow)
            case Unread():
                flow.guess()

    def _parallel(self, step: Parallel, flow: Flow) -> Branches:
        before = flow.now
        branches, ends = [], []
        for branch in step.branches:
            flow.now = dict(before)
            branches.append(self._steps(branch, flow))
            ends.append(flow.now)
        flow.merge(before, ends)
        return Branches(tuple(branches))

    def _named(self, step: Step, flow: Flow) -> Iterator[BoundStep]:
        bound = self.bound.get(step.name)
        if step.name not in self.bound:
            hint = suggestion(step.name, self.bound, there="There are")
            if step.name in self.workflows:
                hint = f"It is an operation: write include: {step.name}."
            flow.wrong(step.place, f"There is no worker or instance {step.name!r}.", hint)
            bound = None if step.name in self.workflows else meant(step.name, self.bound)
        if bound is None:
            flow.guess()
        else:
            yield self._bound(step, bound, flow)

    def _bound(self, step: Step, bound: Bound, flow: Flow) -> BoundStep:
        spec, name, place = bound.spec, step.name, step.place
        settings, problems = read_settings_of(spec, step.settings, step.keys, name)
        ports, wrong = bind_ports(spec, self.ports, name, place)
        flow.problems += problems + wrong
        flow.broken = flow.broken or not bound.sound
        if bound.sound:
            flow.problems += missing_settings(spec, {*bound.settings, *step.settings}, name, place)
        if settings and not problems:
            flow.problems += refused(spec, {**bound.settings, **settings}, name, place)
        renames = step.inputs
        if bound.stands_for is not None:
            theirs = bound.stands_for.inputs
            flow.touch(theirs, renames)
            renames = {key: to for key, to in renames.items() if key in spec.inputs or key not in theirs}
        inputs = flow.read(name, spec.inputs, renames, place)
        outputs = flow.write(name, spec.outputs, step.outputs, place, spec.spare_outputs)
        return BoundStep(name, spec, {**bound.settings, **settings}, ports, inputs, outputs, place)

    def _include(self, step: Include, flow: Flow) -> Iterator[Included]:
        operation = step.operation
        if operation not in self.workflows:
            hint = suggestion(operation, filter(STEP_NAME.fullmatch, self.workflows), there="There are")
            if operation in self.bound:
                hint = f"It is a worker: write it as a step, without `include`. {hint}"
            flow.wrong(step.place, f"There is no operation {operation!r} to include.", hint)
            operation = nearest(operation, self.workflows, least=SURE)
        if not operation:
            flow.guess()
            return
        sound = self.plan(operation)
        if sound.cycle:
            flow.wrong(step.place, f"The operations include each other in a circle: {' -> '.join(sound.cycle)}.")
        if sound.plan is None:
            self._include_broken(step, self.workflows[operation], flow)
            return
        kinds = {**sound.plan.outputs, **({CHANGES: Changes} if sound.plan.writes_changes else {})}
        inputs = flow.read(operation, sound.plan.inputs, step.inputs, step.place)
        outputs = flow.write(operation, kinds, step.outputs, step.place, sound.plan.spare_outputs)
        yield Included(sound.plan, inputs, outputs)

    def _include_broken(self, step: Include, workflow: Workflow, flow: Flow) -> None:
        """Go on with what the included operation says of itself; its own problems are noted where they stand."""
        flow.broken = True
        flow.touch({str(name.text): None for name in workflow.inputs}, step.inputs)
        flow.write(workflow.operation, {str(name.text): Any for name in workflow.outputs}, step.outputs, step.place)
