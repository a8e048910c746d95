# mypy: ignore-errors
# ruff: noqa
"""A worker whose name is taken."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.worker import worker


@worker("find")  # ! The worker 'find' is there twice
@dataclass(frozen=True)
class FindAgain:
    """It has the name of another."""

    async def run(self, query: str) -> None: ...
