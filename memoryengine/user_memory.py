"""`AsyncUserMemory`: the memory of one user, for programs that run an event loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from .engine import Told
from .history import History, read_history
from .intake import read_messages
from .lineage import Why, why
from .ports import Appended
from .quarantine import SetAside, read_set_aside
from .results import Result
from .runs import Run, find_run, read_runs
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
        return await self.engine.run_operation("retrieve_memory", self.scope, {"query": query, **inputs})

    async def consolidate(self, *, dry_run: bool = False, told: Told | None = None) -> Result:
        """Turn the messages that wait into observations; `told` hears the result of each batch."""
        return await self.run("consolidate_memory", dry_run=dry_run, told=told)

    async def reflect(self, *, dry_run: bool = False) -> Result:
        """Turn observations into insights."""
        return await self.run("reflect_and_reconsolidate", dry_run=dry_run)

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
        return await self.engine.run_operation("list_memory", self.scope, asked)

    async def add(self, content: str) -> Result:
        """Remember a text as it is, told by hand."""
        return await self.run("add_memory", content=content)

    async def delete(self, memory_id: str, *, with_messages: bool | None = None) -> Result:
        """Delete a memory and the insights that rest on it; its messages too with `with_messages`.

        Answers that a chat gave with it in its prompt, and that repeat a word of it, go with its messages; else they
        are hidden from search as its messages are.
        """
        return await self.run("delete_memory", memory_id=memory_id, with_messages=with_messages)

    async def delete_message(self, message_id: str) -> Result:
        """Delete a message for good, also one that was set aside, and the memories that came from it alone.

        A memory that others of the messages told too stays without it. What a chat answered with it goes too.
        """
        return await self.run("delete_message", message_id=message_id)

    async def delete_all(self, *, with_messages: bool | None = None) -> Result:
        """Delete every memory; every message too with `with_messages`, else they are set aside for good."""
        return await self.run("delete_all", with_messages=with_messages)

    async def restore(self, memory_id: str, *, instead: bool | None = None) -> Result:
        """Make an expired memory valid again; what took its place stays valid, or with `instead` expires by hand."""
        return await self.run("restore_memory", memory_id=memory_id, instead=instead)

    async def expire(self, memory_id: str, *, by: str | None = None) -> Result:
        """Expire a memory by hand, from now on or from when the memory `by` began; it is kept."""
        return await self.run("expire_memory", memory_id=memory_id, by=by)

    async def why(self, item_id: str) -> Why:
        """What a memory came from and what became of it, or what came of a message; raises `NotFound`."""
        await self.engine.open()
        inner = self.engine._engine
        return await why(inner.store, self.scope, item_id, inner.locale_of(self.scope))

    async def history(self, memory_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> History:
        """Every change with its cause and run, the newest first; of one memory, and from a page's cursor on."""
        await self.engine.open()
        inner = self.engine._engine
        locale = inner.locale_of(self.scope)
        return await read_history(inner.store, self.scope, locale, memory_id, limit, cursor)

    async def messages(self, limit: int | None = None) -> Result:
        """The messages as they were said, the newest last."""
        return await self.run("read_message", limit=limit)

    async def run(self, operation: str, *, dry_run: bool = False, told: Told | None = None, **inputs: object) -> Result:
        """Run any operation, a user's own included.

        A dry run commits nothing and says what it would do, of an operation that repeats for the first batch alone.
        """
        return await self.engine.run_operation(operation, self.scope, inputs, dry_run=dry_run, told=told)

    async def runs(self, limit: int | None = 20) -> tuple[Run, ...]:
        """The runs that wrote something, failed, or asked a model in vain; newest first, all of them with None."""
        await self.engine.open()
        return await read_runs(self.engine._engine.store, self.scope, limit)

    async def find_run(self, run_id: str) -> Run:
        """One run with what each worker did and cost; raises `NotFound`."""
        await self.engine.open()
        return await find_run(self.engine._engine.store, self.scope, run_id)

    async def quarantined(self, limit: int | None = None) -> tuple[SetAside, ...]:
        """The messages that were set aside because consolidating them failed too often, oldest first."""
        await self.engine.open()
        return await read_set_aside(self.engine._engine.store, self.scope, limit)

    async def retry(self, message_id: str | None = None) -> tuple[Message, ...]:
        """Let a message that was set aside wait again, or all of them; returns them. Raises `NotFound`."""
        await self.engine.open()
        return await self.engine._engine.retry(self.scope, None if message_id is None else [message_id])

    async def discard(self, message_id: str | None = None) -> tuple[Message, ...]:
        """Give up a message that was set aside, or all of them: no run takes it any more. Raises `NotFound`."""
        await self.engine.open()
        return await self.engine._engine.discard(self.scope, None if message_id is None else [message_id])
