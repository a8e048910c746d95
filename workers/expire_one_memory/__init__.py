"""The expiry of one memory, by a person's wish."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from memoryengine.errors import InputError, NotFound
from memoryengine.ports import Reader
from memoryengine.values import Changes, Expiry, Memory
from memoryengine.worker import Stop, worker


@dataclass(frozen=True)
class Expired:
    """The wish to expire the memory."""

    changes: Changes


@worker("expire_one_memory")
@dataclass(frozen=True)
class ExpireOneMemory:
    """Expire one valid memory by hand: it is true no longer, from now on or from when `by` began; it is kept."""

    reader: Reader

    async def run(self, memory_id: str, by: str | None = None) -> Expired | Stop:
        """Ask for it; stops where it has expired already. Raises `NotFound` for an id that no memory has."""
        known = {memory.id: memory for memory in await self.reader.memories()}
        memory = _found(memory_id.strip(), known)
        successor = _found(by.strip(), known) if by is not None else None
        if memory.status == "expired":
            return Stop(f"The memory {memory.id} has expired already.")
        if successor is not None and (successor.id == memory.id or successor.status == "expired"):
            raise InputError(f"The memory {successor.id} cannot take its place; name another one that is valid.")
        return Expired(Changes(expired=(Expiry(memory.id, "by hand", successor.id if successor else ""),)))


def _found(wanted: str, known: Mapping[str, Memory]) -> Memory:
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise NotFound(f"There is no memory with the id {wanted[:80]!r}; list_memory shows the ids.{hint}")
    return known[wanted]
