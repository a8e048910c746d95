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
    "list_memory": frozenset({"search_memories"}),
    "delete_memory": frozenset({"search_memories", "delete_one_memory"}),
    "delete_all": frozenset({"search_memories", "delete_all_memories"}),
    "add_memory": frozenset({"add_custom_memory"}),
    "consolidate_memory": frozenset(
        {"filter_messages", "extract_observations", "load_observations", "find_conflicts"}
    ),
    "reflect_and_reconsolidate": frozenset({"load_observations", "reflect_subjects", "update_insights"}),
}
INPUTS = {
    "retrieve_memory": ["query", "window", "kinds", "asked_at", "limit"],
    "consolidate_memory": [],
    "reflect_and_reconsolidate": [],
}
OUTPUTS = {"retrieve_memory": ["hits"]}
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
        if workers is None or frozenset(workers) == SHAPES.get(name):
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
    seen: set[str] = set()
    shown = [_part(source, part, seen) for part in line]
    steps = [part for part in shown if part]
    if name == "consolidate_memory":
        # what is to be written comes from the comparison; by rule it asks no model, as the line wants it
        compared = [] if "find_conflicts" in seen else ["find_conflicts_by_rule"]
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
        if "filter_messages" not in seen:
            # without the filter, what was loaded is what is read
            bound = {"extract_observations": {"in": {"messages": "batch"}}}
            return {**made, "steps": [bound if step == "extract_observations" else step for step in steps]}
    return {**made, "steps": ",".join(map(str, steps))}


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
        today = source.has("worker", name, "retrieve_today_top_k")
        if twin and twin.ours and twin.ours not in seen and not today:
            seen.add(twin.ours)
            found.append(twin.ours)
    return found
