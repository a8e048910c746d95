"""Packages of workers and folders of workflows, found by name or by path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from memoryengine.errors import ConfigError
from memoryengine.workflow import load_workers, load_workflows, prompts_of
from memoryengine.yaml_tree import Place

WORKER = '''
from dataclasses import dataclass
from memoryengine.worker import worker

@worker("{name}")
@dataclass(frozen=True)
class Some:
    """It does something."""

    async def run(self, query: str) -> None: ...
'''
PROMPTED = WORKER.replace("import worker\n", "import worker\nfrom memoryengine.prompts import Prompt\n", 1).replace(
    "    async", "    prompt: Prompt\n\n    async", 1
)
PLACE = Place("config.yaml", 7, 3)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_package_by_path_with_its_modules_and_subpackages(tmp_path: Path) -> None:
    write(tmp_path / "mine/__init__.py", WORKER.format(name="one"))
    write(tmp_path / "mine/second.py", "from .rules import RULES\n" + WORKER.format(name="two"))
    write(tmp_path / "mine/rules.py", "RULES = 1\n")
    write(tmp_path / "mine/third/__init__.py", WORKER.format(name="three"))
    write(tmp_path / "mine/third/deeper.py", WORKER.format(name="four"))
    specs, problems = load_workers(["./mine"], tmp_path)
    assert problems == []
    assert sorted(specs) == ["one", "three", "two"]
    assert specs["two"].file == str(tmp_path / "mine/second.py")
    assert specs["two"].line == 6
    assert specs["two"].summary == "It does something."


def test_a_folder_without_init_and_a_single_file_are_packages_too(tmp_path: Path) -> None:
    write(tmp_path / "bare/one.py", WORKER.format(name="one"))
    write(tmp_path / "alone.py", WORKER.format(name="two"))
    specs, problems = load_workers(["./bare", "./alone.py"], tmp_path)
    assert problems == []
    assert sorted(specs) == ["one", "two"]


def test_a_package_by_path_hides_no_other_module(tmp_path: Path) -> None:
    import json

    write(tmp_path / "json/__init__.py", WORKER.format(name="one"))
    write(tmp_path / "other/json/__init__.py", WORKER.format(name="two"))
    specs, problems = load_workers(["./json", "./other/json"], tmp_path)
    assert problems == []
    assert sorted(specs) == ["one", "two"]
    assert sys.modules["json"] is json
    assert specs["one"].cls.__module__ != specs["two"].cls.__module__


def test_a_dotted_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "my_dotted_workers/__init__.py", "")
    write(tmp_path / "my_dotted_workers/one.py", WORKER.format(name="one"))
    write(tmp_path / "my_dotted_workers/two.py", "from .one import Some\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    specs, problems = load_workers(["my_dotted_workers"], Path())
    assert problems == []
    assert list(specs) == ["one"]  # what a module imports is not its own


def test_two_loads_do_not_meet(tmp_path: Path) -> None:
    write(tmp_path / "a/one.py", WORKER.format(name="one"))
    write(tmp_path / "b/two.py", WORKER.format(name="two"))
    first, _ = load_workers(["./a"], tmp_path)
    second, _ = load_workers(["./b"], tmp_path)
    again, _ = load_workers(["./a"], tmp_path)
    assert (list(first), list(second)) == (["one"], ["two"])
    assert again["one"].cls is first["one"].cls


@pytest.mark.parametrize(
    ("text", "wrong", "line"),
    [
        ("x = 1\nimport no_such_thing\n", "ModuleNotFoundError: No module named 'no_such_thing'", 2),
        ("def f(:\n", "SyntaxError", 1),
        ("\n\nraise ValueError('too early')\n", "ValueError: too early", 3),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3", 2),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(
    tmp_path: Path, text: str, wrong: str, line: int
) -> None:
    file = write(tmp_path / "mine/bad.py", text)
    write(tmp_path / "mine/good.py", WORKER.format(name="good"))
    specs, problems = load_workers(["./mine"], tmp_path, [PLACE])
    assert list(specs) == ["good"]
    assert [(p.file, p.line) for p in problems] == [(str(file), line)]
    assert wrong in problems[0].message
    alone, problems = load_workers(["./mine/bad.py"], tmp_path, [PLACE])
    assert dict(alone) == {}
    assert [(p.file, p.line) for p in problems] == [(str(file), line)]


def test_what_is_not_there_is_told_where_the_config_names_it(tmp_path: Path) -> None:
    write(tmp_path / "empty/__init__.py", "")
    write(tmp_path / "text.txt", "")
    entries = ["./nowhere", "no_such_package_anywhere", "./empty", "./text.txt"]
    specs, problems = load_workers(entries, tmp_path, [PLACE] * 4)
    assert dict(specs) == {}
    assert [str(p).partition(":7:3: ")[2][:40] for p in problems] == [
        "There is no package of workers at " + repr(str(tmp_path / "nowhere"))[:6],
        "There is no package 'no_such_package_any",
        "There is no worker in './empty'. A worke",
        "There is no package of workers at " + repr(str(tmp_path / "text.txt"))[:6],
    ]


def test_prompts_lie_beside_their_worker(tmp_path: Path) -> None:
    write(tmp_path / "mine/asks/__init__.py", PROMPTED.format(name="asks"))
    zh = write(tmp_path / "mine/asks/prompt.zh.yaml", 'system: 你好\nuser: "{query}"\n')
    specs, problems = load_workers(["./mine"], tmp_path)
    assert [(Path(p.file).name, p.message) for p in problems] == [("prompt.en.yaml", "This prompt file is missing.")]
    with pytest.raises(ConfigError, match=r"prompt\.en\.yaml"):
        prompts_of(specs["asks"])
    zh.with_name("prompt.en.yaml").write_text('system: Hello\nuser: "{query}"\n', encoding="utf-8")
    specs, problems = load_workers(["./mine"], tmp_path)
    assert problems == []
    assert prompts_of(specs["asks"])["prompt"].turns("en", query="guitar")[1].content == "guitar"


def test_a_later_folders_operation_replaces_an_earlier_ones(tmp_path: Path) -> None:
    write(tmp_path / "a/x.yaml", "operation: x\nsteps: one\n")
    write(tmp_path / "a/y.yaml", "operation: y\nsteps: one\n")
    write(tmp_path / "b/x.yml", "operation: x\nsteps: two\n")
    write(tmp_path / "b/readme.md", "no workflow")
    workflows, problems = load_workflows(["./a", "./b"], tmp_path)
    assert problems == []
    assert {w.operation: w.steps[0].place.file for w in workflows} == {
        "x": str(tmp_path / "b/x.yml"),
        "y": str(tmp_path / "a/y.yaml"),
    }


def test_stock_workflows_and_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    workflows, problems = load_workflows(["stock", "./empty", "./none"], tmp_path, [PLACE] * 3)
    assert {"retrieve_memory", "consolidate_memory"} <= {w.operation for w in workflows}
    assert len(problems) == 2
    assert "holds no workflow" in str(problems[0])
    assert "There is no folder" in str(problems[1])
