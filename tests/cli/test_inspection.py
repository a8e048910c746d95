"""`status`, `check`, `workflow` and `workers`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import SiliconFlowServer

from .conftest import Invoke, said

Write = Callable[..., str]


def test_status_shows_where_the_data_lies_and_counts(invoke: Invoke, write_lines: Write, home: Path) -> None:
    invoke("import", write_lines(said("I live in Rome."), said("hello"), said("I like tea.", "bob")))
    invoke("consolidate", "-u", "alice")
    found = invoke("status", "--json").json
    assert found["store"]["location"] == str(home / "embedded.db")
    assert Path(found["config"]).name == "embedded.yaml"
    counts = {"messages": 2, "pending": 0, "memories": 1, "expired": 0, "quarantined": 0, "discarded": 0}
    assert found["users"][0] == {"user": "alice", **counts, "waiting_since": None, "troubles": {}}
    assert found["total"].keys() == found["users"][0].keys() - {"user"}
    assert (found["total"]["messages"], found["total"]["pending"]) == (3, 1)
    assert found["total"]["waiting_since"] == found["users"][1]["waiting_since"] is not None
    assert found["models"].keys() == {"chat", "embedder", "reranker"}
    shown = invoke("status").out
    assert f"location   {home / 'embedded.db'}\n" in shown
    rows = [line.split() for line in shown.splitlines()[-4:]]
    assert rows[0][:7] == ["user", "messages", "pending", "quarantined", "discarded", "memories", "expired"]
    assert rows[1] == ["alice", "2", "0", "0", "0", "1", "0", "-", "-"]
    assert rows[2][:7] == ["bob", "1", "1", "0", "0", "0", "0"]
    assert rows[3][:7] == ["total", "3", "1", "0", "0", "1", "0"]
    assert rows[2][-2:] == ["s", "-"]


def test_status_before_anything_was_said(invoke: Invoke) -> None:
    done = invoke("status")
    assert done.code == 0
    assert done.out.endswith("There is no user in memory yet.\n")
    assert invoke("status", "--json").json["users"] == []


def test_check_of_a_sound_config_says_so(invoke: Invoke) -> None:
    done = invoke("check")
    assert done.code == 0
    assert done.out.endswith(" workflows were checked: sound.\n")
    assert invoke("check", "--json").json["problems"] == []


BROKEN = """\
extends: embedded
langauge: zh
limits: {run_seconds: soon}
time_zone: Mars/Olympus
workflows: [./flows]
"""
FLOW = """\
operation: my_search
inputs: [query]
outputs: [hits]
steps:
  - serch_memories
