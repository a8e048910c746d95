"""Questions that name a time alone, on both stores: what was said then, in order, before and after a consolidation."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from memoryengine import AsyncMemoryEngine
from memoryengine.testing.clock import ManualClock
from memoryengine.user_memory import AsyncUserMemory

from ..stores.elasticsearch_stores import remove

NOW = datetime(2024, 10, 23, 15, tzinfo=UTC)  # a Wednesday
TALK = [
    ("2024-10-01T09:00:00", "one", "Ann", "My name is Ann, and I live in Oslo."),
    ("2024-10-01T09:01:00", "one", "Bob", "Nice to meet you."),
    ("2024-10-18T09:00:00", "two", "Ann", "I bought a red bike."),
    ("2024-10-18T09:01:00", "two", "Bob", "Is it fast?"),
    ("2024-10-18T21:00:00", "three", "Ann", "It has a flat tyre already."),
    ("2024-10-22T09:00:00", "four", "Bob", "How is the bike?"),
]


@pytest_asyncio.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncUserMemory]:
    """One user's memory of the talk, on either store."""
    store: dict[str, Any] = {"use": "sqlite", "path": str(tmp_path / "talk.db")}
    url, prefix = "", f"t-{secrets.token_hex(6)}"
    if request.param == "elasticsearch":
        url = request.getfixturevalue("es_url")
        store = {"use": "elasticsearch", "url": url, "index_prefix": prefix}
    config = {"extends": "embedded", "time_zone": "UTC", "models": {"embedder": None}, "store": store}
    async with AsyncMemoryEngine(config, clock=ManualClock(NOW)) as engine:
        user = engine.user("ann")
        told = [
            {"id": f"m{n}", "said_at": f"{at}+00:00", "session": session, "speaker": speaker, "content": content}
            for n, (at, session, speaker, content) in enumerate(TALK)
        ]
        await user.add_messages(told)
        yield user
    if url:
        await remove(url, prefix)


async def finds(memory: AsyncUserMemory, query: str, **more: Any) -> str:
    hits = (await memory.retrieve(query, **more)).hits
    return " ".join(hit.item.id if hit.kind == "message" else hit.item.content for hit in hits)


async def test_a_time_alone_is_answered_in_order(memory: AsyncUserMemory) -> None:
    assert await finds(memory, "What did we talk about last Friday?") == "m2 m3 m4"
    assert await finds(memory, "我们上周五聊了什么？") == "m2 m3 m4"
    assert await finds(memory, "What did we talk about last Friday?", limit=2) == "m2 m3"
    assert await finds(memory, "What did Ann say last Friday?") == "m2 m4"
    assert await finds(memory, "What did we discuss in our second conversation?") == "m2 m3"
    assert await finds(memory, "What did we discuss 2 sessions ago?") == "m4"
    assert await finds(memory, "What did we talk about last time?") == "m5"
    assert await finds(memory, "What did we discuss on 3 October?") == ""
    assert await finds(memory, "What did we talk about on 2 October?") == "m0 m1"
    assert await finds(memory, "What did we talk about last month?") == ""
    asked = datetime(2024, 10, 2, 12, tzinfo=UTC)
    assert await finds(memory, "What did we talk about yesterday?", asked_at=asked) == "m0 m1"


async def test_content_beside_a_time_is_searched(memory: AsyncUserMemory) -> None:
    assert (await finds(memory, "Which bike did Ann see last Friday?")).split()[0] == "m2"
    assert (await finds(memory, "In the first session, where did Ann say she lives?")).split()[0] == "m0"
    assert "m5" in (await finds(memory, "How is the bike?")).split()


async def test_memories_stand_for_what_was_said(memory: AsyncUserMemory) -> None:
    await memory.consolidate()
    found = (await memory.retrieve("What did we talk about last Friday?")).hits
    assert {hit.kind for hit in found} == {"observation", "message"}
    assert [hit.item.said_at for hit in found] == sorted(hit.item.said_at for hit in found)
    assert "m2" not in [hit.item.id for hit in found]
    assert any("bike" in hit.item.content and "m2" in getattr(hit.item, "sources", ()) for hit in found)
