"""A small Elasticsearch in memory: the requests of the port `Server`, in the steps in which a cluster does them.

One shard an index. What is modelled: aliases and `require_alias`; one sequence number for all writes of a shard;
`create`, `index` and `update`, with or without a guard, and 409; gets that see every write at once while searches see
what was there at the last refresh; a block on writes. **No request is one step**: the indices that it names are asked
apart and in any order, and with `fine` each item of a bulk is a step of its own, in order within its index, as a shard
does them. Of queries only those that the store's `get`, `page`, `count` and keyword `search` send.

With `copies=2` a write reaches the replica one step after its primary, and is acknowledged then; a get asks either
copy, a search always the replica, a refresh does both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from typing import Any, Protocol

from memoryengine.errors import StoreUnreadable
from memoryengine.stores.elasticsearch.failures import refusal
from memoryengine.stores.elasticsearch.server import Action, Ask, Done, Got, Searching

Source = Mapping[str, Any]
Step = Callable[[], Any]
TERM = 1
BLOCKED = {"type": "cluster_block_exception", "reason": "blocked by: [FORBIDDEN/8/index write (api)];"}


def print_of(*values: object) -> int:
    """A number of 64 bits that stands for values in which nothing is unordered; `hash` let different states meet."""
    return int.from_bytes(blake2b(repr(values).encode(), digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one document; `print_` tells it from others.

    A print counts the writes of the document, where `seq_no` counts those of the shard: nobody may compare the
    sequence numbers of two documents, so states that differ in these alone are the same.
    """

    seq_no: int
    source: Source
    count: int
    print_: int


@dataclass(frozen=True, slots=True)
class Held(Got):
    """What was got, with the print of the version."""

    print_: int = 0


@dataclass
class Copy:
    """One copy of a shard: what gets see, and what searches see."""

    docs: dict[str, Version] = field(default_factory=dict)
    visible: dict[str, Version] = field(default_factory=dict)


