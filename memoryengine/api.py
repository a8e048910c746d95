"""`AsyncMemoryEngine`: the engine, chat and memory of every user, for programs that run an event loop."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .chat import ChatResponse, HistoryStrategy, MemoryChat, read_request, scope_of
from .clock import SystemClock
from .engine import Engine, Told, assemble
from .errors import ConfigError, StoreError
from .many import Done, for_users
from .models.gate import Gate
from .ports import Clock, Store
from .records import ENGINE_USER
from .results import Result
from .schedule import Ran
from .schedule.background import Background, run_due
from .settings import Settings, locale, read_settings
from .spellings import known_name
from .status import Status, statuses
from .user_memory import AsyncUserMemory
from .values import Memory, Message, Scope
from .workflow import Plan

if TYPE_CHECKING:
    from .online_check import Report

Config = str | Path | Mapping[str, object] | None
CLOSING_SECONDS = 1.0
LOCAL_MODELS = ("offline", "lexical", "scripted")


class AsyncMemoryEngine:
    """A memory engine made from one config; opens itself at the first use.

    `config_path` is a file, the name of a stock config (`embedded`, `siliconflow` ...), a mapping, or None for
    `embedded`. Making one raises `ConfigError` with every problem of the config and of what it names; a key that is
    missing and a store that cannot be opened are raised by `open`, before any work. `clock` and `store` take the place
    of the machine's clock and of the configured store.
    """

    def __init__(self, config_path: Config = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        settings, problems = read_settings(config_path, environ=os.environ)
        self.settings: Settings = settings
        self._engine: Engine = assemble(settings, clock or SystemClock(), locale(settings), store, problems)
        self._opening = Gate(1)  # for any event loop: an engine may serve several
        self._opened = self._closed = False
        self._background = Background()

    async def open(self) -> Self:
        """Open the store; a second call does nothing. Raises `StoreError` once the engine was closed."""
        async with self._opening:
            if self._closed:
                raise StoreError("This engine was closed. Make a new one to go on; what it kept is there.")
            if not self._opened:
                await self._engine.open()
                self._opened = True
        return self

    async def close(self) -> None:
        """Give the store and the models' connections back, and stop the schedule; a second call does nothing.

        A run of an operation that asks the chat model and writes, as `consolidate`, is stopped: it raises `StoreError`.
        """
        try:
            await self._background.stop(CLOSING_SECONDS)
        finally:
            async with self._opening:
                if not self._closed:
                    await self._engine.close()
                    self._closed = True

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def user(self, user: str | None = None, *, namespace: str | None = None) -> AsyncUserMemory:
        """The memory of one user; raises `InputError` for a name that is blank or too long."""
        return AsyncUserMemory(self, scope_of(self._engine, user, namespace))

    @cached_property
    def default_memory_chat(self) -> AsyncMemoryChat:
        """The chat of this engine; one session."""
        return AsyncMemoryChat(self)

    @cached_property
    def default_memory_service(self) -> AsyncMemoryService:
        """The operations of this engine by their names."""
        return AsyncMemoryService(self)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations, sorted."""
        return tuple(sorted(self._engine.plans))

    def plan(self, operation: str) -> Plan:
        """The checked workflow of an operation; raises `NotFound` with the nearest name."""
        return self._engine.plan(operation)

    async def run_operation(
        self,
        operation: str,
        scope: Scope,
        inputs: Mapping[str, object],
        *,
        trigger: str = "call",
        dry_run: bool = False,
        told: Told | None = None,
    ) -> Result:
        """Run any operation for a scope; inputs that are None are left out, lists are taken as tuples.

        One that only reads takes `as_of` and `known_at` too: moments, ISO 8601 texts or dates, of which a date stands
        for the end of that day.
        """
        await self.open()
        held = {name: value for name, value in inputs.items() if value is not None}
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
        return await self._engine.run(operation, scope, given, trigger=trigger, dry_run=dry_run, told=told)

    async def consolidate_all(
        self,
        users: Iterable[str] | None = None,
        *,
        concurrency: int = 32,
        told: Callable[[Done], None] | None = None,
    ) -> tuple[Done, ...]:
        """Turn the messages that wait into observations, for these users or for all, `concurrency` of them at a time.

        How many calls a model gets at once is its own setting `concurrency`; a few more users than that keep it busy
        while others are written down. An error ends the work of its user alone and stands in what is returned; `told`
        hears of each user as soon as they are done.
        """
        chosen = await self.users() if users is None else users
        return await for_users(chosen, lambda name: self.user(name).consolidate(), concurrency, told)

    async def start(self) -> None:
        """Run operations at their time, as `schedule` in the config says, in the background of this event loop.

        A second call does nothing. Each run is told to the log `memoryengine.schedule`. Raises `ConfigError` where the
        config has no schedule.
        """
        await self.open()
        self._background.start(self._engine, self)

    async def stop(self, seconds: float = 20.0) -> None:
        """End the schedule: what is under way may go on for so many seconds, and is then given up for others to do."""
        await self._background.stop(seconds)

    async def run_due(self, limit: int | None = None) -> tuple[Ran, ...]:
        """Run once what is due by the schedule, for those who bring their own; `limit` bounds how much is looked at."""
        await self.open()
        return await run_due(self._engine, limit)

    async def users(self, namespace: str | None = None) -> tuple[str, ...]:
        """Every user of a namespace that memory knows, by name."""
        await self.open()
        chosen = namespace if namespace is not None else self.settings.namespace
        found: list[str] = []
        while page := await self._engine.store.scopes(chosen, after=found[-1] if found else ""):
            found += page
        return tuple(name for name in found if name != ENGINE_USER)

    async def status(self, user: str | None = None) -> Status:
        """Where memory lies and how much it holds, of one user or of all in the configured namespace."""
        users = (user,) if user is not None else await self.users()
        await self.open()
        models = self._engine.models
        named = {"chat": models.chat, "embedder": models.embedder, "reranker": models.reranker}
        return Status(
            store=await self._engine.store.describe(),
            models={kind: model.name if model is not None else "off" for kind, model in named.items()},
            users=await statuses(self._engine.store, [scope_of(self._engine, one) for one in users]),
        )

    async def check_online(self) -> Report:
        """Try the configured endpoints, and extraction with them on twenty cases; nothing is stored.

        Models that need no endpoint are left out. Raises `ConfigError` where a key is missing.
        """
        from .online_check import check_online

        if self.settings.missing:
            raise ConfigError(self.settings.missing)
        models, specs = self._engine.models, self.settings.models
        chat, embedder, reranker = (
            None if spec is None or spec.get("use") in LOCAL_MODELS else getattr(models, kind)
            for kind, spec in (("chat", specs.chat), ("embedder", specs.embedder), ("reranker", specs.reranker))
        )
        zone = self._engine.locale.zone
        return await check_online(chat, embedder, reranker, self._extract if chat else None, zone=zone)

    async def _extract(self, message: Message) -> tuple[Memory, ...]:
        worker = self._engine.worker("consolidate_memory", "extract_observations", scope_of(self._engine, "check"))
        extracted: tuple[Memory, ...] = (await worker.run(messages=(message,))).observations
        return extracted


