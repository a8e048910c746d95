"""A converted config as the text of its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from .convert import Converted

WIDTH = 110


def written(converted: Converted, folder: str = "") -> str:
    """The config's YAML, with a comment for each line that was not carried over.

    `folder` is where its workflows lie, as the config names it; "" where it has none.
    """
    config: dict[str, Any] = dict(converted.config)
    if folder and converted.workflows:
        config["workflows"] = ["stock", folder]
    notes = [f"#   line {note.line}: {note.message}" for note in converted.notes]
    head = ["# Converted from a config of MemoryScope 0.1.1.0."]
    if notes:
        head += ["# What is otherwise now, by the line of that file:", *notes]
    return "\n".join(head) + "\n\n" + _yaml(config)


def written_workflow(workflow: Mapping[str, object]) -> str:
    """The YAML of one workflow."""
    return _yaml(workflow)


def _yaml(held: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(held), sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None)
    return text
