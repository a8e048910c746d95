"""Packages of workers and folders of workflows, found by the names that a config gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import Problem
from ..prompts import Prompt
from ..worker import WorkerSpec
from ..yaml_tree import Place
from .steps import Workflow


def load_workers(
    entries: Sequence[str], base: Path, places: Sequence[Place] = ()
) -> tuple[Mapping[str, WorkerSpec], list[Problem]]:
    """The workers of dotted packages and of paths (relative to `base`), by name, and every problem found."""
    raise NotImplementedError


def load_workflows(
    entries: Sequence[str], base: Path, places: Sequence[Place] = ()
) -> tuple[tuple[Workflow, ...], list[Problem]]:
    """The workflows of "stock" and of folders (relative to `base`); a later folder's operation replaces an earlier."""
    raise NotImplementedError


def prompts_of(spec: WorkerSpec) -> Mapping[str, Prompt]:
    """The prompts of a worker's fields of type Prompt, read from beside its module; raises `ConfigError`."""
    raise NotImplementedError
