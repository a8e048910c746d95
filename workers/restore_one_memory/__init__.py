"""The return of an expired memory, by a person's wish."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from memoryengine.errors import InputError, NotFound
from memoryengine.ports import Reader
from memoryengine.values import Changes, Expiry, Memory
from memoryengine.worker import Stop, worker


@dataclass(frozen=True)
class Restoration:
    """The wish to have the memory back."""

    changes: Changes


@worker("restore_one_memory")
@dataclass(frozen=True)
class RestoreOneMemory:
    """Make an expired memory valid again; with `instead` what took its place expires by hand, and was never true.

    Without it that stays valid too, for both may be true, and the result names it.
    """

    reader: Reader

    async def run(self, memory_id: str, instead: bool = False) -> Restoration | Stop:
        """Ask for it; stops where the memory is valid already.

        Raises `NotFound` for an id that no memory has, and `InputError` for an insight whose evidence has expired.
        """
        known = {memory.id: memory for memory in await self.reader.memories()}
        memory = _found(memory_id.strip(), known)
        if memory.status == "valid":
            return Stop(f"The memory {memory.id} is valid; there is nothing to restore.")
        gone = [id_ for id_ in memory.evidence if id_ not in known or known[id_].status == "expired"]
        if gone:
            raise InputError(
                f"The insight {memory.id} rests on memories that have expired: {', '.join(gone)}. Restore those; the "
                "next reflection sums them up anew."
            )
        return Restoration(_without_successors(memory, known) if instead else Changes(restored=(memory.id,)))


def _found(wanted: str, known: Mapping[str, Memory]) -> Memory:
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise NotFound(f"There is no memory with the id {wanted[:80]!r}; list_memory with expired shows the ids.{hint}")
    return known[wanted]


def _without_successors(memory: Memory, known: Mapping[str, Memory]) -> Changes:
    """The memory restored, and all that took its place one after the other expired by it."""
    after: dict[str, Memory] = {}
    by = known.get(memory.superseded_by)
    while by is not None and by.id not in after and by.id != memory.id:
        after[by.id] = by
        by = known.get(by.superseded_by)
    return Changes(
        restored=(memory.id,),
        expired=tuple(Expiry(m.id, "by hand", memory.id) for m in after.values() if m.status == "valid"),
        shortened=tuple(Expiry(m.id, "by hand", memory.id) for m in after.values() if m.status == "expired"),
    )
