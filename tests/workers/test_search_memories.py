"""What is searched, and in how many round trips."""

from __future__ import annotations

import pytest

from memoryengine.errors import InputError
from memoryengine.ports import Search
from memoryengine.questions import read_question
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
        (Search("guitar", kinds=("observation", "message"), top_k=7, window=("m1",), words=("guitar",)),),
        (Search("guitar", kinds=("observation",), top_k=7, words=("guitar",)),),
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


TALK = FakeReader(
    messages_=[
        message("Do you like marimba music?", speaker="Ann"),
        message("I play the marimba, Ann", speaker="Bob"),
        message("The piano is out of tune", speaker="Ann"),
    ]
)


async def test_a_speaker_in_the_question_is_preferred_and_not_sought() -> None:
    reader = FakeReader(TALK.messages_)
    hits = (await SearchMemories(reader).run("What does Ann say of the marimba?")).hits
    (search,) = reader.searched[0]
    assert "ann" not in (search.words or ())
    assert "Ann" not in search.text
    assert {h.item.speaker: h.channels.get("speaker", 0.0) for h in hits} == {"Ann": 1.0, "Bob": 0.0}
    asked = (await SearchMemories(TALK).run("Who plays the marimba?", asker="Bob")).hits
    assert {h.item.speaker for h in asked if "speaker" in h.channels} == {"Bob"}
    assert (await SearchMemories(TALK).run("Ann")).hits, "a name alone is sought"
    await SearchMemories(reader).run("What is Ann's plan for the annual Anniversary?")
    assert reader.searched[-1][0].text.split() == ["What", "is", "plan", "for", "the", "annual", "Anniversary?"]


async def test_each_part_of_a_question_is_sought_and_leads() -> None:
    reader = FakeReader(TALK.messages_)
    query = "Who plays the marimba? Is the piano in tune?"
    found = await SearchMemories(reader).run(query, question=read_question(query))
    assert len(reader.searched) == 1
    assert [search.text for search in reader.searched[0]][1:] == ["Who plays the marimba?", "Is the piano in tune?"]
    assert {hit.item.content[:9] for hit in found.leads} == {"I play th", "The piano"}
    assert all(0 < hit.channels["part"] <= 1 for hit in found.hits)


async def test_nothing_is_sought_where_all_was_found_by_time() -> None:
    reader = FakeReader(TALK.messages_)
    found = await SearchMemories(reader).run("marimba", only=True)
    assert found.hits == ()
    assert found.leads == ()
    assert reader.searched == []
