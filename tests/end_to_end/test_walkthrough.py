"""The walk-through of the README, in both languages, sync and async, and a second time on the same data."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngine
from memoryengine.testing.clock import ManualClock

SATURDAY = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)  # 21:26:20 in Shanghai
ZH = (
    "我的爱好是吉他。",
    "你知道我的乐器爱好是什么?",
    "用户爱好是吉他。",
    "[2024-10-26 21:26:20 周六] 用户爱好是吉他。",
)
EN = (
    "My hobby is playing the guitar.",
    "Do you know what my musical hobby is?",
    "User's hobby is playing the guitar.",
    "[2024-10-26 21:26:20 Saturday] User's hobby is playing the guitar.",
)


@pytest.mark.parametrize(("told", "asked", "observed", "shown"), [ZH, EN])
def test_the_walk_through(
    make_engine: Callable[..., MemoryEngine], told: str, asked: str, observed: str, shown: str
) -> None:
    chat = make_engine("configs/embedded.yaml").default_memory_chat
    response = chat.chat_with_memory(query=told)
    assert response.message.content
    assert response.message.role == "assistant"
    assert response.meta_data["memories"] is None
    result = chat.run_service_operation("consolidate_memory")
    assert str(result) == f"[MEMORY ACTIONS]:\nnew observation: {observed} (valid)"
    assert [a.memory.content for a in result.actions] == [observed]
    response = chat.chat_with_memory(query=asked)
    assert response.meta_data["memories"] == shown
    assert [h.item.content for h in response.hits] == [observed]


@pytest.mark.parametrize(("told", "asked", "observed", "shown"), [ZH, EN])
def test_a_second_run_on_the_same_data_knows_it_already(
    make_engine: Callable[..., MemoryEngine], told: str, asked: str, observed: str, shown: str
) -> None:
    for clock in (ManualClock(SATURDAY), ManualClock(SATURDAY.replace(hour=14))):
        engine = make_engine(clock=clock)
        chat = engine.default_memory_chat
        first = chat.chat_with_memory(query=told).meta_data["memories"]
        done = str(chat.run_service_operation("consolidate_memory"))
        second = chat.chat_with_memory(query=asked).meta_data["memories"]
        engine.close()
    assert first == shown
    assert done == f"[MEMORY ACTIONS]:\nalready known: {observed} (valid)"
    assert second == shown


async def test_the_walk_through_async() -> None:
    told, asked, observed, shown = ZH
    async with AsyncMemoryEngine("embedded", clock=ManualClock(SATURDAY)) as engine:
        chat = engine.default_memory_chat
        assert (await chat.chat_with_memory(told)).meta_data["memories"] is None
        done = await engine.default_memory_service.consolidate_memory()
        assert observed in str(done)
        assert (await chat.chat_with_memory(asked)).meta_data["memories"] == shown


async def test_the_sync_engine_works_inside_a_running_loop(make_engine: Callable[..., MemoryEngine]) -> None:
    assert asyncio.get_running_loop().is_running()
    engine = make_engine()
    assert engine.user("alice").add_messages([{"role": "user", "content": ZH[0]}]).new
    assert ZH[2] in str(engine.user("alice").consolidate())
    assert engine.user("bob").list().memories == ()


def test_a_process_ends_by_itself_and_in_silence(tmp_path: Path) -> None:
    script = (
        "from memoryengine import MemoryEngine\n"
        "chat = MemoryEngine().default_memory_chat\n"
        f"chat.chat_with_memory(query={ZH[0]!r})\n"
        "print(chat.run_service_operation('consolidate_memory'))\n"
    )
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert ZH[2] in done.stdout
    assert done.stderr == ""


def test_streaming_gives_the_same_answer_in_pieces(make_engine: Callable[..., MemoryEngine]) -> None:
    engine = make_engine()
    whole = engine.default_memory_chat.chat_with_memory(query=EN[0], remember_response=False).message.content
    pieces = list(engine.default_memory_chat.stream_with_memory(query=EN[0]))
    assert "".join(pieces) == whole
    kept = engine.user().messages().messages
    assert [m.role for m in kept] == ["user", "assistant"]
    assert kept[1].content == whole
