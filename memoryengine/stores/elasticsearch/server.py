"""The few requests that the store makes, with retries: what `log`, `view` and `search` know of a server.

`Server` is the port; `RealServer` speaks through the official client. Every write is guarded (see `log`), so each
request may be sent again without harm whatever became of the first.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from elastic_transport import ApiError, ApiResponse, ObjectApiResponse, TransportError
from elasticsearch import AsyncElasticsearch

from ...errors import StoreError, StoreUnavailable
from ...per_loop import PerLoop
from .failures import UNSURE, alien, error_of, failure, is_product, passes, passing, refusal, status_of, wait_of

Result = TypeVar("Result")
Answer = ObjectApiResponse[Any]
Wrong = tuple[int, Mapping[str, Any]]  # an HTTP status and an error
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


@dataclass
class Trying:
    """One request (or a group of them) that is tried again and again; `patience` is how many seconds."""

    effects: Effects
    patience: float
    began: float
    failed: int = 0

    @property
    def seconds(self) -> float:
        """How long it has been tried."""
        return self.effects.elapsed() - self.began

    async def again(self, wait: float = 0.0) -> bool:
        """Sleep before the next attempt, `wait` seconds at least; False if there is no time left for one."""
        self.failed += 1
        pause = (0.5 + self.effects.draw() / 2) * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (self.failed - 1))
        if self.seconds + max(pause, wait) > self.patience:
            return False
        await self.effects.sleep(max(pause, wait))
        return True


@dataclass(frozen=True)
class RealServer:
    """A server (or cluster) behind the official client; each event loop has connections of its own.

    `patience` is how many seconds a request is tried again that failed in a way that may pass; `timeout` is how many
    the client waits for each answer. So a request ends after their sum at the latest.
    """

    connect: Callable[[], AsyncElasticsearch]
    where: str
    patience: float
    timeout: float = 30.0
    effects: Effects = field(default_factory=Effects)
    _clients: PerLoop[AsyncElasticsearch] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_clients", PerLoop(self.connect))

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._clients.close()

    def _trying(self, patience: float | None = None) -> Trying:
        return Trying(self.effects, self.patience if patience is None else patience, self.effects.elapsed())

    async def ask(
        self, request: Callable[[AsyncElasticsearch], Awaitable[Result]], patience: float | None = None
    ) -> Result:
        """The answer to a request that may be repeated; raises `StoreError` or a child."""
        return await self._ask(request, self._trying(patience))

    async def _ask(
        self, request: Callable[[AsyncElasticsearch], Awaitable[Result]], trying: Trying, more: str = ""
    ) -> Result:
        while True:
            try:
                answer = await request(await self._clients.get())
            except (ApiError, TransportError) as error:
                if not passes(error) or not await trying.again(wait_of(error)):
                    raise failure(error, self.where, trying.seconds, more) from error
            else:
                # The client looks at its first answer alone, and a page of a gateway may come at any time.
                if isinstance(answer, ApiResponse) and not is_product(answer):
                    raise alien(self.where)
                return answer

    async def _ask_whole(
        self, request: Callable[[AsyncElasticsearch], Awaitable[Answer]], errors: Callable[[Answer], Iterable[Wrong]]
    ) -> Answer:
        """An answer without any error in its parts."""
        trying = self._trying()
        while True:
            answer = await self._ask(request, trying)
            wrong = next(iter(errors(answer)), None)
            if wrong is None:
                return answer
            status, error = wrong
            if not passing(status, error) or not await trying.again():
                raise refusal(status, error, self.where)

    async def mget(self, asked: Sequence[Ask], *, there: bool = False) -> list[Got]:
        """See `Server.mget`."""
        if not asked:
            return []
        docs = [{"_index": a.index, "_id": a.id, "routing": a.routing, "_source": list(a.parts)} for a in asked]
        trying = self._trying()
        while True:
            answer = await self._ask_whole(lambda client: client.mget(docs=docs), _errors_of_docs)
            found = [_got(one) for one in answer["docs"]]
            if not there or all(got.source is not None for got in found):
                return found
            if not await trying.again():
                raise StoreUnavailable(
                    f"A copy of a shard at {self.where} lags behind its primary by more than {self.patience:g} "
                    "seconds. Look at the cluster's health, then try again."
                )

    async def bulk(self, actions: Sequence[Action]) -> list[Done]:
        """See `Server.bulk`."""
        done: list[Done] = []
        for part in _parts(actions):
            done += await self._bulk(part)
        return done

    async def _bulk(self, actions: Sequence[Action]) -> list[Done]:
        """One request, and others for those of its items that failed in a way that may pass."""
        done: list[Done | None] = [None] * len(actions)
        trying = self._trying()
        while True:
            again: StoreError | None = None
            open_ = [number for number, one in enumerate(done) if one is None]
            for number, result in zip(open_, await self._send([actions[n] for n in open_], trying), strict=True):
                if result["status"] < 300 or result["status"] == 409:
                    version = (result.get("_seq_no", -1), result.get("_primary_term", 0))
                    done[number] = Done(result["status"], result["_index"], *version)
                    continue
                error = error_of(result)
                if not passing(result["status"], error):
                    raise refusal(result["status"], error, self.where)
                again = refusal(result["status"], error, self.where, UNSURE)
            if again is None:
                return [one for one in done if one is not None]
            if not await trying.again():
                raise again
            done = _reopened(actions, done)

    async def _send(self, actions: Sequence[Action], trying: Trying) -> list[Mapping[str, Any]]:
        """What became of each action; of a request that is too large for something on the way, halves are sent."""
        lines = [line for action in actions for line in _lines(action)]
        try:
            answer = await self._ask(lambda client: client.bulk(operations=lines, require_alias=True), trying, UNSURE)
        except StoreError as error:
            cause = error.__cause__
            if len(actions) == 1 or not isinstance(cause, ApiError) or cause.meta.status != 413:
                raise
            half = len(actions) // 2
            return [*await self._send(actions[:half], trying), *await self._send(actions[half:], trying)]
        return [result for item in answer["items"] for result in item.values()]

    async def msearch(self, searches: Sequence[Searching]) -> list[Mapping[str, Any]]:
        """See `Server.msearch`."""
        lines = [line for one in searches for line in (_header(one), one.body)]
        answer = await self._ask_whole(lambda client: client.msearch(searches=lines), _errors_of_searches)
        return list(answer["responses"])

    async def refresh(self, aliases: Sequence[str]) -> None:
        """See `Server.refresh`."""
        await self._ask_whole(lambda client: client.indices.refresh(index=list(aliases)), _errors_of_shards)


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """What calls return that run at the same time; an error goes on when all have ended, and none is left behind."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return ended


