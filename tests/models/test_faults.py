"""Each model against each fault of a real local server: what is asked again, what is refused, what is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from memoryengine.errors import ModelAnswerError, ModelError, ModelRefused, ModelUnavailable
from memoryengine.ports import Turn
from memoryengine.testing.siliconflow_server import (
    CUT,
    GATEWAY_HTML,
    HTML,
    INVALID,
    MALFORMED,
    OVERLOADED,
    SERVER_ERROR,
    WRONG_COUNT,
    Fault,
    SiliconFlowServer,
    error_body,
    huge,
    slow,
    too_many,
)

from .conftest import Build, Slept

Call = Callable[[], Awaitable[object]]
KINDS = ("chat", "stream", "embedder", "reranker")


def call_of(build: Build, kind: str, **more: Any) -> Call:
    if kind == "chat":
        chat = build.chat(**more)
        return lambda: chat.chat([Turn("user", "hello")])
    if kind == "stream":
        return lambda: _streamed(build, more)
    if kind == "embedder":
        embedder = build.embedder(**more)
        return lambda: embedder.embed(["one", "two"])
    reranker = build.reranker(**more)
    return lambda: reranker.rerank("one two", ["one", "two"])


async def _streamed(build: Build, more: dict[str, Any]) -> str:
    return "".join([piece async for piece in build.chat(**more).stream([Turn("user", "hello")])])


async def failed(call: Call) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await call()
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [too_many(), too_many(""), SERVER_ERROR, OVERLOADED, GATEWAY_HTML, CUT], ids=range(6))
async def test_what_may_pass_is_asked_again(
    build: Build, server: SiliconFlowServer, slept: Slept, kind: str, fault: Fault
) -> None:
    call = call_of(build, kind)
    expected = await call()
    server.forget()
    server.fail_next(fault, times=2)
    assert await call() == expected
    assert server.count() == 3
    assert len(slept.seconds) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_after_all_retries_it_is_unavailable(
    build: Build, server: SiliconFlowServer, slept: Slept, kind: str
) -> None:
    server.fail_next(OVERLOADED, times=3)
    error = await failed(call_of(build, kind, retries=2))
    assert isinstance(error, ModelUnavailable)
    assert server.count() == 3
    assert len(slept.seconds) == 2
    assert "503" in str(error)
    assert "50505" in str(error)
    assert "3 times" in error.message
    assert "overloaded" in error.excerpt


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_is_not_repeated(build: Build, server: SiliconFlowServer, slept: Slept, kind: str) -> None:
    server.fail_next(INVALID)
    error = await failed(call_of(build, kind))
    assert isinstance(error, ModelRefused)
    assert server.count() == 1
    assert slept.seconds == []
    assert "code 20015" in error.message
    assert "The parameter is invalid" in str(error)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_model_name_is_refused_by_name(build: Build, server: SiliconFlowServer, kind: str) -> None:
    error = await failed(call_of(build, kind, model="BAAI/bge-m33"))
    assert isinstance(error, ModelRefused)
    assert "'BAAI/bge-m33'" in error.message
    assert "20012" in error.message
    assert "the model's name" in error.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [MALFORMED, HTML, huge(9_000_000), Fault(body=b"[]"), Fault(body=b"")], ids=range(5))
async def test_an_unusable_answer_is_an_answer_error(
    build: Build, server: SiliconFlowServer, slept: Slept, kind: str, fault: Fault
) -> None:
    server.fail_next(fault)
    error = await failed(call_of(build, kind))
    assert isinstance(error, ModelAnswerError)
    assert server.count() == 1
    assert slept.seconds == []
    assert server.url in error.message


@pytest.mark.parametrize("kind", ["chat", "embedder", "reranker"])
async def test_too_few_results_are_an_answer_error(build: Build, server: SiliconFlowServer, kind: str) -> None:
    server.fail_next(WRONG_COUNT)
    error = await failed(call_of(build, kind))
    assert isinstance(error, ModelAnswerError)
    assert server.count() == 1
    assert kind == "chat" or "1 results for 2 texts" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_slow_answer_ends_at_the_time_limit(build: Build, server: SiliconFlowServer, kind: str) -> None:
    await call_of(build, kind)()
    server.fail_next(slow(5), times=2)
    call = call_of(build, kind, timeout=0.5, retries=1)
    start = time.monotonic()
    error = await failed(call)
    assert isinstance(error, ModelUnavailable)
    assert "within 0.5 seconds" in error.message
    assert 1.0 <= time.monotonic() - start < 4
    assert server.count() == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_the_total_time_limit_holds_over_all_attempts(build: Build, server: SiliconFlowServer, kind: str) -> None:
    await call_of(build, kind)()
    server.fail_next(slow(5), times=9)
    start = time.monotonic()
    error = await failed(call_of(build, kind, timeout=0.5, total_timeout=2.5, retries=20))
    assert isinstance(error, ModelUnavailable)
    assert time.monotonic() - start < 5
    assert 2 <= server.count() <= 10


@pytest.mark.parametrize("kind", KINDS)
async def test_retry_after_is_honoured_and_capped(
    build: Build, server: SiliconFlowServer, slept: Slept, kind: str
) -> None:
    server.fail_next(too_many("3"))
    server.fail_next(too_many("86400"))
    await call_of(build, kind)()
    assert [round(seconds, 2) for seconds in slept.seconds] == [3.25, 60.25]
    assert server.count() == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_the_wrong_key_is_refused_and_its_setting_named(
    build: Build, server: SiliconFlowServer, kind: str
) -> None:
    error = await failed(call_of(build, kind, api_key="sk-wrong-987654"))
    assert isinstance(error, ModelRefused)
    assert "401" in error.message
    assert f"models.{'chat' if kind == 'stream' else kind}.api_key" in error.message
    assert "${NAME}" in error.message
    assert server.count() == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_body_with_status_200_is_an_error(build: Build, server: SiliconFlowServer, kind: str) -> None:
    server.fail_next(Fault(200, error_body(20015, "The parameter is invalid.")))
    error = await failed(call_of(build, kind))
    assert isinstance(error, ModelRefused | ModelAnswerError)
    assert server.count() == 1
    assert server.url in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_redirect_is_not_followed(build: Build, server: SiliconFlowServer, kind: str) -> None:
    elsewhere = f"{server.url}/models"
    server.fail_next(Fault(307, b"", {"Location": elsewhere}))
    error = await failed(call_of(build, kind))
    assert isinstance(error, ModelRefused)
    assert "api_base" in error.message
    assert server.count() == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_there(build: Build, kind: str) -> None:
    error = await failed(call_of(build, kind, api_base="http://127.0.0.1:9/v1", retries=1))
    assert isinstance(error, ModelUnavailable)
    assert "could not be reached" in error.message
    assert "2 times" in error.message


@pytest.mark.parametrize("kind", ["chat", "embedder", "reranker"])
async def test_the_concurrency_limit_holds_for_all_who_share_a_model(
    build: Build, server: SiliconFlowServer, kind: str
) -> None:
    call = call_of(build, kind, concurrency=3)
    server.fail_next(slow(0.05), times=12)
    await asyncio.gather(*(call() for _ in range(12)))
    assert server.count() == 12
    assert server.most_at_once == 3


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_call_stops_and_gives_its_place_back(
    build: Build, server: SiliconFlowServer, kind: str
) -> None:
    call = call_of(build, kind, concurrency=1)
    server.fail_next(slow(5))
    task = asyncio.ensure_future(call())
    async with asyncio.timeout(5):
        while not server.count():  # noqa: ASYNC110  the server runs in another thread
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(call(), 2)
    assert server.count() == 2
