"""`MemoryEngine`: the same engine for programs without an event loop, or inside one that they do not want to await.

All engines of a process share one event loop in a thread of its own, so that a call works in a notebook and in a web
handler alike. The thread never keeps a process from ending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self
from weakref import finalize

from .api import AsyncMemoryChat, AsyncMemoryEngine, AsyncMemoryService, Config
from .chat import ChatResponse, HistoryStrategy
from .engine import Engine, Told
from .history import History
from .lineage import Why
from .loop_thread import close_at_end, iterate, unattended, wait_for
from .many import Done
from .ports import Appended, Clock, Store
from .quarantine import SetAside
from .results import Result
from .runs import Run
from .schedule import Ran
from .settings import Settings
from .status import Status
from .user_memory import AsyncUserMemory, MessageLike, Moment
from .values import Message
from .workflow import Plan

if TYPE_CHECKING:
    from .online_check import Report


class MemoryEngine:
    """A memory engine made from one config; see `AsyncMemoryEngine`, whose methods these are.

    It needs no closing for the process to end; `close`, or `with`, gives files and connections back earlier.
    """

    def __init__(self, config_path: Config = None, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self._engine = AsyncMemoryEngine(config_path, clock=clock, store=store)
        close_at_end(self._engine)
        # Chats and users keep the engine alive; when the last of them is gone, so are its files and connections.
        finalize(self._engine, _let_go, self._engine._engine).atexit = False

    @property
    def settings(self) -> Settings:
        """The config, checked."""
        return self._engine.settings

    def open(self) -> Self:
        """Open the store; any other call does it where it is needed."""
        wait_for(self._engine.open())
        return self

    def close(self) -> None:
        """Give the store and the models' connections back."""
        wait_for(self._engine.close())

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def user(self, user: str | None = None, *, namespace: str | None = None) -> UserMemory:
        """The memory of one user."""
        return UserMemory(self._engine.user(user, namespace=namespace))

    @cached_property
    def default_memory_chat(self) -> MemoryChat:
        """The chat of this engine; one session."""
        return MemoryChat(self._engine.default_memory_chat)

    @cached_property
    def default_memory_service(self) -> MemoryService:
        """The operations of this engine by their names."""
        return MemoryService(self._engine.default_memory_service)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations, sorted."""
        return self._engine.operations

    def plan(self, operation: str) -> Plan:
        """The checked workflow of an operation; raises `NotFound` with the nearest name."""
        return self._engine.plan(operation)

    def consolidate_all(
        self,
        users: Iterable[str] | None = None,
        *,
        concurrency: int = 32,
        told: Callable[[Done], None] | None = None,
    ) -> tuple[Done, ...]:
        """Turn the messages that wait into observations, for many users at once; `told` hears in the engines' thread.

        See `AsyncMemoryEngine.consolidate_all`.
        """
        return wait_for(self._engine.consolidate_all(users, concurrency=concurrency, told=told))

    def start(self) -> None:
        """Run operations at their time in the background; see `AsyncMemoryEngine.start`."""
        wait_for(self._engine.start())

    def stop(self, seconds: float = 20.0) -> None:
        """End the schedule; see `AsyncMemoryEngine.stop`."""
        wait_for(self._engine.stop(seconds))

    def run_due(self, limit: int | None = None) -> tuple[Ran, ...]:
        """Run once what is due by the schedule."""
        return wait_for(self._engine.run_due(limit))

    def users(self, namespace: str | None = None) -> tuple[str, ...]:
        """Every user of a namespace that memory knows, by name."""
        return wait_for(self._engine.users(namespace))

    def status(self, user: str | None = None) -> Status:
        """Where memory lies and how much it holds."""
        return wait_for(self._engine.status(user))

    def check_online(self) -> Report:
        """Try the configured endpoints, and extraction with them on twenty cases."""
        return wait_for(self._engine.check_online())


@dataclass(frozen=True, slots=True)
class UserMemory:
    """The memory of one user; see `AsyncUserMemory`."""

    inner: AsyncUserMemory

    def add_messages(self, messages: Iterable[MessageLike]) -> Appended:
        """Keep messages durably."""
        return wait_for(self.inner.add_messages(messages))

    def retrieve(self, query: str, **inputs: object) -> Result:
        """Find what fits a question."""
        return wait_for(self.inner.retrieve(query, **inputs))

    def consolidate(self, *, dry_run: bool = False, told: Told | None = None) -> Result:
        """Turn the messages that wait into observations; `told` hears of each batch, in the engines' thread."""
        return wait_for(self.inner.consolidate(dry_run=dry_run, told=told))

    def reflect(self, *, dry_run: bool = False) -> Result:
        """Turn observations into insights."""
        return wait_for(self.inner.reflect(dry_run=dry_run))

    def list(
        self,
        kind: str | None = None,
        *,
        expired: bool | None = None,
        limit: int | None = None,
        as_of: Moment | None = None,
        known_at: Moment | None = None,
    ) -> Result:
        """The memories, oldest first; see `AsyncUserMemory.list`."""
        return wait_for(self.inner.list(kind, expired=expired, limit=limit, as_of=as_of, known_at=known_at))

    def add(self, content: str) -> Result:
        """Remember a text as it is."""
        return wait_for(self.inner.add(content))

    def delete(self, memory_id: str, *, with_messages: bool | None = None) -> Result:
        """Delete one memory."""
        return wait_for(self.inner.delete(memory_id, with_messages=with_messages))

    def delete_message(self, message_id: str) -> Result:
        """Delete one message; see `AsyncUserMemory.delete_message`."""
        return wait_for(self.inner.delete_message(message_id))

    def delete_all(self, *, with_messages: bool | None = None) -> Result:
        """Delete every memory."""
        return wait_for(self.inner.delete_all(with_messages=with_messages))

    def restore(self, memory_id: str, *, instead: bool | None = None) -> Result:
        """Make an expired memory valid again; see `AsyncUserMemory.restore`."""
        return wait_for(self.inner.restore(memory_id, instead=instead))

    def expire(self, memory_id: str, *, by: str | None = None) -> Result:
        """Expire a memory by hand."""
        return wait_for(self.inner.expire(memory_id, by=by))

    def why(self, item_id: str) -> Why:
        """What a memory came from and what became of it, or what came of a message."""
        return wait_for(self.inner.why(item_id))

    def history(self, memory_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> History:
        """Every change with its cause and run, the newest first."""
        return wait_for(self.inner.history(memory_id, limit=limit, cursor=cursor))

    def messages(self, limit: int | None = None) -> Result:
        """The messages as they were said."""
        return wait_for(self.inner.messages(limit))

    def run(self, operation: str, *, dry_run: bool = False, told: Told | None = None, **inputs: object) -> Result:
        """Run any operation."""
        return wait_for(self.inner.run(operation, dry_run=dry_run, told=told, **inputs))

    def runs(self, limit: int | None = 20) -> tuple[Run, ...]:
        """The runs that were kept, newest first."""
        return wait_for(self.inner.runs(limit))

    def find_run(self, run_id: str) -> Run:
        """One run with what each worker did and cost."""
        return wait_for(self.inner.find_run(run_id))

    def quarantined(self, limit: int | None = None) -> tuple[SetAside, ...]:
        """The messages that were set aside, oldest first."""
        return wait_for(self.inner.quarantined(limit))

    def retry(self, message_id: str | None = None) -> tuple[Message, ...]:
        """Let a message that was set aside wait again, or all of them."""
        return wait_for(self.inner.retry(message_id))

    def discard(self, message_id: str | None = None) -> tuple[Message, ...]:
        """Give up a message that was set aside, or all of them."""
        return wait_for(self.inner.discard(message_id))


@dataclass(frozen=True, slots=True)
class MemoryService:
    """The operations as methods and by name; see `AsyncMemoryService`."""

    inner: AsyncMemoryService

    def run_service_operation(self, name: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Run an operation by name; `kwargs` are its inputs."""
        return wait_for(self.inner.run_service_operation(name, role_name, **kwargs))

    def retrieve_memory(self, query: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Find what fits a question."""
        return wait_for(self.inner.retrieve_memory(query, role_name, **kwargs))

    def consolidate_memory(self, role_name: str | None = None) -> Result:
        """Turn the messages that wait into observations."""
        return wait_for(self.inner.consolidate_memory(role_name))

    def reflect_and_reconsolidate(self, role_name: str | None = None) -> Result:
        """Turn observations into insights."""
        return wait_for(self.inner.reflect_and_reconsolidate(role_name))

    def list_memory(self, role_name: str | None = None, **kwargs: object) -> Result:
        """List the memories."""
        return wait_for(self.inner.list_memory(role_name, **kwargs))

    def add_memory(self, content: str, role_name: str | None = None) -> Result:
        """Remember a text as it is."""
        return wait_for(self.inner.add_memory(content, role_name))

    def delete_memory(self, memory_id: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Delete one memory."""
        return wait_for(self.inner.delete_memory(memory_id, role_name, **kwargs))

    def delete_all(self, role_name: str | None = None, **kwargs: object) -> Result:
        """Delete every memory."""
        return wait_for(self.inner.delete_all(role_name, **kwargs))

    def read_message(self, role_name: str | None = None, **kwargs: object) -> Result:
        """List the messages."""
        return wait_for(self.inner.read_message(role_name, **kwargs))

    def start_backend_service(self) -> None:
        """Run operations at their time in the background; see `AsyncMemoryService.start_backend_service`."""
        wait_for(self.inner.start_backend_service())

    def stop_backend_service(self) -> None:
        """End the schedule."""
        wait_for(self.inner.stop_backend_service())


@dataclass(frozen=True, slots=True)
class MemoryChat:
    """A chat that remembers; see `AsyncMemoryChat`."""

    inner: AsyncMemoryChat

    @property
    def memory_service(self) -> MemoryService:
        """The operations on the same memory."""
        return MemoryService(self.inner.memory_service)

    def chat_with_memory(
        self,
        query: str,
        role_name: str | None = None,
        system_prompt: str | None = None,
        memory_prompt: str | None = None,
        temporary_memories: str | Sequence[str] | None = None,
        history_message_strategy: HistoryStrategy = "configured",
        remember_response: bool = True,
    ) -> ChatResponse:
        """Answer `query` with what memory holds; see `AsyncMemoryChat.chat_with_memory`."""
        return wait_for(
            self.inner.chat_with_memory(
                query,
                role_name,
                system_prompt,
                memory_prompt,
                temporary_memories,
                history_message_strategy,
                remember_response,
            )
        )

    def stream_with_memory(
        self,
        query: str,
        role_name: str | None = None,
        system_prompt: str | None = None,
        memory_prompt: str | None = None,
        temporary_memories: str | Sequence[str] | None = None,
        history_message_strategy: HistoryStrategy = "configured",
        remember_response: bool = True,
    ) -> Iterator[str]:
        """As `chat_with_memory`, piece by piece."""
        return iterate(
            self.inner.stream_with_memory(
                query,
                role_name,
                system_prompt,
                memory_prompt,
                temporary_memories,
                history_message_strategy,
                remember_response,
            )
        )

    def run_service_operation(self, name: str, role_name: str | None = None, **kwargs: object) -> Result:
        """Run an operation by name; `kwargs` are its inputs."""
        return wait_for(self.inner.run_service_operation(name, role_name, **kwargs))

    def start_backend_service(self) -> None:
        """As the memory service's."""
        wait_for(self.inner.start_backend_service())


def _let_go(engine: Engine) -> None:
    """Close an engine that nobody holds any more."""
    unattended(engine.close())
