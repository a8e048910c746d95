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
from dataclasses import replace
from pathlib import PurePath

from ..coerce import BROKEN, as_meant, coerce, found, unknown_keys
from ..errors import Problem
from ..worker import RESERVED
from ..yaml_tree import Node, Place, nearest
from .one_line import read_line
from .steps import STEP_NAME, AnyStep, Include, Name, Parallel, Step, Unread, Workflow

KEYS = ("operation", "description", "inputs", "outputs", "steps", "repeat")
PARALLEL = "parallel"
NAMING = ("use", "name", "worker", "step", "instance")  # what people write where the worker's name belongs
FLOW_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def read_workflow(root: Node) -> tuple[Workflow | None, list[Problem]]:
    """One workflow from the tree of its file, and every problem; None where it is no mapping.

    One that names no operation goes by its file, so that the rest of it can be checked.
    """
    if not isinstance(root.value, Mapping):
        return None, [root.place.problem("A workflow file holds a mapping with `operation` and `steps`.")]
    problems = unknown_keys(root, KEYS, "A workflow")
    root = as_meant(root, KEYS)
    reader = _Reader(problems)
    operation = reader.operation(root)
    inputs, outputs = (reader.names(root.get(key), key) for key in ("inputs", "outputs"))
    steps_node = root.get("steps")
    if steps_node is None:
        problems.append(root.place.problem("A workflow needs `steps`, a list of the names of its workers."))
    steps = reader.steps(steps_node) if steps_node else (Unread(root.place),)
    repeat, wrong = coerce(root.get("repeat") or Node(False), bool, "repeat")
    description, also_wrong = coerce(root.get("description") or Node(""), str, "description")
    problems += wrong + also_wrong
    place = root.key_place("operation")
    return Workflow(operation, inputs, outputs, steps, repeat is True, str(description), place), problems


