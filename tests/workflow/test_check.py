"""What the checker takes, what it refuses, and that it says everything at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from memoryengine.errors import Problem
from memoryengine.values import Period
from memoryengine.worker import Hits
from memoryengine.workflow import Branches, Plan
from memoryengine.workflow.plan import Included

Check = Callable[..., tuple[Mapping[str, Plan], list[Problem]]]

RETRIEVE = """\
operation: retrieve
inputs: [query, window]
outputs: [hits]
steps:
  - parallel:
      - [greet, tell_time]
      - [find, rank]
  - fuse
"""


def told(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_a_sound_workflow_becomes_a_plan(check: Check) -> None:
    plans, problems = check(RETRIEVE)
    plan = plans["retrieve"]
    assert problems == []
    assert [step.instance for step in plan.bound_steps()] == ["greet", "tell_time", "find", "rank", "fuse"]
    assert {name: slot.type for name, slot in plan.inputs.items()} == {"query": str, "window": tuple[str, ...]}
    assert plan.inputs["query"].required
    assert plan.inputs["window"].default == ()
    assert plan.outputs == {"hits": Hits}
    assert isinstance(plan.steps[0], Branches)
    assert not plan.writes_changes


@pytest.mark.parametrize("stage", ["rank", "greet, "])
def test_a_stage_can_be_taken_out_and_nothing_else_changes(check: Check, stage: str) -> None:
    text = RETRIEVE.replace(", rank", "") if stage == "rank" else RETRIEVE.replace(stage, "")
    whole, _ = check(RETRIEVE)
    plans, problems = check(text)
    assert problems == []
    assert plans["retrieve"].outputs == whole["retrieve"].outputs
    assert len(list(plans["retrieve"].bound_steps())) == 4


def test_two_parallel_writers_of_one_name(check: Check) -> None:
    plans, problems = check(
        "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - parallel: [find, find]\n"
    )
    assert told(problems) == [
        "w0:5:22: 'find' writes 'hits' at the same time as 'find'. Rename one of them: `out: {hits: other}`."
    ]
    assert plans == {}


def test_changes_of_parallel_branches_add_up(check: Check) -> None:
    plans, problems = check("operation: x\nsteps:\n  - parallel: [mark, mark]\n  - mark\n")
    assert problems == []
    assert plans["x"].writes_changes
    assert plans["x"].outputs == {}


def test_changes_under_another_name_would_be_lost(check: Check) -> None:
    _, problems = check("operation: x\nsteps:\n  - mark: {out: {changes: kept}}\n")
    assert told(problems) == [
        "w0:3:18: The output 'kept' of 'mark' is read by no step. "
        "Only what flows under the name 'changes' is committed."
    ]
    plans, problems = check("operation: x\nsteps:\n  - mark\n")
    assert problems == []
    assert plans["x"].writes_changes


def test_a_misspelt_optional_input(check: Check) -> None:
    text = "operation: x\ninputs: [query, window, perod]\noutputs: [hits]\nsteps: [find, fuse]\n"
    _, problems = check(text)
    assert len(problems) == 2
    assert (
        "w0:4:15: The optional input 'period' of 'fuse' is bound to nothing. Did you mean 'perod'?" in told(problems)[0]
    )
    assert "w0:2:25: The input 'perod' of the operation is read by no step." in told(problems)[1]


def test_an_optional_input_is_bound_renamed_or_null(check: Check) -> None:
    head = "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - find\n"
    plans, problems = check(head + "  - fuse: {in: {period: null}}\n")
    renamed, more = check(
        head.replace("[find", "[find") + "  - tell_time: {out: {period: when}}\n  - fuse: {in: {period: when}}\n"
    )
    assert problems == more == []
    assert list(plans["x"].bound_steps())[-1].inputs == {"hits": "hits", "period": None}
    assert list(renamed["x"].bound_steps())[-1].inputs == {"hits": "hits", "period": "when"}


def test_an_unused_output_must_be_dropped_knowingly(check: Check) -> None:
    head = "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - find\n"
    _, problems = check(head + "  - split: {at: 3}\n")
    plans, none = check(head + "  - split: {at: 3, out: {rest: null}}\n")
    assert len(problems) == 1
    assert "w0:6:5: The output 'rest' of 'split' is read by no step. Drop it knowingly" in told(problems)[0]
    assert none == []
    assert list(plans["x"].bound_steps())[-1].outputs == {"hits": "hits", "rest": None}


def test_a_result_that_is_overwritten_unread_is_unused(check: Check) -> None:
    _, problems = check("operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - find\n  - find\n")
    assert len(problems) == 1
    assert "w0:5:5: The output 'hits' of 'find' is read by no step." in told(problems)[0]


def test_a_worker_twice_under_other_names(check: Check) -> None:
    plans, problems = check(
        """\
