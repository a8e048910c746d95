"""The second step of a chain: what the best hits name."""

from __future__ import annotations

from memoryengine.values import Hit
from memoryengine.workers.search_again import SearchAgain

from .fakes import FakeReader, memory, message

RUNS, WORKS, OTHER = (
    message("Zhang Wei likes running"),
    message("The office of Zhang Wei is in Xiamen"),
    message("It rained all day"),
)


def reader() -> FakeReader:
    return FakeReader([RUNS, WORKS, OTHER])


async def test_what_a_lead_names_is_found() -> None:
    lead = Hit(RUNS, 0.9, {"keyword": 1.0})
    hits = (await SearchAgain(reader()).run("Where does the man work who likes running?", (lead,), leads=(lead,))).hits
    assert [hit.item.id for hit in hits] == [RUNS.id, WORKS.id]
    assert 0 < hits[1].channels["hop"] <= 1
    assert "hop" not in hits[0].channels
    assert hits[1].score == 0.0


async def test_nothing_passes_a_memory_that_leads_to_it() -> None:
    dog, beagle = memory("User has a dog named Biscuit"), memory("Biscuit waits by the door")
    lead, other = Hit(dog, 0.9, {"keyword": 1.0}), Hit(beagle, 0.8, {"keyword": 0.8})
    hits = (await SearchAgain(FakeReader([], [dog, beagle])).run("my dog", (lead, other), leads=(lead,))).hits
    assert [hit.item.id for hit in hits] == [dog.id, beagle.id]
    assert hits[0].channels["hop"] == 1.0 > hits[1].channels["hop"] > 0


async def test_one_round_trip_and_none_without_a_lead() -> None:
    asked = reader()
    lead, other = Hit(RUNS, 0.9), Hit(OTHER, 0.5)
    await SearchAgain(asked).run("running and rain", (lead, other), leads=(lead, other))
    assert len(asked.searched) == 1
    assert len(asked.searched[0]) == 2
    assert all("rain" not in (search.words or ()) for search in asked.searched[0])
    none = reader()
    assert (await SearchAgain(none).run("Zhang Wei likes running", (lead,), leads=(lead,))).hits == (lead,)
    assert (await SearchAgain(none).run("anything", (lead,))).hits == (lead,)
    assert none.searched == []
