"""`consolidate` and `reflect`: the work on memory, for one user or for all, with bars where a person looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from .edge import complain, exit_code, say
from .operations import DryRun, warn
from .options import AsJson, Chosen, Config, Users, choose, opened

if TYPE_CHECKING:
    from rich.console import Console

    from memoryengine import MemoryEngine
    from memoryengine.engine import Told
    from memoryengine.results import Result
    from memoryengine.sync import UserMemory

Work = Callable[["UserMemory", "Told | None"], "Result"]
MANY = 3
"""From so many users on there is a bar for them."""


def consolidate(
    ctx: typer.Context, user: Users = None, dry_run: DryRun = False, config: Config = None, as_json: AsJson = False
) -> None:
    """Turn the messages that wait into observations. A dry run looks at one batch a user."""
    chosen = choose(ctx, config, as_json)
    _for_users(chosen, user, lambda memory, told: memory.consolidate(dry_run=dry_run, told=told), batches=not dry_run)


def reflect(
    ctx: typer.Context, user: Users = None, dry_run: DryRun = False, config: Config = None, as_json: AsJson = False
) -> None:
    """Turn observations into insights."""
    _for_users(choose(ctx, config, as_json), user, lambda memory, _: memory.reflect(dry_run=dry_run))


class Bars(AbstractContextManager["Bars"]):
    """Bars on stderr for users and messages, none of them where nobody looks on; the messages counted are in batches.

    `console` stands for the terminal; without one it is stderr, if that is a terminal.
    """

    def __init__(self, users: int, *, batches: bool, console: Console | None = None) -> None:
        self._progress: Any = None
        self._total = 0
        if (users < MANY and not batches) or (console is None and not sys.stderr.isatty()):
            return
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console or Terminal(stderr=True), transient=True)
        self._users = self._progress.add_task("users", total=users) if users >= MANY else None
        self._messages = self._progress.add_task("messages", total=0) if batches else None

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, count: Callable[[], int]) -> Told | None:
        """Add the messages of a user that `count` says wait; what comes back is to hear of each batch."""
        if self._progress is None or self._messages is None:
            return None
        self._total += count()
        self._progress.update(self._messages, total=self._total)
        return lambda result: self._progress.advance(self._messages, result.consolidated + result.quarantined)

    def end(self) -> None:
        """Count a user as done."""
        if self._progress is not None and self._users is not None:
            self._progress.advance(self._users)


def _for_users(chosen: Chosen, user: str | None, work: Work, *, batches: bool = False) -> None:
    """Do the same for one user or for all, and show what was done for each as soon as it is done.

    Of all users one that fails does not hold up the others; the first failure then sets the exit code.
    """
    documents: list[dict[str, object]] = []
    with opened(chosen) as engine:
        names: Sequence[str] = (user,) if user is not None else engine.users()
        failed = 0
        with Bars(len(names), batches=batches) as bars:
            for name in names:
                memory = engine.user(name)
                told = bars.begin(partial(_pending, engine, name))
                if user is not None:
                    _tell(chosen, "", work(memory, told), name, documents)
                else:
                    code = _try(chosen, memory, partial(work, memory, told), documents)
                    failed = failed or code
                bars.end()
    if chosen.as_json:
        from .shapes import print_json

        print_json({"results": documents})
    elif not names:
        say("There is no user in memory yet.")
    if failed:
        raise typer.Exit(failed)


def _pending(engine: MemoryEngine, name: str) -> int:
    return engine.status(name).users[0].pending


def _try(
    chosen: Chosen, memory: UserMemory, work: Callable[[], Result], documents: list[dict[str, object]]
) -> int:
    """Do it for one of all users; 0, or the exit code of the error that was told."""
    from memoryengine.errors import ModelError, WorkerError

    name = memory.inner.scope.user
    try:
        _tell(chosen, f"{name}:\n", work(), name, documents)
    except (ModelError, WorkerError) as error:
        complain(error, name)
        documents.append({"user": name, "error": error.message})
        return exit_code(error)
    return 0


def _tell(chosen: Chosen, heading: str, result: Result, name: str, documents: list[dict[str, object]]) -> None:
    warn(result)
    if chosen.as_json:
        from .shapes import result_json

        documents.append({"user": name, **result_json(result)})
    else:
        print(f"{heading}{result}", flush=True)