@dataclass
class Index:
    """One index, of one shard; the first copy is the primary."""

    name: str
    copies: list[Copy]
    next_seq_no: int = 0
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One write that was done, for checks."""

    index: str
    verb: str
    id: str
    source: Source


class Machine:
    """The state of the cluster, and each thing that it can do in one step; flags break it on purpose."""

    def __init__(self, aliases: Mapping[str, str], copies: int = 1, together: Mapping[str, str] | None = None) -> None:
        self.aliases, self.together = dict(aliases), dict(together or {})
        self.indices = {name: Index(name, [Copy() for _ in range(copies)]) for name in {*aliases.values()}}
        self.places = {name: self.together.get(index, index) for name, index in aliases.items()}
        self.journal: list[Written] = []
        self.calls: dict[str, str] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.heeds_guard = self.heeds_create = True

    def twin(self) -> Machine:
        """The same again, to go another way from here."""
        other = Machine(self.aliases, together=self.together)
        for name, index in self.indices.items():
            copies = [Copy(dict(copy.docs), dict(copy.visible)) for copy in index.copies]
            other.indices[name] = Index(name, copies, index.next_seq_no, index.blocked)
        other.journal, other.calls, other.counts = list(self.journal), dict(self.calls), dict(self.counts)
        other.heeds_guard, other.heeds_create = self.heeds_guard, self.heeds_create
        return other

    def print_(self) -> int:
        """A number that stands for the whole state."""
        parts = [
            (name, n, seen, key, version.print_)
            for name, index in self.indices.items()
            for n, copy in enumerate(index.copies)
            for seen, docs in enumerate((copy.docs, copy.visible))
            for key, version in docs.items()
        ]
        blocked = [name for name, index in self.indices.items() if index.blocked]
        return print_of(sorted(parts), sorted(blocked))

    def told(self, answers: Sequence[Any]) -> str:
        """Answers as text that is the same in every run, whatever the sequence numbers."""
        return repr([self._told(one) for step in answers for one in step])

    def _told(self, answer: Any) -> Any:
        match answer:
            case Held():
                return answer.print_
            case Done(status=409):
                return 409
            case Done():
                return answer.status, self.counts[answer.index, answer.seq_no]
            case {"hits": {"hits": hits, "total": total}}:
                prints = [self.indices[hit["_index"]].copies[-1].visible[hit["_id"]].print_ for hit in hits]
                return prints, total, answer["aggregations"]
        return answer

    def place(self, name: str) -> str:
        """Where the index behind an alias or of that name lies: what lies together is asked in one step."""
        return self.places.get(name, name)

    def index(self, name: str) -> Index:
        """The index behind an alias or of that name."""
        found = self.indices.get(self.aliases.get(name, name))
        if found is None:
            raise StoreUnreadable(f"no such index [{name}]")
        return found

    # --- steps ------------------------------------------------------------------------------------------------

    def get(self, ask: Ask, copy: int = 0) -> Got:
        index = self.index(ask.index)
        version = index.copies[copy].docs.get(ask.id)
        if version is None:
            return Got(index.name, None)
        parts = ask.parts
        source = {name: value for name, value in version.source.items() if parts == ("*",) or name in parts}
        return Held(index.name, source, version.seq_no, TERM, version.print_)

    def write(self, action: Action) -> Done:
        """One write on the primary alone."""
        if action.alias not in self.aliases:
            raise StoreUnreadable(f"[{action.alias}] is not an alias and require_alias is set")
        index = self.index(action.alias)
        if index.blocked:
            raise refusal(403, BLOCKED, "the fake server")
        docs = index.copies[0].docs
        held = docs.get(action.id)
        if self._refused(action, held):
            return Done(409, index.name)
        if action.verb == "update" and held is None:
            raise StoreUnreadable(f"[{action.id}]: document missing")
        source = _merged(held.source, action.body) if action.verb == "update" and held else dict(action.body)
        if held is not None and action.verb == "update" and source == held.source:
            return Done(200, index.name, held.seq_no, TERM)  # a noop
        count = 0 if held is None else held.count + 1
        version = Version(index.next_seq_no, source, count, print_of(count, self._canonical(index.name, source)))
        index.next_seq_no += 1
        docs[action.id] = version
        self.counts[index.name, version.seq_no] = count
        self.journal.append(Written(index.name, action.verb, action.id, source))
        return Done(201 if held is None else 200, index.name, version.seq_no, TERM)

    def _refused(self, action: Action, held: Version | None) -> bool:
        if action.verb == "create":
            return held is not None and self.heeds_create
        guarded = action.guard is not None and self.heeds_guard
        return guarded and (held is None or action.guard != (held.seq_no, TERM))

    def replicate(self, name: str, id_: str) -> None:
        """Bring one document to the replica."""
        primary, replica = self.index(name).copies
        newest = primary.docs.get(id_)
        if newest is not None and (id_ not in replica.docs or replica.docs[id_].seq_no < newest.seq_no):
            replica.docs[id_] = newest

    def refresh(self, name: str) -> None:
        for copy in self.index(name).copies:
            copy.visible = dict(copy.docs)

    def search(self, one: Searching) -> Mapping[str, Any]:
        (alias,) = one.aliases
        index = self.index(alias)
        return _answer(index.name, index.copies[-1].visible, one.body)

    def _canonical(self, index: str, source: Mapping[str, Any]) -> str:
        """A source as text; the random name of a call is replaced by its number, so that runs can be compared."""
        call = source.get("call")
        if call is not None:
            if call not in self.calls:
                self.calls[call] = f"{index} {sum(name.startswith(index) for name in self.calls.values())}"
            source = {**source, "call": self.calls[call]}
        return json.dumps(source, sort_keys=True)


def _merged(old: Source, new: Source) -> dict[str, Any]:
    """A partial update: objects are merged, all else is replaced."""
    both = {
        name: _merged(old[name], value) if isinstance(value, Mapping) and isinstance(old.get(name), Mapping) else value
        for name, value in new.items()
    }
    return {**old, **both}


# --- searching --------------------------------------------------------------------------------------------------


def _answer(index: str, docs: Mapping[str, Version], body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = [(id_, one) for id_, one in docs.items() if _passes(body["query"], id_, one.source)]
    order = [part for part in body.get("sort", [{"id": "asc"}]) if part != "_score"]
    for part in reversed(order):
        ((path, how),) = part.items()
        assert how == "asc" or how.get("order") == "asc", "the fake sorts upwards only"
        found.sort(key=lambda pair, path=path: _sortable(_value(pair[1].source, path)))  # type: ignore[misc]
    assert "search_after" not in body, "the fake holds less than a page"
    wanted = body.get("docvalue_fields", ())
    hits = [
        {
            "_index": index,
            "_id": id_,
            "_seq_no": one.seq_no,
            "_primary_term": TERM,
            "_score": 1.0,
            "sort": [_value(one.source, path) for part in order for path in part],
            "fields": {name: [one.source[name]] for name in wanted},
        }
        for id_, one in found
    ]
    sums = {"length": {"value": sum(one.source.get("length", 0) for _, one in found)}}
    having = body.get("aggs", {}).get("having", {"filters": {"filters": {}}})["filters"]["filters"]
    counts = {
        name: {"doc_count": sum(_passes(query, id_, one.source) for id_, one in found)}
        for name, query in having.items()
    }
    return {
        "hits": {"total": {"value": len(found)}, "hits": hits[: body.get("size", 10)]},
        "aggregations": {**sums, "having": {"buckets": counts}},
    }


def _passes(query: Mapping[str, Any], id_: str, source: Source) -> bool:
    ((kind, what),) = query.items()
    match kind:
        case "bool":
            least = what.get("minimum_should_match", 0 if "filter" in what or "should" not in what else 1)
            return (
                all(_passes(one, id_, source) for one in what.get("filter", ()))
                and not any(_passes(one, id_, source) for one in what.get("must_not", ()))
                and sum(_passes(one, id_, source) for one in what.get("should", ())) >= least
            )
        case "ids":
            return id_ in what["values"]
        case "exists":
            return _value(source, what["field"]) is not None
        case "term" | "terms":
            ((path, wanted),) = what.items()
            held = _value(source, path)
            held = held.split() if path == "terms" and held else [held]
            return any(one in held for one in (wanted if kind == "terms" else [wanted]))
    raise NotImplementedError(f"the fake knows no query {kind!r}")


def _value(source: Source, path: str) -> Any:
    for name in path.split("."):
        source = source.get(name) if isinstance(source, Mapping) else None  # type: ignore[assignment]
    return source


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is None, 0 if value is None else value


# --- requests ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What a part of a request is: its kind, where it is done, and which documents it names."""

    kind: str
    place: str = ""
    ids: frozenset[str] = frozenset()

    def crosses(self, other: Request) -> bool:
        """Whether it may matter which of two is done first."""
        kinds = {self.kind, other.kind}
        if self.place != other.place or kinds <= {"mget", "msearch"}:
            return False
        if kinds <= {"mget", "bulk"}:
            return bool(self.ids & other.ids)
        return kinds not in ({"mget", "refresh"}, {"bulk", "msearch"})


