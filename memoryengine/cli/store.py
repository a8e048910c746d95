"""`memoryengine store ...`: making a store, embedding it anew, copying it, comparing two."""

from __future__ import annotations

import os
import time
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .edge import PROBLEM, say
from .options import AsJson, Config, choose

if TYPE_CHECKING:
    from memoryengine.maintenance import Content, Pair, Site
    from memoryengine.upkeep import Step

Result = TypeVar("Result")
Held = TypeVar("Held", "Content", "Pair")

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Batch = Annotated[int | None, typer.Option("--batch", min=1, help="Texts embedded at a time. Else limits.embed_batch.")]
Abandon = Annotated[bool, typer.Option("--abandon", help="Take a reindexing back that has not ended.")]
To = Annotated[str, typer.Option("--to", metavar="FILE", help="Config file or stock name of the other store.")]
MaybeTo = Annotated[str | None, typer.Option("--to", metavar="FILE", help="Config of another store to compare with.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be copied.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, help="How long to wait for it.")]


@app.callback()
def store() -> None:
    """Make the store, embed it anew, copy it into another one."""


@app.command("init")
def init(ctx: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """Make what is missing of the store, also where its config says create: false."""
    from memoryengine.maintenance import make, site

    chosen = choose(ctx, config, as_json)
    done = _run(make(site(chosen.config, os.environ, create=True)))
    if chosen.as_json:
        from .shapes import print_json

        print_json({"made": list(done.made), "there": list(done.there)})
        return
    for name in done.made:
        print(f"made   {name}")
    for name in done.there:
        print(f"there  {name}")


@app.command("reindex")
def reindex(ctx: typer.Context, batch: Batch = None, abandon: Abandon = False, config: Config = None) -> None:
    """Embed everything anew with the embedder that the config names.

    In Elasticsearch it makes new indices, with the config's settings for them. Readers go on meanwhile, writers are
    told to wait. When it was interrupted: run it again, or with --abandon.
    """
    from memoryengine import maintenance

    where = maintenance.site(choose(ctx, config).config, os.environ)
    if abandon:
        print(_run(maintenance.abandon(where)))
        return
    _run(maintenance.reindex(where, Progress(), batch))
    print("The store was reindexed.")


@app.command("migrate")
def migrate(
    ctx: typer.Context, to: To, dry_run: DryRun = False, config: Config = None, as_json: AsJson = False
) -> None:
    """Copy the whole store into another one, and compare the hashes.

    The other one must be empty. Nothing may be written meanwhile. When it was interrupted, run it again.
    """
    from memoryengine import maintenance

    chosen = choose(ctx, config, as_json)
    source, target = _site(chosen.config), _site(to)
    if dry_run:
        done = _run(maintenance.contents(source, Progress()))
    else:
        done = _run(maintenance.migrate(source, target, Progress()))
    if chosen.as_json:
        from .shapes import print_json

        print_json({"copied": not dry_run, "users": [_content_json(one) for one in _of_people(done)]})
    else:
        print(f"{_counted(done)} {'would be copied' if dry_run else 'were copied, and all hashes are equal'}.")


@app.command("verify")
def verify(ctx: typer.Context, to: MaybeTo = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show a hash over all that each user's memory holds, and compare it with another store's.

    Exits with 1 where they differ.
    """
    from memoryengine import maintenance

    chosen = choose(ctx, config, as_json)
    source = _site(chosen.config)
    if to is None:
        found = _run(maintenance.contents(source, Progress()))
        pairs = [maintenance.Pair(one.scope, one, one) for one in found]
    else:
        pairs = _run(maintenance.compare(source, _site(to), Progress()))
    people = _of_people(pairs)
    shown = people if all(pair.equal for pair in pairs) or not all(pair.equal for pair in people) else pairs
    if chosen.as_json:
        from .shapes import print_json

        print_json({"users": [_pair_json(pair, compared=to is not None) for pair in shown]})
    else:
        for pair in shown:
            print(_pair_line(pair, compared=to is not None))
    if not all(pair.equal for pair in pairs):
        raise typer.Exit(PROBLEM)


@app.command("erase")
def erase(ctx: typer.Context, seconds: Seconds = 120, config: Config = None) -> None:
    """Have the server clean its files of deleted bytes now.

    The embedded store does so at every deletion.
    """
    from memoryengine import maintenance

    if _run(maintenance.erase(_site(choose(ctx, config).config), seconds)):
        print("No deleted byte is left in the files of the store.")
        return
    say(f"Deleted bytes are still in the server's files after {seconds:g} seconds: try again, with more --seconds.")
    raise typer.Exit(PROBLEM)


class Progress:
    """Lines on stderr, at most one a second for things that are counted."""

    def __init__(self) -> None:
        self._began: dict[str, tuple[float, int]] = {}
        self._told = 0.0

    def __call__(self, step: Step) -> None:
        """Tell of a step, with the rate since its first one."""
        if not step.total:
            say(step.what)
            return
        now = time.monotonic()
        began, first = self._began.setdefault(step.what, (now, step.done))
        if step.done < step.total and now - self._told < 1:
            return
        self._told = now
        rate = f", {(step.done - first) / (now - began):,.0f} a second" if now - began > 1 else ""
        say(f"{step.what}: {step.done:,} of {step.total:,}{rate}")


def _site(config: str | None) -> Site:
    from memoryengine.maintenance import site

    return site(config, os.environ)


def _counted(found: Sequence[Content]) -> str:
    documents, deleted, vectors = (sum(getattr(one, n) for one in found) for n in ("documents", "deleted", "vectors"))
    users = len(_of_people(found))
    return f"{users:,} users with {documents:,} documents, {deleted:,} deleted ones and {vectors:,} vectors"


def _of_people(found: Sequence[Held]) -> list[Held]:
    """Those of people: the agenda of the schedule is copied and compared too, and shown if it alone differs."""
    from memoryengine.records import ENGINE_USER

    return [one for one in found if one.scope.user != ENGINE_USER]


def _content_json(one: Content) -> dict[str, object]:
    whose = {"namespace": one.scope.namespace, "user": one.scope.user}
    counts = {"documents": one.documents, "deleted": one.deleted, "vectors": one.vectors}
    return {**whose, "revision": one.revision, **counts, "hash": one.hash}


def _pair_json(pair: Pair, *, compared: bool) -> dict[str, object]:
    here = _content_json(pair.here) if pair.here else None
    if not compared:
        return here or {}
    whose = {"namespace": pair.scope.namespace, "user": pair.scope.user}
    return {**whose, "equal": pair.equal, "here": here, "there": _content_json(pair.there) if pair.there else None}


def _pair_line(pair: Pair, *, compared: bool) -> str:
    named = f"{pair.scope.namespace}/{pair.scope.user}"
    here = pair.here.hash[:16] if pair.here else "-" * 16
    if not compared:
        return f"{here}  {named}"
    there = pair.there.hash[:16] if pair.there else "-" * 16
    return f"{'equal  ' if pair.equal else 'differs'} {here} {there}  {named}"


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of some work; asyncio is loaded only when there is some."""
    import asyncio

    return asyncio.run(work)
