"""What an operation gives back: typed fields for programs, and a `str()` for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .explain import Cut, cuts, explanation
from .text import language
from .times import stamp
from .trace import Usage
from .values import Hit, Locale, Memory, Message
from .workflow import StepTrace

TYPED = ("hits", "memories", "messages")  # outputs that have a field of their own


@dataclass(frozen=True, slots=True)
class Action:
    """What a commit did with one memory.

    `by` is what took the place of one that expired or came too late, what contradicts one that was restored and is
    valid still, and what is in conflict with one told by hand: both stay then, until a person says which is right.
    """

    verb: Literal["new", "expired", "known", "deleted", "restored", "conflict"]
    memory: Memory
    by: Memory | None = None

    def __str__(self) -> str:
        memory = self.memory
        if self.verb == "expired":
            told = ", instead" if memory.reason == "by hand" else " by"
            why = f"{memory.reason}{told}: {self.by.content}" if self.by else f"{memory.reason}"
            return f"expired {memory.kind}: {memory.content} ({why})"
        if self.verb == "conflict":
            said = f"new {self.by.kind}: {self.by.content}" if self.by else "a new memory"
            return f"in conflict: {memory.content} (told by hand, stays valid) / {said} (stays valid too)"
        if self.verb == "restored":
            beside = f", beside {self.by.id} that contradicts it: {self.by.content}" if self.by else ""
            return f"restored {memory.kind}: {memory.content} (valid{beside})"
        if self.by:
            return f"new {memory.kind}: {memory.content} ({memory.status}: {memory.reason} by: {self.by.content})"
        verb = "already known" if self.verb == "known" else f"{self.verb} {memory.kind}"
        return f"{verb}: {memory.content}" + (f" ({memory.status})" if self.verb != "deleted" else "")


@dataclass(frozen=True, slots=True)
class Trace:
    """What one run cost; an operation that repeats has one trace a run."""

    run: str
    seconds: float
    steps: tuple[StepTrace, ...] = ()
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an operation did and found. `str()` is what a person wants to read.

    `stopped` is the reason why a worker ended the last run early, empty if none did. `consolidated`, `quarantined` and
    `deleted_messages` count messages, `outputs` everything the workflow names as its outputs. Of a `dry_run` they say
    what would have been done.
    """

    operation: str
    actions: tuple[Action, ...] = ()
    hits: tuple[Hit, ...] = ()
    memories: tuple[Memory, ...] = ()
    messages: tuple[Message, ...] = ()
    consolidated: int = 0
    quarantined: int = 0
    deleted_memories: int = 0
    deleted_messages: int = 0
    stopped: str = ""
    dry_run: bool = False
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
    locale: Locale = field(default_factory=Locale)

    @property
    def usage(self) -> Usage:
        """The model calls and tokens of all runs together."""
        return sum((step.usage for trace in self.traces for step in trace.steps), Usage())

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """How many hits were left out on the way, by which step and rule."""
        return cuts(step for trace in self.traces for step in trace.steps)

    def explain(self, width: int | None = None) -> str:
        """A table of the hits with what each score is made of, to fit so many columns; and what was left out.

        The numbers themselves are in `hits` (`channels`, `parts`, `ranks`) and `cuts`.
        """
        return explanation(self.hits, self.cuts, self.locale, width)

    def __str__(self) -> str:
        if not self.dry_run:
            return self._told()
        many = f"{self.consolidated} message{'' if self.consolidated == 1 else 's'}"
        batch = f"; {many} would be consolidated" if self.consolidated else ""
        return f"[DRY RUN]: nothing was written{batch}\n{self._told()}"

    def _told(self) -> str:
        if self.deleted_memories or self.deleted_messages:
            memories, messages = self.deleted_memories, self.deleted_messages
            return (
                f"deleted: {memories} memor{'y' if memories == 1 else 'ies'}, "
                f"{messages} message{'' if messages == 1 else 's'}"
            )
        found = (*(hit.item for hit in self.hits), *self.memories, *self.messages)
        own = [_shown(name, value, self.locale) for name, value in self.outputs.items() if name not in TYPED and value]
        if found or own:
            contents = {item.id: item.content for item in found}
            return "\n".join([*own, *(_listed(item, contents, self.locale) for item in found)])
        if self.actions:
            return "\n".join(["[MEMORY ACTIONS]:", *map(str, self.actions)])
        if self.stopped:
            return self.stopped
        return "nothing found" if self.outputs else "nothing to change"


def _shown(name: str, value: object, locale: Locale) -> str:
    """An output that only a workflow of the user's own has: a line for each thing remembered, or its name and value."""
    items = [held.item if isinstance(held, Hit) else held for held in value] if isinstance(value, tuple) else []
    if items and all(isinstance(item, Memory | Message) for item in items):
        return "\n".join(show(item, locale) for item in items)
    return f"{name}: {value}"


def show(item: Memory | Message, locale: Locale) -> str:
    """One line: when it was said and what, as in `[2024-10-26 21:26:20 周六] 用户爱好是吉他。`."""
    said = stamp(item.said_at, locale.language or language(item.content), locale.zone)
    if isinstance(item, Message):
        return f"[{said}] {item.speaker or item.role}: {item.content}"
    return f"[{said}] {item.content}" + (f" ({item.status}: {item.reason})" if item.status == "expired" else "")


def _listed(item: Memory | Message, contents: Mapping[str, str], locale: Locale) -> str:
    """As `show`, and what took the memory's place, where that is among the same results."""
    by = contents.get(item.superseded_by, "") if isinstance(item, Memory) else ""
    return show(item, locale) + (f" -> {by}" if by else "")
