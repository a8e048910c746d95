"""From what a run wants to write to one commit: what it rested on is read again, what no longer holds is left out.

A commit names the revision at which its ground was read, so between the reading and the commit nothing can have
changed. When somebody else came first the ground is read again and the commit is made anew from the same changes; no
model is asked twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .beliefs import Standing, next_moment, standing_fields, standings
from .filters import Value
from .ground import Ground, contradicted, get_documents, ids_of, rests, untold
from .ports import Document, Patch, Store, Writes
from .records import (
    CONSOLIDATED,
    MEMORIES,
    MESSAGES,
    PENDING,
    RUNS,
    memory_document,
    memory_of,
    message_document,
    message_of,
)
from .results import Action
from .succession import ended, settled
from .text import content_terms
from .values import Changes, Conflict, Expiry, Memory, Message, Scope

COMMIT_ATTEMPTS = 50
"""How often a commit is made anew because those of others came first."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is kept of a run: never a text of a person or a model."""

    id: str
    operation: str
    trigger: str
    at: datetime
    body: Mapping[str, Any]

    def document(self, outcome: str, messages: Sequence[str] = ()) -> Document:
        """The run as a document; `messages` are those that it consolidated."""
        return Document(
            id=self.id,
            fields={
                "operation": self.operation,
                "trigger": self.trigger,
                "outcome": outcome,
                "at": self.at,
                "messages": tuple(messages) or None,
            },
            body=self.body,
            digest=self.id,
        )


def overtaken(changes: Changes, ground: Ground) -> bool:
    """Whether another run has consolidated one of these messages already, or all of them were deleted."""
    held = [ground.messages[id_] for id_ in changes.consolidated if id_ in ground.messages]
    return any(d.fields.get("state") != PENDING for d in held) or bool(changes.consolidated and not held)


def prune(changes: Changes, ground: Ground) -> Changes:
    """The changes that still hold: nothing that came from a deleted message or memory, no expiry of what is not valid.

    Deleting a memory deletes the insights that rest on it too, and one that is contradicted takes them along: they may
    repeat its words. What an insight that fell away was to sum up waits for the next reflection. Only a person expires
    what was told by hand: a wish of a run to do so becomes a conflict, which is reported.
    """
    new = [_settled(m, ground, changes) for m in changes.memories if _founded(m, ground)]
    there = {m.id for m in new if m.status == "valid"} | {i for i in ground.memories if ground.valid(i)}
    present = {m.id for m in new} | ground.memories.keys() | {""}
    wishes = [e for e in changes.expired if ground.valid(e.memory) and e.superseded_by in present]
    by_hand = [e for e in wishes if _is_custom(ground, e.memory) and e.reason != "by hand"]
    expired = [e for e in wishes if e not in by_hand]
    told = [Conflict(e.memory, e.superseded_by) for e in by_hand if e.reason == "contradicted"]
    conflicts = dict.fromkeys(c for c in (*changes.conflicts, *told) if c.memory in there and c.by in there)
    unseen = {id_ for m in changes.memories if not _founded(m, ground) for id_ in m.evidence}
    kept = replace(
        changes,
        memories=tuple(new),
        expired=(*expired, *_unfounded(expired, ground)),
        shortened=tuple(e for e in changes.shortened if e.memory in ground.memories and e.superseded_by in present),
        restored=tuple(id_ for id_ in changes.restored if id_ in ground.memories and not ground.valid(id_)),
        conflicts=tuple(conflicts),
        known=tuple((id_, tuple(s for s in ids if s in ground.messages)) for id_, ids in changes.known),
        consolidated=tuple(id_ for id_ in changes.consolidated if id_ in ground.messages),
        reflected=tuple(id_ for id_ in changes.reflected if id_ in ground.memories and id_ not in unseen),
        deleted=tuple(_doomed(changes, ground)),
        deleted_messages=tuple(id_ for id_ in changes.deleted_messages if id_ in ground.messages),
    )
    return settled(kept, ground.held())


