"""`why`, `history`, `restore` and `expire`: what a memory came from, what became of it, and a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say
from .operations import show_result
from .options import AsJson, Config, User, choose, opened

if TYPE_CHECKING:
    from memoryengine.history import Entry, History
    from memoryengine.lineage import Why

Named = Annotated[str, typer.Argument(metavar="ID", help="The id of a memory or of a message.")]
About = Annotated[str | None, typer.Argument(metavar="[ID]", help="A memory's id. Else everything is shown.")]
MemoryId = Annotated[str, typer.Argument(metavar="ID", help="The memory's id, as `list --expired` shows it.")]
Instead = Annotated[bool, typer.Option("--instead", help="Expire what took its place; it was never true.")]
By = Annotated[str | None, typer.Option("--by", metavar="ID", help="The memory that takes its place.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="The newest so many commits.")]


def why(ctx: typer.Context, named: Named, user: User = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show what a memory came from and what became of it.

    Whose place it took, and what took its place; of a message, what came of it.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        found = memory.why(named)
        if chosen.as_json:
            from .shapes import print_json

            print_json({"user": memory.inner.scope.user, **_why_json(found)})
            return
        print(found)


def history(
    ctx: typer.Context,
    about: About = None,
    limit: Limit = 100,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show every change of memory, the newest last.

    Each with its cause and its run; with an ID those of one memory.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        found = memory.history(about, limit=limit)
        if about is not None and not (about.strip() and found.entries):
            from memoryengine.errors import NotFound

            raise NotFound(f"Nothing is known of the id {about[:80]!r}: it was never here, or it was deleted.")
        if chosen.as_json:
            from .shapes import print_json

            print_json({"user": memory.inner.scope.user, **_history_json(found)})
            return
        print(found)
        if found.cursor:
            say(f"There is more before that; --limit {2 * limit} shows twice as much.")


def restore(
    ctx: typer.Context,
    memory_id: MemoryId,
    instead: Instead = False,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make an expired memory valid again.

    What took its place stays valid too, unless --instead is given.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        show_result(chosen, memory, memory.restore(memory_id, instead=instead))


def expire(
    ctx: typer.Context,
    memory_id: MemoryId,
    by: By = None,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Expire a memory by hand.

    It is kept, not found any more, and can be restored.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        show_result(chosen, memory, memory.expire(memory_id, by=by))


def _why_json(tree: Why) -> dict[str, object]:
    from memoryengine.values import Message

    from .shapes import memory_json, message_json

    item = tree.item
    return {
        "message" if isinstance(item, Message) else "memory": message_json(item)
        if isinstance(item, Message)
        else memory_json(item),
        "messages": [message_json(one) for one in tree.messages],
        "evidence": [_why_json(one) for one in tree.evidence],
        "replaced": [memory_json(one) for one in tree.replaced],
        "replaced_by": [memory_json(one) for one in tree.replaced_by],
        "brought": [_why_json(one) for one in tree.brought],
        "deleted": list(tree.gone),
    }


def _history_json(found: History) -> dict[str, object]:
    from .shapes import memory_json

    return {
        "entries": [_entry_json(entry) for entry in found.entries],
        "memories": {id_: memory_json(memory) for id_, memory in found.memories.items()},
        "cursor": found.cursor,
    }


def _entry_json(entry: Entry) -> dict[str, object]:
    from dataclasses import asdict

    from .shapes import moment

    return {**asdict(entry), "at": moment(entry.at)}
