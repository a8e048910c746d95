"""What a drawing shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from memoryengine.errors import Problem
from memoryengine.workflow import Plan, draw_plan

Check = Callable[..., tuple[Mapping[str, Plan], list[Problem]]]

RETRIEVE = """\
operation: retrieve
description: Find what matters.
inputs: [query, window]
outputs: [hits]
steps:
  - parallel:
      - [greet, tell_time]
      - find: {top_k: 3}
  - fuse
"""


def test_a_drawing_shows_order_branches_bindings_and_types(check: Check) -> None:
    plans, problems = check(RETRIEVE, instances={"fuse": {"use": "fuse_by_rule"}})
    assert problems == []
    assert draw_plan(plans["retrieve"]) == (
        "retrieve(query: str, window: tuple[str, ...] = ()) → hits: tuple[Hit, ...]\n"
        "  Find what matters.\n"
        "├─ at the same time\n"
        "│  ├─ branch 1\n"
        "│  │  ├─ greet  (may stop the run)\n"
        "│  │  │     query: str → ()\n"
        "│  │  └─ tell_time\n"
        "│  │        query: str → period: Period | None\n"
        "│  └─ branch 2\n"
        "│     └─ find (top_k=3)\n"
        "│           query: str, window: tuple[str, ...] → hits: tuple[Hit, ...]\n"
        "└─ fuse [fuse_by_rule]\n"
        "      hits: tuple[Hit, ...] → hits: tuple[Hit, ...]"
    )


def test_a_drawing_shows_renames_defaults_and_included_operations(check: Check) -> None:
    outer = "operation: outer\nrepeat: true\ninputs: [hop]\nsteps:\n  - include: retrieve\n"
    outer += "    in: {query: hop, window: null}\n    out: {hits: null}\n"
    plans, problems = check(RETRIEVE, outer)
    drawn = draw_plan(plans["outer"]).splitlines()
    assert problems == []
    assert drawn[:4] == [
        "outer(hop: str)",
        "  It is run again until a run stops.",
        "└─ include retrieve",
        "   │  query = hop: str, window = -: tuple[str, ...] → hits = -: tuple[Hit, ...]",
    ]
    assert any("tell_time" in line for line in drawn)
