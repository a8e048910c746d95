"""The grammar of workflows, in the list form and in one line."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from memoryengine.workflow.steps import Include, Parallel, Step, Workflow
from memoryengine.workflow.syntax import read_workflow
from memoryengine.yaml_tree import NOWHERE, Place, parse_yaml


def read(text: str) -> tuple[Workflow, list[str]]:
    root, problems = parse_yaml(text, "flow.yaml")
    assert root is not None
    workflow, wrong = read_workflow(root)
    assert workflow is not None
    return workflow, [str(problem) for problem in (*problems, *wrong)]


def bare(value: Any) -> Any:
    """A value without its places."""
    if isinstance(value, Place):
        return NOWHERE
    if isinstance(value, tuple):
        return tuple(map(bare, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: bare(getattr(value, f.name)) for f in fields(value)})
    return value


def test_everything_that_a_workflow_may_say() -> None:
    workflow, problems = read(
        """\
operation: retrieve
description: Find it.
inputs: [query, window]
outputs: [hits]
repeat: true
steps:
  - tell_time
  - find: {top_k: 5, in: {query: hop, window: null}, out: {hits: more}}
  - parallel:
      - [find, rank]
      - tell_time
  - include: other
    in: {query: hop}
    out: {hits: null}
"""
    )
    assert problems == []
    assert (workflow.operation, workflow.description, workflow.repeat) == ("retrieve", "Find it.", True)
    assert [name.text for name in workflow.inputs] == ["query", "window"]
    assert workflow.outputs[0].place == Place("flow.yaml", 4, 11)
    tell, find, parallel, include = workflow.steps
    assert isinstance(find, Step)
    assert isinstance(parallel, Parallel)
    assert isinstance(include, Include)
    assert tell.place == Place("flow.yaml", 7, 5)
    assert find.settings["top_k"].value == 5
    assert find.keys["top_k"] == Place("flow.yaml", 8, 12)
    assert {key: name.text for key, name in find.inputs.items()} == {"query": "hop", "window": None}
    assert find.outputs["hits"].text == "more"
    assert [len(branch) for branch in parallel.branches] == [2, 1]
    assert include.operation == "other"
    assert include.outputs["hits"].text is None


@pytest.mark.parametrize(
    ("line", "listed"),
    [
        ("a", "[a]"),
        ("a,b", "[a, b]"),
        ("a,[b|c,d],e", "[a, {parallel: [b, [c, d]]}, e]"),
        ("[a|b]", "[{parallel: [a, b]}]"),
        (" a , [ b | c , d ] , e ", "[a, {parallel: [b, [c, d]]}, e]"),
        ("a,[b|[c|d],e]", "[a, {parallel: [b, [{parallel: [c, d]}, e]]}]"),
        ("[[a|b]|c],d", "[{parallel: [[{parallel: [a, b]}], c]}, d]"),
    ],
)
def test_one_line_means_the_same_as_the_list(line: str, listed: str) -> None:
    one, problems = read(f"operation: x\nsteps: '{line}'\n")
    other, more = read(f"operation: x\nsteps: {listed}\n")
    assert problems == more == []
    assert bare(one) == bare(other)


def test_one_line_knows_its_columns() -> None:
    workflow, problems = read('operation: x\nsteps: "first,[second|third]"\n')
    plain, _ = read("operation: x\nsteps: first,second\n")
    assert problems == []
    parallel = workflow.steps[1]
    assert isinstance(parallel, Parallel)
    assert workflow.steps[0].place.column == 9
    assert parallel.branches[1][0].place.column == 23
    assert plain.steps[1].place.column == 14


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ("'a,,b'", "A name is missing here"),
        ("'" + "[" * 5000 + "'", "The brackets are more than 20 deep"),
        ("'a]'", "A ']' stands outside of any brackets"),
        ("'[a|b'", "A bracket is not closed"),
        ("'a[b|c]'", "A comma is missing before '['"),
        ("'a b'", "'a b' is no name of a worker"),
        ("''", "A name is missing here"),
        ("['a,b']", "Write the one-line form as one text in quotes"),
        ("[[a]]", "A step is a name, or a name with settings; this is a list"),
        ("[{a: {}, b: {}}]", "A step names one worker; this one holds a, b"),
        ("[{a: [1]}]", "The settings of 'a' must be a mapping, not a list"),
        ("[{parallel: []}]", "`parallel` must be a list of branches"),
        ("[{include: 3}]", "`include` must name an operation"),
        ("[{a: {in: {x: X y}}}]", "must be a name like `hits`, not 'X y'"),
        ("[{}]", "this is a mapping"),
        ("{a: b}", "`steps` must be a list"),
        ("[]", "There is no step in this list"),
    ],
)
def test_what_is_no_workflow_is_told_with_its_line(steps: str, wrong: str) -> None:
    _, problems = read(f"operation: x\nsteps: {steps}\n")
    assert len(problems) == 1
    assert wrong in problems[0]
    assert problems[0].startswith("flow.yaml:2:")


def test_brackets_may_be_deep_but_not_without_end() -> None:
    workflow, problems = read(f"operation: x\nsteps: '{'[' * 20}a,b{']' * 20}'\n")
    assert problems == []
    assert workflow is not None
    assert len(workflow.steps) == 1


def test_a_file_that_holds_no_mapping() -> None:
    root, _ = parse_yaml("- a\n- b\n", "flow.yaml")
    assert root is not None
    workflow, problems = read_workflow(root)
    assert workflow is None
    assert [str(p) for p in problems] == [
        "flow.yaml:1:1: A workflow file holds a mapping with `operation` and `steps`."
    ]
