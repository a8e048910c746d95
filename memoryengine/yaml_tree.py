"""YAML text -> a tree of values that know their file, line and column.

Only plain data is read: no tags, no merge keys. What is wrong becomes a `Problem` with its place, never an exception.
Scalars follow the YAML 1.2 core schema, so `no`, `on` and `12:30` are texts, and `1e3` is a number.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml

from .errors import Problem

Plain = None | bool | int | float | str

MOST_BYTES = 250_000
MOST_NODES = 20_000  # aliases may multiply a small file without end
VARIABLE = re.compile(r"\$\$\{|\$\{((?:\$\{[^}]*\}|[^}])*)\}?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTEGER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS: Mapping[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
STANDARD = ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value", "merge")
TAGS = {f"tag:yaml.org,2002:{name}" for name in STANDARD}
MOST_SHOWN = 30
TOO_LONG = "A config, a workflow or a prompt is not: name the right file."
LONGEST_INTEGER = 4000  # Python refuses to read longer ones
OPENED = {"while scanning a quoted scalar": "quote", "while parsing a flow sequence": "[",
          "while parsing a flow mapping": "{"}  # fmt: skip
SYNTAX_HINTS = (  # what people mostly did where PyYAML says this
    ("mapping values are not allowed", "A text that holds `: ` needs quotes, and a key a space behind its colon: see "
     "the line before, too."),
    ("undefined alias", "A text that begins with * needs quotes."),
    ("cannot start any token", "A text that begins with such a character needs quotes."),
    ("expected <block end>", "A text that begins with {, [ or a quote needs quotes around the whole of it; the entries "
     "of one list or mapping begin in the same column."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; lines and columns count from 1, 0 where there is none."""

    file: str = ""
    line: int = 0
    column: int = 0

    def problem(self, message: str, hint: str = "") -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.column, message, hint)


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML value with its place: a plain value, a tuple of nodes, or a mapping from names to nodes.

    `keys` holds the places of a mapping's keys. `text` is a scalar as it was written, variables filled in;
    `unset` names the environment variables that it asks for and that are not set, `filled` tells whether it asks for
    one, `from_environment` whether one that is set was put in. `quoted` texts begin one column after their place;
    `source` is what the file holds of a scalar that spans lines. A `broken` node has a problem of its own, so that
    nobody needs to complain about it again.
    """

    value: Plain | tuple[Node, ...] | Mapping[str, Node]
    place: Place = NOWHERE
    keys: Mapping[str, Place] = field(default_factory=dict)
    text: str = ""
    unset: tuple[str, ...] = ()
    filled: bool = False
    from_environment: bool = False
    quoted: bool = False
    source: str = ""
    broken: bool = False

    def get(self, key: str) -> Node | None:
        """The node under `key`, or None where this is no mapping or has no such key."""
        return self.value.get(key) if isinstance(self.value, Mapping) else None

    def items(self) -> Iterable[tuple[str, Node]]:
        """The entries of a mapping; none for another value."""
        return self.value.items() if isinstance(self.value, Mapping) else ()

    def key_place(self, key: str) -> Place:
        """Where `key` stands, or where this node stands if it has no such key."""
        return self.keys.get(key, self.place)


def read_yaml(file: Path, environ: Mapping[str, str] | None = None) -> tuple[Node | None, list[Problem]]:
    """The tree of a file, as `parse_yaml` gives it; a file that cannot be read is a problem too."""
    try:
        with file.open("rb") as opened:
            held = opened.read(MOST_BYTES + 1)
        if len(held) > MOST_BYTES:
            return None, [Problem(str(file), 0, 0, f"The file is longer than {MOST_BYTES} bytes.", TOO_LONG)]
        text = held.decode("utf-8-sig")
    except FileNotFoundError:
        return None, [Problem(str(file), 0, 0, "There is no such file.")]
    except IsADirectoryError:
        return None, [Problem(str(file), 0, 0, "This is a folder, where a YAML file is wanted.")]
    except OSError as error:
        return None, [Problem(str(file), 0, 0, f"The file cannot be read: {error.strerror or type(error).__name__}.")]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [Problem(str(file), line, 1, "The file is not UTF-8 text.", "Save it as UTF-8.")]
    return parse_yaml(text, str(file), environ)


def parse_yaml(text: str, file: str, environ: Mapping[str, str] | None = None) -> tuple[Node | None, list[Problem]]:
    """The tree of a YAML text, None for an empty one or where nothing could be read, and every problem found.

    With `environ`, `${NAME}` and `${NAME:-default}` in values are filled in (the default also where the variable is
    empty); `$${` stands for `${`. A name that is not set stays in `Node.unset`: see `unset_variables`.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_problem(error, text, file)]
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return None, [place.problem(f"The character U+{ord(text[error.position]):04X} is not allowed in YAML.")]
    except RecursionError:
        return None, [Problem(file, 1, 1, "The YAML is nested too deeply.")]
    if root is None:
        return None, [Problem(file, 1, 1, "The file is empty.")]
    builder = _Builder(file, environ, text)
    try:
        return builder.build(root, ()), builder.problems
    except RecursionError:
        return None, [Problem(file, 1, 1, "The YAML is nested too deeply.")]