class _Reader:
    """Reads the parts of a workflow and gathers their problems."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(place.problem(message, hint))

    def operation(self, root: Node) -> str:
        node = root.get("operation")
        if node is None:
            self.wrong(root.place, "A workflow needs 'operation'.", "Name what it does, as in operation: list_memory.")
            return root.place.file
        value, wrong = coerce(node, str, "operation")
        self.problems += wrong
        if value is not BROKEN and not STEP_NAME.fullmatch(value):
            self.wrong(node.place, f"`operation` must be a name like `list_memory`, not {found(node)}.")
            return root.place.file
        return root.place.file if value is BROKEN else str(value)

    def names(self, node: Node | None, key: str) -> tuple[Name, ...]:
        """The names of a list; what is none is taken as it was probably meant, so that the steps can be checked."""
        if node is None or node.broken:
            return ()
        listed = node.value
        if not isinstance(listed, tuple):
            texts = tuple(node.value) if isinstance(node.value, Mapping) else tuple(re.findall(r"[^\s,]+", node.text))
            hint = f"Write {key}: [{', '.join(texts)}]."
            self.wrong(node.place, f"`{key}` must be a list of names, not {found(node)}.", hint)
            listed = tuple(Node(text, node.place, text=text) for text in texts)
        names: dict[str | None, Name] = {}
        for held in listed:
            name = self.name(held, f"each of `{key}`")
            if name is not None and name.text in names and name.text == held.value:
                self.wrong(name.place, f"{name.text!r} stands twice in `{key}`.", "Take one of them out.")
            elif name is not None:
                names.setdefault(name.text, name)
        return tuple(names.values())

    def name(self, node: Node, what: str, *, null: bool = False) -> Name | None:
        if node.broken:
            return None
        if null and node.value is None:
            return Name(None, node.place)
        if isinstance(node.value, str) and FLOW_NAME.fullmatch(node.value):
            return Name(node.value, node.place)
        meant = re.sub(r"\W+", "_", node.text.strip().lower())
        near = meant if FLOW_NAME.fullmatch(meant) else ""
        hint = f"Did you mean {near!r}?" if near else "Write null for none." if null else ""
        self.wrong(node.place, f"{what} must be a name like `hits`, not {found(node)}.", hint)
        return Name(near, node.place) if near else None

    def steps(self, node: Node) -> tuple[AnyStep, ...]:
        if isinstance(node.value, str):
            return read_line(node, self.problems)
        if not isinstance(node.value, tuple):
            message = f"`steps` must be a list, or one line as in `a,[b|c,d],e`, not {found(node)}."
            hint = "Put a dash before each step." if node.items() else ""
            self.problems += [] if node.broken else [node.place.problem(message, hint)]
            return (Unread(node.place),)
        if not node.value:
            self.wrong(node.place, "There is no step in this list.", "Name at least one worker.")
            return (Unread(node.place),)
        return tuple(map(self.step, node.value))

    def step(self, node: Node) -> AnyStep:
        if isinstance(node.value, str):
            return self.named(node.value, node.place, Node({}, node.place))
        if not isinstance(node.value, Mapping) or not node.value:
            message = f"A step is a name, or a name with settings; this is {found(node)}."
            hint = "Steps that run at the same time stand under `parallel`." if isinstance(node.value, tuple) else ""
            self.problems += [] if node.broken else [node.place.problem(message, hint)]
            return Unread(node.place)
        if "include" in node.value:
            return self.include(node)
        name, held = next(iter(node.value.items()))
        place, rest = node.key_place(name), Node({k: v for k, v in node.items() if k != name}, node.place, node.keys)
        if name in NAMING and isinstance(held.value, str):
            hint = f"Write - {held.value}, with its settings indented below it."
            self.wrong(place, f"A step begins with the name of its worker, not with {name!r}.", hint)
            return self.named(held.value, held.place, rest)
        if rest.value:
            self.wrong(
                node.place,
                f"A step names one worker; this one holds {', '.join(node.value)}.",
                "Indent its settings further than its name, and put `in` and `out` among them.",
            )
            held = rest if held.value is None else held
        if name == PARALLEL:
            return self.parallel(held)
        meant = PARALLEL if isinstance(held.value, tuple) else "include" if isinstance(held.value, str) else ""
        if meant and nearest(name, (meant,), least=0.8):  # settings are neither a list nor a text
            self.wrong(place, f"There is no step {name!r}.", f"Did you mean {meant!r}?")
            include = Node({meant: held, **dict(rest.items())}, place, {**node.keys, meant: place})
            return self.parallel(held) if meant == PARALLEL else self.include(include)
        return self.named(name, place, held)

    def named(self, name: str, place: Place, held: Node) -> AnyStep:
        if not STEP_NAME.fullmatch(name):
            self.wrong(place, f"{name!r} is no name of a worker.", _name_hint(name))
            return Unread(place)
        if held.value is not None and not isinstance(held.value, Mapping):
            self.wrong(held.place, f"The settings of {name!r} must be a mapping, not {found(held)}.")
            held = Node({}, place)
        use = held.get("use")
        if use is not None and isinstance(use.value, str):
            hint = f"Name {use.value!r} itself, or write in the config: instances: {{{name}: {{use: {use.value}}}}}."
            self.wrong(held.key_place("use"), "A step of a workflow cannot say which worker it uses.", hint)
            name = use.value
        inputs, outputs = self.renames(held, name)
        settings = {key: self.setting(name, key, value) for key, value in held.items() if key not in RESERVED}
        return Step(name, place, settings, held.keys, inputs, outputs)

    def setting(self, name: str, key: str, node: Node) -> Node:
        if "${" not in node.text:
            return node
        hint = f"Write in the config: instances: {{{name}: {{{key}: ...}}}}."
        self.wrong(node.place, f"`{name}.{key}` asks for a variable, which only a config can do.", hint)
        return replace(node, broken=True)

    def include(self, node: Node) -> AnyStep:
        name = node.get("include")
        self.problems += unknown_keys(node, ("include", "in", "out"), "An include")
        if name is None or not isinstance(name.value, str) or not STEP_NAME.fullmatch(name.value):
            file = PurePath(name.text if name else "")
            hint = f"Did you mean {file.stem!r}?" if file.suffix in (".yaml", ".yml") else ""
            message = f"`include` must name an operation, not {found(name) if name else 'nothing'}."
            self.wrong(node.key_place("include"), message, hint)
            return Unread(node.place)
        inputs, outputs = self.renames(node, name.value)
        return Include(name.value, name.place, node.keys, inputs, outputs)

    def renames(self, held: Node, step: str) -> tuple[Mapping[str, Name], Mapping[str, Name]]:
        return self.rename(held.get("in"), f"`in` of {step!r}"), self.rename(held.get("out"), f"`out` of {step!r}")

    def rename(self, node: Node | None, what: str) -> Mapping[str, Name]:
        if node is None or node.broken:
            return {}
        if not isinstance(node.value, Mapping):
            self.wrong(node.place, f"{what} must map names to names, not be {found(node)}.")
            return {}
        names = {key: self.name(held, f"{key!r} in {what}", null=True) for key, held in node.value.items()}
        return {key: Name(name.text, node.key_place(key)) for key, name in names.items() if name is not None}

    def parallel(self, node: Node) -> AnyStep:
        if not isinstance(node.value, tuple) or not node.value:
            hint = "As in parallel: [[a, b], c], where b runs after a, and c beside them."
            self.wrong(node.place, f"`parallel` must be a list of branches, not {found(node)}.", hint)
            return Unread(node.place)
        if len(node.value) == 1:
            self.wrong(node.place, "`parallel` holds one branch alone.", "Give it two, or write the steps in the list.")
        return Parallel(tuple(self.branch(held) for held in node.value), node.place)

    def branch(self, node: Node) -> tuple[AnyStep, ...]:
        if isinstance(node.value, tuple):
            return self.steps(node)
        return (self.step(node),)


def _name_hint(name: str) -> str:
    """What was probably meant by a text that no worker can be called."""
    first, _, rest = name.partition(" ")
    if first == "include" and STEP_NAME.fullmatch(rest):
        return f"Write include: {rest}, with a colon."
    if "{" in name:
        return "Take the quotes away." if ":" in name else "Put a colon and a space behind the worker's name."
    if any(mark in name for mark in ",|[]"):
        return "Write the one-line form as one text in quotes: steps: 'a,[b|c],d'."
    if " " in name or name.startswith("-"):
        return "Put each step on a line of its own, a dash and a space before it."
    return ""
