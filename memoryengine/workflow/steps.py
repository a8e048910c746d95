"""What a workflow says, as frozen values with their places; nothing is checked against workers yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..yaml_tree import Node, Place

STEP_NAME = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it stands in a file; `text` is None where the file says null."""

    text: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """One instance in a list of steps: its settings and the names it reads and writes under other names."""

    name: str
    place: Place
    settings: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, Place] = field(default_factory=dict)
    inputs: Mapping[str, Name] = field(default_factory=dict)
    outputs: Mapping[str, Name] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Include:
    """The steps of another operation, put in here; its inputs and outputs may be renamed."""

    operation: str
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)
    inputs: Mapping[str, Name] = field(default_factory=dict)
    outputs: Mapping[str, Name] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that run at the same time."""

    branches: tuple[tuple[AnyStep, ...], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A step that could not be read, so that nothing is known of what it takes and gives."""

    place: Place


AnyStep = Step | Include | Parallel | Unread


@dataclass(frozen=True, slots=True)
class Workflow:
    """One operation as it is written."""

    operation: str
    inputs: tuple[Name, ...]
    outputs: tuple[Name, ...]
    steps: tuple[AnyStep, ...]
    repeat: bool
    description: str
    place: Place
