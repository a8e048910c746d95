"""MemoryScope's one-line workflows as ours: `a,[b|c,d],e` with the names of our workers.

A line that is the demo's own needs none: the stock operation does the same. Any other becomes a workflow in the same
one-line form, in which each of their workers stands as ours and those that the engine does itself are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .source import Source
from .workers import twin_of

# How the two demo configs name the workers of each operation; a file with these lines wants the stock behaviour.
SHAPES: Mapping[str, frozenset[str]] = {
    "read_message": frozenset({"read_messages"}),
    "retrieve_memory": frozenset({"extract_time", "search_memories", "semantic_rank", "fuse_hits"}),
    "list_memory": frozenset({"search_memories", "print_memories"}),
    "delete_memory": frozenset({"search_memories", "delete_one_memory"}),
    "delete_all": frozenset({"search_memories", "delete_all_memories"}),
    "add_memory": frozenset({"add_custom_memory"}),
    "consolidate_memory": frozenset(
        {"filter_messages", "write_observations", "write_timed_observations", "load_today", "compare_with_today"}
    ),
    "reflect_and_reconsolidate": frozenset(
        {"load_observations", "reflect_subjects", "update_insights", "review_observations"}
    ),
}
INPUTS = {
    "retrieve_memory": ["query", "window", "kinds", "asked_at", "limit"],
    "consolidate_memory": [],
    "reflect_and_reconsolidate": [],
}
OUTPUTS = {"retrieve_memory": ["hits"]}
WRITERS = ("write_observations", "write_timed_observations")
CHAINS = tuple(INPUTS)  # whose workers may be taken out; the others are one worker each

Line = list[str | list[list[str]]]


def operations(source: Source, service: str) -> dict[str, dict[str, object]]:
    """The workflows that differ from the stock operation of their name, in one-line form."""
    found: dict[str, dict[str, object]] = {}
    for name in source.names("memory_service", service, "memory_operations"):
        path = ("memory_service", service, "memory_operations", name)
        source.take(*path, "class")
        source.take(*path, "description")
        line = read_line(str(source.take(*path, "workflow") or ""))
        workers = _workers(source, line, (*path, "workflow"))
        reviewed = "review_observations" in (workers or ()) and bool(source.peek("global", "enable_long_contra_repeat"))
        if workers is None or (frozenset(workers) == SHAPES.get(name) and not reviewed):
            continue
        if name in CHAINS:
            found[name] = _workflow(source, name, line)
        else:
            source.note((*path, "workflow"), f"is not the demo's; the stock operation {name!r} is used.")
    return found


def read_line(text: str) -> Line:
    """The parts of a one-line workflow: names, and in brackets branches of names."""
    parts: Line = []
    for part in re.findall(r"\[[^\]]*\]|[^,\[\]]+", text):
        if part.startswith("["):
            parts.append([_names(branch) for branch in part[1:-1].split("|")])
        else:
            parts += _names(part)
    return parts


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _workers(source: Source, line: Line, path: tuple[str, ...]) -> list[str] | None:
    """Our workers of a line; None, with a note, where one is unknown."""
    branches = [branch for part in line for branch in ([[part]] if isinstance(part, str) else part)]
    names = [name for branch in branches for name in branch]
    twins = {name: twin_of(source, name) for name in names}
    unknown = [name for name, twin in twins.items() if twin is None]
    if unknown:
        source.note(path, f"names {unknown[0]!r}, which is no worker of MemoryScope: the stock operation is used.")
        return None
    return [twin.ours for twin in twins.values() if twin is not None and twin.ours]


def _workflow(source: Source, name: str, line: Line) -> dict[str, object]:
    off = _switched_off(source)
    seen = set(off)
    steps = [part for part in (_part(source, part, seen) for part in line) if part]
    seen -= off
    if name == "consolidate_memory":
        # what is to be written comes from the comparison
        compared = [] if "compare_with_today" in seen else ["compare_with_today"]
        steps = ["load_messages", *steps, *compared, "mark_consolidated"]
    if name == "reflect_and_reconsolidate" and "load_observations" not in seen:
        steps = ["load_observations", *steps]
    if name == "retrieve_memory":
        steps = [*steps, "limit_hits"]
    made: dict[str, object] = {"operation": name, "inputs": INPUTS[name]}
    if name in OUTPUTS:
        made["outputs"] = OUTPUTS[name]
    if name == "consolidate_memory":
        made["repeat"] = True
    bound = _bound(seen)
    if any(worker in bound for step in steps for worker in re.split(r"[\[\]|,]", step)):
        return {**made, "steps": [_long(step, bound) for step in steps]}
    return {**made, "steps": ",".join(steps)}


def _switched_off(source: Source) -> set[str]:
    """The workers of a line that a global setting switches off."""
    off = {"enable_today_contra_repeat": "load_today", "enable_long_contra_repeat": "review_observations"}
    return {worker for key, worker in off.items() if source.peek("global", key) is False}


def _bound(seen: set[str]) -> dict[str, dict[str, str | None]]:
    """What must be said of the inputs of our workers where a worker that would make them is not in the line."""
    made = {"observations": "write_observations", "timed": "write_timed_observations", "today": "load_today"}
    found: dict[str, dict[str, str | None]] = {}
    if "filter_messages" not in seen:
        found = {writer: {"messages": "batch"} for writer in WRITERS}
    missing: dict[str, str | None] = {name: None for name, worker in made.items() if worker not in seen}
    found |= {"compare_with_today": missing} if missing else {}
    found |= {} if "extract_time" in seen else {"fuse_hits": {"period": None}}
    return found


def _long(step: str, bound: Mapping[str, Mapping[str, str | None]]) -> object:
    """A step in the long form, with what is bound."""
    if step.startswith("["):
        return {"parallel": [[_long(name, bound) for name in branch.split(",")] for branch in step[1:-1].split("|")]}
    return {step: {"in": dict(bound[step])}} if step in bound else step


def _part(source: Source, part: str | list[list[str]], seen: set[str]) -> str:
    """One part with our names, each once; a bracket with one branch left needs none."""
    if isinstance(part, str):
        return ",".join(_ours(source, [part], seen))
    branches = [held for branch in part if (held := _ours(source, branch, seen))]
    joined = "|".join(",".join(branch) for branch in branches)
    return f"[{joined}]" if len(branches) > 1 else joined


def _ours(source: Source, names: Iterable[str], seen: set[str]) -> list[str]:
    found = []
    for name in names:
        twin = twin_of(source, name)
        if twin and twin.ours and twin.ours not in seen:
            seen.add(twin.ours)
            found.append(twin.ours)
    return found
