"""The walk-through and the sample conversation: the same observations, order and dates on both stores."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from ask_sample import QUESTIONS
from elasticsearch import AsyncElasticsearch
from typer.testing import CliRunner

from memoryengine import AsyncMemoryEngine
from memoryengine.chat import MemoryChat
from memoryengine.cli.app import app
from memoryengine.cli.starting import TALES
from memoryengine.testing.clock import ManualClock
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Hit, Memory, Message

from ..stores.elasticsearch_stores import remove

pytestmark = pytest.mark.elasticsearch
SAMPLE = Path(__file__).parents[2] / "scripts" / "sample_conversation.jsonl"
NOW = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
KEYWORD, VECTOR = 1e-6, 1e-3


@pytest_asyncio.fixture
async def prefix(es_url: str) -> AsyncIterator[str]:
    """A prefix of the test's own."""
    named = f"t-{secrets.token_hex(6)}"
    yield named
    await remove(es_url, named)


async def the_main_job(store: Mapping[str, Any]) -> tuple[list[Any], list[tuple[Hit, ...]]]:
    """What run.sh does, on one store: all that was said, done and kept, and what was found."""
    seen: list[Any] = []
    found: list[tuple[Hit, ...]] = []
    async with AsyncMemoryEngine({"extends": "embedded", "store": store}, clock=ManualClock(NOW)) as engine:
        for number, tale in enumerate(TALES):
            memory = engine.user(f"tale{number}")
            for query in tale:
                chat = engine.default_memory_chat
                # else the session is drawn by lot, and with it the ids of messages
                chat._chat = MemoryChat(engine._engine, "one session")
                response = await chat.chat_with_memory(query, f"tale{number}")
                seen += [response.message.content, response.meta_data["memories"], str(await memory.consolidate())]
                found.append(response.hits)
            seen.append(await everything(memory))
        for user, messages in sample().items():
            memory = engine.user(user)
            await memory.add_messages(messages)
            seen += [str(await memory.consolidate()), str(await memory.reflect()), await everything(memory)]
            found += [(await memory.retrieve(one.text)).hits for one in QUESTIONS if one.user == user]
    return seen, found


async def everything(memory: AsyncUserMemory) -> tuple[tuple[Memory, ...], tuple[Message, ...]]:
    """What is there, in the order in which it is listed."""
    return (await memory.list(expired=True)).memories, (await memory.messages()).messages


async def indices(url: str, prefix: str) -> list[str]:
    """The indices of a prefix."""
    async with AsyncElasticsearch(url) as client:
        return list((await client.indices.get(index=f"{prefix}-*", allow_no_indices=True)).body)


def sample() -> dict[str, list[dict[str, Any]]]:
    """The messages of each user of the sample conversation."""
    users: dict[str, list[dict[str, Any]]] = {}
    for line in SAMPLE.read_text("utf-8").splitlines():
        message = json.loads(line)
        users.setdefault(message.pop("conversation_id"), []).append(message)
    return users


async def test_the_main_job_comes_to_the_same_on_both_stores(es_url: str, prefix: str, tmp_path: Path) -> None:
    embedded = {"use": "sqlite", "path": str(tmp_path / "store.db")}
    seen, found = await the_main_job(embedded)
    again, found_again = await the_main_job({"use": "elasticsearch", "url": es_url, "index_prefix": prefix})
    assert again == seen
    assert sum(len(hits) for hits in found) > 50
    for hits, others in zip(found, found_again, strict=True):
        assert [hit.item for hit in others] == [hit.item for hit in hits]
        for hit, other in zip(hits, others, strict=True):
            assert other.channels.keys() == hit.channels.keys()
            assert other.channels.get("keyword") == pytest.approx(hit.channels.get("keyword"), abs=KEYWORD)
            assert other.channels.get("vector") == pytest.approx(hit.channels.get("vector"), abs=VECTOR)
            assert other.score == pytest.approx(hit.score, abs=2 * VECTOR)


def test_the_demo_runs_where_the_config_says_and_leaves_nothing(es_url: str, prefix: str, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(
        f"extends: elasticsearch\nstore: {{use: elasticsearch, url: '{es_url}', index_prefix: {prefix}}}\n"
    )
    shown = [CliRunner().invoke(app, ["--config", chosen, "demo"]) for chosen in ("embedded", str(config))]
    assert [(one.exit_code, one.stderr) for one in shown] == [(0, "")] * 2
    embedded, other = (MOMENT.sub("(now)", one.stdout) for one in shown)  # the one thing that differs is the time
    assert other == embedded
    assert other.count("new observation: ") == 2
    assert asyncio.run(indices(es_url, prefix)) == []


def test_the_demo_says_where_it_cannot_run(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("extends: elasticsearch\nstore: {use: elasticsearch, url: 'http://127.0.0.1:9'}\n")
    done = CliRunner().invoke(app, ["--config", str(config), "demo"])
    assert done.exit_code == 3
    assert done.stdout == ""
    assert "cannot be reached" in done.stderr
