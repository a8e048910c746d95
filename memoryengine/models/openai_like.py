"""The chat model behind an OpenAI-like address, by way of LlamaIndex's `OpenAILike`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import httpx
import openai
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseAsyncGen
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]

from ..errors import ModelAnswerError, ModelError
from ..per_loop import PerLoop
from ..ports import Reply, Turn
from .failures import Asked, base_url, failure, no_connection, shown_url, too_long, too_slow
from .gate import Gate
from .retry import REAL, Course, Effects, PassingFailure, retry_after, retrying
from .specs import ChatSettings
from .spoken import BROKE_OFF, messages_of, reply_of, spoken
from .transport import Transport

PATH = "/chat/completions"


class OpenAILikeChat:
    """A `ChatModel` at an OpenAI-like address, given as base or as full address.

    The library's own retries are off; ours hold for all models alike. Token counts are the endpoint's own.
    """

    def __init__(self, settings: ChatSettings, *, key_setting: str = "api_key", effects: Effects = REAL) -> None:
        self._settings, self._limits, self._effects = settings, settings.limits, effects
        base = base_url(settings.api_base, PATH)
        self._asked = Asked("chat model", settings.model, base + PATH, key_setting, settings.api_key)
        self._gate = Gate(self._limits.concurrency)
        self._clients = PerLoop(lambda: _Client(settings, base, self._asked, self._gate))

    def __repr__(self) -> str:
        return f"OpenAILikeChat(model={self.name!r}, url={shown_url(self._asked.url)!r})"

    @property
    def name(self) -> str:
        """The model's name."""
        return self._settings.model

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """The whole answer; an answer that is blank, or all thinking, is a `ModelAnswerError`."""
        messages, most = messages_of(turns), self._most(max_tokens)
        return await retrying(lambda seconds: self._attempt(messages, most, seconds), self._limits, self._effects)

    def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The answer piece by piece; asked again only until its first piece has come."""
        return spoken(self._pieces(messages_of(turns)), self._blank())

    async def close(self) -> None:
        """Give the running event loop's connections back."""
        await self._clients.close()

    def _most(self, max_tokens: int | None) -> int:
        return self._settings.max_tokens if max_tokens is None else min(max_tokens, self._settings.max_tokens)

    async def _attempt(self, messages: Sequence[ChatMessage], most: int, seconds: float) -> Reply:
        llm = (await self._clients.get()).llm
        with self._translating(seconds):
            answer = await llm.achat(messages, max_tokens=most, timeout=seconds)
        return reply_of(answer, self._blank())

    async def _pieces(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[ChatResponse, None]:
        async with self._gate:
            course = Course(self._limits, self._effects)
            piece, pieces = await retrying(lambda s: self._open(messages, s), self._limits, self._effects)
            async with aclosing(pieces):
                while piece is not None:
                    with course.elsewhere():
                        yield piece
                    piece = await self._next(pieces, course)

    async def _open(
        self, messages: Sequence[ChatMessage], seconds: float
    ) -> tuple[ChatResponse | None, ChatResponseAsyncGen]:
        llm = (await self._clients.get()).llm
        async with self._asking(seconds):
            pieces = await llm.astream_chat(messages, max_tokens=self._settings.max_tokens)
            return await anext(pieces, None), pieces

    async def _next(self, pieces: ChatResponseAsyncGen, course: Course) -> ChatResponse | None:
        try:
            async with self._asking(course.attempt_limit):
                return await anext(pieces, None)
        except PassingFailure as failed:
            raise failed.final(BROKE_OFF) from failed

    @asynccontextmanager
    async def _asking(self, seconds: float) -> AsyncIterator[None]:
        with self._translating(seconds):
            async with asyncio.timeout(seconds):
                yield

    @contextmanager
    def _translating(self, seconds: float) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  the edge to a library: everything becomes one of our errors
            raise self._translated(error, seconds) from None

    def _translated(self, error: Exception, seconds: float) -> ModelError | PassingFailure:
        known = _inside(error, ModelError)
        if known is not None:
            return known
        if isinstance(error, openai.APIStatusError):
            wait = retry_after(error.response.headers.get("Retry-After"), self._effects.now())
            return failure(self._asked, error.status_code, error.response.content, wait)
        if isinstance(error, TimeoutError | openai.APITimeoutError):
            return too_slow(self._asked, seconds)
        if isinstance(error, openai.APIConnectionError | aiohttp.ClientError | OSError):
            return no_connection(self._asked, error.__cause__ or error)
        if type(error) is openai.APIError:
            return PassingFailure(f"{self._asked} broke off its answer.", excerpt=self._asked.excerpt(error.message))
        return ModelAnswerError(
            f"{self._asked} sent an answer that is no chat completion ({type(error).__name__}). Check that api_base is "
            "right."
        )

    def _blank(self) -> ModelAnswerError:
        return ModelAnswerError(
            f"{self._asked} answered nothing but thinking or blanks. If it thinks at length, raise max_tokens or turn "
            "its thinking off."
        )


class _Client:
    """An `OpenAILike` and its connections, for one event loop."""

    def __init__(self, settings: ChatSettings, base: str, asked: Asked, gate: Gate) -> None:
        self._http = _InTurn(gate, Transport(base, settings.max_bytes, lambda: too_long(asked, settings.max_bytes)))
        # max_tokens stays out of the constructor: a value there would win over the one of each call
        self.llm = OpenAILike(
            model=settings.model,
            api_base=base,
            api_key=settings.api_key,
            is_chat_model=True,
            temperature=settings.temperature,
            max_retries=0,
            timeout=settings.timeout,
            additional_kwargs={"extra_body": dict(settings.extra)} if settings.extra else {},
            # a compressed answer could be small on the wire and huge in memory
            default_headers={"Accept-Encoding": "identity"},
            async_http_client=self._http,
        )

    async def close(self) -> None:
        await self._http.aclose()


class _InTurn(httpx.AsyncClient):
    """Sends a request when it has a place, and gives it on as soon as the answer is there.

    What the libraries do before and after is done while the place is another's, so that the model never waits for it.
    The time limit of a request begins with its place. A stream's place and limits are kept by who reads it.
    """

    def __init__(self, gate: Gate, transport: Transport) -> None:
        # trust_env would take a SOCKS proxy of ALL_PROXY beside the one that is chosen
        super().__init__(transport=transport, follow_redirects=False, trust_env=False)
        self._gate = gate

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        if stream:
            return await super().send(request, stream=True, **options)
        try:
            async with self._gate, asyncio.timeout(request.extensions["timeout"]["read"]):
                return await super().send(request, **options)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no whole answer in time", request=request) from error


def _inside(error: BaseException | None, kind: type[ModelError]) -> ModelError | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