@dataclass(frozen=True, slots=True)
class AsyncMemoryService:
    """The operations as methods and by name, for the default user or for `role_name`."""

    engine: AsyncMemoryEngine

    async def run_service_operation(self, name: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Run an operation by name; `kwargs` are its inputs, and `dry_run` to see what it would do.

        `query` stands for the one input that an operation must have, as with MemoryScope.
        """
        dry_run = bool(kwargs.pop("dry_run", False))
        slots = self.engine.plan(name).inputs
        required = [one for one, slot in slots.items() if slot.required]
        given = {known_name(one, slots, required): value for one, value in kwargs.items()}
        return await self.engine.run_operation(name, self.engine.user(role_name).scope, given, dry_run=dry_run)

    async def retrieve_memory(self, query: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Find what fits a question."""
        return await self.run_service_operation("retrieve_memory", role_name, query=query, **kwargs)

    async def consolidate_memory(self, role_name: str | None = None) -> Result:
        """Turn the messages that wait into observations."""
        return await self.run_service_operation("consolidate_memory", role_name)

    async def reflect_and_reconsolidate(self, role_name: str | None = None) -> Result:
        """Turn observations into insights."""
        return await self.run_service_operation("reflect_and_reconsolidate", role_name)

    async def list_memory(self, role_name: str | None = None, **kwargs: object) -> Result:
        """List the memories."""
        return await self.run_service_operation("list_memory", role_name, **kwargs)

    async def add_memory(self, content: str, role_name: str | None = None) -> Result:
        """Remember a text as it is."""
        return await self.run_service_operation("add_memory", role_name, content=content)

    async def delete_memory(self, memory_id: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Delete one memory."""
        return await self.run_service_operation("delete_memory", role_name, memory_id=memory_id, **kwargs)

    async def delete_all(self, role_name: str | None = None, **kwargs: object) -> Result:
        """Delete every memory."""
        return await self.run_service_operation("delete_all", role_name, **kwargs)

    async def read_message(self, role_name: str | None = None, **kwargs: object) -> Result:
        """List the messages."""
        return await self.run_service_operation("read_message", role_name, **kwargs)

    async def start_backend_service(self) -> None:
        """Run operations at their time, as the config's `schedule` says; see `AsyncMemoryEngine.start`."""
        await self.engine.start()

    async def stop_backend_service(self) -> None:
        """End the schedule; see `AsyncMemoryEngine.stop`."""
        await self.engine.stop()


class AsyncMemoryChat:
    """A chat that remembers: one session of the engine's chat model."""

    def __init__(self, engine: AsyncMemoryEngine) -> None:
        self._engine = engine
        self._chat = MemoryChat(engine._engine)

    @property
    def memory_service(self) -> AsyncMemoryService:
        """The operations on the same memory."""
        return self._engine.default_memory_service

    async def chat_with_memory(
        self,
        query: str,
        role_name: str | None = None,
        system_prompt: str | None = None,
        memory_prompt: str | None = None,
        temporary_memories: str | Sequence[str] | None = None,
        history_message_strategy: HistoryStrategy = "configured",
        remember_response: bool = True,
    ) -> ChatResponse:
        """Answer `query` with what memory holds of `role_name`, and keep both messages.

        `system_prompt` takes the place of the assistant's description and `memory_prompt` of the words before the
        memories; `temporary_memories` are shown this once. `history_message_strategy`: "auto" shows what
        consolidation has not seen yet, a number that many messages of this chat, None none, and "configured" what
        `chat.history` in the config says ("auto" unless changed). With
        `remember_response` False neither the query nor the answer is kept.
        """
        await self._engine.open()
        return await self._chat.respond(
            read_request(
                self._engine._engine,
                query,
                role_name,
                system_prompt,
                memory_prompt,
                temporary_memories,
                history_message_strategy,
                remember_response,
            )
        )

    async def stream_with_memory(
        self,
        query: str,
        role_name: str | None = None,
        system_prompt: str | None = None,
        memory_prompt: str | None = None,
        temporary_memories: str | Sequence[str] | None = None,
        history_message_strategy: HistoryStrategy = "configured",
        remember_response: bool = True,
    ) -> AsyncGenerator[str, None]:
        """As `chat_with_memory`, piece by piece; nothing is kept of an answer that was not read to its end."""
        await self._engine.open()
        request = read_request(
            self._engine._engine,
            query,
            role_name,
            system_prompt,
            memory_prompt,
            temporary_memories,
            history_message_strategy,
            remember_response,
        )
        async with aclosing(self._chat.stream(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def run_service_operation(self, name: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Run an operation by name; `kwargs` are its inputs."""
        return await self.memory_service.run_service_operation(name, role_name, **kwargs)

    async def start_backend_service(self) -> None:
        """As the memory service's."""
        await self.memory_service.start_backend_service()
