"""What changes rest on: the stored documents that they name, and those that these stand or fall with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .filters import Is
from .ports import Document, Store
from .reader import read_all
from .records import MEMORIES, MESSAGES, memory_of
from .values import Changes, Memory, Scope

Documents = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Ground:
    """The stored documents that changes rest on, by id; what is gone is not in it."""

    messages: Documents
    memories: Documents

    def valid(self, id_: str) -> bool:
        """Whether the memory is there and valid."""
        return id_ in self.memories and self.memories[id_].fields.get("status") == "valid"

    def held(self) -> dict[str, Memory]:
        """The memories by id."""
        return {id_: memory_of(document) for id_, document in self.memories.items()}


async def read_ground(store: Store, scope: Scope, changes: Changes) -> Ground:
    """Read everything that the changes rest on or touch."""
    fallen = (*changes.expired, *changes.shortened)
    named = {id_ for e in fallen for id_ in (e.memory, e.superseded_by)} | {id_ for id_, _ in changes.known}
    named |= {*changes.reflected, *changes.deleted, *changes.restored}
    named |= {id_ for c in changes.conflicts for id_ in (c.memory, c.by)}
    for memory in changes.memories:
        named |= {*memory.evidence, memory.superseded_by}
    memories = await get_documents(store, scope, MEMORIES, named - {""})
    memories |= await _successors(store, scope, {*changes.restored} & memories.keys(), memories)
    late = {m.superseded_by for m in changes.memories} - {""}
    memories |= await _linked(store, scope, MEMORIES, "superseded_by", late)
    memories |= await _linked(store, scope, MEMORIES, "sources", {*changes.deleted_messages})
    unfounded = {*changes.deleted, *(e.memory for e in changes.expired), *untold(changes, memories)}
    memories |= await _linked(store, scope, MEMORIES, "evidence", unfounded)
    freed = {i for m in memories.values() if rests(m, unfounded) for i in ids_of(m, "evidence")}
    memories |= await get_documents(store, scope, MEMORIES, freed - memories.keys())
    if changes.with_messages:
        told = {s for id_ in unfounded & memories.keys() for s in ids_of(memories[id_], "sources")}
        memories |= await _linked(store, scope, MEMORIES, "sources", told)
    messages = {*changes.consolidated, *changes.deleted_messages, *(s for m in changes.memories for s in m.sources)}
    messages |= {s for _, ids in changes.known for s in ids}
    messages |= {s for m in memories.values() for s in ids_of(m, "sources")}
    said = await get_documents(store, scope, MESSAGES, messages)
    again = {s for id_ in changes.restored if id_ in memories for s in ids_of(memories[id_], "sources")}
    others = {id_ for s in again & said.keys() for id_ in ids_of(said[s], "memories")}
    memories |= await get_documents(store, scope, MEMORIES, others - memories.keys())
    gone = unfounded | {id_ for id_, document in memories.items() if rests(document, unfounded)}
    repeated = gone | {s for id_ in gone & memories.keys() for s in ids_of(memories[id_], "sources")}
    repeated |= {s for m in changes.memories if m.status == "expired" for s in m.sources} | {*changes.deleted_messages}
    answers = await _linked(store, scope, MESSAGES, "repeats", repeated)
    return Ground(said | answers, memories)


def contradicted(changes: Changes) -> set[str]:
    """What turned out not to hold; a memory that another contains or sums up still does."""
    return {e.memory for e in changes.expired if e.reason in ("contradicted", "by hand")}


def untold(changes: Changes, memories: Documents) -> set[str]:
    """The memories that came from messages which are to be deleted, and from no other."""
    gone = {*changes.deleted_messages}
    return {id_ for id_, document in memories.items() if gone.issuperset(told := ids_of(document, "sources")) and told}


def rests(document: Document, on: set[str]) -> bool:
    """Whether a memory cites one of these as evidence."""
    return bool(on.intersection(ids_of(document, "evidence")))


def ids_of(document: Document, field: str) -> tuple[str, ...]:
    """The ids that a document names in a field."""
    held = document.fields.get(field)
    return held if isinstance(held, tuple) else ()


async def _successors(store: Store, scope: Scope, ids: set[str], held: Documents) -> dict[str, Document]:
    """What took the place of these memories, one after the other."""
    found = {id_: held[id_] for id_ in ids}
    fresh = found
    while fresh:
        named = {str(by) for d in fresh.values() if (by := d.fields.get("superseded_by"))}
        fresh = await get_documents(store, scope, MEMORIES, named - found.keys())
        found |= fresh
    return found


async def get_documents(store: Store, scope: Scope, collection: str, ids: Iterable[str]) -> dict[str, Document]:
    """The documents of these ids that are there, by id."""
    wanted = sorted(set(ids))
    found = await store.get(scope, collection, wanted) if wanted else ()
    return {d.id: d for d in found if d is not None}


async def _linked(store: Store, scope: Scope, collection: str, field: str, ids: set[str]) -> dict[str, Document]:
    """The documents that name one of these ids in `field`, and those that name such a document."""
    found: dict[str, Document] = {}
    fresh = ids
    while fresh:
        naming = await read_all(store, scope, collection, Is(field, *sorted(fresh)))
        fresh = {d.id for d in naming} - found.keys() - ids
        found.update((d.id, d) for d in naming)
    return found
