"""A config with all that it names - workers, workflows, instances - brought together and checked in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import Problem
from .settings import Settings
from .worker import WorkerSpec
from .workflow.plan import Plan


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a config amounts to: the workers it loads, the plans of its sound workflows, and every problem."""

    settings: Settings
    workers: Mapping[str, WorkerSpec]
    plans: Mapping[str, Plan]
    problems: tuple[Problem, ...]


def assemble(settings: Settings) -> Assembly:
    """Load the workers and workflows that `settings` name and check them against each other."""
    raise NotImplementedError


def check_all(
    config: str | Path | Mapping[str, object] | None = None, *, environ: Mapping[str, str]
) -> list[Problem]:
    """Every problem of a config, of its workers and of its workflows; a broken part is read as its default.

    Unset variables of keys (`Settings.missing`) are not among them.
    """
    raise NotImplementedError
