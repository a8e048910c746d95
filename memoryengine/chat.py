"""Chat with memories: what is known about the person goes into the prompt, what is said goes into memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from .assembly import RETRIEVAL
from .commits import Seen
from .engine import Engine
from .errors import ConfigError, InputError, ModelAnswerError
from .filters import AllOf, Filter, Is, Not
from .intake import LONGEST_CONTENT, checked_name, read_message
from .ports import NEWEST_FIRST, ChatModel, Turn
from .prompts import Prompt, fence, load_prompt
from .records import PENDING
from .results import show
from .text import clean, clip, language
from .values import KINDS, Hit, Locale, Message, Scope

LONGEST_HISTORY = 40
LONGEST_TURN = 8_000  # characters of an earlier message that a model is shown
History = int | Literal["auto"] | None
HistoryStrategy = History | Literal["configured"]


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
    history: History = "auto"
    remember: bool = True


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What the model is shown, and of what it was made; `memories` is the text of the hits."""

    turns: tuple[Turn, ...]
    seen: Seen
    hits: tuple[Hit, ...]
    memories: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class MemoryChat:
    """A conversation with the configured chat model that remembers; one session."""

    engine: Engine
    session: str = field(default_factory=lambda: secrets.token_hex(8))

    async def respond(self, request: ChatRequest) -> ChatResponse:
        """Answer with what memory holds; the pair of messages is kept when the answer has come."""
        model, asked = self._model(), self._asked(request)
        prompt = await self._prompt(request)
        reply = (await model.chat(prompt.turns)).text
        message, warnings = await self._remember(request, asked, reply, prompt.seen)
        return ChatResponse(message, {"memories": prompt.memories}, prompt.hits, (*prompt.warnings, *warnings))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        """Answer piece by piece; the pair of messages is kept when the last piece has come."""
        model, asked = self._model(), self._asked(request)
        prompt = await self._prompt(request)
        pieces = []
        async for piece in model.stream(prompt.turns):
            pieces.append(piece)
            yield piece
        await self._remember(request, asked, "".join(pieces), prompt.seen)

    def _model(self) -> ChatModel:
        model = self.engine.models.chat
        if model is None:
            raise ConfigError("The config switches the chat model off; name one at models.chat to chat.")
        return model

    def _asked(self, request: ChatRequest) -> Message:
        """The query as a message, said now; raises `InputError` for one that is too long."""
        said = {"role": "user", "content": request.query, "speaker": request.speaker, "session": self.session}
        return read_message(said, self.engine.clock, request.locale.zone)

    async def _prompt(self, request: ChatRequest) -> _Prompt:
        history = await self._history(request)
        given = {"query": request.query, "window": tuple(m.id for m in history), "kinds": KINDS}
        taken = self.engine.plan(RETRIEVAL).inputs  # a workflow of the user's own may do without some of them
        result = await self.engine.run(
            RETRIEVAL,
            request.scope,
            {name: value for name, value in given.items() if name in taken},
            trigger="chat",
            locale=request.locale,
        )
        hits = result.hits[: self.engine.settings.chat.memories]
        lines = [_one_line(show(hit.item, request.locale)) for hit in hits]
        system = system_text(request, [*request.temporary_memories, *lines])
        past = [Turn(m.role, clip(m.content, LONGEST_TURN)) for m in history]
        turns = (Turn("system", system), *past, Turn("user", request.query))
        seen = Seen(tuple(hit.item.id for hit in hits), tuple(m.id for m in history))
        return _Prompt(turns, seen, hits, "\n".join(lines) or None, result.warnings)

    async def _history(self, request: ChatRequest) -> tuple[Message, ...]:
        """The earlier messages of the prompt, oldest first.

        "auto" takes what consolidation has not seen yet, so that nothing is out of sight between being said and being
        remembered; a number takes the newest ones of this chat. What was hidden stays hidden, and a stored message
        of the role `system` gives the model no orders.
        """
        strategy = request.history
        if not strategy:
            return ()
        wanted: Filter = Is("state", PENDING) if strategy == "auto" else Is("session", self.session)
        where = AllOf(wanted, Is("role", "user", "assistant"), Not(Is("hidden", True)))
        limit = LONGEST_HISTORY if strategy == "auto" else strategy
        reader = self.engine.reader(request.scope)
        newest = await reader.messages(where, order=NEWEST_FIRST, limit=limit)
        return tuple(reversed(newest))

    async def _remember(
        self, request: ChatRequest, asked: Message, reply: str, seen: Seen
    ) -> tuple[Message, tuple[str, ...]]:
        """The answer as a message, kept with its question if that is wanted; and warnings."""
        content = clean(reply)
        if not content.strip():
            raise ModelAnswerError("The chat model answered nothing; nothing of this turn was kept.")
        if len(content) > LONGEST_CONTENT:
            raise ModelAnswerError(
                f"The chat model answered {len(content):,} characters, more than the {LONGEST_CONTENT:,} that are "
                "kept; nothing of this turn was kept. Lower max_tokens of models.chat."
            )
        said = {"role": "assistant", "content": content, "session": self.session}
        answered = read_message(said, self.engine.clock, request.locale.zone)
        warning = await self.engine.add_turn(request.scope, asked, answered, seen) if request.remember else ""
        return answered, (warning,) if warning else ()


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
    if not isinstance(query, str):
        raise InputError(f"The query is {type(query).__name__}; it must be a text.")
    if not clean(query).strip():
        raise InputError("The query is empty; there is nothing to answer.")
    scope = scope_of(engine, role_name)
    given = history_message_strategy
    strategy = engine.settings.chat.history if given == "configured" else given
    if not (strategy in (None, "auto") or (type(strategy) is int and strategy >= 0)):
        raise InputError(
            f"history_message_strategy is {strategy!r}; it must be 'auto', 'configured', None or a number of messages."
        )
    _check_texts("system_prompt", (system_prompt,))
    _check_texts("memory_prompt", (memory_prompt,))
    several = isinstance(temporary_memories, Iterable) and not isinstance(temporary_memories, str)
    extra = tuple(temporary_memories or ()) if several else (temporary_memories,)
    return ChatRequest(
        clean(query),
        scope,
        engine.locale_of(scope),
        role_name or "",
        system_prompt,
        memory_prompt,
        tuple(clean(text) for text in _check_texts("temporary_memories", extra) if text.strip()),
        strategy,
        remember_response,
    )


def _check_texts(name: str, given: Iterable[object]) -> tuple[str, ...]:
    """The texts among what an argument holds, without None; raises `InputError` for anything else."""
    held = tuple(one for one in given if one is not None)
    for one in held:
        if not isinstance(one, str):
            raise InputError(f"{name} holds {type(one).__name__}; it must be text.")
    return cast("tuple[str, ...]", held)


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
        parts.append(fence("memories", "\n".join(map(_one_line, memories))))
    return "\n\n".join(part for part in parts if part)


def _one_line(text: str) -> str:
    """A memory on a line of its own, however many it has: no text can add a line that looks like another memory."""
    return " ".join(text.splitlines())


@cache
def _chat_prompt() -> Prompt:
    return load_prompt(Path(__file__).parent, "chat")
