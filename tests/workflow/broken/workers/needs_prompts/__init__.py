"""A worker whose prompts are not all there."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.prompts import Prompt
from memoryengine.worker import worker


@worker("needs_prompts")
@dataclass(frozen=True)
class NeedsPrompts:
    """Ask with prompts."""

    prompt: Prompt
    repair: Prompt

    async def run(self, query: str) -> None:
        return None
