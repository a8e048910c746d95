"""A worker and a workflow of a user's own, outside of the package, brought in by a config alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import check_config
from memoryengine.errors import ConfigError
from memoryengine.workflow import run_plan

CONFIG = """\
extends: embedded
workers: [./my_workers]
workflows: [./my_workflows]
instances:
  shout_twice: {use: shout, times: 2}
"""
WORKER = '''
from dataclasses import dataclass

from memoryengine.worker import worker


@dataclass(frozen=True)
class Shouted:
    text: str


@worker("shout")
@dataclass(frozen=True)
class Shout:
    """Say it louder."""

    times: int = 1

    async def run(self, text: str) -> Shouted:
        return Shouted(text.upper() + "!" * self.times)
'''
WORKFLOW = """\
operation: shout_at
inputs: [text]
outputs: [text]
steps: shout,shout_twice
"""


def make_house(folder: Path, workflow: str = WORKFLOW) -> Path:
    (folder / "my_workers").mkdir()
    (folder / "my_workers" / "shout.py").write_text(WORKER, encoding="utf-8")
    (folder / "my_workflows").mkdir()
    (folder / "my_workflows" / "shout_at.yaml").write_text(workflow, encoding="utf-8")
    file = folder / "mine.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


async def test_a_users_worker_and_workflow_are_there_beside_the_stock_ones(tmp_path: Path) -> None:
    checked = check_config(make_house(tmp_path), {"HOME": str(tmp_path)})
    assert checked.problems == ()
    assert checked.workers["shout"].file == str(tmp_path / "my_workers" / "shout.py")
    assert {"shout_at", "retrieve_memory", "consolidate_memory"} <= set(checked.plans)

    def make(step: Any) -> object:
        return step.worker.cls(**step.settings)

    outcome = await run_plan(checked.plans["shout_at"], {"text": "hello"}, make)
    assert outcome.values == {"text": "HELLO!!!"}
    assert [step.instance for step in outcome.steps] == ["shout", "shout_twice"]


def test_a_users_workflow_may_include_a_stock_one_and_replace_another(tmp_path: Path) -> None:
    file = make_house(tmp_path)
    (tmp_path / "my_workflows" / "found.yaml").write_text(
        """\
operation: list_memory
inputs: [query, window, kinds, asked_at, asker, limit]
outputs: [hits]
steps:
  - include: retrieve_memory
""",
        encoding="utf-8",
    )
    checked = check_config(file, {"HOME": str(tmp_path)})
    assert checked.problems == ()
    assert set(checked.plans["list_memory"].outputs) == {"hits"}
    assert checked.plans["list_memory"].inputs == checked.plans["retrieve_memory"].inputs


def test_everything_that_is_wrong_is_raised_in_one_go(tmp_path: Path) -> None:
    file = make_house(tmp_path, WORKFLOW.replace("shout,shout_twice", "shuot,shout_twice"))
    wrong = CONFIG.replace("times: 2", "tims: 2") + "language: zz\nlimits: {run_seconds: 0}\n"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError, match="4 problems were found") as caught:
        AsyncMemoryEngine(file)
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("mine.yaml", 6),
        ("mine.yaml", 7),
        ("mine.yaml", 5),
        ("shout_at.yaml", 4),
    ]
    assert caught.value.problems == check_config(file, {"HOME": str(tmp_path)}).problems


def test_a_problem_in_it_is_told_with_its_own_line_and_nothing_else(tmp_path: Path) -> None:
    file = make_house(tmp_path, WORKFLOW.replace("shout,shout_twice", "shuot,shout_twice"))
    checked = check_config(file, {"HOME": str(tmp_path)})
    assert len(checked.problems) == 1
    assert str(checked.problems[0]).startswith(
        f"{tmp_path / 'my_workflows' / 'shout_at.yaml'}:4:8: "
        "There is no worker or instance 'shuot'. Did you mean 'shout'?"
    )
    assert "shout_at" not in checked.plans


RETRIEVE = """\
operation: retrieve_memory
inputs: [query]
outputs: [hits]
steps:
  - search_memories: {in: {window: null, kinds: null}}
"""


async def test_a_chat_takes_a_retrieval_of_ones_own_that_wants_the_query_alone(tmp_path: Path) -> None:
    file = make_house(tmp_path, RETRIEVE)
    file.write_text(CONFIG + "store: {use: sqlite, path: ./x.db}\n", encoding="utf-8")
    async with AsyncMemoryEngine(file) as engine:
        memory = engine.user("ann")
        await memory.add("Ann's hobby is chess.")
        response = await engine.default_memory_chat.chat_with_memory("What is my hobby?", "ann")
    assert [hit.item.content for hit in response.hits] == ["Ann's hobby is chess."]
    assert "chess" in response.meta_data["memories"]
    assert (tmp_path / "x.db").is_file()


async def test_what_an_operation_of_ones_own_gives_is_shown(tmp_path: Path) -> None:
    file = make_house(tmp_path)
    text = RETRIEVE.replace("retrieve_memory", "find").replace("[hits]", "[found]")
    text = text.replace("null}}", "null}, out: {hits: found}}")
    (tmp_path / "my_workflows/find.yaml").write_text(text, encoding="utf-8")
    async with AsyncMemoryEngine(file) as engine:
        memory = engine.user("ann")
        await memory.add("Ann's hobby is chess.")
        shouted = await memory.run("shout_at", text="hello")
        found = await memory.run("find", query="hobby")
        nothing = await engine.user("bob").run("find", query="hobby")
    assert str(shouted) == "text: HELLO!!!"
    assert str(found).endswith("] Ann's hobby is chess.")
    assert str(nothing) == "nothing found"


def test_a_retrieval_that_no_chat_can_use_is_told(tmp_path: Path) -> None:
    text = RETRIEVE.replace("[query]", "[text]").replace("[hits]", "[found]")
    text = text.replace("{in: {", "{in: {query: text, ").replace("null}}", "null}, out: {hits: found}}")
    checked = check_config(make_house(tmp_path, text), {"HOME": str(tmp_path)})
    assert [problem.message for problem in checked.problems] == [
        "A chat cannot use the operation 'retrieve_memory': it needs 'text', which a chat does not give.",
        "A chat cannot use the operation 'retrieve_memory': it does not take 'query'.",
        "A chat cannot use the operation 'retrieve_memory': it does not give 'hits'.",
    ]
    assert {problem.line for problem in checked.problems} == {1}
    assert check_config(make_second(tmp_path, text.replace("retrieve_memory", "find")), {}).problems == ()


def make_second(folder: Path, workflow: str) -> Path:
    (folder / "second").mkdir()
    return make_house(folder / "second", workflow)
