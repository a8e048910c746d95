"""Messages that were set aside because consolidating them failed too often: to be seen, taken up again or given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .attempts import NOT_WAITING
from .commits import COMMIT_ATTEMPTS, RunRecord, history_entry
from .errors import Moved, NotFound, StoreError
from .filters import Is, Value
from .locks import ScopeLocks
from .ports import OLDEST_FIRST, Clock, Document, Patch, Store, Writes
from .reader import read_all
from .records import DISCARDED, MESSAGES, PENDING, QUARANTINED, message_of
from .values import Changes, Message, Scope

TOGETHER = 500
"""How many messages change in one commit."""

RETRIED: Mapping[str, Value] = {"state": PENDING, "attempts": None, "alone": None, "trouble": None, **NOT_WAITING}
GIVEN_UP: Mapping[str, Value] = {"state": DISCARDED, **NOT_WAITING}


@dataclass(frozen=True, slots=True)
class SetAside:
    """A message that was set aside, and the kind of its last failure; `message.attempts` says how often it failed."""

    message: Message
    trouble: str


async def read_set_aside(store: Store, scope: Scope, limit: int | None = None) -> tuple[SetAside, ...]:
    """The messages that were set aside, oldest first."""
    found = await read_all(store, scope, MESSAGES, Is("state", QUARANTINED), OLDEST_FIRST, limit)
    return tuple(SetAside(message_of(d), str(d.fields.get("trouble") or "")) for d in found)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What was set aside of one scope, to be changed by hand."""

    store: Store
    scope: Scope
    clock: Clock
    locks: ScopeLocks

    async def retry(self, ids: Sequence[str] | None = None) -> tuple[Message, ...]:
        """Let these messages wait again as if they had never failed, or all that were set aside; returns them.

        Raises `NotFound` for an id that is not set aside, and changes nothing then.
        """
        return await self._change("retry", "retried", RETRIED, ids)

    async def discard(self, ids: Sequence[str] | None = None) -> tuple[Message, ...]:
        """Give these messages up, or all that were set aside: they stay in the conversation, and no run takes them.

        Raises as `retry`.
        """
        return await self._change("discard", "discarded", GIVEN_UP, ids)

    async def _change(
        self, operation: str, done_to: str, fields: Mapping[str, Value], ids: Sequence[str] | None
    ) -> tuple[Message, ...]:
        chosen = tuple(dict.fromkeys(ids)) if ids is not None else None
        if chosen is not None:
            named = [id_ for id_ in chosen if id_]  # a store takes no empty id
            held = dict(zip(named, await self.store.get(self.scope, MESSAGES, named), strict=True))
            self._check(chosen, held)
        else:
            chosen = tuple(one.message.id for one in await read_set_aside(self.store, self.scope))
        done: list[Message] = []
        for part in _parts(chosen):
            async with self.locks.of(self.scope):
                done += await self._commit(operation, done_to, fields, part)
        return tuple(done)

    def _check(self, ids: Sequence[str], held: Mapping[str, Document | None]) -> None:
        for id_ in ids:
            document = held.get(id_)
            if document is None:
                raise NotFound(f"There is no message {id_[:80]!r}.")
            state = document.fields.get("state")
            if state != QUARANTINED:
                raise NotFound(f"The message {id_!r} was not set aside; it is {state}.")

    async def _commit(
        self, operation: str, done_to: str, fields: Mapping[str, Value], ids: Sequence[str]
    ) -> list[Message]:
        """Change those of the messages that are still set aside."""
        for _ in range(COMMIT_ATTEMPTS):
            revision = await self.store.revision(self.scope)
            found = await self.store.get(self.scope, MESSAGES, ids)
            held = [d for d in found if d is not None and d.fields.get("state") == QUARANTINED]
            if not held:
                return []
            patches = tuple(Patch(MESSAGES, d.id, fields) for d in held)
            record = RunRecord("", operation, "call", self.clock.now(), {})
            entry = history_entry(Changes(), record, 0) | {done_to: [d.id for d in held]}
            with suppress(Moved):
                await self.store.commit(self.scope, Writes(patch=patches, entry=entry), expect=revision)
                return [message_of(d) for d in held]
        raise StoreError(f"{COMMIT_ATTEMPTS} commits of others came first, one after the other; try it again.")


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), TOGETHER):
        yield ids[start : start + TOGETHER]
