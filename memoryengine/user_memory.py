"""`AsyncUserMemory`: the memory of one user, for programs that run an event loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from .intake import read_messages
from .ports import Appended
from .results import Result
from .values import Message, Scope

if TYPE_CHECKING:
    from .api import AsyncMemoryEngine

Moment = str | date
MessageLike = Message | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AsyncUserMemory:
    """The memory of one user."""

    engine: AsyncMemoryEngine
    scope: Scope

    async def add_messages(self, messages: Iterable[MessageLike]) -> Appended:
        """Keep messages durably; says which ids are new, known, or were deleted before and stay deleted.

        See `memoryengine.intake.read_messages` for what a mapping may hold. Raises `InputError`, and keeps nothing
        then. Raises `IdConflict` if an id is known with other content: other messages of the call may be kept by
        then, and once it is put right the call may be repeated, where messages with an id of their own stay one.
        """
        await self.engine.open()
        inner = self.engine._engine
        read = read_messages(messages, inner.clock, inner.locale.zone)
        return await inner.add_messages(self.scope, read)

    async def retrieve(self, query: str, **inputs: object) -> Result:
        """Find what fits a question; the hits stand in `Result.hits`, best first.

        With `as_of` what was true at a moment, with `known_at` what memory knew by one.
        """
        return await self.run("retrieve_memory", query=query, **inputs)

    async def consolidate(self) -> Result:
        """Turn the messages that wait into observations."""
        return await self.run("consolidate_memory")

    async def reflect(self) -> Result:
        """Turn observations into insights."""
        return await self.run("reflect_and_reconsolidate")

    async def list(
        self,
        kind: str | None = None,
        *,
        expired: bool | None = None,
        limit: int | None = None,
        as_of: Moment | None = None,
        known_at: Moment | None = None,
    ) -> Result:
        """The memories, oldest first; expired ones too with `expired`, and with `limit` the newest alone.

        With `as_of` those that were true at a moment, with `known_at` as memory knew them by one.
        """
        asked = {"kind": kind, "expired": expired, "limit": limit, "as_of": as_of, "known_at": known_at}
        return await self.run("list_memory", **asked)

    async def add(self, content: str) -> Result:
        """Remember a text as it is, told by hand."""
        return await self.run("add_memory", content=content)

    async def delete(self, memory_id: str, *, with_messages: bool | None = None) -> Result:
        """Delete a memory and the insights that rest on it; its messages too with `with_messages`.

        Answers that a chat gave with it in its prompt, and that repeat a word of it, go with its messages; else they
        are hidden from search as its messages are.
        """
        return await self.run("delete_memory", memory_id=memory_id, with_messages=with_messages)

    async def delete_all(self, *, with_messages: bool | None = None) -> Result:
        """Delete every memory; every message too with `with_messages`, else they are set aside for good."""
        return await self.run("delete_all", with_messages=with_messages)

    async def messages(self, limit: int | None = None) -> Result:
        """The messages as they were said, the newest last."""
        return await self.run("read_message", limit=limit)

    async def run(self, operation: str, **inputs: object) -> Result:
        """Run any operation, a user's own included."""
        return await self.engine.run_operation(operation, self.scope, inputs)
