"""How messages, memories and runs are laid down as documents: the only place that knows both sides.

What may be filtered, sorted or changed later is a field; what a person wrote is the body. A mapping in a server is dear
to change, so fields that later operations need stand here from the start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from . import text
from .beliefs import born, standing_fields
from .ports import Collection, Document, FieldKind
from .values import NOTHING, Memory, Message, Period

MESSAGES = "messages"
MEMORIES = "memories"
RUNS = "runs"
AGENDA = "agenda"
EMBEDDINGS = "embeddings"

PENDING, CONSOLIDATED = "pending", "consolidated"
QUARANTINED, DISCARDED = "quarantined", "discarded"
"""What becomes of a message: it waits, was worked on, failed too often and was set aside, or was given up by hand."""

MESSAGE_FIELDS: Mapping[str, FieldKind] = {
    "role": "keyword",
    "speaker": "keyword",
    "session": "keyword",
    "agent": "keyword",
    "answers": "keyword",
    "said_at": "moment",
    "recorded_at": "moment",
    "state": "keyword",
    "attempts": "number",
    "alone": "number",
    "outages": "number",
    "retry_at": "moment",
    "trouble": "keyword",
    "hidden": "flag",
    "memories": "keywords",
    "repeats": "keywords",
    "run": "keyword",
    "metadata": "map",
}

MEMORY_FIELDS: Mapping[str, FieldKind] = {
    "kind": "keyword",
    "status": "keyword",
    "subject": "keyword",
    "speaker": "keyword",
    "session": "keyword",
    "agent": "keyword",
    "said_at": "moment",
    "recorded_at": "moment",
    "event_start": "moment",
    "event_end": "moment",
    "recurs": "keyword",
    "valid_from": "moment",
    "valid_to": "moment",
    "retired_at": "moment",
    "confirmed_at": "moment",
    "superseded_by": "keyword",
    "reason": "keyword",
    "sources": "keywords",
    "evidence": "keywords",
    "reflected": "flag",
    "review": "flag",
    "standings": "keywords",
    "changed_at": "moment",
    "run": "keyword",
    "metadata": "map",
}

RUN_FIELDS: Mapping[str, FieldKind] = {
    "operation": "keyword",
    "trigger": "keyword",
    "outcome": "keyword",
    "at": "moment",
    "messages": "keywords",
}

# What is to be done when, for whom, and who does it now.
AGENDA_FIELDS: Mapping[str, FieldKind] = {
    "job": "keyword",
    "user": "keyword",
    "due_at": "moment",
    "owner": "keyword",
    "until": "moment",
    "kept_until": "moment",
    "failures": "number",
    "seen": "keyword",
}

ENGINE_USER = "memoryengine:agenda"
"""The user whose scope holds the agenda of a namespace: no person may be called so."""

COLLECTIONS = (
    Collection(MESSAGES, MESSAGE_FIELDS, searchable=True),
    Collection(MEMORIES, MEMORY_FIELDS, searchable=True),
    Collection(RUNS, RUN_FIELDS),
    Collection(AGENDA, AGENDA_FIELDS),
    Collection(EMBEDDINGS, {"model": "keyword"}),
)

# Names that stand for a side of the conversation and say nothing about who speaks.
GENERIC_SPEAKERS = frozenset({"", "user", "human", "assistant", "ai", "bot", "system", "用户", "助手", "我", "你"})


def searched_text(item: Memory | Message) -> str:
    """The text that keyword search sees: a message is led by its speaker's name, where that says who."""
    if isinstance(item, Message) and item.speaker.lower() not in GENERIC_SPEAKERS:
        return f"{item.speaker}: {item.content}"
    return item.content


def embedded_text(item: Memory | Message) -> str:
    """The text that is embedded: what a message says, without the name of who says it.

    Embedders are drawn to names: with it, all that somebody says would lie together, whatever it is about.
    """
    name = item.speaker.strip()
    if not isinstance(item, Message) or name.lower() in GENERIC_SPEAKERS or name not in item.content:
        return item.content
    return _named(name).sub(" ", item.content).strip() or item.content


