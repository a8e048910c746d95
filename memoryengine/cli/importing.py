"""`memoryengine import`: conversations from a file into memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from .options import AsJson, Config, choose, opened

if TYPE_CHECKING:
    from .jsonl import Imported

FileName = Annotated[str, typer.Argument(metavar="FILE.jsonl", help="The file; - reads standard input.")]
ImportUser = Annotated[
    str | None,
    typer.Option("--user", "-u", metavar="NAME", help="Whose messages these are. Else each line's conversation_id."),
]


def import_messages(
    ctx: typer.Context, file: FileName, user: ImportUser = None, config: Config = None, as_json: AsJson = False
) -> None:
    """Bring the messages of a JSON Lines file into memory.

    The same file twice adds nothing. A line is an object like {"role": "user", "content": "I moved to Lyon.",
    "conversation_id": "alice", "message_id": "m1", "session_id": "s1", "role_name": "Alice",
    "created_at": "2024-10-26T21:26:20"}; role and content are enough. At a line that cannot be taken the import ends
    with exit code 2, and the lines before it are in.
    """
    from memoryengine.clock import SystemClock
    from memoryengine.errors import InputError
    from memoryengine.settings import locale

    from .jsonl import import_lines, read_lines
    from .shapes import print_json

    chosen = choose(ctx, config, as_json)
    name = "standard input" if file == "-" else file
    with _stream(file) as (stream, size), opened(chosen) as engine, _progress(name, size) as advance:
        zone = locale(engine.settings).zone
        lines = read_lines(stream, name, SystemClock(), zone, user, advance)
        try:
            done = import_lines(lines, lambda owner, batch: engine.user(owner).add_messages(batch), name)
        except InputError as error:
            told = f"{error.message} The lines before it are in; correct it and import the file again."
            raise InputError(told, excerpt=error.excerpt) from None
        users = sorted({engine.user(owner).inner.scope.user for owner in done.users})
    if chosen.as_json:
        counts = {"lines": done.lines, "new": done.new, "known": done.known, "deleted": done.deleted}
        print_json({"file": name, **counts, "users": users})
    else:
        print(_summary(name, done, users))


def _summary(name: str, done: Imported, users: list[str]) -> str:
    if not done.lines:
        return f"{name} holds no message."
    gone = f" {done.deleted} were deleted before and stay deleted." if done.deleted else ""
    if not done.new:
        return f"Nothing new: {done.known} of {done.lines} messages were known already.{gone}"
    whose = users[0] if len(users) == 1 else f"{len(users)} users"
    return f"{done.new} new messages of {whose} are in; {done.known} were known already.{gone}"


@contextmanager
def _stream(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """The bytes to read, and how many there are where that is known."""
    from memoryengine.errors import InputError

    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"The file {file!r} cannot be read: {error.strerror}.") from None
    with stream:
        yield stream, path.stat().st_size if path.is_file() else None


@contextmanager
def _progress(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where a person looks on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(name), total=size)
        yield lambda count: progress.advance(task, count)
