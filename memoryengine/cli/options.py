"""The options that commands share, and what they come to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say

if TYPE_CHECKING:
    from memoryengine import MemoryEngine

OWN_CONFIG = "memoryengine.yaml"
CONFIG_HELP = f"Config file or stock name. Else $MEMORYENGINE_CONFIG, ./{OWN_CONFIG} if it is there, embedded."
JSON_HELP = "Print one JSON document for programs."

Config = Annotated[str | None, typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
User = Annotated[str | None, typer.Option("--user", "-u", metavar="NAME", help="Whose memory. Else the default user.")]
Users = Annotated[str | None, typer.Option("--user", "-u", metavar="NAME", help="One user. Else all of them.")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which config a command works by (None: the stock `embedded`), and whether it prints JSON."""

    config: str | None = None
    as_json: bool = False


def choose(ctx: typer.Context, config: str | None, as_json: bool = False) -> Chosen:
    """The command's own options, else those before the command's name, else the surroundings."""
    before = ctx.obj if isinstance(ctx.obj, Chosen) else Chosen()
    named = config or before.config or os.environ.get("MEMORYENGINE_CONFIG") or None
    if named is None and Path(OWN_CONFIG).is_file():
        named = OWN_CONFIG
    return Chosen(named, as_json or before.as_json)


@contextmanager
def opened(chosen: Chosen, *, start: bool = True) -> Iterator[MemoryEngine]:
    """The engine of a config, its store opened with `start`; warnings of the config go to stderr."""
    from memoryengine import MemoryEngine

    engine = MemoryEngine(chosen.config)
    for warning in engine.settings.warnings:
        say(f"Warning: {warning}")
    try:
        yield engine.open() if start else engine
    finally:
        engine.close()
