"""The command as a process: how it starts, ends and fails, whatever its surroundings."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine import MemoryEngine, errors
from memoryengine.cli.edge import exit_code

from .conftest import Invoke, said

Write = Callable[..., str]
COMMAND = (sys.executable, "-W", "error", "-m", "memoryengine")  # without -X dev, which tells of each slow step


def process(
    *arguments: str | bytes, env: dict[str, str] | None = None, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **(env or {})},
        preexec_fn=before,
    )


def test_help_loads_neither_engine_nor_models() -> None:
    heavy = ["llama_index", "numpy", "rich", "yaml", "sqlite3", "asyncio", "aiohttp", "memoryengine.engine"]
    script = (
        "import sys\nfrom memoryengine.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('loaded:', [name for name in {heavy} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "loaded: []"
    for words in ("import ", "Exit codes:", "130  interrupted"):
        assert words in done.stdout


def test_every_command_has_help(invoke: Invoke) -> None:
    from memoryengine.cli.app import COMMANDS

    listed = invoke("--help").out
    for name in COMMANDS:
        done = invoke(name, "--help")
        assert done.code == 0
        assert f"  {name} " in listed
        assert "..." not in next(line for line in listed.splitlines() if line.startswith(f"  {name} "))


def test_version_and_no_arguments(invoke: Invoke) -> None:
    from memoryengine import __version__

    assert invoke("--version").out == f"memoryengine {__version__}\n"
    assert "Commands:" in invoke().out + invoke().err
    assert invoke("remember").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), 1),
        (errors.InputError("x"), 2),
        (errors.IdConflict(["x"]), 2),
        (errors.ConfigError("x"), 2),
        (errors.WorkerError("w", "x"), 3),
        (errors.ModelUnavailable("x"), 3),
        (errors.StoreUnreadable("x"), 3),
    ],
)
def test_every_error_has_a_documented_code(invoke: Invoke, error: errors.MemoryEngineError, code: int) -> None:
    assert exit_code(error) == code
    assert f"  {code}    " in invoke("--help").out
    assert f"\n| {code} |" in Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")


def test_a_process_ends_in_silence() -> None:
    added = process("run", "add_memory", "content=用户 likes tea. ☕")
    listed = process("list")
    assert (added.returncode, added.stderr) == (0, b"")
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert "用户 likes tea. ☕" in listed.stdout.decode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_a_terminal_without_unicode_gets_escapes(encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    process("run", "add_memory", "content=用户 likes tea. ☕")
    shown, document = process("list", env=env), process("list", "--json", env=env)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"\\u2615" in shown.stdout
    assert (document.returncode, document.stderr) == (0, b"")
    (memory,) = json.loads(document.stdout.decode(encoding))["memories"]
    assert memory["content"] == "用户 likes tea. ☕"


def test_arguments_that_are_no_utf_8_do_not_crash() -> None:
    asked, named = process("retrieve", b"caf\xe9 \xff"), process("list", "-u", b"\xff\xfe")
    assert asked.returncode == 0
    assert named.returncode == 2
    assert b"Traceback" not in asked.stderr + named.stderr
    assert named.stderr.startswith(b"memoryengine: The user ")


def test_a_reader_that_goes_away_is_no_error(write_lines: Write) -> None:
    process("import", write_lines(*[said(f"line {n} " + "x" * 500) for n in range(2000)]))
    with subprocess.Popen(
        [*COMMAND, "run", "read_message", "-u", "alice"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stderr
        assert b"line 0 " in running.stdout.readline()
        running.stdout.close()
        told = running.stderr.read()
        assert running.wait(60) == 141
    assert told == b""


def test_an_interrupt_ends_with_130_and_a_word() -> None:
    with subprocess.Popen([*COMMAND, "import", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stderr
        time.sleep(4)  # before it has begun to read it is Python's own death that is seen
        running.send_signal(signal.SIGINT)
        told = running.stderr.read()
        assert running.wait(60) == 130
    assert told == b"Interrupted.\n"


def test_a_fault_shows_its_traceback_and_asks_for_a_report(folder: Path) -> None:
    (folder / "faulty.py").write_text(
        "from memoryengine.cli import app, main\n"
        "def broken():\n    raise ZeroDivisionError('a fault')\n"
        "app.app.command('broken')(broken)\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "faulty.py", "broken"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 70
    assert b"ZeroDivisionError: a fault" in done.stderr
    assert b"This is a fault in memoryengine" in done.stderr


def test_a_store_that_is_no_database_is_a_sentence_and_stays_as_it_is(home: Path) -> None:
    home.mkdir()
    held = b"this is a shopping list, not a database\n" * 50
    (home / "embedded.db").write_bytes(held)
    done = process("status")
    assert done.returncode == 3
    assert str(home / "embedded.db").encode() in done.stderr
    assert b"Traceback" not in done.stderr
    assert (home / "embedded.db").read_bytes() == held


def test_a_store_of_another_program_is_not_touched(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "embedded.db") as other:
        other.execute("create table shopping (thing text)")
    other.close()
    held = (home / "embedded.db").read_bytes()
    done = process("list")
    assert done.returncode == 3
    assert done.stderr.startswith(b"memoryengine: ")
    assert (home / "embedded.db").read_bytes() == held


def test_a_store_of_a_newer_version_is_refused(home: Path) -> None:
    with MemoryEngine() as engine:
        engine.user().add("Likes tea.")
    with sqlite3.connect(home / "embedded.db") as newer:
        newer.execute("pragma user_version = 9999")
    newer.close()
    done = process("list")
    assert done.returncode == 3
    assert b"newer" in done.stderr
    assert b"Traceback" not in done.stderr


def without_root_rights() -> None:
    """Let the rights of files hold for root too (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE); who is not root needs nothing."""
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def small_disk() -> None:
    """No file may grow beyond 100,000 bytes, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.parametrize("there", [False, True])
