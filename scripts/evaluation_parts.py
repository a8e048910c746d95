"""The parts of the workflow that retrieves, and the same workflow without one of them or with another setting.

A part is a worker, as in `add_replies`, or one of its weights, as in `fuse_hits.time`: a key of its setting `weights`,
or a setting named like `vector_weight`. They are read from the plan, so they follow what the workflow is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any

import yaml

from memoryengine.workflow import Plan
from memoryengine.workflow.plan import BoundStep, Branches, PlanStep

WEIGHTS, WEIGHT = "weights", "_weight"


def parts(plan: Plan) -> list[str]:
    """Every worker of a plan and every weight of its workers that is not zero, in their order."""
    found: dict[str, None] = {}
    for step in plan.bound_steps():
        found[step.instance] = None
        found.update(dict.fromkeys(f"{step.instance}.{name}" for name, weight in weights(step).items() if weight))
    return list(found)


def weights(step: BoundStep) -> dict[str, float]:
    """The weights of a step by name: those of its mapping, and its settings that are weights."""
    held = setting(step, WEIGHTS)
    named = {name: setting(step, name) for name in step.worker.settings if name.endswith(WEIGHT)}
    return {**(held if isinstance(held, Mapping) else {}), **named}


def setting(step: BoundStep, name: str) -> Any:
    """The value of a setting: as it was given, laid over the worker's own where it is a mapping."""
    own = _default(step.worker.cls, name)
    given = step.settings.get(name, own)
    return {**own, **given} if isinstance(own, Mapping) and isinstance(given, Mapping) else given


def without(plan: Plan, part: str) -> Plan:
    """The plan without a worker, or with a weight of 0; raises `SystemExit` where it has no such part."""
    if part not in parts(plan):
        raise SystemExit(f"The workflow has no part {part!r}; it has: {', '.join(parts(plan))}.")
    instance, _, name = part.partition(".")
    if not name:
        return replace(plan, steps=tuple(_left(plan.steps, instance)))
    return with_setting(plan, instance, *((name,) if name.endswith(WEIGHT) else (WEIGHTS, name)), value=0.0)


def changed(plan: Plan, change: str) -> Plan:
    """The plan with another setting, given as `worker.setting=value` or `worker.mapping.key=value`, values in YAML."""
    path, equals, value = change.partition("=")
    instance, *keys = path.strip().split(".")
    steps = {step.instance: step for step in plan.bound_steps()}
    if not equals or len(keys) not in (1, 2) or instance not in steps or keys[0] not in steps[instance].worker.settings:
        raise SystemExit(
            f"--change {change!r}: it must be like worker.setting=value, with a worker of {', '.join(steps)}"
            + (f" and a setting of {', '.join(steps[instance].worker.settings)}." if instance in steps else ".")
        )
    return with_setting(plan, instance, *keys, value=yaml.safe_load(value))


def with_setting(plan: Plan, instance: str, *keys: str, value: Any) -> Plan:
    """The plan with one setting, or one key of a setting that is a mapping, set to a value."""

    def change(step: BoundStep) -> BoundStep:
        if step.instance != instance:
            return step
        name = keys[0]
        whole = value if len(keys) == 1 else {**setting(step, name), keys[1]: value}
        return replace(step, settings={**step.settings, name: tuple(whole) if isinstance(whole, list) else whole})

    return replace(plan, steps=tuple(_mapped(plan.steps, change)))


def _default(cls: type, name: str) -> Any:
    held: dict[str, Field[Any]] = {f.name: f for f in fields(cls)} if is_dataclass(cls) else {}
    if name not in held:
        return None
    one = held[name]
    if one.default_factory is not MISSING:
        return one.default_factory()
    return None if one.default is MISSING else one.default


def _mapped(steps: tuple[PlanStep, ...], change: Callable[[BoundStep], BoundStep]) -> Iterator[PlanStep]:
    for step in steps:
        if isinstance(step, BoundStep):
            yield change(step)
        elif isinstance(step, Branches):
            yield Branches(tuple(tuple(_mapped(branch, change)) for branch in step.branches))
        else:
            yield replace(step, plan=replace(step.plan, steps=tuple(_mapped(step.plan.steps, change))))


def _left(steps: tuple[PlanStep, ...], instance: str) -> Iterator[PlanStep]:
    for step in steps:
        if isinstance(step, BoundStep):
            if step.instance != instance:
                yield step
        elif isinstance(step, Branches):
            branches = [tuple(_left(branch, instance)) for branch in step.branches]
            yield Branches(tuple(branch for branch in branches if branch))
        else:
            yield replace(step, plan=replace(step.plan, steps=tuple(_left(step.plan.steps, instance))))
