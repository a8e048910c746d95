"""`name=value` arguments turned into the typed inputs of an operation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from memoryengine.annotations import members
from memoryengine.coerce import coerce
from memoryengine.errors import InputError
from memoryengine.lookback import LOOKS_BACK
from memoryengine.workflow import Plan
from memoryengine.yaml_tree import from_plain, suggestion, typed


def read_inputs(plan: Plan, given: Sequence[str], zone: ZoneInfo) -> dict[str, Any]:
    """The inputs of an operation from `name=value` texts, each value read as the type that the operation declares.

    A text is taken as it is; a moment is ISO 8601, local to `zone` where it names none; a list or mapping is JSON.
    Raises `InputError` for what is no `name=value`, for an unknown name and for a value of another type.
    """
    pairs = [_pair(one) for one in given]
    back = {name: text for name, text in pairs if name in LOOKS_BACK and name not in plan.inputs}
    pairs = [(name, text) for name, text in pairs if name not in back]
    for name, _ in pairs:
        if name not in plan.inputs:
            hint = suggestion(name, plan.inputs) if plan.inputs else "It takes none."
            raise InputError(f"The operation {plan.operation!r} has no input {name!r}. {hint}")
    return {name: _read(name, text, plan.inputs[name].type, zone) for name, text in pairs} | back


def _pair(given: str) -> tuple[str, str]:
    name, equals, text = given.partition("=")
    if not equals:
        raise InputError(f"{given!r} is no input; write name=value, as in query=guitar.")
    return name, text


def _read(name: str, text: str, wanted: Any, zone: ZoneInfo) -> Any:
    allowed = members(wanted)
    if str in allowed:
        return text
    if datetime in allowed:
        return read_moment(name, text, zone)
    node, problems = from_plain(_json(text))
    value, wrong = coerce(node, wanted, name)
    if problems := problems + wrong:
        raise InputError(" ".join(problem.message for problem in problems))
    return value


def _json(text: str) -> object:
    """JSON where it looks like a list or a mapping, else a scalar as YAML reads it."""
    if not text.startswith(("[", "{")):
        return typed(text)
    try:
        value: list[object] | Mapping[str, object] = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{text[:60]!r} looks like JSON and is none.") from None
    return value


def read_moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    """A moment from ISO 8601, local to `zone` where it names none; raises `InputError` that calls it `name`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name!r} must be ISO 8601 such as 2024-10-26T21:26:20, not {text!r}.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