def test_a_store_that_may_not_be_written_is_a_sentence(home: Path, write_lines: Write, there: bool) -> None:
    home.mkdir()
    if there:
        with MemoryEngine() as engine:
            engine.user().add("Likes tea.")
        (home / "embedded.db").chmod(0o444)
    home.chmod(0o555)
    file = write_lines({"content": "I live in Rome."})
    done = process("import", file, before=without_root_rights)
    home.chmod(0o755)
    assert done.returncode == 3
    assert done.stderr.startswith(b"memoryengine: ")
    assert str(home / "embedded.db").encode() in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_full_disk_is_a_sentence_and_what_was_told_is_in(invoke: Invoke, write_lines: Write) -> None:
    assert invoke("import", write_lines(said("first", message_id="m1"))).code == 0
    file = write_lines(*[said(f"line {n} " + "x" * 900, message_id=f"x{n}") for n in range(1000)])
    done = process("import", file, before=small_disk)
    assert done.returncode == 3
    assert done.stderr.startswith(b"memoryengine: ")
    assert b"Traceback" not in done.stderr
    assert "first" in invoke("run", "read_message", "-u", "alice").out
    assert invoke("import", file).code == 0
    assert len(invoke("run", "read_message", "-u", "alice", "--json").json["messages"]) == 1001


def test_a_home_that_is_a_file_is_a_sentence(home: Path) -> None:
    home.write_text("not a folder")
    done = process("status")
    assert done.returncode == 3
    assert done.stderr.startswith(b"memoryengine: ")
    assert home.read_text() == "not a folder"


def test_a_model_that_does_not_answer_loses_nothing(folder: Path) -> None:
    chat = "{use: openai_like, model: m, api_base: 'http://127.0.0.1:9/v1', api_key: k, retries: 0}"
    (folder / "memoryengine.yaml").write_text(
        f"extends: embedded\nmodels: {{chat: {chat}}}\n"
        "instances: {extract_observations: {use: extract_observations}}\n"
    )
    (folder / "said.jsonl").write_text('{"content": "I live in Rome."}\n')
    assert process("import", "said.jsonl").returncode == 0
    done = process("consolidate")
    assert done.returncode == 3
    assert b"\nmemoryengine: " in done.stderr
    assert b"It happened in the worker 'extract_observations'." in done.stderr
    assert b"Traceback" not in done.stderr
    with MemoryEngine() as engine:
        assert engine.status().users[0].pending == 1
