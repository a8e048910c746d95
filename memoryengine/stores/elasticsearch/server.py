"""The few requests that the store makes, with retries: what `log`, `view` and `search` know of a server.

`Server` is the port; `RealServer` speaks through the official client. Every write is guarded (see `log`), so each
request may be sent again without harm whatever became of the first.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from elastic_transport import ApiError, TransportError
from elasticsearch import AsyncElasticsearch, UnsupportedProductError

from ...errors import StoreError, StoreUnavailable
from ...per_loop import PerLoop
from .failures import PASSING, error_of, failure, passes, refusal

Result = TypeVar("Result")
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
BULK_ACTIONS, BULK_BYTES = 1_000, 8_000_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One document to be got, by alias or index, in realtime; `parts` are what is wanted of its source."""

    index: str
    id: str
    routing: str
    parts: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Got:
    """What was got: the very index, and the document's version there; `source` is None if it is not there."""

    index: str
    source: Mapping[str, Any] | None
    seq_no: int = -1
    term: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One write: `create` if it is not there, `index` whole, or `update` some of it.

    With `guard` (sequence number and primary term) it is done only if the document is still at that version.
    """

    verb: Literal["create", "index", "update"]
    alias: str
    id: str
    routing: str
    body: Mapping[str, Any]
    guard: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one action: an HTTP status (409: it was not to be done), and which version was written where."""

    status: int
    index: str = ""
    seq_no: int = -1
    term: int = 0


@dataclass(frozen=True, slots=True)
class Searching:
    """One search in some aliases for one scope."""

    aliases: tuple[str, ...]
    routing: str
    body: Mapping[str, Any]


class Server(Protocol):
    """The requests; each raises `StoreError` or a child, after what may pass was tried for a while."""

    async def mget(self, asked: Sequence[Ask], *, there: bool = False) -> list[Got]:
        """The documents, as they are now, whether or not a search would see them yet.

        With `there` they are known to be there, from a 409: a copy of the shard that lags behind is asked again.
        """
        ...

    async def bulk(self, actions: Sequence[Action]) -> list[Done]:
        """Do the actions; those on one index in their order. An action that fails for another cause than 409 raises."""
        ...

    async def msearch(self, searches: Sequence[Searching]) -> list[Mapping[str, Any]]:
        """The answers to several searches, in one request."""
        ...

    async def refresh(self, aliases: Sequence[str]) -> None:
        """Let searches see all that was written to these indices."""
        ...


