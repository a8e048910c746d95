"""`why`, `history`, `restore`, `expire`, `--as-of` and `--known-at`, for people and with `--json` for programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Invoke, said

Write = Callable[..., str]


@pytest.fixture
def moved(invoke: Invoke, write_lines: Write) -> dict[str, str]:
    """Alice moved; the ids of her memories by what they say."""
    for number, (content, at) in enumerate((("I live in Beijing.", "03-01"), ("I moved to Shanghai.", "05-01"))):
        line = said(content, created_at=f"2024-{at}T10:00:00", message_id=f"m{number}")
        assert invoke("import", write_lines(line, name=f"{number}.jsonl")).code == 0
        assert invoke("consolidate").code == 0
    listed = invoke("list", "-u", "alice", "--expired", "--json").json["memories"]
    return {one["content"]: one["id"] for one in listed}


def test_why_draws_a_tree_of_a_memory_and_of_a_message(invoke: Invoke, moved: dict[str, str]) -> None:
    id_ = moved["User lives in Beijing."]
    drawn = invoke("why", id_, "-u", "alice").out.splitlines()
    assert drawn[0] == f"[2024-03-01 10:00:00 Friday] User lives in Beijing. (expired: contradicted)  observation {id_}"
    assert drawn[1:3] == ["├─ said in:", "│  └─ [2024-03-01 10:00:00 Friday] user: I live in Beijing.  m0"]
    tree = invoke("why", "m0", "-u", "alice", "--json").json
    assert tree["message"]["content"] == "I live in Beijing."
    assert [one["memory"]["id"] for one in tree["brought"]] == [id_]
    assert [one["id"] for one in tree["brought"][0]["replaced_by"]] == [moved["User moved to Shanghai."]]
    missing = invoke("why", "nothing", "-u", "alice")
    assert (missing.code, missing.out) == (1, "")
    assert "no memory and no message" in missing.err


def test_history_shows_the_newest_last_and_says_that_there_is_more(invoke: Invoke, moved: dict[str, str]) -> None:
    id_ = moved["User lives in Beijing."]
    shown = invoke("history", "-u", "alice")
    assert [line for line in shown.out.splitlines() if "new: " in line] == [
        f"  new: {one} {content}" for content, one in moved.items()
    ]
    assert shown.err == ""
    one = invoke("history", id_, "-u", "alice", "-n", "1")
    assert f"  expired: {id_} User lives in Beijing." in one.out.splitlines()
    assert "--limit 2" in one.err
    found = invoke("history", id_, "-u", "alice", "--json").json
    assert [[change["verb"] for change in entry["changes"]] for entry in found["entries"]] == [["expired"], ["new"]]
    assert found["cursor"] is None
    assert found["memories"][id_]["content"] == "User lives in Beijing."


def test_restore_and_expire_say_what_they_did(invoke: Invoke, moved: dict[str, str]) -> None:
    beijing, shanghai = moved["User lives in Beijing."], moved["User moved to Shanghai."]
    both = invoke("restore", beijing, "-u", "alice")
    assert f"(valid, beside {shanghai} that contradicts it: User moved to Shanghai.)" in both.out
    again = invoke("restore", beijing, "-u", "alice")
    assert (again.code, again.out) == (0, f"The memory {beijing} is valid; there is nothing to restore.\n")
    gone = invoke("expire", beijing, "--by", shanghai, "-u", "alice")
    assert "expired observation: User lives in Beijing. (by hand, instead: User moved to Shanghai.)" in gone.out
    done = invoke("restore", beijing, "--instead", "-u", "alice", "--json").json
    assert {(one["action"], one["memory"]["id"]) for one in done["actions"]} == {
        ("restored", beijing),
        ("expired", shanghai),
    }
    assert [one["id"] for one in invoke("list", "-u", "alice", "--json").json["memories"]] == [beijing]
    assert invoke("restore", "nothing", "-u", "alice").code == 1
    assert invoke("expire", "nothing", "-u", "alice").code == 1


def test_a_look_back_answers_for_then(invoke: Invoke, moved: dict[str, str]) -> None:
    def homes(*arguments: str) -> list[str]:
        return [one["content"] for one in invoke("list", "-u", "alice", "--json", *arguments).json["memories"]]

    assert homes() == ["User moved to Shanghai."]
    assert homes("--as-of", "2024-03-01") == ["User lives in Beijing."]
    assert homes("--as-of", "2024-02-29") == []
    assert homes("--as-of", "2024-05-01T09:59:59") == ["User lives in Beijing."]
    assert homes("--known-at", "2024-05-02") == []  # it was told later, when this test ran
    assert homes("--as-of", "2024-03-01", "--known-at", "9998-01-01") == ["User lives in Beijing."]
    asked = ("retrieve", "Where do I live?", "-u", "alice", "--as-of", "2024-04-01")
    assert invoke(*asked).out == "[2024-03-01 10:00:00 Friday] User lives in Beijing. (expired: contradicted)\n"
    ran = invoke("run", "list_memory", "as_of=2024-03-01", "-u", "alice", "--json").json
    assert [one["content"] for one in ran["memories"]] == ["User lives in Beijing."]
    wrong = invoke("list", "-u", "alice", "--as-of", "spring")
    assert wrong.code == 2
    assert "'as_of' must be a moment" in wrong.err


@pytest.mark.parametrize("id_", ["zzz", "", "  ", "第一条", "x" * 5000])
def test_an_id_that_there_is_not_is_said_in_a_sentence(id_: str, invoke: Invoke, moved: dict[str, str]) -> None:
    assert len(moved) == 2
    for command in ("why", "history", "restore", "expire", "runs"):
        for way in ((), ("--json",)):
            done = invoke(command, id_, "-u", "alice", *way)
            assert (done.code, done.out) == (1, ""), command
            assert done.err.count("\n") == 1, command
            assert len(done.err) < 300, command
