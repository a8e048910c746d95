"""A local server that speaks SiliconFlow's protocol, for tests and trials without a key or a network.

    with SiliconFlowServer(answer=lambda messages: "yes") as server:      # or `async with`
        server.fail_next(TOO_MANY, times=2)
        ...                                                               # use server.url and server.key
        assert server.count("chat") == 3

From a shell: `python -m memoryengine.testing.siliconflow_server --port 8900`. Embeddings hash words and scores count
shared words, so both are deterministic. Bodies of requests are kept in `requests`; keys are not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from aiohttp import web

from ..models.lexical import lexical_vector
from ..text import content_terms
from .answering import answer

EndpointName = Literal["chat", "embeddings", "rerank", "models"]
Messages = Sequence[Mapping[str, Any]]
Answer = Callable[[Messages], str]
Change = Callable[[dict[str, Any]], dict[str, Any]]

MOST_INPUTS = 64
MODELS = ("Qwen/Qwen2.5-7B-Instruct", "BAAI/bge-m3", "BAAI/bge-reranker-v2-m3")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one request: an answer of its own, a delay, a cut connection, or a change to the good answer."""

    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    cut: bool = False
    change: Change | None = None


def error_body(code: int, message: str) -> bytes:
    """An error body as the service sends it."""
    return json.dumps({"code": code, "message": message, "data": None}).encode()


def too_many(retry_after: str = "0") -> Fault:
    """429; `retry_after` is the header's value, "" for none."""
    said = {"message": "Request was rejected due to rate limiting. Details:TPM limit reached.", "data": None}
    return Fault(429, json.dumps(said).encode(), {"Retry-After": retry_after} if retry_after else {})


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault(delay=seconds)


def huge(length: int) -> Fault:
    """A JSON answer of about `length` bytes."""
    return Fault(body=b'{"data": "' + b"x" * length + b'"}')


def changed(change: Change) -> Fault:
    """The right answer after `change`, which gets and gives its JSON object."""
    return Fault(change=change)


def _fewer(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:-1] if isinstance(value, list) else value for name, value in data.items()}


def _turned(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value[::-1] if isinstance(value, list) else value for name, value in data.items()}


TOO_MANY = too_many()
SERVER_ERROR = Fault(500, error_body(50000, "Unknown error"))
OVERLOADED = Fault(503, error_body(50505, "Model service overloaded. Please try again later."))
INVALID = Fault(400, error_body(20015, "The parameter is invalid. Please check again."))
MALFORMED = Fault(body=b'{"data": [{"embedding": [0.1,')
HTML = Fault(body=b"<html><body>Welcome to nginx</body></html>", content_type="text/html")
GATEWAY_HTML = Fault(502, b"<html><body>502 Bad Gateway</body></html>", content_type="text/html")
WRONG_COUNT = changed(_fewer)
OTHER_ORDER = changed(_turned)
CUT = Fault(cut=True)


@dataclass(frozen=True, slots=True)
class Received:
    """One request: its endpoint, JSON body (None where it had none) and when it came, in monotonic seconds."""

    endpoint: EndpointName
    body: Any
    at: float


def echo(messages: Messages) -> str:
    """The stock answer: says that this is a test server, and repeats the last message."""
    last = messages[-1].get("content", "") if messages else ""
    return f"[test server] You said: {last}"


