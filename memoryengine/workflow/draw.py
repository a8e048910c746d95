"""A plan drawn as text, with the type on each arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..annotations import type_name
from ..worker import Slot
from .plan import BoundStep, Branches, Included, Plan, PlanStep


def draw_plan(plan: Plan) -> str:
    """The plan as lines of text: its steps from top to bottom, and what each reads and writes, with types.

    `name [worker]` is an instance that uses another worker; `┬ at the same time` opens branches; a name behind `=` is
    the worker's own, bound to the one before it.
    """
    head = f"{plan.operation}({', '.join(_input(name, slot) for name, slot in plan.inputs.items())})"
    outputs = ", ".join(f"{name}: {type_name(kind)}" for name, kind in plan.outputs.items())
    lines = [head + (f" -> {outputs}" if outputs else "")]
    if plan.description:
        lines.append(f"  {plan.description}")
    if plan.repeat:
        lines.append("  (run again until a run stops)")
    return "\n".join([*lines, *_steps(plan.steps, "")])


def _input(name: str, slot: Slot) -> str:
    return f"{name}: {type_name(slot.type)}" + ("" if slot.required else f" = {slot.default!r}")


def _steps(steps: tuple[PlanStep, ...], indent: str) -> Iterator[str]:
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        mark, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _step(step, indent + mark, indent + below)


def _step(step: PlanStep, mark: str, indent: str) -> Iterator[str]:
    match step:
        case BoundStep():
            yield mark + _title(step)
            spec = step.worker
            yield from _arrows(indent, "in ", step.inputs, {key: slot.type for key, slot in spec.inputs.items()})
            yield from _arrows(indent, "out", step.outputs, spec.outputs)
        case Branches():
            yield f"{mark}┬ at the same time"
            for i, branch in enumerate(step.branches, 1):
                yield f"{indent}├ branch {i}"
                yield from _steps(branch, indent + "│ ")
        case Included():
            yield f"{mark}include {step.plan.operation}"
            yield from _arrows(indent, "in ", step.inputs, {key: slot.type for key, slot in step.plan.inputs.items()})
            yield from _steps(step.plan.steps, indent + "  ")
            yield from _arrows(indent, "out", step.outputs, step.plan.outputs)


def _title(step: BoundStep) -> str:
    other = f" [{step.worker.name}]" if step.worker.name != step.instance else ""
    settings = ", ".join(f"{key}={value!r}" for key, value in step.settings.items())
    stop = "  (may stop the run)" if step.worker.may_stop else ""
    return f"{step.instance}{other}{f' ({settings})' if settings else ''}{stop}"


def _arrows(indent: str, word: str, names: Mapping[str, str | None], types: Mapping[str, Any]) -> Iterator[str]:
    """One line a name: `in  hits: tuple[Hit, ...]`."""
    for key, name in names.items():
        kind = type_name(types[key]) if key in types else "Changes"
        if name is None:
            yield f"{indent}{word} {key}: {kind} ({'its default' if word == 'in ' else 'dropped'})"
        else:
            yield f"{indent}{word} {name}: {kind}" + (f" = {key}" if key != name else "")
