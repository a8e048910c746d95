"""A memory told by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from memoryengine.errors import InputError
from memoryengine.ports import Clock
from memoryengine.text import clean
from memoryengine.times import find_period
from memoryengine.values import Changes, Locale, Memory, memory_id
from memoryengine.worker import worker


@dataclass(frozen=True)
class Added:
    """The new memory."""

    changes: Changes


@worker("add_custom_memory")
@dataclass(frozen=True)
class AddCustomMemory:
    """Add a memory that a person wrote by hand; nothing but a person expires it."""

    clock: Clock
    locale: Locale
    longest: int = 8_000

    async def run(self, content: str, said_at: datetime | None = None) -> Added:
        """Make the memory, as told at `said_at` (local, if it has no zone) or now.

        Raises `InputError` for a blank or too long text.
        """
        text = clean(content).strip()
        if not text:
            raise InputError("The memory to add is empty; write what is to be remembered.")
        if len(text) > self.longest:
            raise InputError(
                f"The memory to add is {len(text):,} characters long; at most {self.longest:,} are allowed. "
                "Add it in parts, or add it as a message and consolidate."
            )
        recorded_at = self.clock.now()
        local = self.locale.local(said_at or recorded_at)
        memory = Memory(
            id=memory_id("custom", text, (), recorded_at),
            kind="custom",
            content=text,
            said_at=local.astimezone(UTC),
            recorded_at=recorded_at,
            event=find_period(text, local),
        )
        return Added(Changes(memories=(memory,)))
