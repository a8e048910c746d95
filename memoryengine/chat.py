"""Chat with memories: what is known about the person goes into the prompt, what is said goes into memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .engine import Engine
from .errors import ConfigError, InputError, ModelAnswerError
from .filters import Filter, Is
from .intake import checked_name, read_message
from .ports import ChatModel, Sort, Turn
from .prompts import Prompt, fence, load_prompt
from .records import PENDING
from .results import show
from .text import clean, language
from .values import KINDS, Hit, Locale, Message, Scope

LONGEST_HISTORY = 40
NEWEST_FIRST = (Sort("said_at", descending=True), Sort("recorded_at", descending=True))
HistoryStrategy = int | Literal["auto"] | None


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """The assistant's message, and the memories that stood in the prompt.

    `meta_data["memories"]` is their text, one a line, or None where there was none; `hits` are the same, typed.
    """

    message: Message
    meta_data: Mapping[str, Any]
    hits: tuple[Hit, ...] = ()
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.message.content


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call of `chat_with_memory`, checked."""

    query: str
    scope: Scope
    locale: Locale
    speaker: str = ""
    system_prompt: str | None = None
    memory_prompt: str | None = None
    temporary_memories: tuple[str, ...] = ()
    history: HistoryStrategy = "auto"
    remember: bool = True


@dataclass(frozen=True)
class MemoryChat:
    """A conversation with the configured chat model that remembers; one session."""

    engine: Engine
    session: str = field(default_factory=lambda: secrets.token_hex(8))

    async def respond(self, request: ChatRequest) -> ChatResponse:
        """Answer with what memory holds; the pair of messages is kept when the answer has come."""
        model = self._model()
        turns, hits, shown, warnings = await self._prompt(request)
        reply = (await model.chat(turns)).text
        message = await self._remember(request, reply)
        return ChatResponse(message, {"memories": shown}, hits, warnings)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        """Answer piece by piece; the pair of messages is kept when the last piece has come."""
        model = self._model()
        turns, *_ = await self._prompt(request)
        pieces = []
        async for piece in model.stream(turns):
            pieces.append(piece)
            yield piece
        await self._remember(request, "".join(pieces))

    def _model(self) -> ChatModel:
        model = self.engine.models.chat
        if model is None:
            raise ConfigError("The config switches the chat model off; name one at models.chat to chat.")
        return model

    async def _prompt(self, request: ChatRequest) -> tuple[list[Turn], tuple[Hit, ...], str | None, tuple[str, ...]]:
        history = await self._history(request)
        result = await self.engine.run(
            "retrieve_memory",
            request.scope,
            {"query": request.query, "window": tuple(m.id for m in history), "kinds": KINDS},
            trigger="chat",
            locale=request.locale,
        )
        hits = result.hits[: self.engine.settings.chat.memories]
        lines = [show(hit.item, request.locale) for hit in hits]
        shown = "\n".join(lines) or None
        system = system_text(request, [*request.temporary_memories, *lines])
        past = [Turn(m.role, m.content) for m in history]
        return [Turn("system", system), *past, Turn("user", request.query)], hits, shown, result.warnings

    async def _history(self, request: ChatRequest) -> tuple[Message, ...]:
        """The earlier messages of the prompt, oldest first.

        "auto" takes what consolidation has not seen yet, so that nothing is out of sight between being said and being
        remembered; a number takes the newest ones of this session.
        """
        strategy = request.history
        if not strategy:
            return ()
        where: Filter = Is("state", PENDING) if strategy == "auto" else Is("session", self.session)
        limit = LONGEST_HISTORY if strategy == "auto" else strategy
        reader = self.engine.reader(request.scope)
        newest = await reader.messages(where, order=NEWEST_FIRST, limit=limit)
        return tuple(reversed(newest))

    async def _remember(self, request: ChatRequest, reply: str) -> Message:
        clock, zone = self.engine.clock, request.locale.zone
        common = {"session": self.session}
        said = {"role": "user", "content": request.query, "speaker": request.speaker, **common}
        asked = read_message(said, clock, zone)
        content = clean(reply)
        if not content.strip():
            raise ModelAnswerError("The chat model answered nothing; nothing of this turn was kept.")
        answered = read_message({"role": "assistant", "content": content, **common}, clock, zone)
        if request.remember:
            await self.engine.add_messages(request.scope, [asked, answered])
        return answered


def read_request(
    engine: Engine,
    query: str,
    role_name: str | None,
    system_prompt: str | None,
    memory_prompt: str | None,
    temporary_memories: str | Sequence[str] | None,
    history_message_strategy: HistoryStrategy,
    remember_response: bool,
) -> ChatRequest:
    """Check the arguments of `chat_with_memory`; raises `InputError`."""
    if not isinstance(query, str) or not clean(query).strip():
        raise InputError("The query is empty; there is nothing to answer.")
    strategy = history_message_strategy
    if not (strategy in (None, "auto") or (isinstance(strategy, int) and strategy >= 0)):
        raise InputError(f"history_message_strategy is {strategy!r}; it must be 'auto', None or a number of messages.")
    extra = (temporary_memories,) if isinstance(temporary_memories, str) else tuple(temporary_memories or ())
    return ChatRequest(
        clean(query),
        scope_of(engine, role_name),
        engine.locale,
        role_name or "",
        system_prompt,
        memory_prompt,
        tuple(clean(line) for line in extra if line.strip()),
        strategy,
        remember_response,
    )


def scope_of(engine: Engine, user: str | None, namespace: str | None = None) -> Scope:
    """The scope of a user; without a name it is that of `human_name`, else of "user"."""
    settings = engine.settings
    return Scope(
        checked_name("user", user if user is not None else settings.human_name or "user"),
        checked_name("namespace", namespace if namespace is not None else settings.namespace),
    )


def system_text(request: ChatRequest, memories: Sequence[str]) -> str:
    """The system turn: who the assistant is, then the memories in a fence, as data."""
    spoken = request.locale.language or language(request.query)
    prompt, locale = _chat_prompt(), request.locale
    persona, heading = prompt.turns(spoken, human=locale.human(spoken), assistant=locale.assistant(spoken))
    parts = [request.system_prompt if request.system_prompt is not None else persona.content.strip()]
    if memories:
        parts.append(request.memory_prompt if request.memory_prompt is not None else heading.content.strip())
        parts.append(fence("memories", "\n".join(" ".join(line.split("\n")) for line in memories)))
    return "\n\n".join(part for part in parts if part)


@cache
def _chat_prompt() -> Prompt:
    return load_prompt(Path(__file__).parent, "chat")
