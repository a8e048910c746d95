"""Mistakes that people make: each is told once, at its place, with what was probably meant, and nothing besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.assembly import check_config

from .test_user_package import WORKER, make_house

X = "operation: x\ninputs: [text]\noutputs: [text]\nsteps: shout\n"


def told(folder: Path, workflow: str) -> list[str]:
    checked = check_config(make_house(folder, workflow), {"HOME": str(folder)})
    return [str(problem).replace(f"{folder}/my_workflows/shout_at.yaml:", "") for problem in checked.problems]


def steps(text: str) -> str:
    return X.replace("steps: shout", f"steps:{text}")


@pytest.mark.parametrize(
    ("workflow", "wrong"),
    [
        # words
        (X.replace("steps", "step"), "4:1: A workflow has no 'step'. Did you mean 'steps'?"),
        (X.replace("operation", "operatoin"), "1:1: A workflow has no 'operatoin'. Did you mean 'operation'?"),
        (X.replace("operation: x\n", ""), "1:1: A workflow needs 'operation'. Name what it does"),
        (X.replace("x\n", "''\n", 1), "1:12: `operation` must be a name like `list_memory`, not ''."),
        (X.replace("x\n", "do it\n", 1), "1:12: `operation` must be a name like `list_memory`, not 'do it'."),
        (X.replace("x\n", "5\n", 1), "1:12: `operation` must be a text, not 5. Put it in quotes."),
        (X.replace("inputs: [text]", "inputs: text"), "2:9: `inputs` must be a list of names, not 'text'. Write input"),
        (X.replace("inputs: [text]", "inputs: {text: str}"), "2:9: `inputs` must be a list of names, not a mapping."),
        (X.replace("inputs: [text]", "inputs: [Text]"), "2:10: each of `inputs` must be a name like `hits`, not 'Text"),
        (X + "repeat: yes\n", "5:9: `repeat` must be true or false, not 'yes'."),
        (X + "description: [a]\n", "5:14: `description` must be a text, not a list."),
        # the list of steps
        (steps(""), "4:7: `steps` must be a list, or one line as in `a,[b|c,d],e`, not nothing."),
        (steps("\n  shout:\n    times: 2"), "5:3: `steps` must be a list, or one line as in `a,[b|c,d],e`, not a mapp"),
        (steps("\n  shout\n  shout"), "5:3: 'shout shout' is no name of a worker. The form is a,[b|c,d],e."),
        (steps("\n  -shout"), "5:3: '-shout' is no name of a worker. The form is"),
        (steps("\n  - shout\n  -"), "6:4: A step is a name, or a name with settings; this is nothing."),
        (steps("\n  - shout\n  - [shout, shout]"), "6:5: A step is a name, or a name with settings; this is a list. S"),
        (steps("\n  - shout\n  - !x shout"), "6:5: The tag !x is not allowed here."),
        (steps("\n  - 'shout: {times: 2}'"), "5:5: 'shout: {times: 2}' is no name of a worker. Take the quotes away."),
        (steps("\n  - shout {times: 2}"), "5:5: 'shout {times' is no name of a worker. Put a colon and a space behind"),
        (steps("\n  - ''"), "5:5: '' is no name of a worker."),
        (steps("\n  - shuot"), "5:5: There is no worker or instance 'shuot'. Did you mean 'shout'? There are: add_cus"),
        (steps("\n  - list_memory"), "5:5: There is no worker or instance 'list_memory'. It is an operation: write in"),
        (steps("\n  - frobnicate"), "5:5: There is no worker or instance 'frobnicate'. There are: add_custom_memory"),
        # one line
        (steps(" shout,[shout"), "4:14: A bracket is not closed."),
        (steps(" shout,,shout"), "4:14: A name is missing here."),
        (steps(" shout -> shout"), "4:8: 'shout -> shout' is no name of a worker. The form is a,[b|c,d],e."),
        (steps(" “shout”"), "4:8: '“shout”' is no name of a worker."),
        (steps(" shout\uff0cshout"), "4:8: 'shout\uff0cshout' is no name of a worker. The form is a,[b|c,d],e."),
        (steps(" >-\n  shout,\n    shuot,\n  shout"), "6:5: There is no worker or instance 'shuot'. Did you mean 'sho"),
        (steps(" |\n  shout,\n  shuot,\n  shout"), "6:3: There is no worker or instance 'shuot'."),
        (steps(" 'shout,\n   shuot , shout'"), "5:4: There is no worker or instance 'shuot'."),
        (steps(" shout, shuot,\n   shout"), "4:15: There is no worker or instance 'shuot'."),
        # settings
        (steps("\n  - shout: {times: '2'}"), "5:20: `shout.times` must be a whole number, not '2'. Take the quotes aw"),
        (steps("\n  - shout: {times: ${N}}"), "Inside of { } and [ ] a text with a variable needs quotes"),
        (steps("\n  - shout: {times: '${N}'}"), "5:20: `shout.times` asks for a variable, which only a config can do."),
        (steps("\n  - shout:\n    times: 2"), "5:5: A step names one worker; this one holds shout, times. Indent its"),
        (steps("\n  - shout: [times, 2]"), "5:12: The settings of 'shout' must be a mapping, not a list."),
        (steps("\n  - shout: {settings: {times: 2}}"), "5:13: 'shout' has no setting 'settings'. There is: times."),
        (steps("\n  - shout: {inputs: {text: text}}"), "5:13: 'shout' has no setting 'inputs'. Names are bound with `"),
        (steps("\n  - loud: {use: shout, times: 2}"), "5:12: A step of a workflow cannot say which worker it uses. Na"),
        (steps("\n  - {use: shout, times: 2}"), "5:6: A step begins with the name of its worker, not with 'use'. Writ"),
        (steps("\n  - name: shout\n    times: 2"), "5:5: A step begins with the name of its worker, not with 'name'."),
        (steps("\n  - worker: shout"), "5:5: A step begins with the name of its worker, not with 'worker'."),
        # renames
        (steps("\n  - shout: {in: {txt: text}}"), "5:18: 'shout' has no input 'txt'. Did you mean 'text'?"),
        ("operation: x\ninputs: [query]\noutputs: [text]\nsteps:\n  - shout: {in: {query: text}}\n",
         "5:18: 'shout' has no input 'query'. Its own name comes first: in: {text: query}."),
        ("operation: x\ninputs: [text]\noutputs: [loud]\nsteps:\n  - shout: {out: {loud: text}}\n",
         "5:19: 'shout' has no output 'loud'. Its own name comes first: out: {text: loud}."),
        # branches and includes
        (steps("\n  - parallel: shout|shout"), "5:15: `parallel` must be a list of branches, not 'shout|shout'. As in"),
        (steps("\n  - parallel:\n  - shout"), "5:14: `parallel` must be a list of branches, not nothing."),
        (steps("\n  - paralel: [filter_query, shout]").replace("[text]\nout", "[text, query]\nout"),
         "5:5: There is no step 'paralel'. Did you mean 'parallel'?"),
        (steps("\n  - include add_memory"), "5:5: 'include add_memory' is no name of a worker. Write include: add_mem"),
        (steps("\n  - include: add_memory.yaml"), "5:5: `include` must name an operation, not 'add_memory.yaml'. Did"),
        (steps("\n  - include: shout"), "5:14: There is no operation 'shout' to include. It is a worker: write it as"),
        (steps("\n  - include: x"), "5:14: The operations include each other in a circle: x -> x."),
        # YAML
        ("\ufeff" + X.replace("\n", "\r\n").replace(": shout", ": shuot"), "4:8: There is no worker or instance 'shuo"),
        (X.replace("operation: x", "operation:x"), "2:7: This is no YAML: mapping values are not allowed here. A text"),
        (X.replace("inputs: [text]", "inputs: [text"), "2:9: This is no YAML: the [ that opens here is not closed."),
        (X + "---\n" + X, "5:1: This is no YAML: a second document begins here. Put it in a file of its own."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_workflow_is_one_problem(tmp_path: Path, workflow: str, wrong: str) -> None:
    problems = told(tmp_path, workflow)
    assert len(problems) == 1
    assert problems[0].startswith(wrong) if wrong[0].isdigit() else wrong in problems[0]
    assert problems[0].endswith((".", "?"))


def test_what_follows_a_step_that_cannot_be_read_is_checked_all_the_same(tmp_path: Path) -> None:
    workflow = """\
