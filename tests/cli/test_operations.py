"""`consolidate`, `reflect`, `retrieve`, `list`, `delete` and `run`, for people and with `--json` for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from .conftest import Invoke, said

Write = Callable[..., str]
EARLY, LATE = "2024-03-01T10:00:00", "2024-05-01T10:00:00"


@pytest.fixture
def moved(invoke: Invoke, write_lines: Write) -> None:
    """Alice moved; Bob has an allergy."""
    lines = (
        said("I live in Beijing.", created_at=EARLY),
        said("I moved to Shanghai.", created_at=LATE),
        said("我对花生过敏。", "bob", created_at=LATE),
    )
    for number, line in enumerate(lines):
        assert invoke("import", write_lines(line, name=f"{number}.jsonl")).code == 0
        assert invoke("consolidate").code == 0


def test_consolidate_shows_what_was_done_for_each_user(invoke: Invoke, write_lines: Write) -> None:
    invoke("import", write_lines(said("I live in Beijing."), said("我对花生过敏。", "bob")))
    done = invoke("consolidate")
    of_alice = "alice:\n[MEMORY ACTIONS]:\nnew observation: User lives in Beijing. (valid)\n"
    of_bob = "bob:\n[MEMORY ACTIONS]:\nnew observation: 用户对花生过敏。 (valid)\n"
    assert done.out in (of_alice + of_bob, of_bob + of_alice)  # each is shown as soon as it is done
    again = invoke("consolidate", "--json")
    assert [(one["user"], one["actions"]) for one in again.json["results"]] == [("alice", []), ("bob", [])]
    assert all(one["stopped"] for one in again.json["results"])


def test_consolidate_of_one_user_leaves_the_others(invoke: Invoke, write_lines: Write) -> None:
    invoke("import", write_lines(said("I live in Beijing."), said("我对花生过敏。", "bob")))
    (result,) = invoke("--json", "consolidate", "-u", "bob").json["results"]
    assert result["consolidated"] == 1
    assert [action["memory"]["content"] for action in result["actions"]] == ["用户对花生过敏。"]
    assert [user["pending"] for user in invoke("status", "--json").json["users"]] == [1, 0]


def test_nobody_to_consolidate_is_said(invoke: Invoke) -> None:
    done = invoke("consolidate")
    assert (done.code, done.out) == (0, "")
    assert done.err == "There is no user in memory yet.\n"
    assert invoke("reflect", "--json").json == {"results": []}


@pytest.mark.usefixtures("moved")
def test_retrieve_shows_time_and_text_best_first(invoke: Invoke) -> None:
    done = invoke("retrieve", "Which city do I live in?", "-u", "alice")
    assert done.code == 0
    assert done.out.splitlines()[0] == "[2024-05-01 10:00:00 Wednesday] User moved to Shanghai."
    assert "Beijing" not in done.out


@pytest.mark.usefixtures("moved")
def test_retrieve_as_json_keeps_its_keys(invoke: Invoke) -> None:
    found = invoke("retrieve", "花生", "-u", "bob", "--json").json
    assert found.keys() == {"user", "query", "hits", "cuts", "answerable", "certainty", "stopped", "warnings"}
    assert found["answerable"] is (found["certainty"] >= 0.45)
    (hit,) = found["hits"]
    assert hit["content"] == "用户对花生过敏。"
    assert datetime.fromisoformat(hit["said_at"]).isoformat() == "2024-05-01T02:00:00+00:00"
    assert {"score", "channels", "id", "kind", "status", "sources", "evidence", "metadata"} <= hit.keys()


@pytest.mark.usefixtures("moved")
def test_retrieve_explains_what_was_left_out(invoke: Invoke) -> None:
    question = ("retrieve", "Which city do I live in?", "-u", "alice", "-n", "0")
    table = invoke(*question, "--explain")
    assert table.out.endswith("by limit_hits (the limit of 0).\n")
    assert table.err == "Nothing in memory fits.\n"
    found = invoke(*question, "--json").json
    assert found["hits"] == []
    assert {"by": "limit_hits", "count": 1, "reason": "the limit of 0"} in found["cuts"]


@pytest.mark.usefixtures("moved")
def test_retrieve_shows_scores_when_asked_and_holds_the_limit(invoke: Invoke) -> None:
    line = invoke("retrieve", "Do I live in Shanghai?", "-u", "alice", "--scores", "-n", "1").out
    score, kind, _ = line.split(" ", 2)
    assert float(score) > 0
    assert kind == "observation"
    assert "keyword=" in line
    assert line.count("\n") == 1


@pytest.mark.usefixtures("moved")
def test_retrieve_counts_days_from_the_moment_it_is_asked(invoke: Invoke) -> None:
    question = ("retrieve", "What did I say yesterday about Shanghai?", "-u", "alice", "--scores")
    near, far = invoke(*question, "--at", "2024-05-02T08:00:00"), invoke(*question, "--at", "2024-09-01")
    assert float(near.out.split()[0]) > float(far.out.split()[0])
    wrong = invoke(*question, "--at", "yesterday")
    assert (wrong.code, wrong.out) == (2, "")
    assert "'at' must be ISO 8601" in wrong.err


def test_a_greeting_and_an_empty_memory_say_why_nothing_is_shown(invoke: Invoke) -> None:
    greeting, unknown = invoke("retrieve", "hello!"), invoke("retrieve", "Where do I live?")
    assert (greeting.code, greeting.out) == (0, "")
    assert "greeting" in greeting.err
    assert (unknown.code, unknown.out, unknown.err) == (0, "", "Nothing in memory fits.\n")


@pytest.mark.usefixtures("moved")
def test_list_shows_ids_and_expired_ones_show_what_replaced_them(invoke: Invoke) -> None:
    (line,) = invoke("list", "-u", "alice").out.splitlines()
    id_, kind, rest = line.split(maxsplit=2)
    assert (kind, rest) == ("observation", "[2024-05-01 10:00:00 Wednesday] User moved to Shanghai.")
    old, replaced, same = invoke("list", "--expired", "-u", "alice").out.splitlines()
    assert same == line
    assert "User lives in Beijing. (expired: " in old
    assert replaced.strip() == f"replaced by {id_}: User moved to Shanghai."
    memory, _ = invoke("list", "--expired", "-u", "alice", "--json").json["memories"]
    assert (memory["superseded_by"], memory["status"]) == (id_, "expired")


@pytest.mark.usefixtures("moved")
def test_list_takes_a_kind_and_refuses_another_word(invoke: Invoke) -> None:
    assert invoke("run", "add_memory", "content=Prefers mornings.", "-u", "alice").code == 0
    assert invoke("list", "-k", "custom", "-u", "alice").out.endswith("Prefers mornings.\n")
    assert [m["kind"] for m in invoke("list", "-u", "alice", "--json").json["memories"]] == ["observation", "custom"]
    wrong = invoke("list", "--kind", "dream")
    assert wrong.code == 2
    assert wrong.err == "memoryengine: There is no kind 'dream' of memory; there is: observation, custom, insight.\n"


@pytest.mark.usefixtures("moved")
def test_delete_takes_one_memory_and_counts(invoke: Invoke) -> None:
    (memory,) = invoke("list", "-u", "alice", "--json").json["memories"]
    assert invoke("delete", memory["id"], "-u", "bob").code == 1
    done = invoke("delete", memory["id"], "--with-messages", "-u", "alice", "--json")
    assert (done.json["deleted_memories"], done.json["deleted_messages"]) == (1, 1)
    assert "Shanghai" not in invoke("list", "-u", "alice").out
    assert invoke("delete", memory["id"], "-u", "alice").code == 1


@pytest.mark.usefixtures("moved")
def test_delete_all_asks_first(invoke: Invoke) -> None:
    asked = invoke("delete", "--all", "-u", "alice")
    assert asked.code == 2
    assert "add --yes" in asked.err
    assert "Shanghai" in invoke("list", "-u", "alice").out
    assert invoke("delete", "--all", "--yes", "-u", "alice").out == "deleted: 2 memories, 0 messages\n"
    assert invoke("list", "-u", "alice").out == ""
    assert "花生" in invoke("list", "-u", "bob").out


@pytest.mark.usefixtures("moved")
def test_delete_takes_one_message_and_what_it_alone_told(invoke: Invoke) -> None:
    before = invoke("list", "-u", "alice", "--expired", "--json").json["memories"]
    (id_,) = before[-1]["sources"]
    assert invoke("delete", "--message", id_, "-u", "bob").code == 1
    assert invoke("delete", "--message", id_, "-u", "alice").out == "deleted: 1 memory, 1 message\n"
    after = invoke("list", "-u", "alice", "--expired", "--json").json["memories"]
    assert [m["id"] for m in after] == [m["id"] for m in before[:-1]]
    assert "There is no message" in invoke("delete", "--message", id_, "-u", "alice").err


@pytest.mark.parametrize("arguments", [(), ("abc", "--all"), ("abc", "--message", "m1"), ("--message", "m1", "--all")])
def test_delete_wants_an_id_or_all_and_not_both(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    done = invoke("delete", *arguments)
    assert done.code == 2
    assert "Name the memory's id, or --message with one's id, or --all" in done.err
    assert done.out == ""


def test_reflect_makes_insights_that_cite(invoke: Invoke, write_lines: Write) -> None:
    tools = ("guitar", "piano", "violin", "drums", "cello", "flute", "harp", "trumpet")
    lines = [
        said(f"I like playing the {tool} and music.", created_at=f"2024-03-{n:02}") for n, tool in enumerate(tools, 1)
    ]
    invoke("import", write_lines(*lines))
    invoke("consolidate")
    (result,) = invoke("reflect", "--json").json["results"]
    insights = [action["memory"] for action in result["actions"] if action["memory"]["kind"] == "insight"]
    assert insights
    assert len(insights[0]["evidence"]) >= 2
    assert insights[0]["content"] in invoke("list", "-k", "insight", "-u", "alice").out


@pytest.mark.usefixtures("moved")
def test_run_reads_inputs_by_their_types(invoke: Invoke) -> None:
    assert invoke("run", "list_memory", "expired=true", "limit=5", "-u", "alice").out.count("Beijing") == 1
    found = invoke("run", "retrieve_memory", "query=city=?", 'kinds=["message"]', "asked_at=2024-05-02", "-u", "alice")
    assert found.code == 0
    assert invoke("run", "read_message", "limit=1", "-u", "alice").out.endswith("user: I moved to Shanghai.\n")


WRONG = {
    ("list_memory", "limit=many"): (2, "`limit` must be a whole number or null, not 'many'."),
    ("list_memory", "limt=3"): (2, "has no input 'limt'. Did you mean 'limit'?"),
    ("list_memory", "limit"): (2, "'limit' is no input; write name=value"),
    ("retrieve_memory", "query=x", "asked_at=soon"): (2, "'asked_at' must be ISO 8601"),
    ("retrieve_memory", "query=x", "kinds=[1"): (2, "looks like JSON and is none"),
    ("retrieve_memory",): (2, "needs the input 'query'"),
    ("retrieve_memroy",): (1, "There is no operation 'retrieve_memroy'"),
}


@pytest.mark.parametrize("arguments", WRONG)
def test_run_refuses_with_a_sentence(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    code, sentence = WRONG[arguments]
    done = invoke("run", *arguments)
    assert done.code == code
    assert sentence in done.err
    assert done.out == ""


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "half \ud83d", "x" * 300])
def test_a_user_that_is_no_name_is_refused(invoke: Invoke, name: str) -> None:
    done = invoke("list", "--user", name)
    assert done.code == 2
    assert done.err.startswith("memoryengine: The user ")
    assert done.out == ""


@pytest.mark.parametrize(
    "query", ["", "   ", "\x00\x07", "half \ud83d a smile", "🎸", "x" * 1_000_000, "漢字 " * 300_000]
)
def test_any_question_is_answered_or_refused_in_words(invoke: Invoke, query: str) -> None:
    done = invoke("retrieve", query)
    assert done.code == 0
    assert done.out == ""
    assert done.err.count("\n") == 1
