"""`retrieve`, `list`, `delete` and `run`: the operations on memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say
from .options import AsJson, Chosen, Config, User, choose, opened

if TYPE_CHECKING:
    from memoryengine.results import Result
    from memoryengine.sync import UserMemory
    from memoryengine.values import Hit, Locale, Memory

Query = Annotated[str, typer.Argument(help="The question.")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=0, help="Show this many at most.")]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="When it is asked, in ISO 8601. Else now.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="What was true then; a date is its end.")]
KnownAt = Annotated[str | None, typer.Option("--known-at", metavar="TIME", help="By what memory knew then.")]
Scores = Annotated[bool, typer.Option("--scores", help="Show kind, score and the parts of the score.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show what each score is made of, and what was left out.")]
KindOption = Annotated[str | None, typer.Option("--kind", "-k", help="observation, custom or insight. Else all.")]
Expired = Annotated[bool, typer.Option("--expired", help="Expired ones too, and what took their place.")]
MemoryId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The memory's id, as `list` shows it.")]
MessageId = Annotated[str | None, typer.Option("--message", metavar="ID", help="A message, and what it alone told.")]
All = Annotated[bool, typer.Option("--all", help="Delete every memory of the user.")]
WithMessages = Annotated[bool, typer.Option("--with-messages", help="Delete the messages they came from too.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Operation = Annotated[str, typer.Argument(help="Its name; `memoryengine workflow` lists them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]
Inputs = Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Its inputs.")]


def retrieve(
    ctx: typer.Context,
    query: Query,
    user: User = None,
    limit: Limit = None,
    at: At = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    scores: Scores = False,
    explain: Explain = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what memory holds on a question, best first."""
    from memoryengine.settings import locale

    from .inputs import read_moment
    from .tables import terminal_width

    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        asked_at = read_moment("at", at, locale(engine.settings).zone) if at else None
        result = memory.retrieve(query, limit=limit, asked_at=asked_at, as_of=as_of, known_at=known_at)
        warn(result)
        if chosen.as_json:
            from .shapes import print_json, retrieved_json

            print_json({"user": memory.inner.scope.user, "query": query, **retrieved_json(result)})
            return
        if explain:
            print(result.explain(terminal_width()))
        else:
            for hit in result.hits:
                print(_hit_line(hit, result.locale, scores))
        if not result.hits:
            say(result.stopped or "Nothing in memory fits.")
        elif not result.outputs.get("answerable", True):
            say("Nothing in memory seems to answer this.")


def list_memories(
    ctx: typer.Context,
    user: User = None,
    kind: KindOption = None,
    expired: Expired = False,
    limit: Limit = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List what is remembered, newest last, with ids."""
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        result = memory.list(kind, expired=expired, limit=limit, as_of=as_of, known_at=known_at)
        successors = _by_id(memory) if any(one.superseded_by for one in result.memories) else {}
        if chosen.as_json:
            from .shapes import memory_json, print_json

            whose = memory.inner.scope.user
            print_json({"user": whose, "memories": [memory_json(one) for one in result.memories]})
            return
        for one in result.memories:
            print(*_listed(one, successors.get(one.superseded_by), result.locale), sep="\n")
        if not result.memories:
            say("Nothing is remembered yet.")


def delete(
    ctx: typer.Context,
    memory_id: MemoryId = None,
    message: MessageId = None,
    everything: All = False,
    with_messages: WithMessages = False,
    yes: Yes = False,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Delete one memory, one message, or all memories, for good."""
    from memoryengine.errors import InputError

    if (memory_id is not None) + (message is not None) + everything != 1:
        raise InputError("Name the memory's id, or --message with one's id, or --all for every memory of the user.")
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        if message is not None:
            result = memory.delete_message(message)
        elif memory_id is None:
            _confirm(memory, with_messages, yes)
            result = memory.delete_all(with_messages=with_messages)
        else:
            result = memory.delete(memory_id, with_messages=with_messages)
        show_result(chosen, memory, result)


def run(
    ctx: typer.Context,
    operation: Operation,
    inputs: Inputs = None,
    dry_run: DryRun = False,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Run any operation by name.

    For example: memoryengine run retrieve_memory query=guitar limit=3
    """
    from memoryengine.settings import locale

    from .inputs import read_inputs

    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        plan = engine.plan(operation)
        given = read_inputs(plan, inputs or (), locale(engine.settings).zone)
        show_result(chosen, memory, memory.run(operation, dry_run=dry_run, **given))


def warn(result: Result) -> None:
    """The warnings of a result, on stderr."""
    for warning in result.warnings:
        say(f"Warning: {warning}")


def show_result(chosen: Chosen, memory: UserMemory, result: Result) -> None:
    """What an operation did, for people or for programs."""
    warn(result)
    if chosen.as_json:
        from .shapes import print_json, result_json

        print_json({"user": memory.inner.scope.user, **result_json(result)})
    else:
        print(result)


def _hit_line(hit: Hit, locale: Locale, scores: bool) -> str:
    from memoryengine.results import show

    if not scores:
        return show(hit.item, locale)
    parts = " ".join(f"{name}={value:.3f}" for name, value in hit.channels.items())
    return f"{hit.score:.3f} {hit.kind} {show(hit.item, locale)}" + (f"  ({parts})" if parts else "")


def _by_id(memory: UserMemory) -> dict[str, Memory]:
    return {one.id: one for one in memory.list(expired=True).memories}


def _listed(memory: Memory, successor: Memory | None, locale: Locale) -> list[str]:
    from memoryengine.results import show

    line = f"{memory.id} {memory.kind:<11} {show(memory, locale)}"
    return [line, f"{'':>20} replaced by {successor.id}: {successor.content}"] if successor else [line]


def _confirm(memory: UserMemory, with_messages: bool, yes: bool) -> None:
    """Ask before everything goes; raises `Exit` where the answer is no."""
    from memoryengine.errors import InputError

    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("Deleting everything must be confirmed: add --yes where nobody can be asked.")
    what = "every memory and every message" if with_messages else "every memory"
    if not typer.confirm(f"Delete {what} of {memory.inner.scope.user!r}?", err=True):
        say("Nothing was deleted.")
        raise typer.Exit(1)
