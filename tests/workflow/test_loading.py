"""Packages of workers and folders of workflows, found by name or by path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from memoryengine.workflow import check_workflows, load_workers, load_workflows, lost_workers
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
    assert specs["asks"].prompts == {}
    zh.with_name("prompt.en.yaml").write_text('system: Hello\nuser: "{query}"\n', encoding="utf-8")
    specs, problems = load_workers(["./mine"], tmp_path)
    assert problems == []
    assert specs["asks"].prompts["prompt"].turns("en", query="guitar")[1].content == "guitar"


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


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("./mine/one", "There is no package of workers at", "Did you mean 'one.py'?"),
        ("mine", "There is no package 'mine' of workers.", "The one beside the config is ./mine."),
        ("alone.py", "There is no package 'alone.py' of workers.", "The one beside the config is ./alone.py."),
        ("stock", "There is no package 'stock' of workers.", "The shipped workers are memoryengine.workers."),
        ("./deep", "There is no worker in './deep'.", "or in the __init__.py of a folder in it."),
    ],
)
def test_what_was_probably_meant_by_an_entry(tmp_path: Path, entry: str, message: str, hint: str) -> None:
    write(tmp_path / "mine/one.py", WORKER.format(name="one"))
    write(tmp_path / "alone.py", WORKER.format(name="two"))
    write(tmp_path / "deep/a/one.py", WORKER.format(name="one"))
    specs, problems = load_workers([entry], tmp_path, [PLACE])
    assert dict(specs) == {}
    assert len(problems) == 1
    assert problems[0].message.startswith(message)
    assert hint in problems[0].hint
    assert (problems[0].file, problems[0].line) == (PLACE.file, PLACE.line)


def test_a_module_that_fails_is_one_problem_for_all_that_import_it(tmp_path: Path) -> None:
    broken = write(tmp_path / "mine/broken.py", "x = 1\ny = x / 0\n")
    write(tmp_path / "mine/one.py", "from .broken import y\n" + WORKER.format(name="one"))
    write(tmp_path / "mine/two.py", "from .broken import y\n" + WORKER.format(name="two"))
    write(tmp_path / "mine/three.py", WORKER.format(name="three"))
    specs, problems = load_workers(["./mine"], tmp_path, [PLACE])
    assert list(specs) == ["three"]
    assert [(p.file, p.line) for p in problems] == [(str(broken), 2)]
    assert lost_workers(["./mine"], tmp_path, specs) == {"one", "two"}


def test_what_a_module_prints_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "mine/one.py", "print('loading')\n" + WORKER.format(name="one"))
    specs, problems = load_workers(["./mine"], tmp_path)
    assert (list(specs), problems) == (["one"], [])
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loading\n")


def test_a_module_beside_is_imported_with_a_dot(tmp_path: Path) -> None:
    write(tmp_path / "mine/my_rules.py", "RULES = 1\n")
    file = write(tmp_path / "mine/one.py", "import my_rules\n")
    nul = write(tmp_path / "mine/two.py", "x = 1\0\n")
    specs, problems = load_workers(["./mine"], tmp_path, [PLACE])
    assert dict(specs) == {}
    assert [(p.file, p.line) for p in problems] == [(str(file), 1), (str(nul), 1)]
    assert problems[0].hint == "It lies beside this module: write `from . import my_rules`."
    assert "null bytes" in problems[1].message


def test_a_package_and_a_module_of_it_are_no_double(tmp_path: Path) -> None:
    write(tmp_path / "mine/one.py", WORKER.format(name="one"))
    write(tmp_path / "other/one.py", WORKER.format(name="one"))
    specs, problems = load_workers(["./mine", "./mine/one.py"], tmp_path)
    assert problems == []
    assert list(specs) == ["one"]
    _, problems = load_workers(["./mine", "./other"], tmp_path)
    assert [p.message for p in problems] == ["The worker 'one' is there twice."]
    assert "instances: {one: {use: other_name}}" in problems[0].hint


def test_an_operation_that_is_there_twice_is_checked_twice(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "operation: x\nsteps: one\n")
    second = write(tmp_path / "b.yaml", "operation: x\nsteps: two\n")
    workflows, problems = load_workflows([str(tmp_path)], Path())
    assert [p.message for p in problems] == ["The operation 'x' is there twice in this folder."]
    assert [w.operation for w in workflows] == ["x", str(second)]
    _, problems = check_workflows(workflows, {}, {}, frozenset())
    assert [(Path(p.file).name, p.line) for p in problems] == [("a.yaml", 2), ("b.yaml", 2)]


def test_a_file_of_a_workflow_and_files_that_an_editor_left(tmp_path: Path) -> None:
    file = write(tmp_path / "flows/x.YAML", "operation: x\nsteps: one\n")
    (tmp_path / "flows/.#x.yaml").symlink_to("nobody@nowhere")
    workflows, problems = load_workflows(["./flows"], tmp_path)
    assert problems == []
    assert [w.operation for w in workflows] == ["x"]
    _, problems = load_workflows(["./flows/x.YAML"], tmp_path, [PLACE])
    assert problems[0].hint == f"It is a file: name its folder, {str(file.parent)!r}."
