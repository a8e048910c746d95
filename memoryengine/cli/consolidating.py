"""`consolidate` and `reflect`: the work on memory, for one user or for all, with bars where a person looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from .edge import complain, exit_code, say
from .operations import DryRun, warn
from .options import AsJson, Chosen, Config, Users, choose, opened

if TYPE_CHECKING:
    from rich.console import Console

    from memoryengine.engine import Told
    from memoryengine.many import Done
    from memoryengine.results import Result
    from memoryengine.sync import UserMemory

Work = Callable[["UserMemory", "Told"], "Result"]
MANY = 3
"""From so many users on there is a bar for them."""


def consolidate(
    ctx: typer.Context, user: Users = None, dry_run: DryRun = False, config: Config = None, as_json: AsJson = False
) -> None:
    """Turn the messages that wait into observations. A dry run looks at one batch a user."""
    chosen = choose(ctx, config, as_json)
    if user is None and not dry_run:
        _for_all(chosen)
    else:
        _one_by_one(chosen, user, lambda memory, told: memory.consolidate(dry_run=dry_run, told=told), not dry_run)


def reflect(
    ctx: typer.Context, user: Users = None, dry_run: DryRun = False, config: Config = None, as_json: AsJson = False
) -> None:
    """Turn observations into insights."""
    _one_by_one(choose(ctx, config, as_json), user, lambda memory, _: memory.reflect(dry_run=dry_run), False)


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

    @property
    def are_seen(self) -> bool:
        """Whether there is a bar to be seen."""
        return self._progress is not None

    def expect(self, waiting: int) -> None:
        """Say that so many more messages wait."""
        self._total += waiting
        if self._progress is not None and self._messages is not None:
            self._progress.update(self._messages, total=self._total)

    def hear(self, result: Result) -> None:
        """Count the messages of a result as done."""
        if self._progress is not None and self._messages is not None:
            self._progress.advance(self._messages, result.consolidated + result.quarantined)

    def end(self) -> None:
        """Count a user as done."""
        if self._progress is not None and self._users is not None:
            self._progress.advance(self._users)


def _for_all(chosen: Chosen) -> None:
    """Consolidate all users, several of them at the same time, and show each as soon as it is done.

    One that fails does not hold up the others; the first failure then sets the exit code.
    """
    with opened(chosen) as engine:
        names = engine.users()
        with Bars(len(names), batches=True) as bars:
            if bars.are_seen:
                bars.expect(engine.status().total.pending)

            def heard(done: Done) -> None:
                if done.error is not None:
                    complain(done.error, done.user)
                elif done.result is not None:
                    bars.hear(done.result)
                    warn(done.result)
                    if not chosen.as_json:
                        print(f"{done.user}:", done.result, sep="\n", flush=True)
                bars.end()

            found = engine.consolidate_all(names, told=heard)
    _conclude(chosen, [_document(one) for one in found])
    failed = [exit_code(one.error) for one in found if one.error is not None]
    if failed:
        raise typer.Exit(failed[0])


def _one_by_one(chosen: Chosen, user: str | None, work: Work, batches: bool) -> None:
    """Do the same for one user or for all, and show what was done for each as soon as it is done."""
    documents = []
    with opened(chosen) as engine:
        names: Sequence[str] = (user,) if user is not None else engine.users()
        with Bars(len(names), batches=batches) as bars:
            for name in names:
                if bars.are_seen and batches:
                    bars.expect(engine.status(name).users[0].pending)
                result = work(engine.user(name), bars.hear)
                bars.end()
                warn(result)
                documents.append(_document_of(name, result) if chosen.as_json else {})
                if not chosen.as_json:
                    print(*([] if user is not None else [f"{name}:"]), result, sep="\n", flush=True)
    _conclude(chosen, documents)


def _conclude(chosen: Chosen, documents: list[dict[str, object]]) -> None:
    """The documents of all users in one, or that there is nobody."""
    if chosen.as_json:
        from .shapes import print_json

        print_json({"results": documents})
    elif not documents:
        say("There is no user in memory yet.")


def _document(done: Done) -> dict[str, object]:
    if done.result is None:
        return {"user": done.user, "error": done.error.message if done.error is not None else ""}
    return _document_of(done.user, done.result)


def _document_of(user: str, result: Result) -> dict[str, object]:
    from .shapes import result_json

    return {"user": user, **result_json(result)}
