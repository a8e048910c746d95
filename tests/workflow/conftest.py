"""Small sound workers and a way to check workflows that stand in a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from memoryengine.errors import Problem
from memoryengine.ports import ChatModel, Reranker
from memoryengine.settings import read_settings
from memoryengine.values import Changes, Memory, Period
from memoryengine.worker import Hits, Stop, WorkerSpec, spec_of, worker
from memoryengine.workflow import Plan, check_workflows
from memoryengine.workflow.syntax import read_workflow
from memoryengine.yaml_tree import parse_yaml

Check = Callable[..., tuple[Mapping[str, Plan], list[Problem]]]


@dataclass(frozen=True)
class Found:
    hits: Hits


@dataclass(frozen=True)
class Told:
    period: Period | None


@dataclass(frozen=True)
class Counted:
    number: int


@dataclass(frozen=True)
class Noted:
    changes: Changes


@dataclass(frozen=True)
class Split:
    hits: Hits
    rest: Hits


@worker("find")
@dataclass(frozen=True)
class Find:
    """Find hits."""

    top_k: int = 10

    async def run(self, query: str, window: tuple[str, ...] = ()) -> Found:
        return Found(())


@worker("tell_time")
@dataclass(frozen=True)
class TellTime:
    """Tell which time a question is about."""

    async def run(self, query: str) -> Told:
        return Told(None)


@worker("rank")
@dataclass(frozen=True)
class Rank:
    """Rank hits by what they mean."""

    reranker: Reranker | None = None

    async def run(self, query: str, hits: Hits) -> Found:
        return Found(hits)


@worker("rank_by_model")
@dataclass(frozen=True)
class RankByModel:
    """Rank hits by a model, which must be there."""

    reranker: Reranker
    chat: ChatModel | None

    async def run(self, hits: Hits) -> Found:
        return Found(hits)


@worker("fuse")
@dataclass(frozen=True)
class Fuse:
    """Order hits by relevance and time."""

    time_ratio: float = 2.0

    async def run(self, hits: Hits, period: Period | None = None) -> Found:
        return Found(hits)


@worker("fuse_by_rule")
@dataclass(frozen=True)
class FuseByRule:
    """Order hits without a look at the time."""

    async def run(self, hits: Hits) -> Found:
        return Found(hits)


@worker("greet")
@dataclass(frozen=True)
class Greet:
    """Stop at a greeting."""

    async def run(self, query: str) -> Stop | None:
        return Stop("a greeting needs no memory") if query == "hello" else None


@worker("split")
@dataclass(frozen=True)
class SplitHits:
    """Split hits in two."""

    at: int

    async def run(self, hits: Hits) -> Split:
        return Split(hits[: self.at], hits[self.at :])


@worker("count")
@dataclass(frozen=True)
class Count:
    """Count hits."""

    async def run(self, hits: Hits) -> Counted:
        return Counted(len(hits))


@worker("mark")
@dataclass(frozen=True)
class Mark:
    """Mark a message as seen."""

    message: str = "m"

    async def run(self) -> Noted:
        return Noted(Changes(consolidated=(self.message,)))


@worker("list")
@dataclass(frozen=True)
class List:
    """List hits, all of them without a limit."""

    async def run(self, limit: int | None = None, kind: str | None = None) -> Found:
        return Found(())


@worker("head")
@dataclass(frozen=True)
class Head:
    """List the first hits."""

    async def run(self, limit: int = 5) -> Counted:
        return Counted(limit)


@worker("remember")
@dataclass(frozen=True)
class Remember:
    """Remember what is given."""

    async def run(self, memories: tuple[Memory, ...]) -> Noted:
        return Noted(Changes(memories=memories))


WORKERS = (
    Find, TellTime, Rank, RankByModel, Fuse, FuseByRule, Greet, SplitHits, Count, Mark, List, Head, Remember,
)  # fmt: skip


@pytest.fixture(scope="session")
def specs() -> Mapping[str, WorkerSpec]:
    return {spec.name: spec for spec in map(spec_of, WORKERS)}


@pytest.fixture
def check(specs: Mapping[str, WorkerSpec]) -> Check:
    """Check workflows given as YAML, with instances given as in a config; files are named `w0`, `w1`, ..."""

    def check(
        *texts: str, instances: Mapping[str, Any] | None = None, ports: frozenset[str] = frozenset()
    ) -> tuple[Mapping[str, Plan], list[Problem]]:
        problems: list[Problem] = []
        workflows = []
        for i, text in enumerate(texts):
            root, wrong = parse_yaml(text, f"w{i}")
            problems += wrong
            assert root is not None
            workflow, wrong = read_workflow(root)
            problems += wrong
            workflows += [workflow] if workflow else []
        settings, wrong = read_settings({"instances": dict(instances or {})}, environ={"HOME": "/home/somebody"})
        plans, found = check_workflows(workflows, specs, settings.instances, ports)
        return plans, [*problems, *wrong, *found]

    return check
