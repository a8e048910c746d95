"""Which messages are worth a closer look, by rules of structure."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.statements import weigh
from memoryengine.worker import Messages, worker


@dataclass(frozen=True)
class Filtered:
    """What is left, in the order in which it was said."""

    messages: Messages


@worker("filter_messages_by_rule")
@dataclass(frozen=True)
class FilterMessagesByRule:
    """Keep the messages of the person that state something worth remembering; the assistant's are left out.

    A message weighs as much as its weightiest clause: 0 nothing, 1 imagined or quoted, 2 general, passing or guessed,
    3 clearly about the person or asked to be remembered. Those of at least `least` stay.
    """

    least: int = 2

    async def run(self, batch: Messages) -> Filtered:
        """Weigh each message by itself."""
        return Filtered(tuple(m for m in batch if m.role == "user" and weigh(m.content) >= self.least))
