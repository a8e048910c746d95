"""`runs`, `retry`, `discard`, `--dry-run`, and the bars of `consolidate`."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from memoryengine.cli.consolidating import Bars
from memoryengine.results import Result

from .conftest import Invoke, said

Write = Callable[..., str]

CHAT = """
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns


class Picky(ScriptedChat):
    def __init__(self):
        super().__init__(lambda t: "No comment." if any("arsenic" in turn.content for turn in t) else answer_turns(t))
"""
CONFIG = """
models:
  chat: {class: "./picky.py:Picky"}
  embedder: {use: lexical}
limits: {attempts: 1}
"""
ARSENIC = said("I like arsenic.", id="m9")


@pytest.fixture
def model(folder: Path) -> None:
    """A chat model that answers nothing useful where it reads of arsenic."""
    (folder / "picky.py").write_text(CHAT)
    (folder / "memoryengine.yaml").write_text(CONFIG)


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_runs_lists_what_was_done_and_shows_one(invoke: Invoke, write_lines: Write, model: None) -> None:
    assert invoke("runs", "-u", "alice").err == "Nothing was run yet.\n"
    invoke("import", write_lines(said("I live in Rome."), said("I like tea.")))
    assert invoke("consolidate", "-u", "alice").code == 0
    (head, row) = lines(invoke("runs", "-u", "alice").out)
    assert head == ["run", "ended", "operation", "by", "outcome", "s", "chat", "tokens", "messages", "error"]
    assert row[3:6] == ["consolidate_memory", "call", "committed"]
    assert row[-2:] == ["2", "-"]
    shown = invoke("runs", row[0], "-u", "alice").out
    assert "operation  consolidate_memory (call)\n" in shown
    assert "messages   2 consolidated\n" in shown
    steps = [line[0] for line in lines(shown)[9:]]
    assert steps[0] == "load_messages"
    assert "extract_observations" in steps
    assert "Rome" not in shown
    found = invoke("runs", row[0], "-u", "alice", "--json").json["run"]
    assert found["usage"]["chat_calls"] == sum(step["usage"]["chat_calls"] for step in found["steps"]) >= 1
    assert len(invoke("runs", "-u", "alice", "--json").json["runs"]) == 1
    missing = invoke("runs", "nonsense", "-u", "alice")
    assert missing.code == 1
    assert "There is no run 'nonsense' of 'alice'" in missing.err


def test_a_message_that_cannot_be_consolidated_is_listed_retried_and_given_up(
    invoke: Invoke, write_lines: Write, model: None
) -> None:
    assert invoke("retry", "-u", "alice").err == "No message was set aside.\n"
    invoke("import", write_lines(ARSENIC, said("I like tea.", id="m8")))
    for _ in range(3):
        done = invoke("consolidate", "-u", "alice")
        if done.code == 0:
            break
        assert done.code == 3
        assert "memoryengine: " in done.err
    assert "The message m9 was set aside: consolidating it alone failed too (unusable answer)." in done.err
    assert "new observation: User likes tea." in done.out
    status = invoke("status", "--json").json["users"][0]
    assert (status["quarantined"], status["pending"], status["troubles"]) == (1, 0, {"unusable answer": 1})
    assert invoke("status").out.splitlines()[-1].endswith("1 unusable answer")
    listed = invoke("retry", "-u", "alice").out
    assert listed.startswith("m9  unusable answer, ")
    assert "I like arsenic." in listed
    assert invoke("discard", "-u", "alice").out == listed
    assert invoke("retry", "m9", "-u", "alice").out == "1 message: wait again.\n"
    assert invoke("status", "--json").json["total"]["pending"] == 1
    refused = invoke("retry", "m8", "-u", "alice")
    assert refused.code == 1
    assert "The message 'm8' was not set aside; it is consolidated." in refused.err
    assert "There is no message 'm7'." in invoke("discard", "m7", "-u", "alice").err
    assert invoke("discard", "m9", "--all", "-u", "alice").code == 2
    invoke("consolidate", "-u", "alice")
    assert invoke("discard", "--all", "-u", "alice", "--json").json == {"user": "alice", "discarded": ["m9"]}
    status = invoke("status", "--json").json["users"][0]
    assert (status["discarded"], status["quarantined"], status["messages"]) == (1, 0, 2)
    assert invoke("consolidate", "-u", "alice").out == "no message waits\n"
    told = invoke("history", "-u", "alice").out
    assert "quarantined: m9" in told
    assert "retried: m9" in told
    assert "discarded: m9" in told
    assert "arsenic" not in told


def test_a_dry_run_shows_the_changes_and_writes_nothing(invoke: Invoke, write_lines: Write, home: Path) -> None:
    invoke("import", write_lines(said("I live in Rome."), said("I like tea.")))
    shown = invoke("consolidate", "-u", "alice", "--dry-run").out
    assert shown.startswith("[DRY RUN]: nothing was written; 2 messages would be consolidated\n[MEMORY ACTIONS]:\n")
    assert "new observation: User lives in Rome." in shown
    found = invoke("run", "consolidate_memory", "-u", "alice", "--dry-run", "--json").json
    assert (found["dry_run"], found["consolidated"], len(found["actions"])) == (True, 2, 2)
    assert invoke("status", "--json").json["users"][0]["pending"] == 2
    assert invoke("list", "-u", "alice", "--json").json["memories"] == []
    assert invoke("runs", "-u", "alice").out == ""
    assert "[DRY RUN]" in invoke("reflect", "--dry-run").out
    invoke("consolidate")
    assert invoke("run", "delete_all", "-u", "alice", "--dry-run").out.endswith("deleted: 2 memories, 0 messages\n")
    assert len(invoke("list", "-u", "alice", "--json").json["memories"]) == 2


def test_one_user_that_fails_does_not_hold_up_the_others(invoke: Invoke, write_lines: Write, model: None) -> None:
    pair = [said("I like arsenic.", "bob"), said("I like cake.", "bob")]
    invoke("import", write_lines(said("I like tea."), *pair, said("I like jam.", "carl")))
    done = invoke("consolidate", "--json")
    assert done.code == 3
    assert "memoryengine: bob: " in done.err
    alice, bob, carl = done.json["results"]
    assert (alice["consolidated"], carl["consolidated"]) == (1, 1)
    assert bob.keys() == {"user", "error"}
    assert "arsenic" not in str(bob)


def test_bars_count_users_and_messages_on_a_terminal_alone() -> None:
    terminal = io.StringIO()
    with Bars(4, batches=True, console=Console(file=terminal, force_terminal=True, width=80)) as bars:
        assert bars.are_seen
        for waiting in (30, 12):
            bars.expect(waiting)
            bars.hear(Result(operation="consolidate_memory", consolidated=waiting - 1, quarantined=1))
            bars.end()
        bars._progress.refresh()
    assert "messages" in terminal.getvalue()
    assert "42/42" in terminal.getvalue()
    assert "2/4" in terminal.getvalue()
    with Bars(4, batches=True) as silent:
        assert not silent.are_seen
        silent.expect(3)
        silent.hear(Result(operation="consolidate_memory"))
        silent.end()
    assert not Bars(1, batches=False, console=Console(file=terminal)).are_seen
