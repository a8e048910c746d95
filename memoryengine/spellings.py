"""Names of inputs that people bring along from MemoryScope, as ours."""

from __future__ import annotations

from collections.abc import Iterable

QUERY = "query"  # there the text of every operation: what is asked, added or deleted


def known_name(name: str, inputs: Iterable[str], required: Iterable[str]) -> str:
    """The name of an input; `query`, where an operation has none, is the one input that it must have."""
    needed = tuple(required)
    return needed[0] if name == QUERY and name not in inputs and len(needed) == 1 else name
