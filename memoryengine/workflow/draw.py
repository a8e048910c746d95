"""A plan drawn as text, with the type on each arrow."""

from __future__ import annotations

from .plan import Plan


def draw_plan(plan: Plan) -> str:
    """The plan as lines of text: steps from top to bottom, branches side by side, what each reads and writes."""
    raise NotImplementedError