@dataclass(frozen=True, slots=True)
class Effects:
    """Chance, sleep and time, so that a test can hold them still."""

    draw: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    elapsed: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class RealServer:
    """A server (or cluster) behind the official client; each event loop has connections of its own.

    `patience` is how many seconds a request is tried again that failed in a way that may pass.
    """

    connect: Callable[[], AsyncElasticsearch]
    where: str
    patience: float
    effects: Effects = field(default_factory=Effects)
    _clients: PerLoop[AsyncElasticsearch] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_clients", PerLoop(self.connect))

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._clients.close()

    async def ask(
        self, request: Callable[[AsyncElasticsearch], Awaitable[Result]], patience: float | None = None
    ) -> Result:
        """The answer to a request that may be repeated; raises `StoreError` or a child."""
        began, patience = self.effects.elapsed(), self.patience if patience is None else patience
        failed = 0
        while True:
            try:
                return await request(await self._clients.get())
            except (ApiError, TransportError, UnsupportedProductError) as error:
                failed += 1
                if not passes(error) or not await self._pause(began, patience, failed):
                    raise failure(error, self.where, self.effects.elapsed() - began) from error

    async def _pause(self, began: float, patience: float, failed: int) -> bool:
        """Sleep before the next attempt; False if there is no time left for one."""
        seconds = (0.5 + self.effects.draw() / 2) * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failed - 1))
        if self.effects.elapsed() - began + seconds > patience:
            return False
        await self.effects.sleep(seconds)
        return True

    async def mget(self, asked: Sequence[Ask], *, there: bool = False) -> list[Got]:
        """See `Server.mget`."""
        if not asked:
            return []
        docs = [{"_index": a.index, "_id": a.id, "routing": a.routing, "_source": list(a.parts)} for a in asked]
        began, failed = self.effects.elapsed(), 0
        while True:
            answer = await self.ask(lambda client: client.mget(docs=docs))
            found = [self._got(one) for one in answer["docs"]]
            failed += 1
            if not there or all(got.source is not None for got in found):
                return found
            if not await self._pause(began, self.patience, failed):
                raise StoreUnavailable(
                    f"A copy of a shard at {self.where} lags behind its primary by more than {self.patience:g} "
                    "seconds. Look at the cluster's health, then try again."
                )

    def _got(self, one: Mapping[str, Any]) -> Got:
        if "error" in one:
            raise refusal(404, error_of(one), self.where)
        if not one["found"]:
            return Got(one["_index"], None)
        return Got(one["_index"], one["_source"], one["_seq_no"], one["_primary_term"])

    async def bulk(self, actions: Sequence[Action]) -> list[Done]:
        """See `Server.bulk`."""
        done: list[Done] = []
        for part in _parts(actions):
            done += await self._bulk(part)
        return done

    async def _bulk(self, actions: Sequence[Action]) -> list[Done]:
        """One request, and others for those of its items that failed in a way that may pass."""
        began, failed = self.effects.elapsed(), 0
        done: list[Done | None] = [None] * len(actions)
        while True:
            open_ = [number for number, one in enumerate(done) if one is None]
            lines = [line for number in open_ for line in _lines(actions[number])]
            answer = await self.ask(lambda client, lines=lines: client.bulk(operations=lines, require_alias=True))  # type: ignore[misc]  # the default binds it now
            again: StoreError | None = None
            for number, item in zip(open_, answer["items"], strict=True):
                (result,) = item.values()
                if result["status"] < 300 or result["status"] == 409:
                    version = (result.get("_seq_no", -1), result.get("_primary_term", 0))
                    done[number] = Done(result["status"], result["_index"], *version)
                    continue
                error = refusal(result["status"], error_of(result), self.where)
                if result["status"] not in PASSING:
                    raise error
                again = error
            failed += 1
            if again is None:
                return [one for one in done if one is not None]
            if not await self._pause(began, self.patience, failed):
                raise again

    async def msearch(self, searches: Sequence[Searching]) -> list[Mapping[str, Any]]:
        """See `Server.msearch`."""
        lines = [line for one in searches for line in (_header(one), one.body)]
        began, failed = self.effects.elapsed(), 0
        while True:
            answer = await self.ask(lambda client: client.msearch(searches=lines))
            wrong = next((one for one in answer["responses"] if "error" in one), None)
            if wrong is None:
                return list(answer["responses"])
            failed += 1
            if wrong["status"] not in PASSING or not await self._pause(began, self.patience, failed):
                raise refusal(wrong["status"], error_of(wrong), self.where)

    async def refresh(self, aliases: Sequence[str]) -> None:
        """See `Server.refresh`."""
        await self.ask(lambda client: client.indices.refresh(index=list(aliases)))


def _header(one: Searching) -> Mapping[str, Any]:
    # of several copies of a shard always the same one answers, so that what was seen once is seen again
    return {"index": list(one.aliases), "routing": one.routing, "preference": one.routing}


def _lines(action: Action) -> list[Mapping[str, Any]]:
    head: dict[str, Any] = {"_index": action.alias, "_id": action.id, "routing": action.routing}
    if action.guard is not None:
        head |= {"if_seq_no": action.guard[0], "if_primary_term": action.guard[1]}
    return [{action.verb: head}, {"doc": action.body} if action.verb == "update" else action.body]


def _parts(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Slices that a server takes at once."""
    start, size = 0, 0
    for number, action in enumerate(actions):
        length = sum(len(value) if isinstance(value, str) else 20 * len(value) if isinstance(value, list) else 20
                     for value in action.body.values())
        if number > start and (number - start >= BULK_ACTIONS or size + length > BULK_BYTES):
            yield actions[start:number]
            start, size = number, 0
        size += length
    if actions:
        yield actions[start:]
