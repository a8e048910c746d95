"""Model calls are counted, and what workers note or warn of: a meter in a context variable, for tasks inside too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

CallKind = Literal["chat", "embed", "rerank"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Model calls and tokens; tokens are the endpoints' own counts, 0 where they give none."""

    chat_calls: int = 0
    embed_calls: int = 0
    rerank_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            self.chat_calls + other.chat_calls,
            self.embed_calls + other.embed_calls,
            self.rerank_calls + other.rerank_calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(slots=True)
class Meter:
    """What was recorded so far inside one `measure()`; may be read at any time."""

    usage: Usage = field(default_factory=Usage)
    notes: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, more: Usage) -> None:
        """Count `more`; safe to call from several threads."""
        with self._lock:
            self.usage += more

    def note(self, text: str, times: int) -> None:
        """Count a note `times` more; safe to call from several threads."""
        with self._lock:
            self.notes = {**self.notes, text: self.notes.get(text, 0) + times}

    def warn(self, sentence: str) -> None:
        """Keep a warning, once; safe to call from several threads."""
        with self._lock:
            self.warnings = tuple(dict.fromkeys((*self.warnings, sentence)))


_meters: ContextVar[tuple[Meter, ...]] = ContextVar("memoryengine_meters", default=())


@contextmanager
def measure() -> Iterator[Meter]:
    """Count what is recorded inside the `with`, also in tasks and threads started inside it; outer meters count too."""
    meter = Meter()
    before = _meters.get()
    _meters.set((*before, meter))
    try:
        yield meter
    finally:
        _meters.set(before)


def record(kind: CallKind, calls: int = 1, input_tokens: int = 0, output_tokens: int = 0) -> None:
    """Report model calls to every meter around; without a meter nothing happens."""
    more = Usage(
        chat_calls=calls if kind == "chat" else 0,
        embed_calls=calls if kind == "embed" else 0,
        rerank_calls=calls if kind == "rerank" else 0,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
    for meter in _meters.get():
        meter.add(more)


def note(text: str, times: int = 1) -> None:
    """Tell the trace of the run what became of something, as in "dropped: a number that is not in its messages".

    A note is kept with the run for as long as the run, so it names a cause and never holds a word of a person or a
    model. Equal notes of one worker are counted; without a meter around nothing happens.
    """
    for meter in _meters.get():
        meter.note(text, times)


CUT = "hits left out: "


def cut(reason: str, count: int) -> None:
    """Note that `count` hits were left out and by what, as in "the limit of 20"; `Result.cuts` tells of it."""
    if count > 0:
        note(CUT + reason, count)


def warn(sentence: str) -> None:
    """Tell whoever asked what they got less of, and why, as in "The order is that of the search alone: ...".

    It stands in the `warnings` of the run's result and is not kept with the run. One sentence or two without a word of
    a person or a model in them; equal warnings of one worker are given once. Without a meter around nothing happens.
    """
    for meter in _meters.get():
        meter.warn(sentence)
