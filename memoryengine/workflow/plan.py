"""What a checked workflow has become: steps bound to workers, settings and the names that flow between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..worker import Slot, WorkerSpec
from ..yaml_tree import NOWHERE, Place

CHANGES = "changes"  # the name that the engine commits, used whether a step reads it or not
BATCH = "batch"  # the name of the messages that a run works on, which are tried again when it fails


@dataclass(frozen=True, slots=True)
class BoundStep:
    """One instance at its place in a plan.

    `settings` holds the checked values that were given; the worker's own defaults fill the rest. `ports` names the
    port of each field that is to be filled, None where the field takes None and the port is not configured; a field
    that is absent keeps its default. `inputs` maps the parameters of `run` to flow names (None, or a name that holds
    nothing: the parameter's default), `outputs` the fields of its result (None: dropped).
    """

    instance: str
    worker: WorkerSpec
    settings: Mapping[str, Any] = field(default_factory=dict)
    ports: Mapping[str, str | None] = field(default_factory=dict)
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Branches:
    """Steps that run at the same time, each branch one after the other."""

    branches: tuple[tuple[PlanStep, ...], ...]


@dataclass(frozen=True, slots=True)
class Included:
    """The steps of another operation: its names are its own, only inputs, outputs and changes pass."""

    plan: Plan
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    outputs: Mapping[str, str | None] = field(default_factory=dict)


PlanStep = BoundStep | Branches | Included


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked workflow, ready to run.

    `inputs` are those the operation declares, with the type its consumers agree on; one with a default may be left
    out by the caller, and each consumer then uses its own default. `outputs` maps names to types. With `repeat` the
    operation is run again until a run stops.
    """

    operation: str
    inputs: Mapping[str, Slot]
    outputs: Mapping[str, Any]
    steps: tuple[PlanStep, ...]
    repeat: bool = False
    description: str = ""
    place: Place = NOWHERE

    def bound_steps(self) -> Iterator[BoundStep]:
        """Every bound step, in the order of the file: those in branches and included operations too."""
        yield from _flat(self.steps)

    @property
    def spare_outputs(self) -> frozenset[str]:
        """The outputs that an operation which includes this one need not read, as their last maker says."""
        made = {
            name: key in step.worker.spare_outputs for step in self.bound_steps() for key, name in step.outputs.items()
        }
        return frozenset(name for name in self.outputs if made.get(name))

    @property
    def writes_changes(self) -> bool:
        """Whether a run may ask for something to be written."""
        return any(CHANGES in step.outputs.values() for step in self.bound_steps())

    @property
    def takes_batches(self) -> bool:
        """Whether a run works on a batch of messages."""
        return any(BATCH in step.outputs.values() for step in self.bound_steps())

    @property
    def is_leased(self) -> bool:
        """Whether what a run writes may cost calls of a chat model, which two runs at once would pay twice."""
        return self.writes_changes and any(map(asks_chat, self.bound_steps()))


def asks_chat(step: BoundStep) -> bool:
    """Whether a step may ask the chat model."""
    return "chat" in step.ports.values()


def _flat(steps: tuple[PlanStep, ...]) -> Iterator[BoundStep]:
    for step in steps:
        match step:
            case BoundStep():
                yield step
            case Included():
                yield from step.plan.bound_steps()
            case Branches():
                for branch in step.branches:
                    yield from _flat(branch)
