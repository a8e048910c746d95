"""Workflows: loading workers, reading YAML, checking it, running it concurrently and drawing it.

`loading` turns packages and folders into worker contracts and workflows, `check` turns those into plans (a pure
function), `run` runs a plan and `draw` shows one; `syntax` is the grammar and `plan` what a plan holds.
"""

from __future__ import annotations

from .check import check_workflows, misspelt_instances
from .draw import draw_plan
from .loading import load_workers, load_workflows, lost_workers
from .plan import BATCH, BoundStep, Branches, Plan, PlanStep, asks_chat
from .run import Outcome, StepTrace, run_plan
from .steps import Workflow

__all__ = [
    "BATCH",
    "BoundStep",
    "Branches",
    "Outcome",
    "Plan",
    "PlanStep",
    "StepTrace",
    "Workflow",
    "asks_chat",
    "check_workflows",
    "draw_plan",
    "load_workers",
    "load_workflows",
    "lost_workers",
    "misspelt_instances",
    "run_plan",
]
