"""Running plans: values flow, branches are concurrent, stops and errors end a run as they should, all is traced."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import pytest

from memoryengine.errors import InputError, ModelUnavailable, Problem, StoreError, WorkerError
from memoryengine.trace import measure, note, record, warn
from memoryengine.values import Changes
from memoryengine.worker import InstanceSettings, Stop, spec_of, worker
from memoryengine.workflow import BoundStep, Outcome, Plan, StepTrace, check_workflows, run_plan
from memoryengine.workflow.syntax import read_workflow
from memoryengine.yaml_tree import parse_yaml


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    changes: Changes


@worker("say")
@dataclass(frozen=True)
class Say:
    """Add a word."""

    word: str = "a"

    async def run(self, words: tuple[str, ...] = ()) -> Words:
        return Words((*words, self.word))


@worker("see")
@dataclass(frozen=True)
class See:
    """Mark a message as seen."""

    id: str = "m"

    async def run(self) -> Seen:
        return Seen(Changes(consolidated=(self.id,)))


@worker("tell")
@dataclass(frozen=True)
class Tell:
    """Tell what was seen so far."""

    async def run(self, changes: Changes) -> Words:
        return Words(changes.consolidated)


@worker("ask")
@dataclass(frozen=True)
class Ask:
    """Ask a model."""

    async def run(self, words: tuple[str, ...]) -> Words:
        record("chat", input_tokens=7, output_tokens=3)
        note("asked", len(words))
        for word in words:
            warn(f"Only {word[:1]} was asked.")
        return Words(words)


@worker("halt")
@dataclass(frozen=True)
class Halt:
    """Stop the run."""

    async def run(self) -> Stop:
        return Stop("enough")


class Meeting:
    """A place where `count` runners must be at the same time before any of them goes on."""

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)
        self.log: list[str] = []


@worker("meet")
@dataclass(frozen=True)
class Meet:
    """Go on only when the others are here too."""

    meeting: Any = None

    async def run(self) -> None:
        await self.meeting.barrier.wait()
        self.meeting.log.append("met")


@worker("wait")
@dataclass(frozen=True)
class Wait:
    """Wait for ever, and note being cancelled."""

    meeting: Any = None

    async def run(self) -> None:
        try:
            await self.meeting.barrier.wait()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.meeting.log.append("cancelled")
            raise


@worker("fail")
@dataclass(frozen=True)
class Fail:
    """Fail with the error it is given, when the others are here."""

    error: Any = None
    meeting: Any = None

    async def run(self) -> None:
        if self.meeting:
            await self.meeting.barrier.wait()
        raise self.error


@worker("halt_later")
@dataclass(frozen=True)
class HaltLater:
    """Stop the run when the others are here."""

    meeting: Any = None

    async def run(self) -> Stop:
        await self.meeting.barrier.wait()
        return Stop("enough")


@worker("lie")
@dataclass(frozen=True)
class Lie:
    """Promise words and give a list."""

    given: Any = field(default_factory=list)

    async def run(self) -> Words:
        return self.given  # type: ignore[no-any-return]  # what this test is about


SPECS = {spec.name: spec for spec in map(spec_of, (Say, See, Tell, Ask, Halt, Meet, Wait, Fail, HaltLater, Lie))}


def plans_of(*texts: str, instances: Mapping[str, InstanceSettings] | None = None) -> Mapping[str, Plan]:
    workflows, problems = [], list[Problem]()
    for text in texts:
        root, _ = parse_yaml(text, "flow.yaml")
        assert root is not None
        workflow, wrong = read_workflow(root)
        assert workflow is not None
        workflows.append(workflow)
        problems += wrong
    plans, wrong = check_workflows(workflows, SPECS, instances or {}, frozenset())
    assert [*problems, *wrong] == []
    return plans


def plan_of(steps: str, inputs: str = "", outputs: str = "") -> Plan:
    return plans_of(f"operation: x\ninputs: [{inputs}]\noutputs: [{outputs}]\nsteps: {steps}\n")["x"]


def make(**extra: Any) -> Callable[[BoundStep], object]:
    """Build workers from their settings, and whatever a test puts into a field of that name."""

    def build(step: BoundStep) -> object:
        given = {key: value for key, value in extra.items() if key in step.worker.settings}
        return step.worker.cls(**{**given, **step.settings})

    return build


async def run(plan: Plan, values: Mapping[str, object] | None = None, **extra: Any) -> Outcome:
    return await run_plan(plan, values or {}, make(**extra))


# --- values ---


async def test_values_flow_down_and_are_rebound() -> None:
    plan = plan_of("[say, {say: {word: b}}, {say: {word: c, out: {words: other}}}]", "words", "words, other")
    outcome = await run(plan, {"words": ("x",)})
    assert outcome.values == {"words": ("x", "a", "b"), "other": ("x", "a", "b", "c")}
    assert outcome.changes == Changes()
    assert outcome.stopped is None


async def test_an_input_that_is_left_out_takes_the_workers_default() -> None:
    plan = plan_of("[say]", "words", "words")
    assert (await run(plan)).values == {"words": ("a",)}
    assert (await run(plan, {"words": ("x",)})).values == {"words": ("x", "a")}
    assert not plan.inputs["words"].required


async def test_a_null_binding_takes_the_default_though_the_name_flows() -> None:
    plan = plan_of("[say, {say: {in: {words: null}, out: {words: fresh}}}]", "words", "words, fresh")
    assert (await run(plan, {"words": ("x",)})).values == {"words": ("x", "a"), "fresh": ("a",)}


async def test_a_dropped_output_leaves_the_name_as_it_was() -> None:
    plan = plan_of("[{say: {out: {words: null}}}]", "words", "words")
    assert (await run(plan, {"words": ("x",)})).values == {"words": ("x",)}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"wrods": ()}, "The operation 'x' has no input 'wrods'. Did you mean 'words'?"),
        ({}, "The operation 'x' needs the input 'words': tuple[str, ...]."),
        ({"words": ["a"]}, "The input 'words' of 'x' must be tuple[str, ...], not list."),
        ({"words": (1,)}, "The input 'words' of 'x' must be tuple[str, ...], not tuple."),
    ],
)
async def test_inputs_are_checked_before_any_worker_runs(values: dict[str, object], wrong: str) -> None:
    trace: list[StepTrace] = []
    plan = plan_of("[ask]", "words", "words")
    with pytest.raises(InputError, match=re.escape(wrong)):
        await run_plan(plan, values, make(), trace=trace)
    assert trace == []
    assert plan.inputs["words"].required


# --- changes ---


async def test_changes_add_up_in_the_order_of_the_file() -> None:
    plan = plan_of("[{see: {id: a}}, {parallel: [{see: {id: b}}, [{see: {id: c}}, {see: {id: d}}]]}, {see: {id: e}}]")
    outcome = await run(plan)
    assert outcome.changes == Changes(consolidated=("a", "b", "c", "d", "e"))
    assert outcome.values == {}


async def test_a_worker_may_read_the_changes_so_far() -> None:
    plan = plan_of("[{see: {id: a}}, {parallel: [{see: {id: b}}, tell]}, see]", outputs="words")
    outcome = await run(plan)
    assert outcome.values == {"words": ("a",)}  # a branch sees what was there when it began
    assert outcome.changes.consolidated == ("a", "b", "m")


# --- branches ---


async def test_branches_run_at_the_same_time() -> None:
    meeting = Meeting(3)
    async with asyncio.timeout(5):  # one after the other, the first would wait for ever
        await run(plan_of("'[meet|meet|meet]'"), meeting=meeting)
    assert meeting.log == ["met"] * 3
    assert meeting.barrier.n_waiting == 0


async def test_branches_in_branches_run_at_the_same_time() -> None:
    meeting = Meeting(3)
    async with asyncio.timeout(5):
        outcome = await run(plan_of("'[meet|[meet|meet]]'"), meeting=meeting)
    assert meeting.log == ["met"] * 3
    assert [step.instance for step in outcome.steps] == ["meet"] * 3


async def test_a_branch_does_not_see_what_its_sibling_writes() -> None:
    steps = "[say, {parallel: [[{say: {word: b}}], [{say: {word: c, out: {words: other}}}]]}]"
    outcome = await run(plan_of(steps, "words", "words, other"), {"words": ()})
    assert outcome.values["words"] == ("a", "b")
    assert outcome.values["other"] == ("a", "c")


async def test_a_failing_branch_cancels_its_siblings_and_names_its_worker() -> None:
    meeting = Meeting(3)
    with pytest.raises(WorkerError) as caught:
        async with asyncio.timeout(5):
            await run(plan_of("'[wait|fail|wait]'"), meeting=meeting, error=KeyError("a person's words"))
    assert meeting.log == ["cancelled", "cancelled"]
    assert caught.value.worker == "fail"
    assert caught.value.message == "The worker 'fail' failed: it raised KeyError."
    assert "a person's words" in caught.value.excerpt
    assert isinstance(caught.value.__cause__, KeyError)


async def test_a_run_that_is_cancelled_cancels_its_branches() -> None:
    meeting = Meeting(3)
    task = asyncio.create_task(run(plan_of("'[wait|wait]'"), meeting=meeting))
    async with asyncio.timeout(5):
        await meeting.barrier.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert meeting.log == ["cancelled", "cancelled"]


@pytest.mark.parametrize("text", ["[fail]", "'[fail|see]'"])
async def test_a_cancellation_that_nobody_asked_for_is_a_failure_of_its_worker(text: str) -> None:
    with pytest.raises(WorkerError) as caught:
        await run(plan_of(text), error=asyncio.CancelledError("a person's words"))
    assert caught.value.worker == "fail"
    assert caught.value.message == "The worker 'fail' failed: it raised CancelledError."
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


# --- stops ---


async def test_a_stop_ends_the_run_with_its_reason_and_what_came_before() -> None:
    outcome = await run(plan_of("[say, see, halt, {see: {id: late}}]", "words", "words"), {"words": ("x",)})
    assert outcome.stopped == "enough"
    assert outcome.changes == Changes(consolidated=("m",))
    assert outcome.values == {"words": ("x", "a")}
    assert [step.instance for step in outcome.steps] == ["say", "see", "halt"]


async def test_a_stop_in_a_branch_cancels_the_siblings_and_ends_the_run() -> None:
    meeting = Meeting(2)
    async with asyncio.timeout(5):
        outcome = await run(plan_of("[see, {parallel: [halt_later, wait]}, see]"), meeting=meeting)
    assert outcome.stopped == "enough"
    assert meeting.log == ["cancelled"]
    assert outcome.changes == Changes(consolidated=("m",))


async def test_an_error_goes_before_a_stop() -> None:
    meeting = Meeting(2)
    with pytest.raises(WorkerError, match="ValueError"):
        await run(plan_of("'[halt_later|fail]'"), meeting=meeting, error=ValueError("x"))
    assert meeting.log == []


# --- errors ---


@pytest.mark.parametrize(
    "error", [ModelUnavailable("No answer."), StoreError("The disk is full."), InputError("That is no date.")]
)
async def test_errors_of_the_engine_pass_through_with_the_workers_name(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        await run(plan_of("[say, fail]", "words", "words"), error=error)
    assert caught.value is error
    assert caught.value.__notes__ == ["It happened in the worker 'fail'."]


@pytest.mark.parametrize(("given", "shown"), [([], "list"), (None, "NoneType"), (Seen(Changes()), "Seen")])
async def test_a_result_of_another_type_than_promised_is_refused(given: object, shown: str) -> None:
    with pytest.raises(WorkerError) as caught:
        await run(plan_of("[lie]", outputs="words"), given=given)
    assert str(caught.value) == (
        f"The worker 'lie' failed: its run returned {shown}, where its signature promises Words."
    )
    assert caught.value.worker == "lie"


@pytest.mark.parametrize(("words", "shown"), [(["a"], "list"), (None, "NoneType"), ("a", "str")])
async def test_an_output_of_another_type_than_promised_is_refused(words: Any, shown: str) -> None:
    with pytest.raises(WorkerError) as caught:
        await run(plan_of("[lie]", outputs="words"), given=Words(words))
    assert str(caught.value) == (
        f"The worker 'lie' failed: its output 'words' is {shown}, where its type promises tuple[str, ...]."
    )
    assert (await run(plan_of("[lie]", outputs="words"), given=Words(("a",)))).values == {"words": ("a",)}
    assert caught.value.worker == "lie"


# --- includes ---


async def test_an_included_operation_runs_on_names_of_its_own() -> None:
    inner = (
        "operation: inner\ninputs: [words]\noutputs: [last]\nsteps: [say, {say: {word: b, out: {words: last}}}, see]\n"
    )
    outer = """\
