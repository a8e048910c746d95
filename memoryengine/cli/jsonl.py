"""A file with one message a line, read into batches for each user; what is wrong names the file and the line.

The format: `conversation_id` is the user, `message_id` (or `id`) the id, `role` and `content` are what was said,
`role_name` (or `speaker`), `session_id` (or `session`) and `created_at` (or `said_at`) may be there; what else stands
in a line becomes the message's metadata.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from memoryengine.errors import IdConflict, InputError
from memoryengine.intake import checked_name, message_id, read_message
from memoryengine.ports import Appended, Clock
from memoryengine.values import Message

BATCH = 100
MOST_WAITING = 5_000
LONGEST_LINE = 64 * 1024 * 1024
NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("conversation_id", "message_id", "id", "session_id", "session", "agent_id", "agent")
OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x1f\x8b": "a gzip file", b"PK": "a zip file"}

Add = Callable[[str | None, list[Message]], Appended]


@dataclass(frozen=True, slots=True)
class Line:
    """One message with the line it stands in and the user it belongs to; None is the default user."""

    number: int
    user: str | None
    message: Message


@dataclass(slots=True)
class Imported:
    """How many messages an import has brought so far, and for whom."""

    lines: int = 0
    new: int = 0
    known: int = 0
    deleted: int = 0
    users: set[str | None] = field(default_factory=set)

    def count(self, user: str | None, done: Appended) -> None:
        """Count what the store did with a batch."""
        self.lines += len(done.new) + len(done.known) + len(done.deleted)
        self.new += len(done.new)
        self.known += len(done.known)
        self.deleted += len(done.deleted)
        self.users.add(user)


def import_lines(lines: Iterator[Line], add: Add, file: str) -> Imported:
    """Give the messages to `add` in batches of one user each, in the order of the file for each user.

    Raises `InputError` at the first line that cannot be taken; every line before it is in by then.
    """
    done = Imported()
    waiting: dict[str | None, list[Line]] = {}
    count = 0
    try:
        for line in lines:
            batch = waiting.setdefault(line.user, [])
            batch.append(line)
            count += 1
            if len(batch) >= BATCH:
                _send({line.user: batch}, add, done, file)
                count -= len(waiting.pop(line.user))
            elif count >= MOST_WAITING:
                _send(waiting, add, done, file)
                waiting.clear()
                count = 0
    except _Conflict as conflict:
        before = {user: [w for w in batch if w.number < conflict.number] for user, batch in waiting.items()}
        _send({user: batch for user, batch in before.items() if batch}, add, done, file)
        raise
    except InputError:
        _send(waiting, add, done, file)
        raise
    _send(waiting, add, done, file)
    return done


def read_lines(
    stream: BinaryIO,
    file: str,
    clock: Clock,
    zone: ZoneInfo,
    user: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Line]:
    """The messages of a file, each with its line; `progress` is told the bytes that were read.

    A message without an id gets one that depends on the line's words alone (and on how often the same line came
    before), so that reading the file again gives the same ids. Raises `InputError` that names file and line.
    """
    seen: Counter[str] = Counter()
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        progress(len(raw))
        try:
            text = _decoded(raw, number)
            if text.strip():
                yield _line(number, _record(text), user, clock, zone, seen)
        except InputError as error:
            raise InputError(f"{file}:{number}: {error.message}", excerpt=error.excerpt) from None


class _Conflict(InputError):
    """A line whose id is known with other content."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


def _send(batches: Mapping[str | None, list[Line]], add: Add, done: Imported, file: str) -> None:
    """Add the batches; of one with a conflict, what stands before the conflict."""
    conflicts = []
    for user, batch in batches.items():
        try:
            done.count(user, add(user, [line.message for line in batch]))
        except IdConflict as error:
            first = next(line for line in batch if line.message.id in error.ids)
            conflicts.append(_located(first, batch, file))
            before = [line.message for line in batch if line.number < conflicts[-1].number]
            if before:
                done.count(user, add(user, before))
    if conflicts:
        raise min(conflicts, key=lambda conflict: conflict.number)


def _located(first: Line, batch: list[Line], file: str) -> _Conflict:
    """The conflict at its line: where an id stands twice in the batch, at the later of the two."""
    id_ = first.message.id
    twins = [line for line in batch if line.message.id == id_]
    other = next((t for t in twins if _said(t) != _said(first)), None)
    line, where = (other, f"in line {first.number}") if other else (first, "in the memory of this user")
    message = f"{file}:{line.number}: The id {id_!r} is known {where} with other content; give this message its own id."
    return _Conflict(message, line.number)


def _said(line: Line) -> tuple[str, str, str]:
    return line.message.role, line.message.speaker, line.message.content


def _decoded(raw: bytes, number: int) -> str:
    if len(raw) >= LONGEST_LINE:
        raise InputError(f"The line is longer than {LONGEST_LINE} bytes; a file holds one message a line.")
    if number == 1:
        other = next((name for start, name in OTHER_ENCODINGS.items() if raw.startswith(start)), None)
        if other:
            raise InputError(f"The file looks like {other}; it must be UTF-8 text, one JSON object a line.")
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        wrong = f"byte {error.object[error.start]:#04x} at column {error.start + 1}"
        raise InputError(f"The line is not UTF-8 ({wrong}); save the file as UTF-8.") from None


def _record(text: str) -> dict[str, object]:
    try:
        record = json.loads(text.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        raise InputError(f"The line is no JSON: {error.msg} (column {error.colno}).") from None
    except (ValueError, RecursionError):
        raise InputError("The line is no usable JSON: it nests too deeply or holds too long a number.") from None
    if not isinstance(record, dict):
        raise InputError('The line is JSON but no object; it must be like {"role": "user", "content": "..."}.')
    return {name: _name(value) if name in NAMES else value for name, value in record.items()}


def _name(value: object) -> object:
    """Ids that other tools keep as numbers are names here."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _line(
    number: int, record: dict[str, object], user: str | None, clock: Clock, zone: ZoneInfo, seen: Counter[str]
) -> Line:
    owner = user if user is not None else record.get("conversation_id")
    if owner is not None:
        owner = checked_name("user", owner)
    if record.get("id") is None and record.get("message_id") is None:
        record["id"] = _id_of(record, seen)
    return Line(number, owner, read_message(record, clock, zone))


def _id_of(record: Mapping[str, object], seen: Counter[str]) -> str:
    words = json.dumps(record, sort_keys=True)
    seen[words] += 1
    return message_id(record.get("role"), "", words, NO_MOMENT, seen[words])