operation: x
inputs: [text]
outputs: [text, tetx, other]
steps:
  - 5
  - shout: {tims: 3, in: {text: texd}}
  - shout: {times: many, out: {text: loud}}
"""
    assert [problem.partition(" There")[0] for problem in told(tmp_path, workflow)] == [
        "5:5: A step is a name, or a name with settings; this is 5.",
        "6:13: 'shout' has no setting 'tims'. Did you mean 'times'?",
        "6:27: The input 'text', read from 'texd', of 'shout' is missing: no step before gives it. "
        "Did you mean 'text'? Write `in: {text: text}`. What flows here: text.",
        "7:20: `shout.times` must be a whole number, not 'many'.",
        "3:17: The output 'tetx' of the operation is given by no step. Did you mean 'text'?",
        "7:32: The output 'loud' of 'shout' is read by no step. "
        "Drop it knowingly with `out: {loud: null}`, or list it among `outputs`.",
    ]


@pytest.mark.parametrize(
    ("instances", "wrong"),
    [
        ("  a b: {use: shout}", "5:3: The instance 'a b' needs a name that a step can have: a word."),
        ("  louder: {use: shout_twice}", "5:12: The instance 'louder' uses 'shout_twice', which is an instance itself"),
        ("  loud: {times: 2}", "5:3: The instance 'loud' uses 'loud', which is no worker. There are: add_c"),
        ("  shuot: {times: 2}", "5:3: The instance 'shuot' uses 'shuot', which is no worker. Did you mean 'shout'?"),
        ("  shout: {in: {text: a}}", "5:11: 'in' cannot stand in the instance 'shout'. It belongs into a step"),
        ("  search_memories: {kinds: [observatoin]}", "5:3: 'search_memories' cannot be used with these settings: The"),
        ("  shout_two: {use: shout}", "5:3: The instance 'shout_two' is used by no step. Did you mean 'shout_twice'?"),
        ("  extract_observation: {use: extract_observations_by_rule}", "Did you mean 'extract_observations'?"),
        ('  shout: {times: "${N}"}', "5:18: The environment variable N is not set."),
    ],
)
def test_a_mistake_in_an_instance_is_one_problem(tmp_path: Path, instances: str, wrong: str) -> None:
    file = make_house(tmp_path)
    config = file.read_text(encoding="utf-8")
    file.write_text(config.replace("instances:\n", f"instances:\n{instances}\n"), encoding="utf-8")
    checked = check_config(file, {"HOME": str(tmp_path)})
    assert len(checked.problems) == 1
    assert wrong in str(checked.problems[0])
    assert str(checked.problems[0]).startswith(f"{file}:5:")


@pytest.mark.parametrize(
    ("worker", "line"),
    [
        (WORKER.replace("    async def", "    def"), 12),
        (WORKER + "x = (\n", 21),
        (WORKER.replace("import worker", "import wroker"), 4),
    ],
)
def test_a_worker_that_cannot_be_loaded_is_not_missed_in_every_step(tmp_path: Path, worker: str, line: int) -> None:
    file = make_house(tmp_path)
    (tmp_path / "my_workers/shout.py").write_text(worker, encoding="utf-8")
    checked = check_config(file, {"HOME": str(tmp_path)})
    assert [(Path(problem.file).name, problem.line) for problem in checked.problems] == [("shout.py", line)]
    assert "shout_at" not in checked.plans
    assert "retrieve_memory" in checked.plans