def from_plain(value: object, environ: Mapping[str, str] | None = None) -> tuple[Node, list[Problem]]:
    """A tree without places from what a program holds: mappings, lists, tuples, scalars and paths."""
    builder = _Builder("", environ)
    return builder.plain(value, "", ()), builder.problems


def to_plain(node: Node) -> Any:
    """The tree as dicts, lists and scalars."""
    if isinstance(node.value, Mapping):
        return {key: to_plain(held) for key, held in node.value.items()}
    if isinstance(node.value, tuple):
        return [to_plain(held) for held in node.value]
    return node.value


def unset_variables(node: Node) -> list[Problem]:
    """One problem for each environment variable that the tree asks for and that is not set."""
    found = [
        node.place.problem(f"The environment variable {name} is not set.", f"Set it, or write ${{{name}:-default}}.")
        for name in node.unset
    ]
    held: Iterable[Node] = ()
    if isinstance(node.value, Mapping):
        held = node.value.values()
    elif isinstance(node.value, tuple):
        held = node.value
    return found + [problem for child in held for problem in unset_variables(child)]


def nearest(name: str, names: Iterable[str], *, least: float = 0.6) -> str:
    """The one of `names` that `name` was probably meant to be, or ""; `least` is how alike they must be, up to 1."""
    near = difflib.get_close_matches(name, sorted(set(names)), n=1, cutoff=least)
    return near[0] if near else ""


