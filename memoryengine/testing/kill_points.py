"""A store that kills its process at a chosen request: for tests that nothing is lost whenever that happens.

In a test, around any store; in a config, for a process of its own, around the embedded one:

    store:
      class: memoryengine.testing.kill_points:KillingSqlite
      path: ${STORE}
      at: ${KILL_AT:-0}
      when: ${KILL_WHEN:-before}
      log: ${KILL_LOG:-}

A call of the store in Elasticsearch is several requests to the server; `kill_requests` kills at each of those.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..filters import EVERYTHING, Filter
from ..ports import (
    Appended,
    Collection,
    Document,
    Json,
    Match,
    Page,
    Query,
    Sort,
    Store,
    Vector,
    VectorSpace,
    Writes,
)
from ..values import Scope

Result = TypeVar("Result")
When = Literal["before", "after"]
Told = Callable[[int, str], None]


class Counted:
    """Passes requests on, counts them, and at the `at`-th kills the process with SIGKILL.

    Requests count from 1, `at` 0 kills never. `when` says whether the process dies before the request is passed on or
    after it was answered. `told` hears of each request, by number and name, before it is passed on.
    """

    def __init__(self, *, at: int = 0, when: When = "before", told: Told | None = None) -> None:
        if when not in ("before", "after"):
            raise ValueError(f"when is {when!r}: it must be 'before' or 'after'.")
        self._at = at
        self._when = when
        self._told = told
        self.names: list[str] = []

    async def pass_on(self, name: str, request: Callable[[], Awaitable[Result]]) -> Result:
        """What the request answers, if the process lives to hear it."""
        self.names.append(name)
        number = len(self.names)
        if self._told is not None:
            self._told(number, name)
        if (number, "before") == (self._at, self._when):
            os.kill(os.getpid(), signal.SIGKILL)
        result = await request()
        if (number, "after") == (self._at, self._when):
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class KillPoints:
    """A `Store` that passes every call on, counts them, and at the `at`-th kills the process; see `Counted`."""

    def __init__(self, inner: Store, *, at: int = 0, when: When = "before", told: Told | None = None) -> None:
        self._inner = inner
        self._counted = Counted(at=at, when=when, told=told)
        self.requests = self._counted.names

    async def _pass(self, name: str, request: Callable[[], Awaitable[Result]]) -> Result:
        return await self._counted.pass_on(name, request)

    async def open(self, collections: Sequence[Collection], vectors: VectorSpace | None) -> None:
        """Pass `Store.open` on."""
        await self._pass("open", lambda: self._inner.open(collections, vectors))

    async def close(self) -> None:
        """Pass `Store.close` on."""
        await self._pass("close", self._inner.close)

    async def revision(self, scope: Scope) -> int:
        """Pass `Store.revision` on."""
        return await self._pass("revision", lambda: self._inner.revision(scope))

    async def append(self, scope: Scope, collection: str, documents: Sequence[Document]) -> Appended:
        """Pass `Store.append` on."""
        return await self._pass("append", lambda: self._inner.append(scope, collection, documents))

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int:
        """Pass `Store.commit` on."""
        return await self._pass("commit", lambda: self._inner.commit(scope, writes, expect=expect))

    async def attach(self, scope: Scope, collection: str, vectors: Mapping[str, Vector]) -> int:
        """Pass `Store.attach` on."""
        return await self._pass("attach", lambda: self._inner.attach(scope, collection, vectors))

    async def get(self, scope: Scope, collection: str, ids: Sequence[str]) -> tuple[Document | None, ...]:
        """Pass `Store.get` on."""
        return await self._pass("get", lambda: self._inner.get(scope, collection, ids))

    async def page(
        self,
        scope: Scope,
        collection: str,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Pass `Store.page` on."""
        return await self._pass(
            "page", lambda: self._inner.page(scope, collection, where, order=order, limit=limit, cursor=cursor)
        )

    async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
        """Pass `Store.count` on."""
        return await self._pass("count", lambda: self._inner.count(scope, collection, where))

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        """Pass `Store.search` on."""
        return await self._pass("search", lambda: self._inner.search(scope, queries))

    async def purge(self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Json) -> tuple[int, ...]:
        """Pass `Store.purge` on."""
        return await self._pass("purge", lambda: self._inner.purge(scope, targets, entry=entry))

    async def scopes(self, namespace: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """Pass `Store.scopes` on."""
        return await self._pass("scopes", lambda: self._inner.scopes(namespace, after=after, limit=limit))

    async def describe(self) -> Mapping[str, str]:
        """Pass `Store.describe` on."""
        return await self._pass("describe", self._inner.describe)


def logging_to(path: Path | str) -> Told:
    """Write each request to a file as a line `number name`, which a killed process leaves behind whole."""

    def told(number: int, name: str) -> None:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{number} {name}\n".encode())
        finally:
            os.close(file)

    return told


class KillingSqlite(KillPoints):
    """The embedded store at `path`, which kills the process; `at` may be text, as environment variables are."""

    def __init__(
        self, path: Path | str, *, at: int | str = 0, when: When = "before", log: Path | str = "", **settings: Any
    ) -> None:
        from ..stores.sqlite import SqliteStore

        told = logging_to(log) if log else None
        super().__init__(SqliteStore(path, **settings), at=int(at or 0), when=when, told=told)