@lru_cache(maxsize=1_000)
def _named(name: str) -> re.Pattern[str]:
    """A name as a word, with what belongs to it."""
    word = rf"\b{re.escape(name)}(?:['\u2019]s)?\b" if name.isascii() else re.escape(name)
    return re.compile(rf"{word}[,:，：]?\s*")


def message_document(message: Message, repeats: tuple[str, ...] = (), *, hidden: bool = False) -> Document:
    """A new message; its role, speaker and content decide whether it is the same one.

    It waits to be consolidated, unless it is hidden: what must not be found must not be read for memories either.

    `repeats` are the ids of the memories and messages that a model saw when it wrote this one.
    """
    said = "\x1f".join((message.role, message.speaker, message.content))
    return Document(
        id=message.id,
        fields={
            "role": message.role,
            "speaker": message.speaker or None,
            "session": message.session or None,
            "agent": message.agent or None,
            "answers": message.answers or None,
            "said_at": message.said_at,
            "recorded_at": message.recorded_at,
            "state": CONSOLIDATED if hidden else PENDING,
            "repeats": repeats or None,
            "hidden": hidden or None,
            "metadata": message.metadata or None,
        },
        body={"content": message.content},
        terms=text.terms(searched_text(message)),
        digest=sha256(said.encode("utf-8", "replace")).hexdigest(),
    )


def message_of(document: Document) -> Message:
    """The message that a document holds."""
    held: Mapping[str, Any] = document.fields
    return Message(
        id=document.id,
        role=held["role"],
        content=document.body["content"],
        speaker=held.get("speaker") or "",
        said_at=held["said_at"],
        recorded_at=held["recorded_at"],
        session=held.get("session") or "",
        agent=held.get("agent") or "",
        attempts=int(held.get("attempts") or 0),
        answers=held.get("answers") or "",
        metadata=held.get("metadata") or NOTHING,
    )


def memory_document(memory: Memory, run: str) -> Document:
    """A memory as the run `run` writes it."""
    event = memory.event
    return Document(
        id=memory.id,
        fields={
            **standing_fields((), born(memory)),
            "kind": memory.kind,
            "subject": memory.subject or None,
            "speaker": memory.speaker or None,
            "session": memory.session or None,
            "agent": memory.agent or None,
            "said_at": memory.said_at,
            "recorded_at": memory.recorded_at,
            "event_start": event.start if event else None,
            "event_end": event.end if event else None,
            "recurs": event.recurs or None if event else None,
            "valid_from": memory.valid_from,
            "confirmed_at": memory.confirmed_at,
            "sources": memory.sources or None,
            "evidence": memory.evidence or None,
            "reflected": memory.reflected,
            "review": memory.review or None,
            "run": run,
            "metadata": memory.metadata or None,
        },
        body={"content": memory.content, "event_text": event.text if event else ""},
        terms=text.terms(searched_text(memory)),
        digest=memory.id,
    )


def memory_of(document: Document) -> Memory:
    """The memory that a document holds."""
    held: Mapping[str, Any] = document.fields  # the collection's declaration vouches for their types
    return Memory(
        id=document.id,
        kind=held["kind"],
        content=document.body["content"],
        status=held["status"],
        said_at=held["said_at"],
        recorded_at=held["recorded_at"],
        event=_event(document),
        valid_from=held.get("valid_from"),
        valid_to=held.get("valid_to"),
        retired_at=held.get("retired_at"),
        confirmed_at=held.get("confirmed_at"),
        superseded_by=held.get("superseded_by") or "",
        reason=held.get("reason"),
        sources=held.get("sources") or (),
        evidence=held.get("evidence") or (),
        subject=held.get("subject") or "",
        speaker=held.get("speaker") or "",
        agent=held.get("agent") or "",
        session=held.get("session") or "",
        reflected=bool(held.get("reflected")),
        review=bool(held.get("review")),
        metadata=held.get("metadata") or NOTHING,
    )


def _event(document: Document) -> Period | None:
    held: Mapping[str, Any] = document.fields
    start, end = held.get("event_start"), held.get("event_end")
    if start is None or end is None:
        return None
    return Period(start, end, held.get("recurs") or "", document.body.get("event_text", ""))
