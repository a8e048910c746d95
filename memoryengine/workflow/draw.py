"""A plan drawn as text, with the type on each arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..annotations import type_name
from ..values import Changes
from ..worker import Slot
from .plan import BoundStep, Branches, Included, Plan, PlanStep


@dataclass(frozen=True, slots=True)
class _Branch:
    """One part of the drawing: its lines, and the parts below it."""

    lines: tuple[str, ...]
    below: tuple[_Branch, ...] = ()


def draw_plan(plan: Plan) -> str:
    """The plan as lines of text: its steps from top to bottom, and what each reads and writes, with types.

    `name [worker]` is an instance that uses another worker, `query = hop` an input or output that flows under another
    name; what is dropped or takes its default is shown with a dash.
    """
    head = f"{plan.operation}({', '.join(_input(name, slot) for name, slot in plan.inputs.items())})"
    outputs = ", ".join(f"{name}: {type_name(kind)}" for name, kind in plan.outputs.items())
    lines = [f"{head} → {outputs}" if outputs else head]
    lines += [f"  {plan.description}"] if plan.description else []
    lines += ["  It is run again until a run stops."] if plan.repeat else []
    return "\n".join([*lines, *_drawn(tuple(map(_step, plan.steps)), "")])


def _drawn(parts: tuple[_Branch, ...], indent: str) -> Iterator[str]:
    for i, part in enumerate(parts):
        mark, under = ("└─ ", "   ") if i == len(parts) - 1 else ("├─ ", "│  ")
        stem = "│  " if part.below else "   "
        yield indent + mark + part.lines[0]
        yield from (indent + under + stem + line for line in part.lines[1:])
        yield from _drawn(part.below, indent + under)


def _step(step: PlanStep) -> _Branch:
    match step:
        case BoundStep():
            arrow = _arrow(step, {key: slot.type for key, slot in step.worker.inputs.items()}, step.worker.outputs)
            return _Branch((_title(step), arrow))
        case Branches():
            branches = (_Branch((f"branch {i}",), tuple(map(_step, held))) for i, held in enumerate(step.branches, 1))
            return _Branch(("at the same time",), tuple(branches))
        case Included():
            plan = step.plan
            arrow = _arrow(step, {key: slot.type for key, slot in plan.inputs.items()}, plan.outputs)
            return _Branch((f"include {plan.operation}", arrow), tuple(map(_step, plan.steps)))


def _title(step: BoundStep) -> str:
    other = f" [{step.worker.name}]" if step.worker.name != step.instance else ""
    settings = ", ".join(f"{key}={value!r}" for key, value in step.settings.items())
    stop = "  (may stop the run)" if step.worker.may_stop else ""
    return f"{step.instance}{other}{f' ({settings})' if settings else ''}{stop}"


def _arrow(step: BoundStep | Included, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    """One line, as in `query: str, hits: tuple[Hit, ...] → hits: tuple[Hit, ...]`."""
    return f"{_names(step.inputs, inputs)} → {_names(step.outputs, outputs)}".strip()


def _names(names: Mapping[str, str | None], types: Mapping[str, Any]) -> str:
    return ", ".join(_name(key, name, type_name(types.get(key, Changes))) for key, name in names.items()) or "()"


def _name(key: str, name: str | None, kind: str) -> str:
    return f"{key}: {kind}" if name == key else f"{key} = {name or '-'}: {kind}"


def _input(name: str, slot: Slot) -> str:
    return f"{name}: {type_name(slot.type)}" + ("" if slot.required else f" = {slot.default!r}")
