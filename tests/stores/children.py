"""Python processes of their own, for what happens when one ends or dies, and the files they leave."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path


def command(program: str, *arguments: object) -> tuple[list[str], dict[str, str]]:
    """How to start a program with warnings as errors, and its environment."""
    words = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)]
    return words, {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}


def run_child(program: str, *arguments: object) -> str:
    """What a program prints; it must end well and write nothing to stderr."""
    code, said, complained = ended(program, *arguments)
    assert (code, complained) == (0, ""), complained
    return said


def ended(program: str, *arguments: object) -> tuple[int, str, str]:
    """How a program ended (negative: by which signal), and what it wrote to stdout and stderr."""
    words, environment = command(program, *arguments)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment)
    return done.returncode, done.stdout, done.stderr


def files(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(one.name for one in folder.iterdir())


def lines(file: Path) -> list[str]:
    """The lines of a file."""
    return file.read_text().splitlines()