class SiliconFlowServer:
    """The server; `with` runs it in a thread of its own, `async with` in the running event loop.

    `answer` makes a chat answer of the messages and may be replaced at any time. `port` 0 takes a free one. A chat is
    answered `delay` seconds after it came, in which the answer is made.
    """

    def __init__(
        self,
        answer: Answer = echo,
        *,
        key: str = "test-key",
        dimensions: int = 1024,
        models: Sequence[str] = MODELS,
        host: str = "127.0.0.1",
        port: int = 0,
        delay: float = 0.0,
    ) -> None:
        self.answer, self.key, self.dimensions, self.models = answer, key, dimensions, tuple(models)
        self.host, self.port, self.delay = host, port, delay
        self.requests: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._faults: deque[tuple[EndpointName | None, Fault]] = deque()
        self._runner: web.AppRunner | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """The base address, with /v1."""
        return f"http://{self.host}:{self.port}/v1"

    def count(self, endpoint: EndpointName | None = None) -> int:
        """How many requests came, to one endpoint or to all."""
        return sum(endpoint in (None, each.endpoint) for each in self.requests)

    def fail_next(self, fault: Fault, *, times: int = 1, endpoint: EndpointName | None = None) -> None:
        """Do `fault` to the next `times` requests, of one endpoint or of any; faults are taken in the order given."""
        self._faults.extend([(endpoint, fault)] * times)

    def forget(self) -> None:
        """Drop the requests seen and the faults to come."""
        self.requests.clear()
        self._faults.clear()
        self.most_at_once = 0

    async def __aenter__(self) -> SiliconFlowServer:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.stop()

    def __enter__(self) -> SiliconFlowServer:
        ready = threading.Event()
        failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(ready, failed), name="siliconflow-server", daemon=True)
        self._thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._stop()
        if self._thread is not None:
            self._thread.join()

    async def start(self) -> None:
        """Listen in the running event loop."""
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _run(self, ready: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits for `ready`
            failed.append(error)
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()

        def stop() -> None:
            loop.call_soon_threadsafe(end.set)

        self._stop = stop
        async with self:
            ready.set()
            await end.wait()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024**2)
        application.add_routes(
            [
                web.post("/v1/chat/completions", self._route("chat", self._chat)),
                web.post("/v1/embeddings", self._route("embeddings", self._embed)),
                web.post("/v1/rerank", self._route("rerank", self._rerank)),
                web.get("/v1/models", self._route("models", self._models)),
            ]
        )
        return application

    def _route(
        self, name: EndpointName, make: Callable[[Any], dict[str, Any] | web.Response]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            try:
                return await self._handle(name, make, request)
            finally:
                self._at_once -= 1

        return handle

    async def _handle(
        self, name: EndpointName, make: Callable[[Any], dict[str, Any] | web.Response], request: web.Request
    ) -> web.StreamResponse:
        _no_delay(request)
        body = await _json(request)
        self.requests.append(Received(name, body, time.monotonic()))
        fault = self._next_fault(name)
        due = asyncio.get_running_loop().time() + fault.delay + (self.delay if name == "chat" else 0.0)
        made = self._made(name, make, request, body, fault)
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if fault.cut and request.transport is not None:
            request.transport.abort()
        if isinstance(made, web.Response):
            return made
        if name == "chat" and body.get("stream"):
            return await _stream(request, made)
        return web.json_response(made)

    def _made(
        self,
        name: EndpointName,
        make: Callable[[Any], dict[str, Any] | web.Response],
        request: web.Request,
        body: Any,
        fault: Fault,
    ) -> dict[str, Any] | web.Response:
        if fault.body is not None:
            return web.Response(
                status=fault.status, body=fault.body, headers=fault.headers, content_type=fault.content_type
            )
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response("Api key is invalid", status=401)
        made = self._refusal(name, body) or make(body)
        return fault.change(made) if fault.change and isinstance(made, dict) else made

    def _next_fault(self, name: EndpointName) -> Fault:
        for place, (endpoint, fault) in enumerate(self._faults):
            if endpoint in (None, name):
                del self._faults[place]
                return fault
        return Fault()

    def _refusal(self, name: EndpointName, body: Any) -> web.Response | None:
        if name == "models":
            return None
        if not isinstance(body, dict):
            return _error(400, 20015, "The parameter is invalid. Please check again.")
        if body.get("model") not in self.models:
            return _error(400, 20012, "Model does not exist. Please check it carefully.")
        return None

    def _models(self, body: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"object": "list", "data": [{"id": each, "object": "model", "owned_by": ""} for each in self.models]}

    def _chat(self, body: Any) -> dict[str, Any] | web.Response:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return _error(400, 20015, "messages must not be empty.")
        text = self.answer(messages)
        read, written = sum(len(str(each.get("content", ""))) for each in messages), len(text)
        return {
            "id": f"chat-{len(self.requests)}",
            "object": "chat.completion",
            "created": 1_730_000_000,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }

    def _embed(self, body: Any) -> dict[str, Any] | web.Response:
        texts = body.get("input")
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t.strip() for t in texts):
            return _error(400, 20015, "The parameter is invalid. Please check again.")
        if len(texts) > MOST_INPUTS:
            said = f"input batch size {len(texts)} > maximum allowed batch size {MOST_INPUTS}"
            return _error(413, 20042, said)
        length = body.get("dimensions", self.dimensions)
        data = [
            {"object": "embedding", "index": i, "embedding": lexical_vector(text, length)}
            for i, text in enumerate(texts)
        ]
        tokens = sum(map(len, texts))
        usage = {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}
        return {"object": "list", "model": body["model"], "data": data, "usage": usage}

    def _rerank(self, body: Any) -> dict[str, Any] | web.Response:
        query, texts = body.get("query"), body.get("documents")
        if not isinstance(query, str) or not query.strip() or not isinstance(texts, list) or not texts:
            return _error(400, 20015, "The parameter is invalid. Please check again.")
        scored = [(overlap(query, text), i) for i, text in enumerate(texts)]
        best = sorted(scored, key=lambda each: (-each[0], each[1]))[: body.get("top_n", len(texts))]
        return {
            "id": f"rerank-{len(self.requests)}",
            "results": [{"index": i, "relevance_score": score} for score, i in best],
            "meta": {"tokens": {"input_tokens": sum(map(len, texts)), "output_tokens": 0}},
        }


def overlap(query: str, text: str) -> float:
    """The share of the question's content terms that the text holds, in [0, 1]."""
    wanted = set(content_terms(query))
    return len(wanted & set(content_terms(text))) / len(wanted) if wanted else 0.0


def _error(status: int, code: int, message: str) -> web.Response:
    return web.Response(status=status, body=error_body(code, message), content_type="application/json")


async def _json(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None


def _no_delay(request: web.Request) -> None:
    # with Nagle's algorithm on, small answers wait about 40 ms for an acknowledgement
    sock = request.transport.get_extra_info("socket") if request.transport is not None else None
    if sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _stream(request: web.Request, made: dict[str, Any]) -> web.StreamResponse:
    """The chat answer as server-sent events, three characters at a time."""
    text = made["choices"][0]["message"]["content"]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head = {**{name: made[name] for name in ("id", "created", "model")}, "object": "chat.completion.chunk"}
    for start in range(0, max(1, len(text)), 3):
        delta = {"role": "assistant", "content": text[start : start + 3]}
        await _send(response, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    await _send(response, {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    await response.write(b"data: [DONE]\n\n")
    return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n")


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A local server that speaks SiliconFlow's protocol, for trials.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before a chat is answered")
    parser.add_argument("--dimensions", type=int, default=1024, help="the length of the vectors")
    parser.add_argument("--workers", action="store_true", help="answer the prompts of the shipped workers, by rule")
    given = parser.parse_args()
    with SiliconFlowServer(
        answer if given.workers else echo,
        key=given.key,
        host=given.host,
        port=given.port,
        delay=given.delay,
        dimensions=given.dimensions,
    ) as server:
        print(f"Listening at {server.url} (key {given.key}); stop with Ctrl-C.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Stopped.")


if __name__ == "__main__":
    main()
