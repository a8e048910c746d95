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

**What need not be asked.** As long as its mark stays, what a search counts of a scope stays too. So answers without
hits are kept with the mark for which they hold, and a scope that has nothing in an index is not searched there: the
`mget` that goes along tells whether that was right, else all is asked for again. Neither is believed for longer than
an index may take to show by itself what a broken write left behind.

**With replicas** two things may hide a write from searches for a while, at most until the shard refreshes by itself
(30 seconds, see `layout`) or the scope is written to again; gets and commits see it all the same. The cluster may let
another copy answer, as when a node dies, which may not have been refreshed since. And two requests that write to one
scope at the same moment may reach a replica in the other order: the mark of the later one then stands for both there
before the earlier one has come.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...values import Scope
from .keys import scope_key
from .layout import Names
from .log import Log, Recent, Seen, mark_key
from .server import Ask, Got, Searching, Server, together

Answer = Mapping[str, Any]
Visible = tuple[str, int, int]  # an index, and which version (term and sequence number) of a mark searches see there
Place = tuple[str, str]  # an alias and a scope
NOTHING: Answer = {
    "hits": {"total": {"value": 0}, "hits": []},
    "aggregations": {"length": {"value": 0.0}, "having": {}},
}
"""The answer of an index in which a scope has nothing."""
BELIEVED = 30.0
MOST_PLACES, MOST_ANSWERS = 1_000, 32


class Kept:
    """Answers that hold as long as nothing is written: by place, for one version of its mark."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._held: OrderedDict[Place, tuple[object, float, dict[str, Answer]]] = OrderedDict()

    def of(self, place: Place, version: object) -> dict[str, Answer]:
        """What is known of a place at this version; what is put in is kept."""
        held, born, answers = self._held.pop(place, (None, 0.0, {}))
        if held != version or self._elapsed() - born > BELIEVED or len(answers) > MOST_ANSWERS:
            born, answers = self._elapsed(), {}
        self._held[place] = (version, born, answers)
        if len(self._held) > MOST_PLACES:
            self._held.popitem(last=False)
        return answers


class View:
    """What searches see, over all scopes of one store."""

    def __init__(self, server: Server, names: Names, log: Log, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._server, self._names, self._log = server, names, log
        self._visible: Recent[Place, Visible] = Recent()
        self._kept = Kept(elapsed)
        self.indices: dict[str, str] = {}  # the index that was last seen behind each alias

    async def search(self, scope: Scope, searches: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Answer]:
        """The answers to searches (collection and body) of one scope, in one request."""
        key = scope_key(scope)
        aliases = sorted({self._names.alias(collection) for collection, _ in searches})
        asked = [Searching((self._names.alias(name),), key, body) for name, body in searches]
        marks = [Ask(alias, mark_key(key), key, ("state",)) for alias in aliases]
        # As it was when the searches were sent: what others make visible meanwhile, these may not have seen.
        before = self._visible_now(key, aliases)
        empty = {alias for alias in aliases if alias not in before and self._is_empty(alias, key)}
        unknown = [alias for alias in aliases if alias not in before and alias not in empty]
        known = [NOTHING if one.aliases[0] in empty else self._known(one, before) for one in asked]
        open_ = [one for one, answer in zip(asked, known, strict=True) if answer is None]
        probes = [Searching((alias,), key, _anything(key)) for alias in unknown]
        seen: Seen
        found: list[Answer]
        seen, found = await together(self._log.look(key, marks), self._search(key, [*open_, *probes], unknown))
        for alias in _receded(before, aliases, seen.more):
            del before[alias]
            self._visible.pop((alias, key), None)
        self.indices |= {alias: got.index for alias, got in zip(aliases, seen.more, strict=True)}
        marked = dict(zip(aliases, seen.more, strict=True))
        moved = [alias for alias in empty if not self._is_empty(alias, key, marked[alias].index)]
        if not seen.pending and not moved and not _dirty(before, aliases, seen.more):
            self._learn(key, before, marked, [*open_, *probes], found)
            rest = iter(found)
            return [next(rest) if answer is None else answer for answer in known]
        if seen.pending:
            seen = await self._log.settled(key, marks, patient=True)
        dirty = _dirty(self._visible_now(key, aliases), aliases, seen.more)
        if dirty:
            await self._server.refresh(dirty)
        return await self._search(key, asked, dirty)

    async def _search(self, key: str, asked: Sequence[Searching], aliases: Sequence[str]) -> list[Answer]:
        """The answers; by the way it is learned from the marks how far searches see the scope in these indices."""
        if not asked and not aliases:
            return []
        body = {"query": {"ids": {"values": [mark_key(key)]}}, "_source": False, "seq_no_primary_term": True}
        answers = await self._server.msearch([*asked, *(Searching((alias,), key, body) for alias in aliases)])
        for alias, answer in zip(aliases, answers[len(asked) :], strict=True):
            for hit in answer["hits"]["hits"]:
                self._visible.keep((alias, key), (hit["_index"], hit["_primary_term"], hit["_seq_no"]))
        return answers[: len(asked)]

    def _known(self, one: Searching, before: Mapping[str, Visible]) -> Answer | None:
        """The answer to a search without hits, if it was asked since the scope was written to."""
        (alias,) = one.aliases
        if alias not in before or not _is_count(one.body):
            return None
        return self._kept.of((alias, one.routing), before[alias]).get(_text(one.body))

    def _is_empty(self, alias: str, key: str, index: str = "") -> bool:
        """Whether the scope was found to have nothing in an index, as far as its mark does not say otherwise."""
        return _text(_anything(key)) in self._kept.of((alias, key), index or self.indices.get(alias))

    def _learn(
        self,
        key: str,
        before: Mapping[str, Visible],
        marks: Mapping[str, Got],
        asked: Sequence[Searching],
        answers: Sequence[Answer],
    ) -> None:
        """Keep the answers that hold as long as the marks stay."""
        for one, answer in zip(asked, answers, strict=True):
            (alias,) = one.aliases
            got = marks[alias]
            if got.source is None and one.body == _anything(key) and not answer["hits"]["total"]["value"]:
                self._kept.of((alias, key), got.index)[_text(one.body)] = answer
            elif alias in before and _is_count(one.body) and (got.index, got.term, got.seq_no) == before[alias]:
                self._kept.of((alias, key), before[alias])[_text(one.body)] = answer

    def _visible_now(self, key: str, aliases: Sequence[str]) -> dict[str, Visible]:
        return {alias: self._visible[alias, key] for alias in aliases if (alias, key) in self._visible}


def _anything(key: str) -> Mapping[str, Any]:
    """The search for whether a scope has anything in an index."""
    return {"size": 0, "track_total_hits": 1, "query": {"term": {"scope": key}}}


def _is_count(body: Mapping[str, Any]) -> bool:
    """Whether a search has no hits, and does not count the words of one question."""
    return body.get("size") == 0 and "having" not in body.get("aggs", ())


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body)


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
