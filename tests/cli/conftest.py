"""The command line in this process, on the test's own home and in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from memoryengine.cli.app import app


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Invoke = Callable[..., Done]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the command."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def invoke() -> Invoke:
    """Run a command as from a terminal; an exception that nobody turned into a sentence fails the test."""

    def run(*arguments: str, given: str | bytes | None = None) -> Done:
        result = CliRunner().invoke(app, arguments, input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def write_lines(folder: Path) -> Callable[..., str]:
    """Write a JSON Lines file of mappings, or of lines as they are."""

    def write(*lines: object, name: str = "said.jsonl") -> str:
        texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        (folder / name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return name

    return write


def said(content: str, user: str = "alice", **more: object) -> dict[str, object]:
    """One line of a file."""
    return {"conversation_id": user, "role": "user", "content": content, **more}
