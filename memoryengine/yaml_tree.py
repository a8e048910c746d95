"""YAML text -> a tree of values that know their file, line and column.

Only plain data is read: no tags, no merge keys. What is wrong becomes a `Problem` with its place, never an exception.
Scalars follow the YAML 1.2 core schema, so `no`, `on` and `12:30` are texts, and `1e3` is a number.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import Problem

Plain = None | bool | int | float | str

MOST_NODES = 20_000  # aliases may multiply a small file without end
VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTEGER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS: Mapping[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; lines and columns count from 1, 0 where there is none."""

    file: str = ""
    line: int = 0
    column: int = 0

    def problem(self, message: str, hint: str = "") -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.column, message, hint)


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML value with its place: a plain value, a tuple of nodes, or a mapping from names to nodes.

    `keys` holds the places of a mapping's keys. `text` is a scalar as it was written, variables filled in;
    `unset` names the environment variables that it asks for and that are not set, `from_environment` tells whether
    a set one was put in.
    """

    value: Plain | tuple[Node, ...] | Mapping[str, Node]
    place: Place = Place()
    keys: Mapping[str, Place] = field(default_factory=dict)
    text: str = ""
    unset: tuple[str, ...] = ()
    from_environment: bool = False

    def get(self, key: str) -> Node | None:
        """The node under `key`, or None where this is no mapping or has no such key."""
        return self.value.get(key) if isinstance(self.value, Mapping) else None

    def items(self) -> Iterable[tuple[str, Node]]:
        """The entries of a mapping; none for another value."""
        return self.value.items() if isinstance(self.value, Mapping) else ()

    def key_place(self, key: str) -> Place:
        """Where `key` stands, or where this node stands if it has no such key."""
        return self.keys.get(key, self.place)