operation: hop
inputs: [query, more, window]
outputs: [hits, others]
steps:
  - find: {top_k: 3}
  - find: {in: {query: more}, out: {hits: others}}
"""
    )
    assert problems == []
    first, second = plans["hop"].bound_steps()
    assert first.settings == {"top_k": 3}
    assert second.inputs == {"query": "more", "window": "window"}
    assert second.outputs == {"hits": "others"}


# --- types ---


def test_types_are_compared_at_every_arrow(check: Check) -> None:
    _, problems = check(
        """\
operation: x
inputs: [query, window]
outputs: [number]
steps:
  - find
  - count
  - fuse: {in: {hits: number, period: null}, out: {hits: number}}
  - remember: {in: {memories: hits}}
"""
    )
    assert [(p.line, p.column) for p in problems] == [(7, 17), (7, 52), (8, 21)]
    assert "The input 'hits' of 'fuse' is tuple[Hit, ...], but 'number' is int here, from 'count'." in told(problems)[0]
    assert "'fuse' writes 'number' as tuple[Hit, ...], but it is int already, from 'count'." in told(problems)[1]
    assert "The input 'memories' of 'remember' is tuple[Memory, ...]" in told(problems)[2]


def test_a_member_of_a_union_may_stand_for_it_but_not_the_union_for_a_member(check: Check) -> None:
    plans, problems = check("operation: x\ninputs: [limit, kind]\noutputs: [hits, number]\nsteps: [list, head]\n")
    assert problems == []
    assert plans["x"].inputs["limit"].type is int  # the narrowest: both readers can take it
    assert plans["x"].inputs["limit"].default is None  # left out, each reader uses its own default
    assert plans["x"].inputs["kind"].type == str | None
    _, problems = check(
        "operation: x\ninputs: [hits]\noutputs: [period]\nsteps:\n"
        "  - tell_time: {in: {query: hits}}\n  - count: {out: {number: null}}\n"
    )
    assert told(problems) == [
        "w0:6:5: 'count' reads the input 'hits' as tuple[Hit, ...], but 'tell_time' reads it as str."
    ]


def test_an_operation_may_pass_an_input_through(check: Check) -> None:
    plans, problems = check("operation: x\ninputs: [query]\noutputs: [query, period]\nsteps: [tell_time]\n")
    assert problems == []
    assert plans["x"].outputs == {"query": str, "period": Period | None}


# --- instances ---


def test_an_instance_gives_settings_and_a_name(check: Check) -> None:
    text = "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - find_all\n"
    plans, problems = check(text, instances={"find_all": {"use": "find", "top_k": 1000}})
    over, more = check(
        text.replace("- find_all", "- find_all: {top_k: 7}"), instances={"find_all": {"use": "find", "top_k": 1}}
    )
    own, none = check(text.replace("find_all", "find"), instances={"find": {"top_k": 2}})
    assert problems == more == none == []
    assert next(plans["x"].bound_steps()).settings == {"top_k": 1000}
    assert next(plans["x"].bound_steps()).instance == "find_all"
    assert next(over["x"].bound_steps()).settings == {"top_k": 7}
    assert next(own["x"].bound_steps()).settings == {"top_k": 2}


def test_a_name_may_be_bound_to_a_worker_that_needs_less(check: Check) -> None:
    text = "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps: [tell_time, find, fuse]\n"
    plans, problems = check(text, instances={"fuse": {"use": "fuse_by_rule"}})
    last = list(plans["x"].bound_steps())[-1]
    assert problems == []  # `period` counts as read: the workflow is the same for every binding
    assert (last.instance, last.worker.name) == ("fuse", "fuse_by_rule")
    assert last.inputs == {"hits": "hits"}


def test_a_name_cannot_be_bound_to_a_worker_of_another_type(check: Check) -> None:
    text = "operation: x\ninputs: [query, window]\noutputs: [hits]\nsteps:\n  - find\n  - fuse_by_rule\n"
    plans, problems = check(text, instances={"fuse_by_rule": {"use": "rank"}, "find": {"use": "head"}})
    assert told(problems) == [
        "'rank' cannot stand for 'fuse_by_rule': it takes 'query', which 'fuse_by_rule' does not (hits).",
        "'head' cannot stand for 'find': it takes 'limit', which 'find' does not (query, window).",
        "'head' cannot stand for 'find': it does not give 'hits' (number).",
        "'head' cannot stand for 'find': it gives 'number' too, which 'find' does not.",
    ]
    assert plans == {}


@pytest.mark.parametrize(
    ("instance", "wrong"),
    [
        ({"use": "fnd"}, "uses 'fnd', which is no worker. Did you mean 'find'?"),
        ({"use": "find", "top": 1}, "has no setting 'top'. Did you mean 'top_k'?"),
        ({"use": "find", "top_k": "1"}, "`x.top_k` must be a whole number, not '1'"),
        ({"use": "rank", "reranker": "r"}, "is no setting: the engine fills it in"),
        ({"use": "find", "query": "r"}, "is an input, not a setting"),
    ],
)
def test_instances_are_checked_though_no_workflow_names_them(check: Check, instance: Any, wrong: str) -> None:
    _, problems = check("operation: o\nsteps: [mark]\n", instances={"x": instance})
    assert len(problems) == 1
    assert wrong in told(problems)[0]


# --- ports and settings ---


def test_ports_are_filled_where_they_are_configured(check: Check) -> None:
    text = "operation: x\ninputs: [query, hits]\noutputs: [hits]\nsteps:\n  - rank\n  - rank_by_model\n"
    _, problems = check(text)
    plans, none = check(text, ports=frozenset({"reranker"}))
    assert [str(p).partition(" Name")[0] for p in problems] == [
        "w0:6:5: 'rank_by_model' needs a reranker, and the config names none."
    ]
    assert none == []
    rank, by_model = plans["x"].bound_steps()
    assert rank.ports == {"reranker": "reranker"}
    assert by_model.ports == {"reranker": "reranker", "chat": None}


def test_an_optional_port_that_is_not_configured_keeps_its_default(check: Check) -> None:
    plans, problems = check("operation: x\ninputs: [query, hits]\noutputs: [hits]\nsteps: [rank]\n")
    assert problems == []
    assert next(plans["x"].bound_steps()).ports == {}


def test_a_setting_without_a_default_must_be_given(check: Check) -> None:
    text = "operation: x\ninputs: [hits]\noutputs: [hits, rest]\nsteps:\n  - split\n"
    _, problems = check(text)
    plans, none = check(text, instances={"split": {"use": "split", "at": 2}})
    assert told(problems) == ["w0:5:5: 'split' needs the setting 'at': int. Write split: {at: ...}."]
    assert none == []
    assert next(plans["x"].bound_steps()).settings == {"at": 2}


# --- includes ---


def test_an_included_operation_keeps_its_names_to_itself(check: Check) -> None:
    outer = """\