def suggestion(name: str, names: Iterable[str], *, there: str = "There is") -> str:
    """A hint that names the nearest of `names` and lists them, as in `Did you mean 'x'? There is: x, y`."""
    known = sorted(set(names))
    near = nearest(name, known) or next((held for held in known if len(name) > 2 and held.startswith(name)), "")
    shown = ", ".join(known[:MOST_SHOWN]) + (f", and {len(known) - MOST_SHOWN} more" if len(known) > MOST_SHOWN else "")
    return (f"Did you mean {near!r}? " if near else "") + f"{there}: {shown or 'nothing'}."


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    said, while_ = error.problem or "it cannot be read", error.context or ""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = re.split(r"\r\n?|\n", text)
    held = lines[line - 1] if line <= len(lines) else ""
    if error.context_mark and (opened := OPENED.get(while_)):
        first = Place(file, error.context_mark.line + 1, error.context_mark.column + 1)
        outdented = line > first.line and _indent(held) <= _indent(lines[first.line - 1])
        if outdented or not held.strip() or "<stream end>" in said:
            return first.problem(f"This is no YAML: the {opened} that opens here is not closed.")
    if "\t" in held[: len(held) - len(held.lstrip())] or "'\\t'" in said:
        tab = held.find("\t") + 1
        return Problem(file, line, tab, "A tab stands where YAML wants spaces.", "Indent with spaces.")
    hint = next((hint for words, hint in SYNTAX_HINTS if words in said), "")
    if "${" in held and "flow" in while_:
        hint = 'Inside of { } and [ ] a text with a variable needs quotes, as in "${NAME}".'
    if "another document" in said:
        said, while_, hint = "a second document begins here", "", "Put it in a file of its own."
    return Problem(file, line, column, f"This is no YAML: {said}{f' ({while_})' if while_ else ''}.", hint)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Builder:
    """Turns composed YAML nodes into `Node`s and gathers problems on the way."""

    def __init__(self, file: str, environ: Mapping[str, str] | None, text: str = "") -> None:
        self.file, self.environ, self.text = file, environ, text
        self.problems: list[Problem] = []
        self.count = 0

    def place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def build(self, node: yaml.Node, above: tuple[int, ...]) -> Node:
        place = self.place(node)
        self.count += 1
        if id(node) in above:
            return self.broken(place, "The alias points at a value that it is itself part of.", "Write the value out.")
        if self.count > MOST_NODES:
            if self.count == MOST_NODES + 1:
                self.broken(place, f"The file holds more than {MOST_NODES} values, its aliases followed.")
            return Node(None, place, broken=True)
        if node.tag not in TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            return self.broken(place, f"The tag {tag} is not allowed here.", "Only plain YAML data is read.")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            return Node(tuple(self.build(held, (*above, id(node))) for held in node.value), place)
        assert isinstance(node, yaml.ScalarNode)  # the only kind left
        return self.scalar(node, place)

    def broken(self, place: Place, message: str, hint: str = "") -> Node:
        self.problems.append(place.problem(message, hint))
        return Node(None, place, broken=True)

    def mapping(self, node: yaml.MappingNode, place: Place, above: tuple[int, ...]) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key, held in node.value:
            at = self.place(key)
            if not isinstance(key, yaml.ScalarNode) or not isinstance(typed(key.value, key.style), str):
                self.broken(at, f"A key must be a text; this one is {_shown(key)}.", "Put it in quotes.")
            elif key.value == "<<" and key.style is None:
                self.broken(at, "Merge keys (<<) are not read here.", "Write the entries out, or use `extends`.")
            elif key.value in values:
                first = keys[key.value].line
                self.broken(at, f"The key {key.value!r} stands here twice.", f"It stands in line {first} already.")
            else:
                values[key.value], keys[key.value] = self.build(held, above), at
        return Node(values, place, keys)

    def scalar(self, node: yaml.ScalarNode, place: Place) -> Node:
        text = str(node.value)
        if self.environ is None or "${" not in text:
            several = node.end_mark.line > node.start_mark.line
            source = self.text[node.start_mark.index : node.end_mark.index] if several else ""
            return Node(typed(text, node.style), place, text=text, quoted=node.style is not None, source=source)
        return self.filled(text, node.style, self.environ, place)

    def plain(self, value: object, name: str, above: tuple[int, ...]) -> Node:
        """A program's value; `name` is its way from the root, as in `models.chat`."""
        if id(value) in above:
            return self.broken(NOWHERE, f"`{name}` holds a value that it is itself part of.")
        above = (*above, id(value))
        if isinstance(value, Mapping):
            return Node({str(k): self.plain(v, f"{name}.{k}" if name else str(k), above) for k, v in value.items()})
        if isinstance(value, list | tuple):
            return Node(tuple(self.plain(held, f"{name}[{i}]", above) for i, held in enumerate(value)))
        if value is None or isinstance(value, bool | int | float):
            return Node(value, text="" if value is None else str(value))
        if not isinstance(value, str | PurePath):
            message = f"`{name}` is of type {type(value).__name__}, which no config can hold."
            return self.broken(NOWHERE, message, "It takes texts, numbers, true or false, None, lists and mappings.")
        if self.environ is not None and "${" in str(value):
            return self.filled(str(value), None, self.environ, NOWHERE)
        return Node(str(value), text=str(value))

    def filled(self, text: str, style: str | None, environ: Mapping[str, str], place: Place) -> Node:
        known = len(self.problems)
        text, unset, used = self.fill(text, environ, place)
        broken = len(self.problems) > known
        value = typed(text, style)
        return Node(value, place, {}, text, tuple(unset), filled=True, from_environment=used, broken=broken)

    def fill(self, text: str, environ: Mapping[str, str], place: Place) -> tuple[str, list[str], bool]:
        unset: list[str] = []
        used: list[str] = []

        def put(found: re.Match[str]) -> str:
            if found[0] == "$${":
                return "${"
            name, separator, default = (found[1] or "").partition(":-")
            if not found[0].endswith("}") or not NAME.fullmatch(name):
                self.broken(place, f"{found[0]!r} names no environment variable.", "Write ${NAME} or ${NAME:-default}.")
            elif "${" in default:
                self.broken(place, f"The default in {found[0]!r} asks for a variable itself.", "Give a plain default.")
            elif environ.get(name):
                used.append(name)
                return environ[name]
            elif not separator:
                unset.append(name)
            return default

        return VARIABLE.sub(put, text), unset, bool(used)


def typed(text: str, style: str | None = None) -> Plain:
    """A scalar's value by the YAML 1.2 core schema; quoted ones and blocks are texts."""
    if style is not None:
        return text
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text) and len(text) <= LONGEST_INTEGER:
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "a list or a mapping"
