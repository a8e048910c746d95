"""Every exception the engine raises, in one tree.

    MemoryEngineError
    ├── ConfigError            the config, a workflow or a worker is wrong; carries every Problem found
    ├── InputError             what the caller gave cannot be taken
    │   ├── IdConflict         the id is known with other content
    │   └── NotFound           no memory, message, operation or user of that name
    ├── WorkerError            a worker failed; names it and keeps the cause
    ├── ModelError             a chat, embedding or rerank model
    │   ├── ModelUnavailable   no answer in time, 429 or 5xx, after all retries
    │   ├── ModelRefused       the endpoint refused: key, model name, input
    │   └── ModelAnswerError   an answer came and cannot be used
    └── StoreError             where memory lives
        ├── Moved              somebody else committed first; read again and retry
        ├── StoreUnavailable   locked, full, read-only, unreachable
        ├── DeletionPending    deleted, but some bytes are still in the files; the store cleans them later
        ├── StoreUnreadable    not a store, damaged, or written by a newer version
        └── VectorMismatch     the vectors in the store were made by another embedder

Each message is a sentence that says what was found, where, what is allowed and what to do. Text that came from a
person or a model is kept out of the message and held in `excerpt`, because messages are stored with failed runs and a
deleted memory must not live on in them; `str()` shows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MemoryEngineError(Exception):
    """Any error of the engine; catch this one at an edge."""

    def __init__(self, message: str, *, excerpt: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.excerpt = excerpt

    def __str__(self) -> str:
        return f"{self.message} It read: {self.excerpt!r}" if self.excerpt else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, with its place; lines and columns count from 1, 0 where there is none."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.message}" + (f" {self.hint}" if self.hint else "")


class ConfigError(MemoryEngineError):
    """The config, a workflow or a worker is wrong; `problems` holds all that was found, not the first alone."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = (Problem("", 0, 0, problems),) if isinstance(problems, str) else tuple(problems)
        count = len(self.problems)
        head = "" if count == 1 else f"{count} problems were found:\n"
        super().__init__(head + "\n".join(map(str, self.problems)))


class InputError(MemoryEngineError):
    """What the caller gave cannot be taken."""


class IdConflict(InputError):
    """A message id is known already with other content; `ids` names them all."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(
            f"The id {ids[0]!r} is known already with other content ({len(ids)} such in this call). "
            "An id names one message for good: give the new message an id of its own."
        )


class NotFound(InputError):
    """There is no memory, message, operation or user of that name."""


class WorkerError(MemoryEngineError):
    """A worker failed; `worker` is its instance name and `__cause__` what happened."""

    def __init__(self, worker: str, message: str, *, excerpt: str = "") -> None:
        self.worker = worker
        super().__init__(f"The worker {worker!r} failed: {message}", excerpt=excerpt)


class ModelError(MemoryEngineError):
    """A chat, embedding or rerank model could not do its part."""


class ModelUnavailable(ModelError):
    """No answer in time, too many requests or a server error, after all retries; later it may work."""


class ModelRefused(ModelError):
    """The endpoint refused the request: the key, the model's name or the input; a retry alone will not help.

    `access` says that it was about the key, the address or the name, and so would be with any other input.
    """

    def __init__(self, message: str, *, excerpt: str = "", access: bool = False) -> None:
        self.access = access
        super().__init__(message, excerpt=excerpt)


class ModelAnswerError(ModelError):
    """An answer came and cannot be used."""


class StoreError(MemoryEngineError):
    """The place where memory lives could not do its part."""


class Moved(StoreError):
    """Somebody else committed first: the scope is at `found`, not at `expected`."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"The scope is at revision {found}, not at {expected}: another commit came first. Read again.")


class StoreUnavailable(StoreError):
    """The store is locked, full, read-only or unreachable; nothing was written, unless the message says otherwise."""


class DeletionPending(StoreError):
    """The deletion is committed, but its bytes are not yet cleaned from the files; the store does so by itself later.

    `result` is what the call would have returned: the new revision, or the counts.
    """

    def __init__(self, message: str, result: int | tuple[int, ...]) -> None:
        self.result = result
        super().__init__(message)


class StoreUnreadable(StoreError):
    """What lies there is no store, is damaged, or was written by a newer version."""


class VectorMismatch(StoreError):
    """The vectors in the store were made by another embedder or have other dimensions."""
