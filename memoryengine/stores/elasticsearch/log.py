"""Commits that cannot tear: the log of a scope, and why nothing is lost, doubled or brought back.

Elasticsearch writes one document at a time. So a commit is one document: the entry of the next revision in the
history, `create`d under an id that is made of scope and revision. Two writers cannot both create it (the loser gets
409 and raises `Moved`), and from that moment the commit stands. The entry carries a payload that says what becomes of
each document; it is `pending` until all of that was done, then it is replaced by what history keeps, without payload.

**Steps of a commit** at revision r, each one request, and what a crash (or a lost answer) behind it leaves:

1. Read entry r, entry r+1 (which must not be there) and all documents that are touched. Nothing was written. The parts
   of a request are answered in any order, so entry r was seen done before the documents are asked for, and if these do
   not allow the commit, it is looked again whether the scope has moved, and nothing is written.
2. Create entry r+1, pending; before the very first the name of the user is written. If the answer is lost, the entry
   is read again: its `call` tells whose it is, even when somebody finished it meanwhile, or purged it. A crash leaves a
   pending entry, which whoever comes next finishes (step 3 and 4); the commit stands.
3. Apply: one guarded write a document. A crash leaves some documents new and some old; the entry is still pending.
4. Replace the entry. A crash before it leaves a pending entry whose documents are all new: applying again skips them.

**Only the newest entry can be pending.** Entry r+1 is created only by a writer that saw entry r done, and done entries
stay done (or become tombstones). So looking at the newest entry is enough to know whether something is left to do.

**Applying is idempotent, and safe when late.** Each document keeps the `revision` of the commit that wrote it last,
also as a tombstone, and revisions of a scope only grow. A write for revision n is computed from a document that was
read, is skipped if that document's revision is n or more, and is done only if the document is still at the sequence
number that was read (or, for a new one, not there: `create`). On 409 the document is read again. So a writer that was
paused for a day does nothing: its guarded writes get 409, and what it then reads is of revision n or more. Tombstones
are never removed, so a late `create` of a deleted document gets 409 too. Which of several appliers does a write makes
no difference, as all compute the same from the same payload. What moves a document without a revision (a vector being
attached, a message being appended) makes the guard fail, and the write is computed again from what is there now.

**What the server could refuse for good is refused before step 2** (unknown fields, texts that are too long), for a
pending entry that cannot be applied holds up its scope until the cause is mended.

**What a reader may see.** Every read looks at the newest entry and finishes it first if it is pending. So whole commits
are seen, except while the process that made one is still applying it and the read overlaps: then a part of it. When a
read begins after a commit returned, or after its process died, it sees all of it. While an index is read-only
(reindexing), or for a user who may only read, a pending commit cannot be finished; reads then go on and see the state
before it, or a part of it. An append of new documents looks at no entry: it comes before a commit that is still
pending. So `Moved`, which tells of a commit, is raised only when that is applied.

Safety rests on the server's compare-and-set on single documents alone: on no clock, no lock and no lease. What is taken
from Elasticsearch is that the primary decides it, and that a write which was acknowledged is on every copy in sync and
on disk (`index.translog.durability` is `request`, its default). A get may ask any copy. What it shows may be older: the
guard fails then, and it is asked again. Or it may be newer than what was acknowledged; a cluster whose primary dies
before it passed such a write on, together with the process that sent it, takes the write back after others saw it and
perhaps closed the commit. That one document then lacks its part of the commit: clients cannot rule this out. A node
that was cut off from the others answers reads as things were until it notices, and takes no writes.

`tests/stores/test_elasticsearch_interleavings.py` goes through all orders of the requests of two or three processes.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ...errors import Moved, StoreError, StoreUnavailable
from ...ports import HISTORY, Document, Json
from ...values import Scope
from ..checks import HISTORY_COLLECTION
from .codec import GONE, MARKER, PENDING, Change, Codec, Source, compressed, decompressed, tombstone
from .failures import Denied
from .keys import document_key, scope_key
from .layout import SCOPES, Names, writer_of
from .server import Action, Ask, Got, Server

Key = TypeVar("Key")
Value = TypeVar("Value")
BATCH = 500
AHEAD = 8
REMEMBERED = 100_000
GATE, OPEN, CLOSED = "gate", "open", "closed"
"""The document that says whether commits are taken: it is open, closed for a reindexing, or says what else there is."""
NO_MOMENT = 'The entry of a commit needs "at", a moment as ISO 8601 text with its time zone.'
REINDEXING = (
    "The store is being reindexed, so it takes no commits now: nothing was written. Wait until `memoryengine store "
    "reindex` has ended."
)
UNFINISHED = (
    "The store is {}, so it takes no commits: nothing was written. Go on with the copy until it ends, with "
    "`memoryengine store migrate`."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest entry of a scope's log as it was just now, and what else was read with it."""

    revision: int
    newest: Got | None
    more: tuple[Got, ...]

    @property
    def pending(self) -> bool:
        """Whether the newest commit is not applied yet."""
        return self.newest is not None and self.newest.source is not None and self.newest.source["state"] == PENDING