"""


def test_check_reports_every_problem_with_its_place(invoke: Invoke, folder: Path) -> None:
    (folder / "memoryengine.yaml").write_text(BROKEN)
    (folder / "flows").mkdir()
    (folder / "flows" / "my_search.yaml").write_text(FLOW)
    done = invoke("check")
    assert done.code == 1
    places = [line.split(": ")[0] for line in done.out.splitlines()[:-1]]
    config, flow = folder / "memoryengine.yaml", folder / "flows" / "my_search.yaml"
    wanted = {f"{config}:2:1", f"{config}:3:23", f"{config}:4:12", f"{flow}:5:5"}
    assert wanted <= set(places)
    assert "Did you mean 'language'?" in done.out
    assert "Did you mean 'search_memories'?" in done.out
    problems = invoke("check", "--json").json["problems"]
    assert [f"{p['file']}:{p['line']}:{p['column']}" for p in problems] == places


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("extends: embedded\nmodels:\n\tchat: null\n", ":3:1", "tab"),
        ("language: en\nlanguage: zh\n", ":2:1", "language"),
        ("- a list\n", ":1:1", "A config holds a mapping"),
        ("extends: embeded\n", ":1:10", "There is no config 'embeded'."),
        ("language: klingon\n", ":1:11", "`language` must be"),
        ("store: {use: sqlite, path: x.db, pth: y}\n", ":1:34", "pth"),
    ],
)
def test_a_config_that_is_wrong_names_line_and_column(
    invoke: Invoke, folder: Path, text: str, place: str, sentence: str
) -> None:
    (folder / "own.yaml").write_text(text)
    checked, used = invoke("check", "-c", "own.yaml"), invoke("status", "-c", "own.yaml")
    assert (checked.code, used.code) == (1, 2)
    assert f"own.yaml{place}: " in checked.out
    assert sentence in checked.out
    assert f"own.yaml{place}: " in used.err


def test_a_config_that_is_not_there_is_told_with_those_that_are(invoke: Invoke) -> None:
    done = invoke("status", "--config", "embeded")
    assert done.code == 2
    assert "There is no config 'embeded'. Did you mean 'embedded'?" in done.err
    assert invoke("check", "--config", "embeded").code == 1


def test_a_missing_key_is_one_sentence_before_any_work(invoke: Invoke, home: Path) -> None:
    done = invoke("-c", "siliconflow", "retrieve", "Where do I live?")
    assert done.code == 2
    assert "SILICONFLOW_API_KEY" in done.err
    assert not home.exists()
    assert invoke("check", "-c", "siliconflow").code == 1
    assert invoke("workflow", "-c", "siliconflow", "retrieve_memory").code == 0


def test_the_config_is_found_by_option_environment_and_folder(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("memoryengine", "other", "third"):
        (folder / f"{name}.yaml").write_text("extends: embedded\n")

    def used(*arguments: str) -> str:
        return Path(invoke("status", "--json", *arguments).json["config"]).name

    assert used() == "memoryengine.yaml"
    monkeypatch.setenv("MEMORYENGINE_CONFIG", "other.yaml")
    assert used() == "other.yaml"
    assert used("-c", "third.yaml") == "third.yaml"
    assert Path(invoke("-c", "third.yaml", "status", "--json").json["config"]).name == "third.yaml"


def test_workflow_draws_with_types_and_lists_without_a_name(invoke: Invoke) -> None:
    drawn = invoke("workflow", "retrieve_memory").out
    assert drawn.startswith("retrieve_memory(query: str")
    assert "tuple[Hit, ...]" in drawn
    assert "search_memories" in drawn
    listed = invoke("workflow").out
    for operation in ("consolidate_memory", "delete_all", "list_memory", "reflect_and_reconsolidate"):
        assert operation in listed
    wrong = invoke("workflow", "retrieve_memries")
    assert (wrong.code, wrong.out) == (1, "")
    assert "Did you mean 'retrieve_memory'?" in wrong.err


def test_workflow_as_json_names_inputs_outputs_and_workers(invoke: Invoke) -> None:
    (found,) = invoke("workflow", "list_memory", "--json").json["operations"]
    assert found["inputs"]["expired"] == "bool"
    assert found["outputs"] == {"memories": "tuple[Memory, ...]"}
    assert found["workers"] == ["list_memories"]


def test_workers_lists_the_contract_of_each(invoke: Invoke) -> None:
    shown = invoke("workers").out
    assert "limit_hits: hits, limit, found, only -> hits\n" in shown
    listed = {worker["worker"]: worker for worker in invoke("workers", "--json").json["workers"]}
    assert listed["semantic_rank"]["ports"] == {"reranker": "Reranker | None"}
    assert listed["fuse_hits"]["inputs"].keys() == {"hits", "period", "question", "order"}
    assert all(worker["summary"] and worker["line"] for worker in listed.values())


def test_check_online_without_an_endpoint_tries_nothing(invoke: Invoke) -> None:
    done = invoke("check", "--online")
    assert done.code == 0
    assert "No endpoint is configured; nothing was tried." in done.out
    assert invoke("check", "--online", "--json").json["online"]["verdict"] == "skipped"


def test_check_online_tries_every_endpoint(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILICONFLOW_API_KEY", "a-key")
    with SiliconFlowServer(answer, key="a-key") as server:
        monkeypatch.setenv("SILICONFLOW_API_BASE", server.url)
        online = invoke("check", "-c", "siliconflow", "--online", "--json").json["online"]
        tried = {finding["name"]: finding["verdict"] for finding in online["findings"]}
        assert tried.keys() == {"chat", "embedding", "rerank", "extraction"}
        assert (tried["chat"], tried["rerank"]) == ("good", "good")
        assert tried["extraction"] != "skipped"
        assert (server.count("embeddings"), server.count("rerank")) == (1, 1)
        assert server.count("chat") >= 21


def test_check_online_with_a_wrong_key_fails_in_words(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILICONFLOW_API_KEY", "a-wrong-key")
    with SiliconFlowServer(key="the-right-key") as server:
        monkeypatch.setenv("SILICONFLOW_API_BASE", server.url)
        done = invoke("check", "-c", "siliconflow", "--online")
    assert done.code == 1
    assert "chat: failed." in done.out
    assert "a-wrong-key" not in done.out + done.err
