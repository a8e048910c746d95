"""A retrieval for another day: messages of then, hidden ones through their memories alone, and one round trip."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, InputError
from memoryengine.ports import Match, Query
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.clock import ManualClock
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Scope

START = datetime(2024, 1, 1, 9, tzinfo=UTC)


class Counting(SqliteStore):
    """A store that counts searches."""

    searches = 0

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        self.searches += 1
        return await super().search(scope, queries)


class Year:
    """One user, a store that counts, and a clock that is set to days of 2024."""

    def __init__(self, memory: AsyncUserMemory, clock: ManualClock, store: Counting) -> None:
        self.memory, self.clock, self.store = memory, clock, store

    async def hears(self, text: str, on: str, told: str = "", *, remembers: bool = True) -> None:
        """A message said on a day, and told to memory on that day or a later one."""
        self.clock.advance(datetime.fromisoformat(f"{told or on}T12:00:00+00:00") - self.clock.now())
        await self.memory.add_messages([{"content": text, "said_at": f"{on}T12:00:00+00:00", "id": f"said {on}"}])
        if remembers:
            await self.memory.consolidate()

    async def finds(self, query: str, **then: str) -> list[str]:
        """The ids of messages and the contents of memories that are found, sorted."""
        hits = (await self.memory.retrieve(query, **then)).hits
        return sorted(hit.item.id if hit.kind == "message" else hit.item.content for hit in hits)


@pytest.fixture
async def year(tmp_path: Path) -> AsyncIterator[Year]:
    clock, store = ManualClock(START), Counting(tmp_path / "year.db")
    config = {"extends": "embedded", "time_zone": "UTC"}
    async with AsyncMemoryEngine(config, clock=clock, store=store) as engine:
        yield Year(engine.user("ann"), clock, store)


async def test_a_message_is_found_from_when_it_was_said_and_by_what_was_told(year: Year) -> None:
    await year.hears("The marimba concert was long.", "2024-02-01", told="2024-05-01", remembers=False)
    assert await year.finds("marimba concert") == ["said 2024-02-01"]
    assert await year.finds("marimba concert", as_of="2024-01-31") == []
    assert await year.finds("marimba concert", as_of="2024-02-01") == ["said 2024-02-01"]
    assert await year.finds("marimba concert", as_of="2024-02-01", known_at="2024-04-30") == []
    assert await year.finds("marimba concert", known_at="2024-05-01") == ["said 2024-02-01"]


async def test_a_message_whose_memory_expired_is_seen_again_only_through_that_memory(year: Year) -> None:
    await year.hears("I live in Beijing, by the lake.", "2024-02-01")
    await year.hears("I moved to Shanghai.", "2024-04-01")
    home, moved = "User lives in Beijing, by the lake.", "User moved to Shanghai."
    assert await year.finds("I live by the lake") == [moved]
    assert await year.finds("I live by the lake", as_of="2024-03-01") == [home]
    assert await year.finds("I live by the lake", known_at="2024-03-01") == [home]
    assert home not in await year.finds("I live by the lake", as_of="2024-03-01", known_at="2024-01-15")
    (hit,) = (await year.memory.retrieve("lake", known_at="2024-03-01")).hits
    assert (hit.item.status, hit.item.valid_to) == ("valid", None)  # type: ignore[union-attr]
    assert hit.channels["keyword"] > 0


async def test_a_message_that_came_to_be_a_memory_later_stood_for_itself_until_then(year: Year) -> None:
    await year.hears("I play the marimba.", "2024-02-01", remembers=False)
    year.clock.advance(timedelta(days=30))
    await year.memory.consolidate()
    assert await year.finds("marimba") == ["User plays the marimba."]
    assert await year.finds("marimba", known_at="2024-02-10") == ["said 2024-02-01"]
    assert await year.finds("marimba", known_at="2024-01-10") == []
    assert await year.finds("marimba", as_of="2024-02-10") == ["User plays the marimba."]


async def test_what_was_deleted_was_never_there(year: Year) -> None:
    await year.hears("I live in Beijing.", "2024-02-01")
    await year.hears("I moved to Shanghai.", "2024-04-01")
    (home,) = (await year.memory.list(as_of="2024-03-01")).memories
    await year.memory.delete(home.id)
    assert (await year.memory.list(as_of="2024-03-01")).memories == ()
    assert await year.finds("Beijing", as_of="2024-03-01") == []
    assert await year.finds("Beijing", known_at="2024-03-01") == []


async def test_a_look_back_takes_no_more_round_trips_than_today(year: Year) -> None:
    for number in range(9):
        await year.hears(f"I moved to Town{number}.", f"2024-0{number + 1}-02")
    await year.finds("Which town did I move to?")  # looks for speakers, once
    day: dict[str, str] = {"as_of": "2024-03-03"}
    for then in ({}, day, {"known_at": "2024-03-03"}, {**day, "known_at": "2024-03-03"}):
        before = year.store.searches
        found = await year.finds("Which town did I move to?", **then)
        assert len(found) == 1
        assert year.store.searches == before + 2, "a search, and one from what it found"


async def test_what_writes_does_not_look_back(year: Year) -> None:
    for operation in ("consolidate_memory", "delete_all", "reflect_and_reconsolidate", "add_memory"):
        with pytest.raises(InputError, match="changes memory, so it cannot look back; leave out as_of"):
            await year.memory.run(operation, as_of="2024-01-01")
    await year.hears("I live in Beijing.", "2024-02-01")
    await year.hears("I moved to Shanghai.", "2024-04-01")
    read = await year.memory.run("read_message", as_of="2024-03-01")
    assert [m.id for m in read.messages] == ["said 2024-02-01"]
    with pytest.raises(InputError, match="must be a moment"):
        await year.memory.retrieve("tea", as_of="in spring")


async def test_the_future_and_the_day_before_everything_are_answered(year: Year) -> None:
    await year.hears("I live in Beijing.", "2024-02-01")
    assert await year.finds("Beijing", as_of="9000-01-01") == ["User lives in Beijing."]
    assert await year.finds("Beijing", as_of="0500-01-01") == []
    assert await year.finds("Beijing", as_of="2024-02-01T12:00:00", known_at="9000-01-01") == ["User lives in Beijing."]


async def test_a_late_message_does_not_displace_what_was_told_again_since(year: Year) -> None:
    await year.hears("I live in Beijing.", "2024-02-01")
    await year.hears("I live in Beijing.", "2024-06-01")
    await year.hears("I live in Tianjin.", "2024-04-01", told="2024-07-01")
    (home,) = (await year.memory.list()).memories
    assert (home.content, home.sources) == ("User lives in Beijing.", ("said 2024-02-01", "said 2024-06-01"))
    assert (home.said_at.month, home.confirmed_at and home.confirmed_at.month) == (2, 6)
    (then,) = (await year.memory.list(as_of="2024-02-02")).memories
    assert then.id == home.id
