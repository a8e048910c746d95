"""Every change of a user's memory with its cause and its run, as the store kept it: ids and never a text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from .errors import InputError
from .filters import Between
from .ports import HISTORY, Document, Sort, Store
from .records import MEMORIES, memory_of
from .text import language
from .times import stamp
from .values import Locale, Memory, Scope

PAGE = 500
Verb = Literal[
    "new", "expired", "ended earlier", "restored", "in conflict with", "told again", "deleted", "quarantined",
    "retried", "discarded",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one memory, or of one message that was quarantined, retried or discarded.

    `reason` is why it expired, `by` the memory that took its place, or that contradicts it.
    """

    verb: Verb
    id: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit: when it was made, by which operation and run, and what it changed.

    `trigger` is what began the run. `consolidated` and `messages_deleted` count messages; `purged` is "memories" or
    "all" where everything of that sort was deleted.
    """

    revision: int
    at: datetime
    operation: str
    trigger: str
    run: str
    changes: tuple[Change, ...] = ()
    consolidated: int = 0
    messages_deleted: int = 0
    purged: str = ""

    def __bool__(self) -> bool:
        """Whether anything changed that a person may want to know of."""
        return bool(self.changes or self.consolidated or self.messages_deleted or self.purged)


@dataclass(frozen=True, slots=True)
class History:
    """Some entries, the newest first, and the cursor to go on from (None at the end). `str()` shows the newest last.

    `memories` are those among them that are still there, by id: nothing is shown of what was deleted.
    """

    entries: tuple[Entry, ...]
    cursor: str | None = None
    memories: Mapping[str, Memory] = field(default_factory=dict)
    locale: Locale = field(default_factory=Locale)

    def __str__(self) -> str:
        shown = [line for entry in reversed(self.entries) for line in _shown(entry, self)]
        return "\n".join(shown) or "Nothing has changed yet."


async def read_history(
    store: Store, scope: Scope, locale: Locale, id_: str | None = None, limit: int = 100, cursor: str | None = None
) -> History:
    """The newest `limit` entries, or of those that speak of `id_` what they say of it, from `cursor` on.

    Commits that changed nothing to be seen (leases, turns of a chat) are left out. Raises `InputError` for a limit
    below 1 and for what is no cursor.
    """
    if limit < 1:
        raise InputError(f"The limit is {limit}; it must be 1 or more.")
    found: list[Entry] = []
    async for entry in _entries(store, scope, _before(cursor)):
        about = entry if id_ is None else _about(entry, id_)
        if about:
            found.append(about)
        if len(found) > limit:
            break
    kept = tuple(found[:limit])
    named = sorted({one for entry in kept for change in entry.changes for one in (change.id, change.by)} - {""})
    documents = await store.get(scope, MEMORIES, named) if named else ()
    there = {d.id: memory_of(d) for d in documents if d is not None}
    return History(kept, str(kept[-1].revision) if len(found) > limit else None, there, locale)


async def _entries(store: Store, scope: Scope, before: int | None) -> AsyncIterator[Entry]:
    """The entries that show something, newest first."""
    cursor: str | None = None
    where = Between("revision", high=before)
    while True:
        order = (Sort("revision", descending=True),)
        page = await store.page(scope, HISTORY, where, order=order, limit=PAGE, cursor=cursor)
        for document in page.documents:
            if entry := entry_of(document):
                yield entry
        cursor = page.cursor
        if cursor is None:
            return


def entry_of(document: Document) -> Entry:
    """What a commit's entry says; one of an older version says less."""
    body, fields = document.body, document.fields
    at, revision = fields.get("at"), fields.get("revision")
    return Entry(
        revision=int(revision) if isinstance(revision, int | float) else int(document.id),
        at=at if isinstance(at, datetime) else datetime.fromisoformat(body["at"]),
        operation=str(body.get("operation", "")),
        trigger=str(body.get("trigger", "")),
        run=str(body.get("run", "")),
        changes=tuple(_changes(body)),
        consolidated=len(body.get("consolidated", ())),
        messages_deleted=int(body.get("messages_deleted", 0)),
        purged=str(body.get("purged", "")),
    )


def _changes(body: Mapping[str, Any]) -> Iterator[Change]:
    for id_ in body.get("new", ()):
        yield Change("new", id_)
    for id_, reason, by in body.get("expired", ()):
        yield Change("expired", id_, reason, by)
    for id_, by in body.get("shortened", ()):
        yield Change("ended earlier", id_, by=by)
    for id_, by in body.get("conflicts", ()):
        yield Change("in conflict with", id_, by=by)
    plain: tuple[tuple[str, Verb], ...] = (
        ("restored", "restored"), ("known", "told again"), ("deleted", "deleted"), ("quarantined", "quarantined"),
        ("retried", "retried"), ("discarded", "discarded"),
    )  # fmt: skip
    for key, verb in plain:
        for id_ in body.get(key, ()):
            yield Change(verb, id_)


def _about(entry: Entry, id_: str) -> Entry:
    """The part of an entry that speaks of one memory or message."""
    changes = tuple(change for change in entry.changes if id_ in (change.id, change.by))
    return replace(entry, changes=changes, consolidated=0, messages_deleted=0)


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isdecimal():
        raise InputError(f"{cursor[:60]!r} is no cursor of a history; give back the one that the last page came with.")
    return int(cursor)


def _shown(entry: Entry, history: History) -> Iterator[str]:
    locale = history.locale
    texts = " ".join(m.content for m in history.memories.values())
    said = stamp(entry.at, locale.language or language(texts), locale.zone)
    run = f", run {entry.run}" if entry.run else ""
    yield f"[{said}] {entry.operation} ({entry.trigger}{run})"
    counts = ((entry.consolidated, "consolidated"), (entry.messages_deleted, "deleted"))
    yield from (f"  {count} {'message' if count == 1 else 'messages'} {done}" for count, done in counts if count)
    if entry.purged:
        yield f"  everything deleted: {'memories and messages' if entry.purged == 'all' else 'memories'}"
    for change in entry.changes:
        yield f"  {change.verb}: {_told(change.id, history)}"
        if change.by or change.reason:
            yield f"    {change.reason or 'by'}{': ' + _told(change.by, history) if change.by else ''}"


def _told(id_: str, history: History) -> str:
    memory = history.memories.get(id_)
    return f"{id_} {memory.content}" if memory else id_
