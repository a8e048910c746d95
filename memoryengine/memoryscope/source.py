"""A config of MemoryScope as it is read: what was taken from it, and what nobody asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem
from ..yaml_tree import Node, Place, to_plain

Path = tuple[str, ...]
KEYS = ("memory_chat", "memory_service", "worker")


def is_memoryscope(root: Node) -> bool:
    """Whether a config is MemoryScope's: by its parts, or by a class of its packages."""
    if any(isinstance(held.value, Mapping) for key, held in root.items() if key in KEYS):
        return True
    classes = (held.get("class") for _, held in root.items())
    return any(node is not None and str(node.value).startswith("core.") for node in classes)


@dataclass(slots=True)
class Source:
    """The tree of a config; `take` reads an entry and `notes` gathers why some could not be carried over.

    `rest` holds every entry that was neither taken nor explained, so that nothing is lost without a line.
    """

    root: Node
    notes: list[Problem] = field(default_factory=list)
    _taken: set[Path] = field(default_factory=set)

    def take(self, *path: str) -> Any:
        """The value of an entry, None where there is none."""
        node = self._node(path)
        if node is None:
            return None
        self._taken.add(path)
        return to_plain(node)

    def number(self, *path: str) -> float | None:
        """The number of an entry; None, with a line, where it is another value or below 0."""
        value = self.take(*path)
        if value is None:
            return None
        try:
            held = float(value)
        except (TypeError, ValueError):
            held = -1.0
        if not 0 <= held < math.inf:
            self.note(path, "is no number of 0 or more: what is usual here stays.")
            return None
        return int(held) if held.is_integer() else held

    def peek(self, *path: str) -> Any:
        """As `take`, for a look that does not carry the entry over."""
        node = self._node(path)
        return None if node is None else to_plain(node)

    def names(self, *path: str) -> tuple[str, ...]:
        """The names of what stands under a path."""
        node = self._node(path)
        held = node is not None and isinstance(node.value, Mapping)
        return tuple(name for name, _ in node.items()) if held and node else ()

    def has(self, *path: str) -> bool:
        """Whether there is such an entry."""
        return self._node(path) is not None

    def note(self, path: Path, why: str) -> None:
        """Say why an entry is not carried over, or not as it was; nothing where there is no such entry."""
        node = self._node(path)
        if node is not None:
            self._taken.add(path)
            self.notes.append(self._place(path).problem(f"`{'.'.join(path)}` {why}"))

    def rest(self) -> Iterator[Path]:
        """The paths of the entries that nobody took."""
        yield from self._left((), self.root)

    def _left(self, path: Path, node: Node) -> Iterator[Path]:
        if path in self._taken:
            return
        if isinstance(node.value, Mapping) and node.value:
            for name, held in node.items():
                yield from self._left((*path, name), held)
        elif path:
            yield path

    def _node(self, path: Path) -> Node | None:
        node: Node | None = self.root
        for name in path:
            node = node.get(name) if node is not None and isinstance(node.value, Mapping) else None
        return node

    def _place(self, path: Path) -> Place:
        above = self._node(path[:-1])
        return above.key_place(path[-1]) if above is not None else self.root.place
