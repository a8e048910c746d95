"""Reading what was written: searches that see every write which ended before they began, whoever made it.

Elasticsearch shows a write to searches only after a refresh. Refreshing at every write, or waiting for the interval,
makes each message dear; refreshing at every read makes reading dear for what has not changed. Here the last item of
every write to an index is the scope's **mark**, a document that is written over and over. Its sequence number, got in
realtime, says how far the scope was written; what this process has seen of it says how far searches see. So:

- a write costs no refresh, only one more tiny item in a request that is sent anyway;
- a read costs one `mget` beside its searches, at the same time, which also looks at the log;
- a read that finds the mark newer than what it knows to be visible refreshes that index once, and searches again.

How far searches see is learned from searches for the mark alone, in the request that is sent anyway where it is not
known, and so nothing is refreshed which need not be. It is not concluded from a refresh: a get may show what has not
reached the copy yet that is searched. Searches of a scope go to one copy of its shard (`preference`), and a copy never
shows less than before.

**With replicas** two things may hide a write from searches for a while, at most until the shard refreshes by itself
(30 seconds, see `layout`) or the scope is written to again; gets and commits see it all the same. The cluster may let
another copy answer, as when a node dies, which may not have been refreshed since. And two requests that write to one
scope at the same moment may reach a replica in the other order: the mark of the later one then stands for both there
before the earlier one has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...values import Scope
from .keys import scope_key
from .layout import Names
from .log import Log, Recent, Seen, mark_key
from .server import Ask, Got, Searching, Server, together

Answer = Mapping[str, Any]
Visible = tuple[str, int, int]  # an index, and which version (term and sequence number) of a mark searches see there


class View:
    """What searches see, over all scopes of one store."""

    def __init__(self, server: Server, names: Names, log: Log) -> None:
        self._server, self._names, self._log = server, names, log
        self._visible: Recent[tuple[str, str], Visible] = Recent()
        self.indices: dict[str, str] = {}  # the index that was last seen behind each alias

    async def search(self, scope: Scope, searches: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Answer]:
        """The answers to searches (collection and body) of one scope, in one request."""
        key = scope_key(scope)
        aliases = sorted({self._names.alias(collection) for collection, _ in searches})
        asked = [Searching((self._names.alias(name),), key, body) for name, body in searches]
        marks = [Ask(alias, mark_key(key), key, ("state",)) for alias in aliases]
        # As it was when the searches were sent: what others make visible meanwhile, these may not have seen.
        before = self._visible_now(key, aliases)
        unknown = [alias for alias in aliases if alias not in before]
        seen: Seen
        answers: list[Answer]
        seen, answers = await together(self._log.look(key, marks), self._search(key, asked, unknown))
        for alias in _receded(before, aliases, seen.more):
            del before[alias]
            self._visible.pop((alias, key), None)
        self.indices |= {alias: got.index for alias, got in zip(aliases, seen.more, strict=True)}
        if not seen.pending and not _dirty(before, aliases, seen.more):
            return answers
        if seen.pending:
            seen = await self._log.settled(key, marks, patient=True)
        dirty = _dirty(self._visible_now(key, aliases), aliases, seen.more)
        if dirty:
            await self._server.refresh(dirty)
        return await self._search(key, asked, dirty)

    async def _search(self, key: str, asked: Sequence[Searching], aliases: Sequence[str]) -> list[Answer]:
        """The answers; by the way it is learned from the marks how far searches see the scope in these indices."""
        body = {"query": {"ids": {"values": [mark_key(key)]}}, "_source": False, "seq_no_primary_term": True}
        answers = await self._server.msearch([*asked, *(Searching((alias,), key, body) for alias in aliases)])
        for alias, answer in zip(aliases, answers[len(asked) :], strict=True):
            for hit in answer["hits"]["hits"]:
                self._visible.keep((alias, key), (hit["_index"], hit["_primary_term"], hit["_seq_no"]))
        return answers[: len(asked)]

    def _visible_now(self, key: str, aliases: Sequence[str]) -> dict[str, Visible]:
        return {alias: self._visible[alias, key] for alias in aliases if (alias, key) in self._visible}


def _dirty(visible: Mapping[str, Visible], aliases: Sequence[str], marks: Sequence[Got]) -> list[str]:
    """The aliases whose mark is newer than what is visible."""
    return [
        alias
        for alias, got in zip(aliases, marks, strict=True)
        if got.source is not None and _newer(got, visible.get(alias, ("", 0, -1)))
    ]


def _newer(got: Got, seen: Visible) -> bool:
    # A new primary may give a sequence number away again that the old one took with it: then its term is higher.
    return got.index != seen[0] or (got.term, got.seq_no) > seen[1:]


def _receded(visible: Mapping[str, Visible], aliases: Sequence[str], marks: Sequence[Got]) -> list[str]:
    """The aliases whose mark is older than what was visible before: the index was made anew under its name."""
    return [
        alias
        for alias, got in zip(aliases, marks, strict=True)
        if alias in visible and got.source is not None and _older(got, visible[alias])
    ]


def _older(got: Got, seen: Visible) -> bool:
    return got.index == seen[0] and (got.term, got.seq_no) < seen[1:]