def to_writes(changes: Changes, ground: Ground, run: RunRecord) -> Writes:
    """One commit for pruned changes."""
    patches = _Patches()
    _link_messages(changes, ground, patches)
    _stand(changes, ground, run, patches)
    _retire(changes, ground, patches)
    _restore(changes, ground, patches)
    for id_ in changes.consolidated:
        patches.add(MESSAGES, id_, state=CONSOLIDATED, run=run.id)
    for id_ in changes.reflected:
        patches.add(MEMORIES, id_, reflected=True, review=None)
    deleted = [(MEMORIES, id_) for id_ in changes.deleted] + _deleted_messages(changes, ground, patches)
    put = [(MEMORIES, memory_document(m, run.id)) for m in changes.memories]
    return Writes(
        put=(*put, (RUNS, run.document("committed", changes.consolidated))),
        patch=patches.all(without=set(deleted)),
        delete=tuple(deleted),
        entry=history_entry(changes, run, len(deleted) - len(changes.deleted)),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """The ids of what a model had before it when it answered."""

    memories: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()


async def turn_writes(
    store: Store, scope: Scope, asked: Message, answered: Message, seen: Seen, at: datetime
) -> Writes | None:
    """One commit for a question and its answer, which rests on what the model saw; None if some of it was deleted.

    Such an answer may repeat what must not come back. It is hidden where what it saw has expired or was hidden since.
    """
    memories = await get_documents(store, scope, MEMORIES, seen.memories)
    messages = await get_documents(store, scope, MESSAGES, seen.messages)
    if len(memories) < len(seen.memories) or len(messages) < len(seen.messages):
        return None
    stale = any(d.fields.get("status") != "valid" for d in memories.values())
    stale = stale or any(d.fields.get("hidden") for d in messages.values())
    answer = message_document(answered, (asked.id, *seen.memories, *seen.messages), hidden=stale)
    entry = history_entry(Changes(), RunRecord("", "chat", "chat", at, {}), 0)
    return Writes(put=((MESSAGES, message_document(asked)), (MESSAGES, answer)), entry=entry)


def history_entry(changes: Changes, run: RunRecord, messages_deleted: int) -> dict[str, Any]:
    """What history keeps of a commit: ids, cause and run, never a text."""
    return {
        "at": run.at.isoformat(),
        "run": run.id,
        "operation": run.operation,
        "trigger": run.trigger,
        "new": [m.id for m in changes.memories],
        "expired": [[e.memory, e.reason, e.superseded_by] for e in changes.expired],
        "shortened": [[e.memory, e.superseded_by] for e in changes.shortened],
        "restored": list(changes.restored),
        "conflicts": [[c.memory, c.by] for c in changes.conflicts],
        "known": [id_ for id_, _ in changes.known],
        "deleted": list(changes.deleted),
        "messages_deleted": messages_deleted,
        "consolidated": list(changes.consolidated),
        "purged": "" if changes.purge is None else "all" if changes.purge.messages else "memories",
    }


def actions_of(changes: Changes, ground: Ground) -> tuple[Action, ...]:
    """What a commit did, memory by memory, for people to read."""
    held = ground.held()
    made = {m.id: m for m in changes.memories}
    known = {**held, **made}
    done = [Action("new", m, known.get(m.superseded_by)) for m in changes.memories]
    for expiry in changes.expired:
        retired = replace(held[expiry.memory], status="expired", reason=expiry.reason)
        done.append(Action("expired", retired, known.get(expiry.superseded_by)))
    done += [Action("restored", _valid_again(held[id_]), _beside(held[id_], changes, held)) for id_ in changes.restored]
    done += [Action("conflict", known[c.memory], known.get(c.by)) for c in changes.conflicts if c.memory in known]
    done += [Action("known", held[id_]) for id_, _ in changes.known if id_ in held]
    done += [Action("deleted", held[id_]) for id_ in changes.deleted]
    return tuple(done)


def _valid_again(memory: Memory) -> Memory:
    return replace(memory, status="valid", reason=None, superseded_by="", retired_at=None, valid_to=None)


def _beside(memory: Memory, changes: Changes, held: Mapping[str, Memory]) -> Memory | None:
    """What had contradicted a memory that is restored, where it is valid still."""
    gone = {e.memory for e in changes.expired}
    seen = {memory.id}
    by = held.get(memory.superseded_by)
    while by is not None and by.status == "expired" and by.id not in seen:
        seen.add(by.id)
        by = held.get(by.superseded_by)
    still = by is not None and by.status == "valid" and by.id not in gone
    return by if still and memory.reason in ("contradicted", "by hand") else None


class _Patches:
    """Field values to set, gathered a document at a time."""

    def __init__(self) -> None:
        self._fields: defaultdict[tuple[str, str], dict[str, Value]] = defaultdict(dict)

    def add(self, collection: str, id_: str, **fields: Value) -> None:
        self._fields[collection, id_].update(fields)

    def all(self, without: set[tuple[str, str]]) -> tuple[Patch, ...]:
        return tuple(Patch(c, i, fields) for (c, i), fields in self._fields.items() if (c, i) not in without)


def _link_messages(changes: Changes, ground: Ground, patches: _Patches) -> None:
    """Tell each source message which memories stand for it; one that an expired memory came from is hidden."""
    links: defaultdict[str, list[str]] = defaultdict(list)
    for memory in changes.memories:
        for source in memory.sources:
            links[source].append(memory.id)
            if memory.status == "expired":
                patches.add(MESSAGES, source, hidden=True)
    for id_, sources in changes.known:
        if id_ not in ground.memories:
            # A person deleted it meanwhile: what said it again must not bring it back.
            for source in sources:
                patches.add(MESSAGES, source, hidden=True)
            continue
        for source in sources:
            links[source].append(id_)
        patches.add(MEMORIES, id_, **_told_again(ground.memories[id_], sources, ground))
    for source, made in links.items():
        patches.add(MESSAGES, source, memories=_union(ids_of(ground.messages[source], "memories"), made))


def _told_again(memory: Document, sources: Sequence[str], ground: Ground) -> dict[str, Value]:
    """A memory that was said again: it cites the new messages too, and was confirmed when the newest was said."""
    held = memory_of(memory)
    said = [message_of(ground.messages[source]).said_at for source in sources]
    newest = max([held.confirmed_at or held.said_at, *said])
    cited = _union(held.sources, sources)
    return {"sources": cited, "confirmed_at": newest} if newest > held.said_at else {"sources": cited}


def _stand(changes: Changes, ground: Ground, run: RunRecord, patches: _Patches) -> None:
    """Write how memories stand from now on: expired, ended earlier than was known, or valid again.

    Memory knows it since the successor was recorded, so that there is no moment at which both stood or neither.
    """
    made = {m.id: m for m in changes.memories}
    known = {**ground.held(), **made}
    for expiry in (*changes.expired, *changes.shortened):
        past = _standings(ground, expiry.memory)
        by = made.get(expiry.superseded_by)
        since = next_moment(past, by.recorded_at if by else run.at)
        ending = ended(expiry, known, run.at)
        now = Standing(since, "expired", ending, expiry.reason, expiry.superseded_by)
        patches.add(MEMORIES, expiry.memory, **standing_fields(past, now))
    for id_ in changes.restored:
        past = _standings(ground, id_)
        end = past[0].valid_to if past[0].status == "valid" else None
        now = Standing(next_moment(past, run.at), "valid", end)
        patches.add(MEMORIES, id_, **standing_fields(past, now))


def _standings(ground: Ground, id_: str) -> tuple[Standing, ...]:
    fields = ground.memories[id_].fields
    return standings(fields, memory_of(ground.memories[id_]).recorded_at)


def _restore(changes: Changes, ground: Ground, patches: _Patches) -> None:
    """Let messages be found again from which nothing came that expired or was deleted."""
    valid = {*changes.restored, *(id_ for id_ in ground.memories if ground.valid(id_))}
    valid -= {e.memory for e in changes.expired}
    for id_ in changes.restored:
        for source in ids_of(ground.memories[id_], "sources"):
            if source in ground.messages and valid.issuperset(ids_of(ground.messages[source], "memories")):
                patches.add(MESSAGES, source, hidden=None)


def _retire(changes: Changes, ground: Ground, patches: _Patches) -> None:
    """Hide the messages that expired or deleted memories came from, and have insights on them looked at again."""
    gone = {*changes.deleted, *(e.memory for e in changes.expired)}
    for id_ in sorted(gone):
        for source in ids_of(ground.memories[id_], "sources"):
            if source in ground.messages:
                patches.add(MESSAGES, source, hidden=True)
    fallen = [memory_of(ground.memories[id_]) for id_ in gone]
    for id_ in _repeating([*fallen, *(m for m in changes.memories if m.status == "expired")], ground):
        # What repeats it must not be read for memories later, and a run that has read it already must read again.
        patches.add(MESSAGES, id_, hidden=True, state=CONSOLIDATED)
    for id_ in {*changes.deleted, *contradicted(changes)}:
        for evidence in ids_of(ground.memories[id_], "evidence"):
            if ground.valid(evidence) and evidence not in gone:
                patches.add(MEMORIES, evidence, reflected=False)
    for id_, document in ground.memories.items():
        if ground.valid(id_) and rests(document, gone) and id_ not in changes.deleted:
            patches.add(MEMORIES, id_, review=True)


def _deleted_messages(changes: Changes, ground: Ground, patches: _Patches) -> list[tuple[str, str]]:
    """The messages to delete along, taken out of the sources of the memories that stay."""
    if not (changes.with_messages or changes.deleted_messages):
        return []
    gone = {*changes.deleted_messages}
    memories = [memory_of(ground.memories[id_]) for id_ in changes.deleted]
    memories = [m for m in memories if changes.with_messages or gone.issuperset(m.sources)]
    gone |= {s for m in memories for s in m.sources if s in ground.messages}
    gone |= _repeating(memories, ground, changes.deleted_messages)
    for id_, document in ground.memories.items():
        kept = tuple(s for s in ids_of(document, "sources") if s not in gone)
        if id_ not in changes.deleted and kept != ids_of(document, "sources"):
            patches.add(MEMORIES, id_, sources=kept or None)
    return [(MESSAGES, id_) for id_ in sorted(gone)]


def _founded(memory: Memory, ground: Ground) -> bool:
    evidence = all(ground.valid(id_) for id_ in memory.evidence)
    return evidence and all(s in ground.messages for s in memory.sources)


def _settled(memory: Memory, ground: Ground, changes: Changes) -> Memory:
    """A memory born expired is valid after all when what superseded it is gone."""
    by = memory.superseded_by
    if not by or ground.valid(by) or any(m.id == by for m in changes.memories):
        return memory
    return _valid_again(memory)


def _doomed(changes: Changes, ground: Ground) -> Iterable[str]:
    wanted = {*changes.deleted, *untold(changes, ground.memories)}
    return (id_ for id_, document in ground.memories.items() if id_ in wanted or rests(document, wanted))


def _is_custom(ground: Ground, id_: str) -> bool:
    return ground.memories[id_].fields.get("kind") == "custom"


def _unfounded(expired: Sequence[Expiry], ground: Ground) -> Iterable[Expiry]:
    """The expiries of the insights that rest on a memory that is contradicted."""
    by = {e.memory: e.superseded_by for e in expired if e.reason in ("contradicted", "by hand")}
    done = {e.memory for e in expired}
    for id_, document in ground.memories.items():
        fallen = [evidence for evidence in ids_of(document, "evidence") if evidence in by]
        if fallen and id_ not in done and ground.valid(id_):
            yield Expiry(id_, "contradicted", by[fallen[0]])


def _repeating(gone: Sequence[Memory], ground: Ground, said: Sequence[str] = ()) -> set[str]:
    """The answers that a model gave with these memories, or messages of theirs, before it, and that repeat a word."""
    fresh = {*said, *(id_ for memory in gone for id_ in (memory.id, *memory.sources))}
    told = [m.content for m in gone] + [ground.messages[i].body["content"] for i in fresh & ground.messages.keys()]
    words = {term for text in told for term in content_terms(text)}
    found: set[str] = set()
    while fresh:
        linked = [d for d in ground.messages.values() if d.id not in found and fresh.intersection(ids_of(d, "repeats"))]
        fresh = {d.id for d in linked if words.intersection(content_terms(d.body["content"]))}
        found |= fresh
    return found


def _union(held: tuple[str, ...], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*held, *more)))
