# mypy: ignore-errors
# ruff: noqa
"""Classes that are no workers."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.worker import worker


@worker("thaws")  # ! it is not a frozen dataclass
@dataclass
class Thaws:
    """It can be changed."""

    async def run(self, query: str) -> None: ...


@worker("silent")  # ! it has no docstring
@dataclass(frozen=True)
class Silent:
    async def run(self, query: str) -> None: ...


@worker("idle")  # ! it has no method `run`
@dataclass(frozen=True)
class Idle:
    """It does nothing."""


@worker("blocking")  # ! `run` is not an async method
@dataclass(frozen=True)
class Blocking:
    """It blocks."""

    def run(self, query: str) -> None: ...


@worker("vague")  # ! the input 'query' of `run` has no type # ! `run` takes **rest
@dataclass(frozen=True)
class Vague:
    """It takes anything."""

    async def run(self, query, **rest: str) -> None: ...


@worker("loose")  # ! `run` must return one dataclass
@dataclass(frozen=True)
class Loose:
    """It returns a dict."""

    async def run(self, query: str) -> dict[str, int]: ...


@worker("lost")  # ! an annotation cannot be resolved
@dataclass(frozen=True)
class Lost:
    """It names a type that is not there."""

    async def run(self, query: NoSuchType) -> None: ...
