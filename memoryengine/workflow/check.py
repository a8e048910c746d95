"""Workflows + worker contracts + instances -> plans, and every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from ..errors import Problem
from ..worker import InstanceSettings, WorkerSpec
from .plan import Plan
from .steps import Workflow


def check_workflows(
    workflows: Sequence[Workflow],
    specs: Mapping[str, WorkerSpec],
    instances: Mapping[str, InstanceSettings],
    ports_available: AbstractSet[str],
) -> tuple[Mapping[str, Plan], list[Problem]]:
    """The plans of all workflows without a problem, by operation, and every problem found.

    `ports_available` are names of `memoryengine.worker.PORTS` that the engine can fill in; `prompt` always is.
    """
    raise NotImplementedError
