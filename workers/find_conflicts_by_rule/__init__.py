"""What new observations change about what is known: repetition, containment and contradiction, by rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from memoryengine.ports import Reader, Search
from memoryengine.text import terms
from memoryengine.validity import begins, is_later
from memoryengine.values import Changes, Conflict, Expiry, Kind, Locale, Memory, Reason
from memoryengine.worker import Memories, worker

from .compare import Read, verdict
from .cues import cue

COMPARED: tuple[Kind, ...] = ("observation", "custom")


@dataclass(frozen=True)
class Compared:
    """The new memories that stay, the expiries they bring, and known ones that were said again."""

    changes: Changes


@worker("find_conflicts_by_rule")
@dataclass(frozen=True)
class FindConflictsByRule:
    """Compare new observations with each other and with what is known about the same things.

    The same content again makes the known memory cite the new message too. A memory that says all of another and more
    takes its place ("contained"). Two that cannot both hold, because an attribute has one value at a time or because
    one denies the other, are "contradicted": the later one stays (`validity.is_later`), and the other ends where it
    began. A memory added by hand never expires: that it is contradicted is reported, and both stay. What is known
    is found in one search: `near` memories by the words of each observation, `alike` by those of each attribute.
    """

    reader: Reader
    locale: Locale
    near: int = 20
    alike: int = 100

    async def run(self, observations: Memories) -> Compared:
        """Compare, oldest first; without observations nothing is searched."""
        if not observations:
            return Compared(Changes())
        # A chat tells of the user by name, an import may not: both are the one whose memory this is.
        names = frozenset({self.locale.human("zh"), self.locale.human("en"), "user", "用户", self.reader.scope.user})
        new = [Read.of(memory, names) for memory in sorted(observations, key=lambda m: m.said_at)]
        known = [Read.of(memory, names) for memory in await self._known(new)]
        standing = _Standing()
        for read in known:
            standing.add(read)
        for read in new:
            standing.meet(read)
        return Compared(standing.changes({read.memory.id for read in new}))

    async def _known(self, new: Sequence[Read]) -> list[Memory]:
        """The valid memories that share words with a new one, or speak of the same attribute."""
        asked = [Search(read.memory.content, kinds=COMPARED, top_k=self.near) for read in new]
        attributes = dict.fromkeys(claim.name for read in new for claim in read.claims if claim.family == "attribute")
        asked += [Search(cue(name), kinds=COMPARED, top_k=self.alike) for name in attributes]
        found: dict[str, Memory] = {}
        for hits in await self.reader.search(*asked):
            found |= {hit.item.id: hit.item for hit in hits if isinstance(hit.item, Memory)}
        return sorted(found.values(), key=lambda memory: (memory.said_at, memory.recorded_at))


@dataclass
class _Standing:
    """The memories that hold so far, and what each new one did to them."""

    reads: dict[str, Read] = field(default_factory=dict)
    gone: dict[str, Expiry] = field(default_factory=dict)
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    conflicts: dict[Conflict, None] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    by_key: dict[str, list[str]] = field(default_factory=dict)
    by_content: dict[tuple[str, ...], str] = field(default_factory=dict)

    def add(self, read: Read) -> None:
        """Let a memory stand, findable by each of its terms and attributes."""
        self.reads[read.memory.id] = read
        self.by_content[terms(read.memory.content)] = read.memory.id
        for key in read.keys:
            self.by_key.setdefault(key, []).append(read.memory.id)

    def meet(self, new: Read) -> None:
        """Compare a new memory with all that stand and may bear on it, and let it stand or not."""
        same = self.by_content.get(terms(new.memory.content))
        if same is not None and same not in self.gone:
            self._cite(same, new)
            return
        for old in self._candidates(new):
            if old.memory.id in self.gone:
                continue
            found = verdict(old, new)
            if found == "known":
                self._cite(old.memory.id, new)
                return
            if found is not None:
                self._replace(old.memory, new.memory, found)
        self.add(new)

    def _candidates(self, new: Read) -> Iterable[Read]:
        ids = dict.fromkeys(id_ for key in new.keys for id_ in self.by_key.get(key, ()))
        return [self.reads[id_] for id_ in ids]

    def _cite(self, id_: str, new: Read) -> None:
        """The messages of a memory that is not kept go over to the one that says the same.

        One that says it of an earlier time, told late, is kept for that time.
        """
        if begins(new.memory) < begins(self.reads[id_].memory):
            self.gone[new.memory.id] = Expiry(new.memory.id, "contained", id_)
            self.add(new)
            return
        self.merged.add(new.memory.id)
        self.known[id_] = tuple(dict.fromkeys((*self.known.get(id_, ()), *new.memory.sources)))

    def _replace(self, old: Memory, new: Memory, reason: Reason) -> None:
        """Expire the earlier one; what was added by hand stays, and if it is denied, that is told."""
        if is_later(old, new):
            old, new = new, old
        if old.kind != "custom":
            self.gone.setdefault(old.id, Expiry(old.id, reason, new.id))
        elif reason == "contradicted":
            self.conflicts[Conflict(old.id, new.id)] = None

    def changes(self, new: set[str]) -> Changes:
        """What is to be written: new memories (some born expired), expiries of known ones, citations."""
        kept = [read.memory for id_, read in self.reads.items() if id_ in new and id_ not in self.merged]
        return Changes(
            memories=tuple(self._born(memory) for memory in kept),
            expired=tuple(self._told(expiry) for id_, expiry in self.gone.items() if id_ not in new),
            conflicts=tuple(c for c in self.conflicts if c.memory not in self.gone and c.by not in self.gone),
            known=tuple((id_, sources) for id_, sources in self.known.items() if id_ not in new),
        )

    def _born(self, memory: Memory) -> Memory:
        sources = tuple(dict.fromkeys((*memory.sources, *self.known.get(memory.id, ()))))
        if memory.id not in self.gone:
            return replace(memory, sources=sources)
        expiry = self._told(self.gone[memory.id])
        retired_at = max(memory.recorded_at, self.reads[expiry.superseded_by].memory.recorded_at)
        return replace(
            memory,
            sources=sources,
            status="expired",
            reason=expiry.reason,
            superseded_by=expiry.superseded_by,
            retired_at=retired_at,
        )

    def _told(self, expiry: Expiry) -> Expiry:
        """The expiry by what says it in full: "left Wuhan" stands in "lives in Changsha", told in the same breath."""
        by = expiry.superseded_by
        while by in self.gone and self.gone[by].reason == "contained":
            by = self.gone[by].superseded_by
        return replace(expiry, superseded_by=by)
