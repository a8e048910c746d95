"""Who took whose place, and when: the ends of memories that others contradict, in the order of the time they speak of.

Memories that took each other's place form a chain. One that was told late ("in April I lived in Tianjin", said in
June) gets its place in the middle of the chain: it ends where the next one began, and the one before ends where it
began, also where that had expired already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from .validity import begins, begins_after, dated, ends, is_later
from .values import Changes, Expiry, Memory

Memories = Mapping[str, Memory]


def settled(changes: Changes, held: Memories) -> Changes:
    """The changes with the beginnings of new memories, their ends where they are born expired, and late ones in place.

    `held` are the stored memories that changes name, and those whose place the successors of late ones have taken.
    """
    made = {m.id: dated(m) for m in changes.memories}
    known: Memories = {**held, **made}
    made = {id_: _after_its_elders(memory, changes, known) for id_, memory in made.items()}
    expired = {e.memory: e for e in changes.expired}
    shortened: dict[str, Expiry] = {e.memory: e for e in changes.shortened}
    late = [m for m in made.values() if m.status == "expired" and m.superseded_by]
    for memory in sorted(late, key=lambda m: (begins(m), m.said_at, m.recorded_at)):
        known, going = {**held, **made}, {**expired, **shortened}
        chain = _chain(memory, known, going) if _is_late(memory, known) else []
        placed = made[memory.id] = _placed(made[memory.id], chain, known)
        for elder in chain:
            if not _holds_at(elder, begins(placed)) or is_later(elder, placed):
                continue
            link = Expiry(elder.id, "contradicted", placed.id)
            if elder.id in made:
                made[elder.id] = replace(elder, superseded_by=placed.id, valid_to=ends(elder, begins(placed)))
            elif elder.id in expired:
                expired[elder.id] = link
            else:
                shortened[elder.id] = link
    return replace(
        changes, memories=tuple(made.values()), expired=tuple(expired.values()), shortened=tuple(shortened.values())
    )


def ended(expiry: Expiry, known: Memories, at: datetime) -> datetime:
    """When a memory that expires stopped being true: when its successor began, else at the moment of the commit."""
    old, by = known[expiry.memory], known.get(expiry.superseded_by)
    return ends(old, begins_after(by, old) if by else at)


def _after_its_elders(memory: Memory, changes: Changes, known: Memories) -> Memory:
    """A new memory, beginning where those ended whose place it takes, if all that is told is "last month"."""
    elders = [known[e.memory] for e in changes.expired if e.superseded_by == memory.id and e.memory in known]
    elders += [m for m in changes.memories if m.superseded_by == memory.id]
    began = max([begins(memory), *(begins_after(memory, elder) for elder in elders)])
    return memory if began == memory.valid_from else replace(memory, valid_from=began)


def _chain(memory: Memory, known: Memories, going: Mapping[str, Expiry]) -> list[Memory]:
    """The successor of a memory and all whose place it took, one after the other, with the ends that they get."""
    by = {id_: going[id_].superseded_by if id_ in going else m.superseded_by for id_, m in known.items()}
    found, fresh = {memory.superseded_by}, {memory.superseded_by}
    while fresh:
        fresh = {id_ for id_, successor in by.items() if successor in fresh} - found
        found |= fresh
    others = {id_ for id_ in found if id_ in known and _is_other(known[id_], memory)}
    members = [known[id_] for id_ in found - others - {memory.id} if id_ in known]
    return [_with_end(m, going.get(m.id), known) for m in members]


def _is_other(one: Memory, memory: Memory) -> bool:
    """Whether both name what they are about, and it is not the same: one that tells much replaces many things."""
    told = one.kind != "insight" and one.subject and memory.subject
    return bool(told and one.subject != memory.subject)


def _with_end(memory: Memory, going: Expiry | None, known: Memories) -> Memory:
    """A memory with the end that it gets by `going`, or by the successor that it names already."""
    by = known.get(going.superseded_by if going else memory.superseded_by)
    if by is None or (going is None and memory.valid_to is not None):
        return memory
    return replace(memory, valid_to=ends(memory, begins_after(by, memory)))


def _is_late(memory: Memory, known: Memories) -> bool:
    """Whether it has a place among those that its successor replaced: denied, or said again of an earlier time."""
    by = known.get(memory.superseded_by)
    return memory.reason == "contradicted" or (by is not None and begins(memory) < begins(by))


def _placed(late: Memory, chain: Iterable[Memory], known: Memories) -> Memory:
    """A memory born expired, before the next one of its chain, else before the one that it names."""
    # Insights that fell with one of the chain end with it, and take nobody's place.
    told = [m for m in chain if m.kind != "insight"]
    later = (m for m in told if begins(m) > begins(late))
    after = min(later, key=begins, default=known.get(late.superseded_by))
    # What held already, and was told again since, leaves it no time at all.
    after = next((m for m in told if _holds_at(m, begins(late)) and is_later(m, late)), after)
    if after is None:
        return late
    reason = late.reason if after.id == late.superseded_by else "contradicted"
    return replace(late, superseded_by=after.id, reason=reason, valid_to=ends(late, begins_after(after, late)))


def _holds_at(elder: Memory, moment: datetime) -> bool:
    return begins(elder) < moment and elder.valid_to is not None and moment < elder.valid_to
