"""How much a store holds of each user, what waits, and what went wrong with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .filters import AllOf, Has, Is
from .ports import Sort, Store
from .records import CONSOLIDATED, DISCARDED, MEMORIES, MESSAGES, PENDING, QUARANTINED
from .values import Scope

AT_ONCE = 8
"""How many users are looked at at the same time; each takes a few requests."""

MOST_TROUBLES = 1000
"""Of how many messages in trouble of one user the reasons are counted."""

OLDEST = (Sort("recorded_at"),)


@dataclass(frozen=True, slots=True)
class UserStatus:
    """How much memory holds of one user.

    `pending` messages wait to be consolidated, the oldest since `waiting_since`; `quarantined` ones failed too often
    and were set aside, `discarded` ones were given up by hand. `troubles` counts why messages failed that wait still or
    were set aside, of at most 1,000 of them.
    """

    user: str
    messages: int = 0
    pending: int = 0
    memories: int = 0
    expired: int = 0
    quarantined: int = 0
    discarded: int = 0
    waiting_since: datetime | None = None
    troubles: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: UserStatus) -> UserStatus:
        """Both users together, under the name of the first."""
        waiting = [since for since in (self.waiting_since, other.waiting_since) if since is not None]
        return UserStatus(
            self.user,
            self.messages + other.messages,
            self.pending + other.pending,
            self.memories + other.memories,
            self.expired + other.expired,
            self.quarantined + other.quarantined,
            self.discarded + other.discarded,
            min(waiting, default=None),
            dict(Counter(self.troubles) + Counter(other.troubles)),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """Where memory lies, by which models it works, and how much it holds."""

    store: Mapping[str, str]
    models: Mapping[str, str]
    users: tuple[UserStatus, ...]

    @property
    def total(self) -> UserStatus:
        """All these users together."""
        return sum(self.users, UserStatus("total"))


async def statuses(store: Store, scopes: Sequence[Scope], at_once: int = AT_ONCE) -> tuple[UserStatus, ...]:
    """The status of each scope, in order; some of them are looked at at the same time."""
    places = asyncio.Semaphore(at_once)

    async def one(scope: Scope) -> UserStatus:
        async with places:
            return await user_status(store, scope)

    return tuple(await asyncio.gather(*map(one, scopes)))


async def user_status(store: Store, scope: Scope) -> UserStatus:
    """The status of one scope."""
    messages, consolidated, valid, expired = await asyncio.gather(
        store.count(scope, MESSAGES),
        store.count(scope, MESSAGES, Is("state", CONSOLIDATED)),
        store.count(scope, MEMORIES, Is("status", "valid")),
        store.count(scope, MEMORIES, Is("status", "expired")),
    )
    pending = quarantined = discarded = 0
    if messages != consolidated:  # of most users nothing waits, so most need no more than these
        states = (PENDING, QUARANTINED, DISCARDED)
        counted = (store.count(scope, MESSAGES, Is("state", state)) for state in states)
        pending, quarantined, discarded = await asyncio.gather(*counted)
    return UserStatus(
        user=scope.user,
        messages=messages,
        pending=pending,
        memories=valid,
        expired=expired,
        quarantined=quarantined,
        discarded=discarded,
        waiting_since=await _waiting_since(store, scope) if pending else None,
        troubles=await _troubles(store, scope) if pending or quarantined else {},
    )


async def _waiting_since(store: Store, scope: Scope) -> datetime | None:
    page = await store.page(scope, MESSAGES, Is("state", PENDING), order=OLDEST, limit=1)
    since = page.documents[0].fields.get("recorded_at") if page.documents else None
    return since if isinstance(since, datetime) else None


async def _troubles(store: Store, scope: Scope) -> Mapping[str, int]:
    failed = AllOf(Is("state", PENDING, QUARANTINED), Has("trouble"))
    page = await store.page(scope, MESSAGES, failed, limit=MOST_TROUBLES)
    return dict(Counter(str(d.fields["trouble"]) for d in page.documents))