operation: outer
inputs: [hop, window, period]
outputs: [more, period]
steps:
  - include: retrieve
    in: {query: hop}
    out: {hits: more}
  - mark
"""
    plans, problems = check(outer, RETRIEVE)
    include = plans["outer"].steps[0]
    assert problems == []
    assert isinstance(include, Included)
    assert include.inputs == {"query": "hop", "window": "window"}
    assert include.outputs == {"hits": "more"}
    assert plans["outer"].inputs["hop"].type is str
    assert len(list(plans["outer"].bound_steps())) == 6


def test_changes_pass_out_of_an_included_operation(check: Check) -> None:
    plans, problems = check(
        "operation: outer\nsteps:\n  - include: inner\n  - mark\n", "operation: inner\nsteps: [mark]\n"
    )
    include = plans["outer"].steps[0]
    assert problems == []
    assert isinstance(include, Included)
    assert include.outputs == {"changes": "changes"}
    assert plans["outer"].writes_changes


def test_problems_of_an_included_operation_are_told_once(check: Check) -> None:
    inner = "operation: inner\ninputs: [query]\noutputs: [period]\nsteps:\n  - tell_tme\n"
    outer = "operation: outer\ninputs: [query]\noutputs: [period]\nsteps:\n  - include: inner\n"
    plans, problems = check(outer, inner)
    assert [(p.file, p.line) for p in problems] == [("w1", 5)]
    assert "There is no worker or instance 'tell_tme'. Did you mean 'tell_time'?" in told(problems)[0]
    assert plans == {}


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_of_includes_is_told_once(check: Check, length: int) -> None:
    texts = [f"operation: o{i}\nsteps:\n  - include: o{(i + 1) % length}\n" for i in range(length)]
    plans, problems = check(*texts)
    assert len(problems) == 1
    assert "The operations include each other in a circle: o0 -> " in told(problems)[0]
    assert plans == {}


def test_an_included_operation_needs_its_inputs(check: Check) -> None:
    inner = "operation: inner\ninputs: [query, window]\noutputs: [hits]\nsteps: [find]\n"
    outer = "operation: outer\ninputs: [qery]\noutputs: [hits]\nsteps:\n  - include: inner\n"
    _, problems = check(inner, outer)
    assert len(problems) == 3
    assert "The input 'query' of 'inner' is missing: no step before gives it. Did you mean 'qery'?" in told(problems)[0]
    assert "The optional input 'window' of 'inner' is bound to nothing." in told(problems)[1]
    assert "The input 'qery' of the operation is read by no step." in told(problems)[2]


# --- many at once ---


def test_checking_goes_on_with_the_worker_that_was_probably_meant(check: Check) -> None:
    _, problems = check(
        "operation: x\ninputs: [query]\noutputs: [hitz]\nsteps:\n  - fnd: {topk: 3, in: {window: null}}\n"
    )
    assert len(problems) == 4
    assert "There is no worker or instance 'fnd'. Did you mean 'find'?" in told(problems)[0]
    assert "has no setting 'topk'. Did you mean 'top_k'?" in told(problems)[1]
    assert "The output 'hitz' of the operation is given by no step. Did you mean 'hits'?" in told(problems)[2]
    assert "The output 'hits' of 'fnd' is read by no step." in told(problems)[3]


def test_nothing_is_made_up_after_a_step_of_which_nothing_is_known(check: Check) -> None:
    _, problems = check(
        "operation: x\ninputs: [query]\noutputs: [hits]\nsteps:\n  - zzzzzz\n  - fuse\n  - count: {in: {hitz: a}}\n"
    )
    assert len(problems) == 3
    assert "There is no worker or instance 'zzzzzz'. There are:" in told(problems)[0]
    assert "'count' has no input 'hitz'" in told(problems)[1]
    assert "The output 'number' of 'count' is read by no step." in told(problems)[2]  # it was not there for zzzzzz
