"""What is searched, and in how many round trips."""

from __future__ import annotations

import pytest

from memoryengine.errors import InputError
from memoryengine.ports import Search
from memoryengine.workers.search_memories import SearchMemories

from .fakes import FakeReader, memory, message

READER = FakeReader(
    messages_=[message("I play the guitar in a band"), message("The weather is nice")],
    memories_=[
        memory("User plays the guitar."),
        memory("User's hobby: guitar", kind="insight"),
        memory("Guitar lessons are on Monday", kind="custom"),
        memory("User sold the guitar.", status="expired"),
    ],
)


async def test_every_kind_is_found_in_one_round_trip() -> None:
    reader = FakeReader(READER.messages_, READER.memories_)
    hits = (await SearchMemories(reader).run("guitar")).hits
    assert {hit.kind for hit in hits} == {"observation", "insight", "custom", "message"}
    assert "User sold the guitar." not in [hit.item.content for hit in hits]
    assert len(reader.searched) == 1
    assert len(reader.searched[0]) == 1


async def test_settings_window_and_kinds_reach_the_search() -> None:
    reader = FakeReader(READER.messages_, READER.memories_)
    worker = SearchMemories(reader, kinds=("observation", "message"), top_k=7)
    await worker.run("guitar", window=("m1",))
    await worker.run("guitar", kinds=("observation", "insight"))
    assert reader.searched == [
        (Search("guitar", kinds=("observation", "message"), top_k=7, window=("m1",)),),
        (Search("guitar", kinds=("observation",), top_k=7),),
    ]


async def test_nothing_is_asked_for_nothing() -> None:
    reader = FakeReader(READER.messages_, READER.memories_)
    assert (await SearchMemories(reader).run("  ")).hits == ()
    assert (await SearchMemories(reader, kinds=("message",)).run("guitar", kinds=("insight",))).hits == ()
    assert reader.searched == []


async def test_an_unknown_kind_is_named_with_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no kind 'opinion'.*observation, custom, insight, message"):
        SearchMemories(READER, kinds=("opinion",))
    with pytest.raises(InputError, match="no kind 'fact'"):
        await SearchMemories(READER).run("guitar", kinds=("fact",))
    assert SearchMemories(READER).kinds == ("observation", "custom", "insight", "message")
