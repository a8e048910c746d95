"""One address that takes JSON by POST and answers in JSON: requests for sync callers, aiohttp for async ones."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any

import aiohttp
import requests

from ..per_loop import PerLoop
from .failures import Asked, failure, no_connection, parse_answer, too_long, too_slow
from .gate import Gate
from .proxies import proxy_of
from .retry import REAL, Effects, Limits, retry_after, retrying, retrying_sync

CHUNK = 65_536


class Endpoint:
    """A JSON endpoint with retries, a time limit, an answer limit and a concurrency limit; its key shows nowhere.

    Both ways share the concurrency limit. Raises `ModelUnavailable`, `ModelRefused` and `ModelAnswerError`.
    """

    def __init__(self, asked: Asked, limits: Limits, effects: Effects = REAL) -> None:
        self._asked, self._limits, self._effects = asked, limits, effects
        self._gate = Gate(limits.concurrency)
        self._sessions = PerLoop(self._open_async)
        self._threads = threading.local()

    def post(self, body: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        """The answer to `body`, which must have the field `wanted`."""
        return retrying_sync(lambda seconds: self._attempt_sync(body, wanted, seconds), self._limits, self._effects)

    async def apost(self, body: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
        """As `post`, without blocking the event loop."""
        return await retrying(lambda seconds: self._attempt(body, wanted, seconds), self._limits, self._effects)

    async def aclose(self) -> None:
        """Close what the running event loop holds open."""
        await self._sessions.close()

    async def _attempt(self, body: Mapping[str, Any], wanted: str, seconds: float) -> Mapping[str, Any]:
        async with self._gate:
            try:
                async with asyncio.timeout(seconds):
                    status, wait, raw = await self._exchange(body)
            except TimeoutError:
                raise too_slow(self._asked, seconds) from None
            except (aiohttp.ClientError, OSError) as error:
                raise no_connection(self._asked, error) from None
        return self._judge(status, wait, raw, wanted)

    async def _exchange(self, body: Mapping[str, Any]) -> tuple[int, str | None, bytes]:
        session = await self._sessions.get()
        headers = {"Authorization": f"Bearer {self._asked.secret}", "Content-Type": "application/json"}
        # as a file, because aiohttp warns of a megabyte of plain bytes
        sent = io.BytesIO(json.dumps(body, ensure_ascii=False).encode())
        async with session.post(self._asked.url, data=sent, headers=headers, allow_redirects=False) as response:
            parts = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                parts += chunk
                self._check_length(len(parts))
            return response.status, response.headers.get("Retry-After"), bytes(parts)

    def _attempt_sync(self, body: Mapping[str, Any], wanted: str, seconds: float) -> Mapping[str, Any]:
        with self._gate:
            try:
                status, wait, raw = self._exchange_sync(body, seconds)
            except (requests.Timeout, TimeoutError):
                raise too_slow(self._asked, seconds) from None
            except (requests.RequestException, OSError) as error:
                raise no_connection(self._asked, error) from None
        return self._judge(status, wait, raw, wanted)

    def _exchange_sync(self, body: Mapping[str, Any], seconds: float) -> tuple[int, str | None, bytes]:
        start = self._effects.elapsed()
        with self._session().post(
            self._asked.url, json=body, auth=self._sign, timeout=seconds, stream=True, allow_redirects=False
        ) as response:
            parts = bytearray()
            for chunk in response.iter_content(CHUNK):
                parts += chunk
                self._check_length(len(parts))
                if self._effects.elapsed() - start > seconds:
                    raise TimeoutError
            return response.status_code, response.headers.get("Retry-After"), bytes(parts)

    def _judge(self, status: int, wait: str | None, raw: bytes, wanted: str) -> Mapping[str, Any]:
        if status >= 300:
            raise failure(self._asked, status, raw, retry_after(wait, self._effects.now()))
        return parse_answer(self._asked, raw, wanted)

    def _check_length(self, length: int) -> None:
        if length > self._limits.max_bytes:
            raise too_long(self._asked, self._limits.max_bytes)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # as an `auth` callable, because requests would put a .netrc entry in the place of a plain header
        request.headers["Authorization"] = f"Bearer {self._asked.secret}"
        return request

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            proxy_of(self._asked.url)  # to refuse one that is not spoken in the same words
            session = self._threads.session = requests.Session()
        return session

    def _open_async(self) -> aiohttp.ClientSession:
        return open_session(self._asked.url)


def open_session(url: str, *, ssl: SSLContext | bool = True, **options: Any) -> aiohttp.ClientSession:
    """A session of the running event loop for one address, without limits of time or number: whoever asks has them."""
    # trust_env would read .netrc before every request; the proxy is all that is wanted of it
    return aiohttp.ClientSession(
        proxy=proxy_of(url),
        connector=aiohttp.TCPConnector(limit=0, ssl=ssl),
        timeout=aiohttp.ClientTimeout(total=None),
        **options,
    )
