from __future__ import annotations

import asyncio
from typing import Any

import pytest

from memoryengine.errors import ModelAnswerError, ModelUnavailable
from memoryengine.ports import Turn
from memoryengine.testing.siliconflow_server import Answer, SiliconFlowServer, changed, slow, too_many

from .conftest import Build, Slept
from .test_faults import call_of

HELLO = [Turn("system", "Be kind."), Turn("user", "你好")]


def always(answer: str) -> Answer:
    return lambda messages: answer


async def pieces(build: Build, **more: object) -> list[str]:
    return [piece async for piece in build.chat(**more).stream(HELLO)]


async def test_the_request_holds_what_the_config_says(build: Build, server: SiliconFlowServer) -> None:
    chat = build.chat(max_tokens=700, temperature=0.3, extra={"enable_thinking": False})
    reply = await chat.chat(HELLO, max_tokens=50)
    await chat.chat(HELLO, max_tokens=9_999)
    first, second = (each.body for each in server.requests)
    assert first["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "你好"}]
    assert (first["max_tokens"], second["max_tokens"]) == (50, 700)
    assert (first["temperature"], first["enable_thinking"]) == (0.3, False)
    assert reply.text == "[test server] You said: 你好"
    assert (reply.input_tokens, reply.output_tokens) == (10, len(reply.text))


@pytest.mark.parametrize(("reason", "cut"), [("length", True), ("stop", False), (None, False), ("max_tokens", True)])
async def test_an_answer_that_ended_at_max_tokens_says_so(
    build: Build, server: SiliconFlowServer, reason: str | None, cut: bool
) -> None:
    def end(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "choices": [{**data["choices"][0], "finish_reason": reason}]}

    server.fail_next(changed(end))
    reply = await build.chat().chat(HELLO)
    assert reply.cut is cut
    assert reply.text == "[test server] You said: 你好"
    assert (await build.chat().chat(HELLO)).cut is False


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/"])
async def test_base_and_full_address_are_both_taken(build: Build, server: SiliconFlowServer, tail: str) -> None:
    reply = await build.chat(api_base=server.url + tail).chat(HELLO)
    assert reply.text.endswith("你好")
    assert server.count("chat") == 1
    assert server.count() == 1


async def test_thinking_is_cut_whole_and_streamed(build: Build, server: SiliconFlowServer) -> None:
    server.answer = lambda _: "<think>The user greets me.\nI greet back.</think>\n\nHello <b>you</b>"
    assert (await build.chat().chat(HELLO)).text == "Hello <b>you</b>"
    streamed = await pieces(build)
    assert "".join(streamed) == "Hello <b>you</b>"
    assert len(streamed) > 2


async def test_an_answer_that_is_all_thinking_is_an_error(build: Build, server: SiliconFlowServer) -> None:
    for answer in ("<think>I never stop", "", "  \n "):
        server.answer = always(answer)
        with pytest.raises(ModelAnswerError, match="nothing but thinking or blanks"):
            await build.chat().chat(HELLO)
        with pytest.raises(ModelAnswerError, match="max_tokens"):
            await pieces(build)
    assert server.count("chat") == 6


async def test_a_stream_comes_in_pieces(build: Build, server: SiliconFlowServer) -> None:
    server.answer = lambda _: "0123456789" * 3
    found = await pieces(build)
    assert "".join(found) == "0123456789" * 3
    assert len(found) == 10
    assert server.requests[0].body["stream"] is True


async def test_a_stream_left_early_gives_its_place_back(build: Build, server: SiliconFlowServer) -> None:
    chat = build.chat(concurrency=1)
    stream = chat.stream(HELLO)
    assert await anext(stream) == "[te"
    await stream.aclose()  # type: ignore[attr-defined]
    reply = await asyncio.wait_for(chat.chat(HELLO), 2)
    assert reply.text
    assert server.count() == 2


async def test_a_stream_is_asked_again_before_its_first_piece(
    build: Build, server: SiliconFlowServer, slept: Slept
) -> None:
    server.fail_next(too_many(), times=2)
    assert "".join(await pieces(build)).endswith("你好")
    assert server.count() == 3
    assert len(slept.seconds) == 2


async def test_one_model_serves_several_event_loops(build: Build, server: SiliconFlowServer) -> None:
    chat = build.chat()

    def elsewhere() -> str:
        return asyncio.run(chat.chat(HELLO)).text

    there = await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(3)))
    here = (await chat.chat(HELLO)).text
    assert set(there) == {here}
    assert server.count() == 4
    await chat.close()
    assert (await chat.chat(HELLO)).text == here


async def test_missing_token_counts_are_zero(build: Build, server: SiliconFlowServer) -> None:
    server.fail_next(changed(lambda data: {name: value for name, value in data.items() if name != "usage"}))
    reply = await build.chat().chat(HELLO)
    assert reply.text.startswith("[test server]")
    assert reply.input_tokens == 0
    assert reply.output_tokens == 0


async def test_a_long_retry_pause_past_the_total_limit_gives_up_at_once(
    build: Build, server: SiliconFlowServer, slept: Slept
) -> None:
    server.fail_next(too_many("50"))
    with pytest.raises(ModelUnavailable, match="asked once"):
        await build.chat(total_timeout=30).chat(HELLO)
    assert slept.seconds == []
    assert server.count() == 1


async def test_neither_the_wait_for_a_place_nor_a_slow_reader_counts_as_the_endpoints_time(
    build: Build, server: SiliconFlowServer
) -> None:
    server.answer = lambda _: "0123456789" * 3
    chat = build.chat(concurrency=1, timeout=1, total_timeout=1)

    async def read(pause: float) -> list[str]:
        found = []
        async for piece in chat.stream(HELLO):
            found.append(piece)
            await asyncio.sleep(pause)
        return found

    slow, waiting = await asyncio.gather(read(0.15), read(0))
    assert len(slow) == len(waiting) == 10
    assert "".join(waiting) == "0123456789" * 3
    assert server.count("chat") == 2


@pytest.mark.parametrize("kind", ["chat", "embedder"])
async def test_more_calls_than_a_pool_of_connections_holds_are_under_way_at_once(
    build: Build, server: SiliconFlowServer, kind: str
) -> None:
    server.fail_next(slow(20), times=120)
    call = call_of(build, kind, concurrency=120, timeout=30)
    calls = [asyncio.ensure_future(call()) for _ in range(120)]
    for _ in range(750):
        if server.count() == 120:
            break
        await asyncio.sleep(0.02)
    assert server.count() == 120
    assert not any(one.done() for one in calls)
    for one in calls:
        one.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert await asyncio.wait_for(call(), 10)