def _errors_of_docs(answer: Answer) -> Iterator[Wrong]:
    for one in answer["docs"]:
        if "error" in one:
            error = error_of(one)
            yield status_of(error), error


def _errors_of_searches(answer: Answer) -> Iterator[Wrong]:
    for one in answer["responses"]:
        if "error" in one:
            yield one["status"], error_of(one)


def _errors_of_shards(answer: Answer) -> Iterator[Wrong]:
    for one in answer["_shards"].get("failures", ()):
        yield 503, one.get("reason", {})


def _got(one: Mapping[str, Any]) -> Got:
    if not one["found"]:
        return Got(one["_index"], None)
    return Got(one["_index"], one["_source"], one["_seq_no"], one["_primary_term"])


def _reopened(actions: Sequence[Action], done: Sequence[Done | None]) -> list[Done | None]:
    """What is still to be done: what failed, and what stands behind it and may be done twice, such as marks.

    A mark says that all before it is written; one that was written before the rest came would say so too early.
    """
    first = next(number for number, one in enumerate(done) if one is None)
    repeatable = [action.verb == "index" and action.guard is None for action in actions]
    return [None if number > first and repeatable[number] else one for number, one in enumerate(done)]


def _header(one: Searching) -> Mapping[str, Any]:
    # of several copies of a shard always the same one answers, so that what was seen once is seen again
    held = {"index": list(one.aliases), "routing": one.routing, "preference": one.routing}
    return {**held, "allow_partial_search_results": False}


def _lines(action: Action) -> list[Mapping[str, Any]]:
    head: dict[str, Any] = {"_index": action.alias, "_id": action.id, "routing": action.routing}
    if action.guard is not None:
        head |= {"if_seq_no": action.guard[0], "if_primary_term": action.guard[1]}
    return [{action.verb: head}, {"doc": action.body} if action.verb == "update" else action.body]


def _parts(actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Slices that a server takes at once."""
    start, size = 0, 0
    for number, action in enumerate(actions):
        length = sum(
            len(value) if isinstance(value, str) else 20 * len(value) if isinstance(value, list) else 20
            for value in action.body.values()
        )
        if number > start and (number - start >= BULK_ACTIONS or size + length > BULK_BYTES):
            yield actions[start:number]
            start, size = number, 0
        size += length
    if actions:
        yield actions[start:]
