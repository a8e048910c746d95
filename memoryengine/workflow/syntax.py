"""YAML -> frozen workflows, with the place of everything.

    operation: retrieve_memory
    description: Find what matters for a question.     # optional
    inputs: [query]
    outputs: [hits]
    repeat: false                                      # true: the engine runs it again until a run stops
    steps:
      - extract_time
      - parallel:
          - [search_memories, semantic_rank]
          - search_messages: {top_k: 5, out: {hits: more}}
      - include: fuse_memory
        in: {hits: more}

A step is a name, or a name with settings; among these `in` maps inputs of the worker to names that flow (null: the
worker's default) and `out` its outputs to names (null: dropped knowingly). `steps` may also be one line as in
`a,[b|c,d],e`: a, then the branches b and c,d at the same time, then e.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..coerce import coerce, found, unknown_keys
from ..errors import Problem
from ..yaml_tree import Node, Place
from .one_line import read_line
from .steps import STEP_NAME, AnyStep, Include, Name, Parallel, Step, Workflow

KEYS = ("operation", "description", "inputs", "outputs", "steps", "repeat")
FLOW_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def read_workflow(root: Node) -> tuple[Workflow | None, list[Problem]]:
    """One workflow from the tree of its file, and every problem; None where it names no operation."""
    if not isinstance(root.value, Mapping):
        return None, [root.place.problem("A workflow file holds a mapping with `operation` and `steps`.")]
    problems = unknown_keys(root, KEYS, "A workflow")
    reader = _Reader(problems)
    operation = reader.text(root, "operation")
    inputs, outputs = (reader.names(root.get(key), key) for key in ("inputs", "outputs"))
    steps_node = root.get("steps")
    if steps_node is None:
        problems.append(root.place.problem("A workflow needs `steps`, a list of the names of its workers."))
    steps = reader.steps(steps_node) if steps_node else ()
    repeat, wrong = coerce(root.get("repeat") or Node(False), bool, "repeat")
    description = reader.text(root, "description") if root.get("description") else ""
    problems += wrong
    if not operation:
        return None, problems
    place = root.key_place("operation")
    return Workflow(operation, inputs, outputs, steps, repeat is True, description, place), problems


class _Reader:
    """Reads the parts of a workflow and gathers their problems."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(place.problem(message, hint))

    def text(self, root: Node, key: str) -> str:
        node = root.get(key)
        if node is None:
            self.wrong(root.place, f"A workflow needs {key!r}.")
            return ""
        value, wrong = coerce(node, str, key)
        self.problems += wrong
        return "" if wrong else str(value)

    def names(self, node: Node | None, key: str) -> tuple[Name, ...]:
        if node is None:
            return ()
        if not isinstance(node.value, tuple):
            self.wrong(node.place, f"`{key}` must be a list of names, not {found(node)}.")
            return ()
        names = [name for held in node.value if (name := self.name(held, f"each of `{key}`")) is not None]
        for i, name in enumerate(names):
            if name.text in [earlier.text for earlier in names[:i]]:
                self.wrong(name.place, f"{name.text!r} stands twice in `{key}`.")
        return tuple({name.text: name for name in names}.values())

    def name(self, node: Node, what: str, *, null: bool = False) -> Name | None:
        if null and node.value is None:
            return Name(None, node.place)
        if not isinstance(node.value, str) or not FLOW_NAME.fullmatch(node.value):
            hint = "Write null for none." if null else ""
            self.wrong(node.place, f"{what} must be a name like `hits`, not {found(node)}.", hint)
            return None
        return Name(node.value, node.place)

    def steps(self, node: Node) -> tuple[AnyStep, ...]:
        if isinstance(node.value, str):
            return read_line(node, self.problems)
        if not isinstance(node.value, tuple):
            self.wrong(node.place, f"`steps` must be a list, or one line as in `a,[b|c,d],e`, not {found(node)}.")
            return ()
        if not node.value:
            self.wrong(node.place, "There is no step in this list.", "Name at least one worker.")
        return tuple(step for held in node.value if (step := self.step(held)) is not None)

    def step(self, node: Node) -> AnyStep | None:
        if isinstance(node.value, str):
            return self.named(node.value, node.place, Node({}, node.place))
        if not isinstance(node.value, Mapping) or not node.value:
            self.wrong(node.place, f"A step is a name, or a name with settings; this is {found(node)}.")
            return None
        if "include" in node.value:
            return self.include(node)
        if len(node.value) > 1:
            self.wrong(
                node.place,
                f"A step names one worker; this one holds {', '.join(node.value)}.",
                "Indent its settings further than its name, and put `in` and `out` among them.",
            )
        name, held = next(iter(node.value.items()))
        if name == "parallel":
            return self.parallel(held)
        return self.named(name, node.key_place(name), held)

    def named(self, name: str, place: Place, held: Node) -> Step | None:
        if not STEP_NAME.fullmatch(name):
            one_line = any(mark in name for mark in ",|[]")
            hint = "Write the one-line form as one text in quotes: steps: 'a,[b|c],d'." if one_line else ""
            self.wrong(place, f"{name!r} is no name of a worker.", hint)
            return None
        if held.value is not None and not isinstance(held.value, Mapping):
            self.wrong(held.place, f"The settings of {name!r} must be a mapping, not {found(held)}.")
            held = Node({}, place)
        inputs, outputs = self.renames(held, name)
        settings = {key: value for key, value in held.items() if key not in ("in", "out")}
        return Step(name, place, settings, held.keys, inputs, outputs)

    def include(self, node: Node) -> Include | None:
        name = node.get("include")
        self.problems += unknown_keys(node, ("include", "in", "out"), "An include")
        if name is None or not isinstance(name.value, str) or not STEP_NAME.fullmatch(name.value):
            self.wrong(node.key_place("include"), "`include` must name an operation.")
            return None
        inputs, outputs = self.renames(node, name.value)
        return Include(name.value, name.place, node.keys, inputs, outputs)

    def renames(self, held: Node, step: str) -> tuple[Mapping[str, Name], Mapping[str, Name]]:
        return self.rename(held.get("in"), f"`in` of {step!r}"), self.rename(held.get("out"), f"`out` of {step!r}")

    def rename(self, node: Node | None, what: str) -> Mapping[str, Name]:
        if node is None:
            return {}
        if not isinstance(node.value, Mapping):
            self.wrong(node.place, f"{what} must map names to names, not be {found(node)}.")
            return {}
        names = {key: self.name(held, f"{key!r} in {what}", null=True) for key, held in node.value.items()}
        return {key: Name(name.text, node.key_place(key)) for key, name in names.items() if name is not None}

    def parallel(self, node: Node) -> Parallel | None:
        if not isinstance(node.value, tuple) or not node.value:
            self.wrong(node.place, f"`parallel` must be a list of branches, not {found(node)}.")
            return None
        if len(node.value) == 1:
            self.wrong(node.place, "`parallel` holds one branch alone.", "Give it two, or write the steps in the list.")
        return Parallel(tuple(self.branch(held) for held in node.value), node.place)

    def branch(self, node: Node) -> tuple[AnyStep, ...]:
        if isinstance(node.value, tuple):
            return self.steps(node)
        step = self.step(node)
        return () if step is None else (step,)
