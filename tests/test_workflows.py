"""The shipped workflows: sound with every worker model-driven, and the same without a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.worker import WorkerSpec
from memoryengine.workflow import BoundStep, Branches, Plan, check_workflows, load_workers, load_workflows

PORTS = frozenset({"chat", "embedder", "reranker", "reader", "clock", "locale", "patience"})
OPERATIONS = {
    "retrieve_memory": {"query", "window", "kinds", "asked_at", "asker", "limit"},
    "consolidate_memory": set(),
    "reflect_and_reconsolidate": set(),
    "list_memory": {"kind", "expired", "limit"},
    "add_memory": {"content", "said_at"},
    "delete_memory": {"memory_id", "with_messages"},
    "delete_message": {"message_id"},
    "delete_all": {"with_messages"},
    "restore_memory": {"memory_id", "instead"},
    "expire_memory": {"memory_id", "by"},
    "read_message": {"limit"},
}


@pytest.fixture(scope="module")
def workers() -> dict[str, WorkerSpec]:
    found, problems = load_workers(["memoryengine.workers"], Path())
    assert problems == []
    return dict(found)


def plans_of(folder: str | Path, workers: dict[str, WorkerSpec]) -> tuple[dict[str, Plan], list[str]]:
    workflows, problems = load_workflows([str(folder)], Path("/"))
    plans, more = check_workflows(workflows, workers, {}, PORTS)
    return dict(plans), [str(problem) for problem in (*problems, *more)]


def names(plan: Plan) -> list[str]:
    found = []
    for step in plan.steps:
        if isinstance(step, BoundStep):
            found.append(step.instance)
        elif isinstance(step, Branches):
            found += [inner.instance for branch in step.branches for inner in branch if isinstance(inner, BoundStep)]
    return found


def test_there_is_one_sound_workflow_for_each_operation(workers: dict[str, WorkerSpec]) -> None:
    plans, problems = plans_of("stock", workers)
    assert problems == []
    assert {name: set(plan.inputs) for name, plan in plans.items()} == OPERATIONS
    required = {name: {key for key, slot in plan.inputs.items() if slot.required} for name, plan in plans.items()}
    assert required == {name: set() for name in OPERATIONS} | {
        "retrieve_memory": {"query"},
        "add_memory": {"content"},
        "delete_memory": {"memory_id"},
        "delete_message": {"message_id"},
        "restore_memory": {"memory_id"},
        "expire_memory": {"memory_id"},
    }
    assert [name for name, plan in plans.items() if plan.repeat] == ["consolidate_memory"]
    assert all(plan.description.endswith(".") for plan in plans.values())


@pytest.mark.parametrize(
    ("operation", "stage"),
    [
        ("retrieve_memory", "semantic_rank"),
        ("retrieve_memory", "fuse_hits"),
        ("retrieve_memory", "limit_hits"),
        ("retrieve_memory", "filter_query"),
    ],
)
def test_a_stage_can_be_taken_out_with_no_other_change(
    tmp_path: Path, workers: dict[str, WorkerSpec], operation: str, stage: str
) -> None:
    shipped = (Path(__file__).parents[1] / "workflows" / f"{operation}.yaml").read_text(encoding="utf-8")
    cut = shipped.replace(f", {stage}", "").replace(f"{stage}, ", "")
    without = "\n".join(line for line in cut.split("\n") if not line.strip().startswith(f"- {stage}"))
    assert without != shipped
    (tmp_path / f"{operation}.yaml").write_text(without, encoding="utf-8")
    plans, problems = plans_of(tmp_path, workers)
    left = [problem for problem in problems if "is read by no step" not in problem]
    assert left == []
    if stage in ("semantic_rank", "filter_query"):
        assert problems == []
        assert stage not in names(plans[operation])
        assert {"search_memories", "fuse_hits", "limit_hits"} <= set(names(plans[operation]))