class Turns(Protocol):
    """Who says when a step is done: a scheduler, or nobody."""

    def part(self, request: Request, steps: Sequence[Step | Sequence[Step]]) -> Awaitable[list[Any]]:
        """Do these steps one after another, each when its turn comes; of several ways for a step one is chosen."""
        ...


class AtOnce:
    """Does every step as soon as it is asked for."""

    async def part(self, request: Request, steps: Sequence[Step | Sequence[Step]]) -> list[Any]:
        return [(step if callable(step) else step[0])() for step in steps]


class FakeServer:
    """The connection of one process to the machine: the port `Server`."""

    def __init__(self, machine: Machine, turns: Turns, *, fine: bool = False) -> None:
        self.machine, self.fine = machine, fine
        self.turns: Turns = turns
        self.copies = max(len(index.copies) for index in machine.indices.values())

    async def mget(self, asked: Sequence[Ask], *, there: bool = False) -> list[Got]:
        """See `Server.mget`; `there` changes nothing, as the primary has what it refused for."""

        def gets(part: Sequence[Ask], copy: int) -> Step:
            return lambda: [self.machine.get(ask, copy) for ask in part]

        ways = range(1 if there else self.copies)
        return await self._parts(
            "mget", asked, lambda ask: ask.index, lambda part: [[gets(part, copy) for copy in ways]]
        )

    async def bulk(self, actions: Sequence[Action]) -> list[Done]:
        """See `Server.bulk`."""
        return await self._parts("bulk", actions, lambda action: action.alias, self._writes)

    async def msearch(self, searches: Sequence[Searching]) -> list[Mapping[str, Any]]:
        """See `Server.msearch`."""

        def found(part: Sequence[Searching]) -> Step:
            return lambda: [self.machine.search(one) for one in part]

        return await self._parts("msearch", searches, lambda one: one.aliases[0], lambda part: [found(part)])

    async def refresh(self, aliases: Sequence[str]) -> None:
        """See `Server.refresh`."""

        def refreshed(part: Sequence[str]) -> Step:
            return lambda: [self.machine.refresh(alias) for alias in part]  # type: ignore[func-returns-value]

        await self._parts("refresh", aliases, lambda alias: alias, lambda part: [refreshed(part)])

    def _writes(self, actions: Sequence[Action]) -> list[Step | Sequence[Step]]:
        def written(part: Sequence[Action]) -> Step:
            return lambda: [self.machine.write(action) for action in part]

        def copied() -> list[Any]:
            for action in actions:
                self.machine.replicate(action.alias, action.id)
            return []

        parts = [[action] for action in actions] if self.fine else [actions]
        steps: list[Step | Sequence[Step]] = [written(part) for part in parts]
        return [*steps, copied] if self.copies > 1 else steps

    async def _parts(
        self,
        kind: str,
        items: Sequence[Any],
        index_of: Callable[[Any], str],
        steps_of: Callable[[Sequence[Any]], Sequence[Step | Sequence[Step]]],
    ) -> list[Any]:
        """One part for each index, done side by side; the answers in the order of the items."""
        if not items:
            return []
        groups: dict[str, list[int]] = {}
        for number, item in enumerate(items):
            groups.setdefault(self.machine.place(index_of(item)), []).append(number)
        parts = {place: [items[number] for number in group] for place, group in groups.items()}
        waits = [self.turns.part(Request(kind, place, _ids(part)), steps_of(part)) for place, part in parts.items()]
        answers = [await waits[0]] if len(waits) == 1 else await asyncio.gather(*waits)
        flat = {
            number: one
            for group, answer in zip(groups.values(), answers, strict=True)
            for number, one in zip(group, chain.from_iterable(answer), strict=True)
        }
        return [flat[number] for number in range(len(items))]


def _ids(part: Sequence[Any]) -> frozenset[str]:
    return frozenset([one.id for one in part if isinstance(one, Ask | Action)])
