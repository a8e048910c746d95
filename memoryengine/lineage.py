"""Why a memory is there: what it came from, whose place it took, and what took its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import NotFound
from .filters import Is
from .ports import OLDEST_FIRST, Document, Store
from .reader import read_all
from .records import MEMORIES, MESSAGES, memory_of, message_of
from .results import show
from .values import Locale, Memory, Message, Scope


@dataclass(frozen=True, slots=True)
class Why:
    """A memory or a message with its lineage, as a tree. `str()` draws it.

    Of a memory: the `messages` it was drawn from, the `evidence` it cites, each with its own lineage, the `replaced`
    memories whose place it took, and the `replaced_by` ones that took its place, one after the other. Of either: the
    `brought` memories, which rest on it. `gone` are ids that it names and that were deleted: nothing is known of them.
    """

    item: Memory | Message
    messages: tuple[Message, ...] = ()
    evidence: tuple[Why, ...] = ()
    replaced: tuple[Memory, ...] = ()
    replaced_by: tuple[Memory, ...] = ()
    brought: tuple[Why, ...] = ()
    gone: tuple[str, ...] = ()
    locale: Locale = field(default_factory=Locale)

    def __str__(self) -> str:
        return "\n".join([_line(self.item, self.locale), *_drawn(self)])


async def why(store: Store, scope: Scope, id_: str, locale: Locale) -> Why:
    """The lineage of a memory or a message; raises `NotFound` for an id that neither has."""
    if not id_.strip():
        raise NotFound("The id is empty; list_memory and read_message show the ids.")
    return await _Lineage(store, scope, locale).of(id_)


@dataclass(frozen=True)
class _Lineage:
    store: Store
    scope: Scope
    locale: Locale
    _seen: set[str] = field(default_factory=set)

    async def of(self, id_: str) -> Why:
        """The tree of an id."""
        (memory,) = await self._get(MEMORIES, [id_])
        if memory is not None:
            return await self._of_memory(memory_of(memory), with_brought=True)
        (message,) = await self._get(MESSAGES, [id_])
        if message is None:
            raise NotFound(
                f"There is no memory and no message with the id {id_[:80]!r}; list_memory and read_message show "
                "them. Nothing is known of what was deleted."
            )
        return await self._of_message(message)

    async def _of_message(self, document: Document) -> Why:
        named = document.fields.get("memories")
        ids = named if isinstance(named, tuple) else ()
        brought = [await self._of_memory(memory_of(d)) for d in await self._get(MEMORIES, ids) if d is not None]
        there = {one.item.id for one in brought}
        gone = tuple([id_ for id_ in ids if id_ not in there])
        return Why(message_of(document), brought=tuple(brought), gone=gone, locale=self.locale)

    async def _of_memory(self, memory: Memory, *, with_brought: bool = False) -> Why:
        self._seen.add(memory.id)
        messages = [message_of(d) for d in await self._get(MESSAGES, memory.sources) if d is not None]
        cited = [memory_of(d) for d in await self._get(MEMORIES, memory.evidence) if d is not None]
        evidence = [await self._of_memory(one) for one in cited if one.id not in self._seen]
        after, lost = await self._replaced_by(memory)
        there = {one.id for one in messages} | {one.id for one in (*cited, *after)}
        gone = [id_ for id_ in (*memory.sources, *memory.evidence) if id_ not in there]
        brought = await self._naming("evidence", memory.id) if with_brought else ()
        return Why(
            memory,
            tuple(sorted(messages, key=lambda m: (m.said_at, m.recorded_at))),
            tuple(evidence),
            await self._naming("superseded_by", memory.id),
            after,
            tuple(Why(one, locale=self.locale) for one in brought),
            tuple(dict.fromkeys((*gone, *lost))),
            self.locale,
        )

    async def _replaced_by(self, memory: Memory) -> tuple[tuple[Memory, ...], tuple[str, ...]]:
        """The successors, one after the other, and the id of one that was deleted."""
        found: dict[str, Memory] = {}
        wanted = memory.superseded_by
        while wanted and wanted not in found and wanted != memory.id:
            (document,) = await self._get(MEMORIES, [wanted])
            if document is None:
                return tuple(found.values()), (wanted,)
            found[wanted] = memory_of(document)
            wanted = found[wanted].superseded_by
        return tuple(found.values()), ()

    async def _naming(self, field_name: str, id_: str) -> tuple[Memory, ...]:
        found = await read_all(self.store, self.scope, MEMORIES, Is(field_name, id_), OLDEST_FIRST)
        return tuple(map(memory_of, found))

    async def _get(self, collection: str, ids: Iterable[str]) -> tuple[Document | None, ...]:
        wanted = tuple(ids)
        return await self.store.get(self.scope, collection, wanted) if wanted else ()


def _line(item: Memory | Message, locale: Locale) -> str:
    return f"{show(item, locale)}  {item.id if isinstance(item, Message) else f'{item.kind} {item.id}'}"


def _drawn(tree: Why) -> list[str]:
    """The branches of a tree, each with a heading."""
    locale = tree.locale
    parts = [
        ("said in", [[_line(m, locale)] for m in tree.messages]),
        ("rests on", [[_line(one.item, locale), *_drawn(one)] for one in tree.evidence]),
        ("took the place of", [[_line(m, locale)] for m in tree.replaced]),
        ("replaced by", [[_line(m, locale)] for m in tree.replaced_by]),
        ("brought", [[_line(one.item, locale), *_drawn(one)] for one in tree.brought]),
        ("deleted", [[id_] for id_ in tree.gone]),
    ]
    return _branches([[f"{heading}:", *_branches(blocks)] for heading, blocks in parts if blocks])


def _branches(blocks: list[list[str]]) -> list[str]:
    drawn = []
    for number, (first, *rest) in enumerate(blocks, start=1):
        last = number == len(blocks)
        drawn.append(("└─ " if last else "├─ ") + first)
        drawn += [("   " if last else "│  ") + line for line in rest]
    return drawn
