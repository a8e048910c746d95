"""Workflows: loading workers, reading YAML, checking it, running it concurrently and drawing it.

    load_workers, load_workflows    loading.py    folders and packages -> specs and workflows, with their problems
    check_workflows                 check.py      workflows + specs + instances -> plans, with their problems (pure)
    run_plan                        run.py        a plan + values -> an outcome
    draw_plan                       draw.py       a plan -> text
"""

from __future__ import annotations

from .check import check_workflows
from .draw import draw_plan
from .loading import load_workers, load_workflows, prompts_of
from .plan import BoundStep, Branches, Plan, PlanStep
from .run import Outcome, StepTrace, run_plan
from .syntax import Workflow

__all__ = [
    "BoundStep",
    "Branches",
    "Outcome",
    "Plan",
    "PlanStep",
    "StepTrace",
    "Workflow",
    "check_workflows",
    "draw_plan",
    "load_workers",
    "load_workflows",
    "prompts_of",
    "run_plan",
]
