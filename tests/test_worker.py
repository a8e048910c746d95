"""The contract that is read from a worker, and every way of being none."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from memoryengine.errors import ConfigError
from memoryengine.ports import ChatModel, Clock, Embedder, Reader, Reranker, Store
from memoryengine.prompts import Prompt
from memoryengine.values import Changes, Locale, Patience, Period
from memoryengine.worker import REQUIRED, Hits, Slot, Stop, is_path, port_of, spec_of, worker


@dataclass(frozen=True)
class Fused:
    hits: Hits
    changes: Changes


@worker("fuse_hits")
@dataclass(frozen=True)
class FuseHits:
    """Order hits by relevance, kind and time, best first.

    More is said here.
    """

    prompt: Prompt
    reranker: Reranker | None
    size: int
    time_ratio: float = 2.0
    weights: Mapping[str, float] = field(default_factory=lambda: {"insight": 2.0})
    chat: ChatModel | None = None

    async def run(self, hits: Hits, period: Period | None = None) -> Fused | Stop:
        return Fused(hits, Changes())


def test_the_contract_is_read_from_the_signature() -> None:
    spec = spec_of(FuseHits)
    assert spec.name == "fuse_hits"
    assert spec.cls is FuseHits
    assert spec.summary == "Order hits by relevance, kind and time, best first."
    assert dict(spec.inputs) == {"hits": Slot(Hits), "period": Slot(Period | None, None)}
    assert dict(spec.outputs) == {"hits": Hits, "changes": Changes}
    assert dict(spec.settings) == {
        "size": Slot(int),
        "time_ratio": Slot(float, 2.0),
        "weights": Slot(Mapping[str, float], {"insight": 2.0}),
    }
    assert list(spec.ports) == ["prompt", "reranker", "chat"]
    assert spec.may_stop
    assert spec.result is Fused
    assert (spec.file, spec.line) == (__file__, inspect.getsourcelines(FuseHits)[1])


def test_a_slot_without_a_default_is_required() -> None:
    spec = spec_of(FuseHits)
    assert spec.inputs["hits"].required
    assert spec.inputs["hits"].default is REQUIRED
    assert not spec.inputs["period"].required
    assert spec.ports["reranker"].required  # None is allowed, but somebody must say so
    assert not spec.ports["chat"].required


@worker("quiet")
@dataclass(frozen=True)
class Quiet:
    """It gives nothing."""

    async def run(self) -> None: ...


@worker("final")
@dataclass(frozen=True)
class Final:
    """It always stops."""

    async def run(self, query: str) -> Stop | None: ...


def test_a_worker_may_give_nothing_or_only_stop() -> None:
    quiet, final = spec_of(Quiet), spec_of(Final)
    assert (dict(quiet.inputs), dict(quiet.outputs), quiet.result, quiet.may_stop) == ({}, {}, None, False)
    assert (dict(final.outputs), final.result, final.may_stop) == ({}, None, True)
    assert list(final.inputs) == ["query"]


@pytest.mark.parametrize(
    ("annotation", "port"),
    [
        (ChatModel, "chat"),
        (ChatModel | None, "chat"),
        (Embedder, "embedder"),
        (Reranker | None, "reranker"),
        (Reader, "reader"),
        (Clock, "clock"),
        (Locale, "locale"),
        (Patience, "patience"),
        (Prompt, "prompt"),
        (int, None),
        (str | None, None),
        (Mapping[str, float], None),
    ],
)
def test_which_types_are_ports(annotation: Any, port: str | None) -> None:
    assert port_of(annotation) == port
    assert port_of(annotation | None) == port


# --- classes that are no workers ---


class Bare:
    """It is no dataclass."""

    async def run(self, query: str) -> None: ...


@dataclass
class Thawed:
    """It can be changed."""

    async def run(self, query: str) -> None: ...


@dataclass(frozen=True)
class Silent:
    async def run(self, query: str) -> None: ...


@dataclass(frozen=True)
class Idle:
    """It does nothing."""


@dataclass(frozen=True)
class Blocking:
    """It blocks."""

    def run(self, query: str) -> None: ...


@dataclass(frozen=True)
class Starred:
    """It takes anything."""

    async def run(self, *queries: str, **rest: str) -> None: ...


@dataclass(frozen=True)
class Untyped:
    """It does not say what it takes."""

    async def run(self, query) -> None: ...  # type: ignore[no-untyped-def]  # what this test is about


@dataclass(frozen=True)
class Unsaid:
    """It does not say what it gives."""

    async def run(self, query: str): ...  # type: ignore[no-untyped-def]  # what this test is about


@dataclass(frozen=True)
class Plain:
    """It gives a dict."""

    async def run(self, query: str) -> dict[str, int]:
        return {}


@dataclass(frozen=True)
class Undecided:
    """It gives one of two things."""

    async def run(self, query: str) -> Fused | Slot:
        return Slot(int)


@dataclass(frozen=True)
class Perhaps:
    """It gives something or nothing."""

    async def run(self, query: str) -> Fused | None: ...


@dataclass(frozen=True)
class Lost:
    """It names a type that is not there."""

    async def run(self, query: NoSuchType) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@dataclass(frozen=True)
class Reserved:
    """It has a field with the name of a key."""

    use: str = ""

    async def run(self, query: str) -> None: ...


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (Bare, ["it is not a frozen dataclass"]),
        (Thawed, ["it is not a frozen dataclass"]),
        (Silent, ["it has no docstring"]),
        (Idle, ["it has no method `run`"]),
        (Blocking, ["`run` is not an async method"]),
        (Starred, ["`run` takes *queries", "`run` takes **rest"]),
        (Untyped, ["the input 'query' of `run` has no type"]),
        (Unsaid, ["`run` does not say what it returns"]),
        (Plain, ["`run` must return one dataclass"]),
        (Undecided, ["`run` must return one dataclass"]),
        (Perhaps, ["return Stop to end a run"]),
        (Lost, ["an annotation cannot be resolved (name 'NoSuchType' is not defined)"]),
        (Reserved, ["its field 'use' has the name of a key of a step"]),
    ],
)
def test_every_way_of_being_no_worker_is_told(cls: type, wrong: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        spec_of(worker("some_worker")(cls))
    problems = caught.value.problems
    assert len(problems) == len(wrong)
    assert all(text in problem.message for text, problem in zip(wrong, problems, strict=True))
    assert all(Path(problem.file) == Path(__file__) and problem.line > 100 for problem in problems)


@dataclass(frozen=True)
class Half:
    """A result with a type that is not there."""

    x: NoSuchType  # type: ignore[name-defined]  # noqa: F821


@worker("half")
@dataclass(frozen=True)
class Halved:
    """Its result cannot be read."""

    async def run(self, query: str) -> Half: ...  # type: ignore[empty-body]


@worker("selfless")
@dataclass(frozen=True)
class Selfless:
    """It forgot self."""

    async def run(query: str) -> None: ...  # type: ignore[misc]  # what this test is about  # noqa: N805


@worker("yields")
@dataclass(frozen=True)
class Yields:
    """It yields."""

    async def run(self, query: str) -> AsyncIterator[str]:
        yield query


@worker("parallel")
@dataclass(frozen=True)
class Parallel:
    """It has the name of a step."""

    async def run(self, query: str) -> None: ...


@worker("storing")
@dataclass(frozen=True)
class Storing:
    """It wants a store, which no worker gets, and a chat model as an input."""

    store: Store
    folder: Path = Path("x")

    async def run(self, chat: ChatModel | None) -> None: ...


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (Halved, ["an annotation cannot be resolved (name 'NoSuchType' is not defined)"]),
        (Selfless, ["the first parameter of `run` must be self, not query."]),
        (Yields, ["`run` yields; it must return its outputs once."]),
        (Parallel, ["that word has a meaning of its own in a workflow"]),
        (Storing, ["the input 'chat' of `run` is a port (chat)", "nothing can fill its field 'store' of type Store;"]),
    ],
)
def test_more_ways_of_being_no_worker(cls: type, wrong: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        spec_of(cls)
    assert len(caught.value.problems) == len(wrong)
    assert all(words in problem.message for words, problem in zip(wrong, caught.value.problems, strict=True))
    assert all(problem.file == __file__ and problem.line > 0 for problem in caught.value.problems)


def test_a_mark_without_a_name_or_on_a_function_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match=r'@worker needs a name, as in @worker\("some_name"\) above the class Half'):
        worker(Half)  # type: ignore[arg-type]  # what this test is about
    with pytest.raises(TypeError, match=r"@worker\('f'\) must stand above a class, not above function"):
        worker("f")(lambda: None)  # type: ignore[type-var]  # what this test is about


def test_a_field_that_is_not_given_is_no_setting() -> None:
    @worker("counted")
    @dataclass(frozen=True)
    class Counted:
        """It has a field of its own."""

        top: int = 3
        seen: int = field(default=0, init=False)
        KINDS: ClassVar[int] = 2

        async def run(self) -> None: ...

    spec = spec_of(Counted)
    assert list(spec.settings) == ["top"]
    assert spec.ports == {}
    assert spec.outputs == {}


def test_a_class_that_is_not_marked_and_a_name_that_is_none() -> None:
    with pytest.raises(ConfigError, match="it is not marked"):
        spec_of(Fused)
    with pytest.raises(ConfigError, match="a worker's name is a word"):
        spec_of(worker("two words")(Quiet))
    assert spec_of(worker("quiet")(Quiet)).name == "quiet"


def test_a_mark_is_not_inherited() -> None:
    class Child(Quiet):
        """It has a worker for a parent."""

    with pytest.raises(ConfigError) as caught:
        spec_of(Child)
    assert "it is not marked" in str(caught.value)
    assert "it has no method `run`" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "path"),
    [("memoryengine.workers", False), ("mine", False), ("./mine", True), ("a/b", True), ("~/x", True), (".", True)],
)
def test_which_entries_are_paths(entry: str, path: bool) -> None:
    assert is_path(entry) is path
    assert is_path(f"/{entry}")
    assert is_path(f"..\\{entry}")
