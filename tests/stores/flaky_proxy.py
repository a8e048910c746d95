"""A proxy before a real Elasticsearch that loses, delays, refuses and changes what a test wants it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

OF_A_CONNECTION = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
JSON = {"Content-Type": "application/vnd.elasticsearch+json;compatible-with=8", **PRODUCT}
PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Sent:
    """A request as the proxy got it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """What it asks for: `_bulk`, `_mget`, `_msearch`, `_refresh`, or method and path."""
        last = self.target.partition("?")[0].rpartition("/")[2]
        return last if last.startswith("_") else f"{self.method} {self.target.partition('?')[0]}"

    @property
    def lines(self) -> list[Any]:
        """The lines of a bulk."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(frozen=True)
class Answer:
    """What comes back; None stands for a connection that is cut."""

    status: int
    body: bytes
    headers: Mapping[str, str]


Forward = Callable[[Sent], Awaitable[Answer]]
Fault = Callable[[Sent, Forward], Awaitable[Answer | None]]
Applies = Callable[[Sent], bool]


@dataclass
class FlakyProxy:
    """Passes requests on, with the faults that were ordered; `sent` are all requests so far."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    faults: list[tuple[Applies, Fault, int]] = field(default_factory=list)
    done: int = 0
    weather: Callable[[Sent], Fault | None] = lambda sent: None

    def order(self, fault: Fault, *, on: Applies | str = "", after: int = 0, times: int = 1) -> None:
        """Let a fault befall the next requests: `on` of a kind, of those not the first `after`, but `times` ones."""
        wanted = on if callable(on) else (lambda sent: not on or sent.name == on)
        left = after

        def applies(sent: Sent) -> bool:
            nonlocal left
            if not wanted(sent):
                return False
            left -= 1
            return left < 0

        self.faults.append((applies, fault, times))

    def calm(self) -> None:
        """Forget all faults and requests."""
        self.faults.clear()
        self.sent.clear()
        self.done = 0
        self.weather = lambda sent: None

    def fault_of(self, sent: Sent) -> Fault | None:
        for number, (applies, fault, times) in enumerate(self.faults):
            if times and applies(sent):
                self.faults[number] = (applies, fault, times - 1)
                return fault
        return self.weather(sent)


@asynccontextmanager
async def flaky_proxy(server: str) -> AsyncIterator[FlakyProxy]:
    """A proxy before this server; both sides of aiohttp set TCP_NODELAY."""
    connector, proxy = TCPConnector(limit=0, force_close=True), FlakyProxy()
    async with ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=60),
        skip_auto_headers=("Accept-Encoding", "User-Agent"),
    ) as session:

        async def forward(sent: Sent) -> Answer:
            url = server.rstrip("/") + sent.target
            async with session.request(sent.method, url, headers=sent.headers, data=sent.body) as got:
                return Answer(got.status, await got.read(), _whole(got.headers))

        async def handle(request: web.Request) -> web.StreamResponse:
            sent = Sent(request.method, request.raw_path, _whole(request.headers), await request.read())
            proxy.sent.append(sent)
            fault = proxy.fault_of(sent)
            proxy.done += fault is not None
            try:
                answer = await (forward(sent) if fault is None else fault(sent, forward))
            except ClientError:  # the server is not there either
                answer = None
            if answer is None:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))

        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield proxy
        finally:
            await runner.cleanup()


def _whole(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in OF_A_CONNECTION}


# --- faults -----------------------------------------------------------------------------------------------------


def refused(status: int, kind: str = "", *, headers: Mapping[str, str] | None = None) -> Fault:
    """An error of Elasticsearch, and nothing passed on."""

    async def fault(sent: Sent, forward: Forward) -> Answer:
        return _refused(status, kind, headers or {})

    return fault


def _refused(status: int, kind: str, headers: Mapping[str, str]) -> Answer:
    reason = {"type": kind or "es_rejected_execution_exception", "reason": "the proxy says so"}
    body = json.dumps({"error": {"root_cause": [reason], **reason}, "status": status}).encode()
    return Answer(status, body, {**JSON, **headers})


def page(status: int, body: str = PAGE, kind: str = "text/html") -> Fault:
    """What a gateway answers, and nothing passed on."""

    async def fault(sent: Sent, forward: Forward) -> Answer:
        return _page(status, body, kind)

    return fault


def _page(status: int, body: str, kind: str) -> Answer:
    return Answer(status, body.encode(), {"Content-Type": kind})


async def cut(sent: Sent, forward: Forward) -> None:
    """The connection is cut before the request was passed on."""


async def lost(sent: Sent, forward: Forward) -> None:
    """The request was passed on, and its answer is lost."""
    await forward(sent)


async def half(sent: Sent, forward: Forward) -> Answer:
    """The answer ends in its midst."""
    answer = await forward(sent)
    return replace(answer, body=answer.body[: len(answer.body) // 2])


async def nameless(sent: Sent, forward: Forward) -> Answer:
    """The answer does not say which product gave it."""
    answer = await forward(sent)
    return replace(answer, headers={k: v for k, v in answer.headers.items() if k.lower() != "x-elastic-product"})


def late(seconds: float) -> Fault:
    """The request is passed on so late that the client has gone."""

    async def fault(sent: Sent, forward: Forward) -> Answer:
        await asyncio.sleep(seconds)
        return await forward(sent)

    return fault


def narrow(most: int) -> Fault:
    """What is larger than so many bytes is refused, as a gateway does."""

    async def fault(sent: Sent, forward: Forward) -> Answer:
        return await forward(sent) if len(sent.body) <= most else _page(413, PAGE, "text/html")

    return fault


def items(status: int, kind: str, which: Callable[[int], bool]) -> Fault:
    """Some items of a bulk fail and are not passed on; the others are. What is no bulk fails as a whole."""

    async def fault(sent: Sent, forward: Forward) -> Answer:
        if sent.name != "_bulk":
            return _refused(503, "", {})
        lines = sent.lines
        pairs = [(lines[n], lines[n + 1]) for n in range(0, len(lines), 2)]
        failed = {n for n in range(len(pairs)) if which(n)}
        rest = [line for n, pair in enumerate(pairs) if n not in failed for line in pair]
        passed = await forward(replace(sent, body=_ndjson(rest))) if rest else None
        if passed is not None and passed.status != 200:
            return passed
        return _merged(pairs, failed, passed, status, kind)

    return fault


def _merged(pairs: list[Any], failed: Collection[int], passed: Answer | None, status: int, kind: str) -> Answer:
    good = iter(json.loads(passed.body)["items"] if passed else [])
    told = []
    for number, (head, _) in enumerate(pairs):
        if number not in failed:
            told.append(next(good))
            continue
        ((verb, about),) = head.items()
        error = {"type": kind, "reason": "the proxy says so"}
        told.append({verb: {"_index": about["_index"], "_id": about["_id"], "status": status, "error": error}})
    return Answer(200, json.dumps({"took": 1, "errors": True, "items": told}).encode(), JSON)


def _ndjson(lines: list[Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