class Recent(OrderedDict[Key, Value]):
    """A mapping that forgets what was set longest ago."""

    def keep(self, key: Key, value: Value) -> None:
        """Set a value, and forget the oldest if there are too many."""
        self.pop(key, None)
        self[key] = value
        while len(self) > REMEMBERED:
            self.popitem(last=False)


class Log:
    """The logs of all scopes on one server. What it remembers only saves requests."""

    def __init__(self, server: Server, names: Names, codecs: Mapping[str, Codec]) -> None:
        self._server, self._names, self._codecs = server, names, codecs
        self._alias = names.alias(HISTORY)
        self._scopes = names.alias(SCOPES)
        self._history = Codec(HISTORY_COLLECTION)
        self._revisions: Recent[str, int] = Recent()
        self._done: Recent[str, int] = Recent()

    # --- looking ------------------------------------------------------------------------------------------------

    async def look(self, scope: str, more: Sequence[Ask] = ()) -> Seen:
        """The newest entry, and other documents read in the same request."""
        known = self._revisions.get(scope)
        if known is None:
            known = await self._hint(scope)
        while True:
            asked = [self._ask(scope, known), self._ask(scope, known + 1), *more]
            at, after, *rest = await self._server.mget(asked)
            if after.source is not None:
                known = await self._walk(scope, known + 1)
            elif at.source is not None or known == 0:
                seen = Seen(known, at, tuple(rest))
                self._revisions.keep(scope, known)
                self._done.keep(scope, known - seen.pending)
                return seen
            else:  # what is remembered is not there: the store was made anew, or brought back from a snapshot
                known = await self._walk(scope, 0)

    async def settled(self, scope: str, more: Sequence[Ask] = (), *, patient: bool = False) -> Seen:
        """Like `look`, with every commit applied; `patient` reads take what is there where nothing can be written."""
        while True:
            seen = await self.look(scope, more)
            if not seen.pending or seen.newest is None:
                return seen
            try:
                await self._finish(scope, seen.revision, seen.newest)
            except Denied:
                if patient:
                    return seen
                raise

    async def _hint(self, scope: str) -> int:
        (got,) = await self._server.mget([Ask(self._scopes, scope, scope, ("revision",))])
        return int(got.source.get("revision", 0)) if got.source else 0

    async def _walk(self, scope: str, known: int) -> int:
        """The newest of the entries that follow one another from `known` on."""
        while True:
            steps = range(known + 1, known + 1 + AHEAD)
            found = await self._server.mget([self._ask(scope, step, ()) for step in steps])
            there = next((n for n, got in enumerate(found) if got.source is None), AHEAD)
            known += there
            if there < AHEAD:
                return known

    def _ask(self, scope: str, revision: int, parts: tuple[str, ...] = ("*",)) -> Ask:
        return Ask(self._alias, _entry_key(scope, revision), scope, parts or ("state",))

    # --- committing ---------------------------------------------------------------------------------------------

    async def commit(self, scope: Scope, changes: Sequence[Change], entry: Json, expect: int, checked: Check) -> int:
        """Write everything or nothing; `checked` raises if the documents are not as the changes need them.

        Raises `Moved` if the scope is not at `expect`.
        """
        key = scope_key(scope)
        documents, known = await self._ground(scope, changes, expect)
        try:
            checked(documents)
        except StoreError:
            await self._check_still(key, expect)
            raise
        source = self._entry(key, expect + 1, changes, entry)
        if not known:
            # Before the first entry, for nobody who finishes that for somebody else could name the user.
            await self._server.bulk([Action("create", self._scopes, key, key, user_of(scope))])
        made = await self._create(key, expect, source)
        if made.source is not None and made.source["state"] == PENDING:
            await self._apply(key, expect + 1, changes, documents)
            await self._reduce(scope, expect + 1, made, source)
        self._revisions.keep(key, expect + 1)
        self._done.keep(key, expect + 1)
        return expect + 1

    async def _ground(self, scope: Scope, changes: Sequence[Change], expect: int) -> tuple[Sequence[Got], bool]:
        """Step 1: the documents, as revision `expect` left them unless the scope moves meanwhile.

        Also whether the user is named already.
        """
        key = scope_key(scope)
        if self._done.get(key, 0) < expect:  # entry `expect` is seen done before the documents are asked for
            seen = await self.settled(key)
            if seen.revision != expect:
                raise Moved(expect, seen.revision)
        user = [] if expect else [Ask(self._scopes, key, key, ("scope",))]
        asks = [*self._asks(key, changes), *user, Ask(self._scopes, GATE, GATE, ("gate",))]
        seen = await self.settled(key, asks)
        if seen.revision != expect:
            raise Moved(expect, seen.revision)
        gate = seen.more[-1].source
        said = gate["gate"] if gate else OPEN
        if said != OPEN:
            raise StoreUnavailable(REINDEXING if said == CLOSED else UNFINISHED.format(said))
        return seen.more[: len(changes)], not user or seen.more[-2].source is not None

    async def _check_still(self, scope: str, expect: int) -> None:
        """Raise `Moved` if the scope has moved, so that what was read may be newer."""
        seen = await self.settled(scope)
        if seen.revision != expect:
            raise Moved(expect, seen.revision)

    def _entry(self, scope: str, revision: int, changes: Sequence[Change], entry: Json) -> Source:
        """The pending entry of a commit."""
        try:
            at = datetime.fromisoformat(entry["at"])
        except (KeyError, TypeError, ValueError):
            raise StoreError(NO_MOMENT) from None
        document = Document(f"{revision:012d}", {"revision": revision, "at": at}, entry)
        source = self._history.source(scope, document, revision, secrets.token_hex(8))
        payload = [[change.collection, change.key, change.verb, change.content] for change in changes]
        return {**source, "state": PENDING, "payload": compressed(payload)}

    async def _create(self, scope: str, expect: int, source: Source) -> Got:
        """Step 2; returns the entry as it stands. A 409 may be an echo: the answer to an earlier attempt was lost."""
        key = _entry_key(scope, expect + 1)
        (done,) = await self._server.bulk([Action("create", self._alias, key, scope, source)])
        if done.status != 409:
            return Got(done.index, source, done.seq_no, done.term)
        (held,) = await self._server.mget([Ask(self._alias, key, scope, ("call", "state"))], there=True)
        if held.source is None or held.source.get("call") != source["call"]:
            raise Moved(expect, (await self.settled(scope)).revision)
        return held

    async def _finish(self, scope: str, revision: int, entry: Got) -> None:
        """Steps 3 and 4 of a commit that somebody else began."""
        source = dict(entry.source or {})
        changes = [Change(*change) for change in decompressed(source["payload"])]
        await self._apply(scope, revision, changes)
        await self._reduce(scope, revision, entry, source)

    async def _reduce(self, scope: Scope | str, revision: int, entry: Got, source: Source) -> None:
        """Step 4: leave of an entry what history keeps; 409 means that somebody else did."""
        key = scope if isinstance(scope, str) else scope_key(scope)
        done = {name: value for name, value in source.items() if name != "payload"} | {"state": "live"}
        writer, guard = writer_of(entry.index), (entry.seq_no, entry.term)
        actions = [Action("index", writer, _entry_key(key, revision), key, done, guard), mark(writer, key)]
        if isinstance(scope, Scope):
            actions.append(Action("index", self._scopes, key, key, user_of(scope, revision)))
        await self._server.bulk(actions)

    # --- applying -----------------------------------------------------------------------------------------------

    async def _apply(
        self, scope: str, revision: int, changes: Sequence[Change], documents: Sequence[Got] | None = None
    ) -> None:
        """Step 3, in batches."""
        for start in range(0, len(changes), BATCH):
            part = None if documents is None else documents[start : start + BATCH]
            await self._apply_part(scope, revision, changes[start : start + BATCH], part)

    async def _apply_part(
        self, scope: str, revision: int, changes: Sequence[Change], documents: Sequence[Got] | None
    ) -> None:
        while changes:
            found = documents or await self._server.mget(self._asks(scope, changes))
            documents = None
            pairs = [
                (change, got, self._action(scope, revision, change, got))
                for change, got in zip(changes, found, strict=True)
            ]
            marks = [mark(writer, scope) for writer in {writer_of(got.index): None for got in found}]
            todo = [(change, action) for change, _, action in pairs if action is not None]
            # The marks are written even if somebody else has done all of it: he may have died before his own.
            done = await self._server.bulk([*(action for _, action in todo), *marks])
            changes = [change for (change, _), one in zip(todo, done, strict=False) if one.status == 409]

    def _action(self, scope: str, revision: int, change: Change, got: Got) -> Action | None:
        """The write that brings one document to a revision; None if it is there, or beyond."""
        held = got.source
        if held is not None and held["revision"] >= revision:
            return None
        writer = writer_of(got.index)
        guard = None if held is None else (got.seq_no, got.term)
        if change.verb == "delete":
            gone = tombstone(scope, revision) | {name: held[name] for name in ("call",) if held and name in held}
            return Action("index" if guard else "create", writer, change.key, scope, gone, guard)
        if change.verb == "put":
            return Action("index" if guard else "create", writer, change.key, scope, change.content or {}, guard)
        if held is None or held["state"] == GONE:
            return None
        body = self._codecs[change.collection].patched(dict(held), dict(change.content or {}), revision)
        return Action("update", writer, change.key, scope, body, guard)

    def _asks(self, scope: str, changes: Iterable[Change]) -> list[Ask]:
        parts = {"put": ("state", "revision"), "delete": ("state", "revision", "call")}
        whole = ("state", "revision", "document")
        return [Ask(self._names.alias(c.collection), c.key, scope, parts.get(c.verb, whole)) for c in changes]


Check = Callable[[Sequence[Got]], None]


def user_of(scope: Scope, revision: int | None = None) -> Source:
    """The entry of a user; its revision is a hint that saves steps and may be late."""
    held: Source = {"namespace": scope.namespace, "user": scope.user, "scope": scope_key(scope)}
    return held if revision is None else held | {"revision": revision}


def mark(alias: str, scope: str) -> Action:
    """The last write of every request that wrote to an index: its sequence number says how far a scope has come."""
    return Action("index", alias, mark_key(scope), scope, {"scope": scope, "state": MARKER})


def mark_key(scope: str) -> str:
    """The `_id` of a scope's mark."""
    return f"@{scope}"


def _entry_key(scope: str, revision: int) -> str:
    return document_key(scope, f"{revision:012d}")
