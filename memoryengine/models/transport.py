"""The way of a chat library's requests: httpx asks, aiohttp carries, as for all other models.

aiohttp reads an answer in half the time: what the libraries do while a model's place is taken keeps the next waiting.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from functools import cache
from ssl import SSLContext

import aiohttp
import httpx

from ..errors import ModelAnswerError
from .endpoint import CHUNK, open_session


class Transport(httpx.AsyncBaseTransport):
    """Sends requests to one address, in the event loop in which it was made; `too_long` is raised for longer answers.

    Has no limits of time or number: whoever asks has them. What goes wrong is an `aiohttp.ClientError` or `OSError`.
    """

    def __init__(self, base: str, max_bytes: int, too_long: Callable[[], ModelAnswerError]) -> None:
        self._max_bytes, self._too_long = max_bytes, too_long
        secure = base.startswith("https:")
        self._session = open_session(
            base,
            ssl=_certificates() if secure else True,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx does it
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the answer is read from its stream."""
        answer = await self._session.request(
            request.method,
            str(request.url),
            headers=request.headers.multi_items(),
            data=io.BytesIO(await request.aread()),  # as a file, because aiohttp warns of a megabyte of plain bytes
            allow_redirects=False,
        )
        body = _Body(answer, self._max_bytes, self._too_long)
        return httpx.Response(answer.status, headers=list(answer.raw_headers), stream=body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, which breaks off when it grows too long."""

    def __init__(self, answer: aiohttp.ClientResponse, limit: int, too_long: Callable[[], ModelAnswerError]) -> None:
        self._answer, self._limit, self._too_long = answer, limit, too_long

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in self._answer.content.iter_chunked(CHUNK):
            length += len(chunk)
            if length > self._limit:
                raise self._too_long()
            yield chunk

    async def aclose(self) -> None:
        # of an answer that was read to its end the connection was given back already
        self._answer.close()


@cache
def _certificates() -> SSLContext:
    # reading them takes 60 ms, in which the event loop stands still: once is enough for all models
    return httpx.create_ssl_context()