operation: outer
inputs: [words]
outputs: [words, first, second]
steps:
  - include: inner
    out: {last: first}
  - include: inner
    in: {words: first}
    out: {last: second}
"""
    outcome = await run(plans_of(inner, outer)["outer"], {"words": ("x",)})
    assert outcome.values == {
        "words": ("x",),
        "first": ("x", "a", "b"),
        "second": ("x", "a", "b", "a", "b"),
    }
    assert outcome.changes == Changes(consolidated=("m", "m"))


async def test_a_stop_in_an_included_operation_ends_the_whole_run() -> None:
    inner = "operation: inner\nsteps: [see, halt]\n"
    outer = "operation: outer\nsteps: [{see: {id: first}}, include: inner, {see: {id: late}}]\n"
    outcome = await run(plans_of(inner, outer)["outer"])
    assert outcome.stopped == "enough"
    assert outcome.changes == Changes(consolidated=("first", "m"))


# --- traces ---


async def test_each_step_is_traced_with_its_time_its_model_calls_and_its_counts() -> None:
    outcome = await run(plan_of("[ask, {parallel: [ask, see]}]", "words", "words"), {"words": ("x", "y")})
    first, second = (step for step in outcome.steps if step.worker == "ask")
    assert [step.instance for step in outcome.steps] == ["ask", "ask", "see"]
    assert (first.usage.chat_calls, first.usage.input_tokens, first.usage.output_tokens) == (1, 7, 3)
    assert first.counts_in == first.counts_out == {"words": 2}
    assert 0 <= first.started <= second.started
    assert first.seconds >= 0
    assert outcome.steps[2].usage.chat_calls == 0
    assert [step.notes for step in outcome.steps] == [{"asked": 2}, {"asked": 2}, {}]


async def test_what_a_worker_warns_of_is_told_once_and_ends_no_run() -> None:
    outcome = await run(plan_of("[ask, {parallel: [ask, see]}]", "words", "words"), {"words": ("x", "xx", "y")})
    assert [step.warnings for step in outcome.steps] == [("Only x was asked.", "Only y was asked.")] * 2 + [()]
    assert outcome.values["words"] == ("x", "xx", "y")
    warn("Nobody listens.")  # without a meter around nothing happens
    with measure() as meter:
        warn("One.")
        warn("One.")
    assert meter.warnings == ("One.",)


async def test_the_trace_is_there_when_a_run_fails() -> None:
    trace: list[StepTrace] = []
    with pytest.raises(WorkerError):
        await run_plan(plan_of("[say, fail, say]", "words", "words"), {}, make(error=OSError("x")), trace=trace)
    assert [step.instance for step in trace] == ["say", "fail"]
    assert trace[0].counts_out == {"words": 1}
    assert trace[1].counts_out == {}


async def test_ten_empty_workers_take_next_to_no_time() -> None:
    plan = plan_of("[say, say, say, say, say, say, {parallel: [see, see]}, see, see]", "words", "words")
    workers = {step.instance: make()(step) for step in plan.bound_steps()}
    times = []
    for _ in range(200):
        began = perf_counter()
        await run_plan(plan, {"words": ()}, lambda step: workers[step.instance])
        times.append(perf_counter() - began)
    assert len(list(plan.bound_steps())) == 10
    assert sorted(times)[len(times) // 2] < 0.001
