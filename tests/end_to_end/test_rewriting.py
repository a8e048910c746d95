"""A question that leans on the talk before it, rewritten by a model behind the protocol of SiliconFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import pytest

from memoryengine import MemoryEngine
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import OVERLOADED, SiliconFlowServer, slow

WORKFLOW = """
operation: retrieve_memory
description: Rewrite and find.
inputs: [query, window, kinds]
outputs: [hits]
steps: [rewrite_query, look]
"""
LOOK = '''
from dataclasses import dataclass
from memoryengine.ports import SEARCHABLE, Reader, Search
from memoryengine.worker import Hits, worker

@dataclass(frozen=True)
class Found:
    hits: Hits

@worker("look")
@dataclass(frozen=True)
class Look:
    """Search once."""
    reader: Reader
    async def run(self, query: str, window: tuple[str, ...] = (), kinds: tuple[str, ...] = SEARCHABLE) -> Found:
        return Found((await self.reader.search(Search(query, kinds=kinds, window=window)))[0])
'''
TALK = {
    "en": (
        "My sister Ann is a nurse in Oslo.",
        "Where does one work best?",
        "Yesterday I spoke with Ann.",
        "And where does she work?",
    ),
    "zh": ("我姐姐小雅在成都当护士。", "人在哪里上班最好？", "昨天我和小雅通了电话。", "她在哪里上班？"),
}


REPLY = "I remember: [2024-10-26 21:26:20 Saturday] My sister Ann is a nurse in Oslo."


@pytest.fixture
def server() -> Iterator[SiliconFlowServer]:
    with SiliconFlowServer() as running:
        yield running


@pytest.fixture
def engine(
    tmp_path: Path, make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> Iterator[Callable[..., MemoryEngine]]:
    """Engines with a chat model at the server and a workflow that rewrites."""
    made: list[MemoryEngine] = []
    for folder, name, text in (("flows", "retrieve_memory.yaml", WORKFLOW), ("own", "look.py", LOOK)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)

    def make(**settings: object) -> MemoryEngine:
        chat = {"use": "siliconflow", "api_base": server.url, "api_key": server.key, "retries": 0}
        config = {
            "extends": "embedded",
            "workers": ["memoryengine.workers", str(tmp_path / "own")],
            "workflows": ["stock", str(tmp_path / "flows")],
            "models": {"chat": chat},
            "instances": {"rewrite_query": {"use": "rewrite_query", **settings}},
        }
        made.append(make_engine(config))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_question_leans_on_is_found(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer, language: str
) -> None:
    server.answer = answer
    known, other, before, asked = TALK[language]
    keyword = {}
    for settings, calls in (({"most": 3}, 1), ({}, 0)):
        server.forget()
        user = engine(**settings).user(f"{language}-{calls}")
        ids = user.add_messages([{"role": "user", "content": text} for text in (known, other, before)]).new
        plain = user.retrieve(asked, window=ids[2:])
        assert plain.warnings == ()
        assert (server.count("chat"), plain.usage.chat_calls) == (calls, calls)
        keyword[calls] = {hit.item.content: hit.channels.get("keyword", 0.0) for hit in plain.hits}[known]
        if calls:
            assert before in server.requests[0].body["messages"][1]["content"]
            assert known not in server.requests[0].body["messages"][1]["content"]  # it is not in the window
    assert keyword[1] > keyword[0] + 0.1


def test_an_unwell_model_costs_no_more_than_its_seconds(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    user = engine(most=3, seconds=0.3).user("ann")
    user.add_messages([{"role": "user", "content": TALK["en"][0]}])
    server.fail_next(slow(30), endpoint="chat")
    began = perf_counter()
    late = user.retrieve("Where does Ann work?")
    assert perf_counter() - began < 10
    assert [hit.item.content for hit in late.hits] == [TALK["en"][0]]
    assert late.warnings[0].endswith("did not answer within 0.3 seconds.")
    user = engine(most=3).user("ann")
    server.fail_next(OVERLOADED)
    down = user.retrieve("Where does Ann work?")
    assert [hit.score for hit in down.hits] == [hit.score for hit in late.hits]
    assert down.warnings[0].startswith("The question was searched as it was asked: The chat model")
    server.answer = lambda _: "Sure! " * 20_000
    assert "119,999 characters" in user.retrieve("Where does Ann work?").warnings[0]


def test_a_chat_goes_on_and_says_what_went_wrong(
    engine: Callable[..., MemoryEngine], server: SiliconFlowServer
) -> None:
    server.answer = answer
    made = engine(most=3)
    made.user("user").add(TALK["en"][0])
    chat = made.default_memory_chat
    well = chat.chat_with_memory("Where does my sister Ann work?")
    assert (well.message.content, well.warnings) == (REPLY, ())
    assert "nurse in Oslo" in well.meta_data["memories"]
    server.fail_next(OVERLOADED, endpoint="chat")
    unwell = chat.chat_with_memory("Where does my sister Ann work?")
    assert unwell.message.content == REPLY
    assert "nurse in Oslo" in unwell.meta_data["memories"]
    assert [warning.partition(":")[0] for warning in unwell.warnings] == ["The question was searched as it was asked"]
    server.fail_next(OVERLOADED, endpoint="chat")
    assert "".join(chat.stream_with_memory("Where does my sister Ann work?")) == REPLY
