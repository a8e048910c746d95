"""Workflows + worker contracts + instances -> plans, and every problem at once. Nothing here reads a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ..errors import Problem
from ..values import Changes
from ..worker import InstanceSettings, WorkerSpec
from ..yaml_tree import suggestion
from .bindings import Bound, bind_instances, bind_ports, meant, missing_settings, read_settings_of
from .flow import Flow
from .plan import CHANGES, BoundStep, Branches, Included, Plan, PlanStep
from .steps import AnyStep, Include, Parallel, Step, Workflow


def check_workflows(
    workflows: Sequence[Workflow],
    specs: Mapping[str, WorkerSpec],
    instances: Mapping[str, InstanceSettings],
    ports_available: AbstractSet[str],
) -> tuple[Mapping[str, Plan], list[Problem]]:
    """The plans of all workflows without a problem, by operation, and every problem found.

    `ports_available` are names of `memoryengine.worker.PORTS` that the engine can fill in; `prompt` always is.
    """
    bound, problems = bind_instances(instances, specs)
    by_name = {workflow.operation: workflow for workflow in workflows}
    checker = _Checker(by_name, bound, ports_available)
    for workflow in workflows:
        checker.plan(workflow.operation)
    return checker.plans, problems + checker.problems


@dataclass(frozen=True, slots=True)
class _Sound:
    """A plan, or None and whether it was met while it was still being checked (a cycle)."""

    plan: Plan | None
    cycle: tuple[str, ...] = ()


class _Checker:
    """Checks each workflow once, those that it includes before it."""

    def __init__(
        self, workflows: Mapping[str, Workflow], bound: Mapping[str, Bound], ports: AbstractSet[str]
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
        if flow.problems or flow.guessed:
            return
        outputs = {str(name.text): flow.now[str(name.text)].type for name in workflow.outputs}
        outputs = {name: inputs[name].type if kind is None else kind for name, kind in outputs.items()}
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
        if bound is None:
            hint = suggestion(step.name, self.bound, there="There are")
            flow.wrong(step.place, f"There is no worker or instance {step.name!r}.", hint)
            bound = meant(step.name, self.bound)
        if bound is None:
            flow.guessed = True
            return
        spec, name = bound.spec, step.name
        settings, problems = read_settings_of(spec, step.settings, step.keys, name)
        settings = {**bound.settings, **settings}
        ports, wrong = bind_ports(spec, self.ports, name, step.place)
        given = {*settings, *step.settings}
        flow.problems += problems + wrong
        if bound.sound:
            flow.problems += missing_settings(spec, dict.fromkeys(given), name, step.place)
        else:
            flow.guessed = True
        stands_for = bound.stands_for
        renames = step.inputs
        if stands_for is not None:
            flow.touch(stands_for.inputs, renames)
            renames = {key: to for key, to in renames.items() if key in spec.inputs or key not in stands_for.inputs}
        inputs = flow.read(name, spec.inputs, renames, step.place)
        outputs = flow.write(name, spec.outputs, step.outputs, step.place)
        yield BoundStep(name, spec, settings, ports, inputs, outputs, step.place)

    def _include(self, step: Include, flow: Flow) -> Iterator[Included]:
        if step.operation not in self.workflows:
            hint = suggestion(step.operation, self.workflows, there="There are")
            flow.wrong(step.place, f"There is no operation {step.operation!r} to include.", hint)
            flow.guessed = True
            return
        sound = self.plan(step.operation)
        if sound.cycle:
            flow.wrong(step.place, f"The operations include each other in a circle: {' -> '.join(sound.cycle)}.")
        if sound.plan is None:
            flow.guessed = True
            return
        plan = sound.plan
        inputs = flow.read(step.operation, plan.inputs, step.inputs, step.place)
        kinds = {**plan.outputs, **({CHANGES: Changes} if plan.writes_changes else {})}
        outputs = flow.write(step.operation, kinds, step.outputs, step.place)
        yield Included(plan, inputs, outputs)
