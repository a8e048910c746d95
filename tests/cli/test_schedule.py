"""`schedule` and `run-due`: what they print, what they say of a wrong config, and how they stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memoryengine.cli.app import COMMANDS

from .conftest import Invoke, said

JOBS = """
extends: embedded
models: {embedder: null}
schedule:
  consolidate: {operation: consolidate_memory, idle_minutes: 0}
  reflect: null
"""


@pytest.fixture
def config(folder: Path) -> str:
    (folder / "jobs.yaml").write_text(JOBS, "utf-8")
    return "jobs.yaml"


def test_run_due_does_what_is_due_once(invoke: Invoke, config: str, folder: Path) -> None:
    lines = [said("I like tea.", "anna", message_id="1"), said("I like milk.", "ben", message_id="2")]
    (folder / "talk.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert invoke("--config", config, "run-due").out == "Nothing was due.\n"
    assert invoke("--config", config, "import", "talk.jsonl").code == 0
    done = invoke("--config", config, "run-due")
    assert done.code == 0
    assert [line.split(" in ")[0][20:] for line in sorted(done.out.splitlines()[:2], key=lambda one: one[20:])] == [
        f"consolidate/idle consolidate_memory user='{user}' done" for user in ("anna", "ben")
    ]
    assert done.out.splitlines()[-1] == "2 runs, 0 failed."
    assert "tea" not in done.out
    status = invoke("--config", config, "--json", "status").json
    assert [(user["user"], user["pending"]) for user in status["users"]] == [("anna", 0), ("ben", 0)]


def test_run_due_prints_a_document_a_run_for_programs(invoke: Invoke, config: str, folder: Path) -> None:
    (folder / "talk.jsonl").write_text(json.dumps(said("I like tea.", "anna")), "utf-8")
    assert invoke("--config", config, "import", "talk.jsonl").code == 0
    (line,) = invoke("--config", config, "run-due", "--json").out.splitlines()
    told = json.loads(line)
    assert {"at", "alarm", "operation", "user", "outcome", "seconds", "detail"} == set(told)
    assert (told["user"], told["outcome"], told["detail"]) == ("anna", "done", "1 consolidated, 1 new")
    assert invoke("--config", config, "run-due", "--json").out == ""


def test_a_config_without_a_schedule_is_refused(invoke: Invoke, folder: Path) -> None:
    (folder / "none.yaml").write_text("extends: embedded\nschedule: {consolidate: null, reflect: null}\n", "utf-8")
    for command in ("schedule", "run-due"):
        done = invoke("--config", "none.yaml", command)
        assert done.code == 2
        assert "The config has no schedule." in done.err
        assert command in COMMANDS


def test_check_tells_of_a_wrong_job_with_its_place(invoke: Invoke, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("extends: embedded\nschedule:\n  mine: {operation: reflect, cron: x}\n", "utf-8")
    done = invoke("--config", "wrong.yaml", "check")
    assert done.code == 1
    assert "wrong.yaml:3:" in done.out
    assert "wrong number of fields" in done.out


def test_schedule_runs_until_it_is_told_to_stop(invoke: Invoke, config: str, folder: Path) -> None:
    (folder / "talk.jsonl").write_text(json.dumps(said("I like tea.", "anna")), "utf-8")
    assert invoke("--config", config, "import", "talk.jsonl").code == 0
    command = [sys.executable, "-m", "memoryengine", "--config", config]
    with subprocess.Popen([*command, "schedule"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert "consolidate/idle consolidate_memory user='anna' done" in line
    assert process.returncode == 0
    assert out == ""
    assert err.splitlines()[-1] == "The schedule was stopped."
    assert time.monotonic() - told < 20
