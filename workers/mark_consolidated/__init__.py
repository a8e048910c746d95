"""The mark that a batch of messages needs no further look."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.values import Changes
from memoryengine.worker import Messages, worker


@dataclass(frozen=True)
class Marked:
    """The wish to mark the messages."""

    changes: Changes


@worker("mark_consolidated")
@dataclass(frozen=True)
class MarkConsolidated:
    """Mark every message of the batch as consolidated, in the commit that brings its observations."""

    async def run(self, batch: Messages) -> Marked:
        """Ask for the mark."""
        return Marked(Changes(consolidated=tuple(message.id for message in batch)))
