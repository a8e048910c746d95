"""Thirty changes over a year, and a hundred questions on what was true when, by what memory knew when.

The right answers come from a model of their own that knows nothing of the engine: it keeps the list of what was told,
and after each change works out the times anew by putting what was told of one thing in order.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from memoryengine import AsyncMemoryEngine
from memoryengine.testing.clock import ManualClock
from memoryengine.user_memory import AsyncUserMemory

from ..stores.elasticsearch_stores import remove

YEAR = 2024
FIRST = datetime(YEAR, 1, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(month: int, number: int = 1, year: int = YEAR) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """One statement: of which thing, what memory writes down, since when it holds and until when, if it says so."""

    thing: str
    content: str
    begins: datetime
    ends: datetime | None = None
    order: int = 0
    by_hand: bool = False
    open_again: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Step:
    """A change at a moment of the year: a message, or a word of a person on a memory."""

    at: datetime
    says: str = ""
    said_at: datetime | None = None
    told: tuple[Told, ...] = ()
    adds: str = ""
    restores: str = ""
    instead: bool = False
    expires: str = ""


def says(at: datetime, text: str, thing: str, content: str, begins: datetime | None = None, **more: Any) -> Step:
    said_at = more.pop("said_at", None)
    return Step(at, text, said_at, (Told(thing, content, begins or said_at or at, **more),))


def mid(month: int, number: int) -> datetime:
    """Ten in the morning, when people talk."""
    return day(month, number) + 10 * HOUR


STEPS = (
    says(mid(1, 3), "I live in Beijing.", "home", "User lives in Beijing."),
    says(mid(1, 9), "I work at Siemens.", "job", "User works at Siemens."),
    says(mid(1, 15), "I like jazz.", "jazz", "User likes jazz."),
    says(mid(1, 20), "I like tea.", "tea", "User likes tea."),
    says(mid(2, 2), "I like coffee.", "coffee", "User likes coffee."),
    says(mid(2, 10), "我养了一只猫。", "cat", "用户养了一只猫。"),
    says(mid(2, 20), "I'm single.", "marital", "User is single."),
    Step(mid(3, 1), adds="User's favourite colour is blue."),
    says(mid(3, 5), "I moved to Shanghai.", "home", "User moved to Shanghai."),
    says(mid(3, 18), "我的手机号是13800000000。", "phone", "用户手机号是13800000000。"),
    says(mid(4, 2), "I no longer like jazz.", "jazz", "User no longer likes jazz."),
    # told late: a message of February comes in April, and of what it says something else was known by then
    says(mid(4, 11), "I moved to Tianjin.", "home", "User moved to Tianjin.", said_at=mid(2, 14)),
    says(mid(4, 20), "My favourite colour is green.", "colour", "User's favourite colour is green."),
    says(mid(5, 6), "In 2022 I lived in Paris.", "Paris", "In 2022 user lived in Paris.", day(1, 1, 2022),
         ends=day(1, 1, 2023)),
    says(mid(5, 15), "I just started a new job at Bosch.", "job", "User just started a new job at Bosch."),
    says(mid(5, 28), "I got married on 18 May 2024.", "marital", "User got married on 18 May 2024.", day(5, 18)),
    says(mid(6, 3), "我养了一只猫，叫小白。", "cat", "用户养了一只猫，叫小白。"),
    says(mid(6, 12), "我的手机号换成13911111111了。", "phone", "用户的手机号换成13911111111了。"),
    Step(mid(6, 20), restores="User likes jazz.", instead=True),
    says(mid(7, 1), "I moved to Oslo.", "home", "User moved to Oslo."),
    says(mid(7, 9), "I moved to Bergen on 10 June 2024.", "home", "User moved to Bergen on 10 June 2024.", day(6, 10)),
    says(mid(7, 20), "I smoke.", "smoking", "User smokes."),
    Step(mid(8, 1), expires="User likes coffee."),
    says(mid(8, 14), "I quit smoking.", "smoking", "User quit smoking."),
    says(mid(9, 2), "I have been working at Lidl since 1 August 2024.", "job",
         "User has been working at Lidl since 1 August 2024.", day(8, 1)),
    says(mid(9, 15), "我最喜欢的水果是西瓜。", "fruit", "用户最喜欢的水果是西瓜。"),
    says(mid(10, 8), "我最喜欢的水果是葡萄。", "fruit", "用户最喜欢的水果是葡萄。"),
    Step(mid(10, 20), restores="User likes coffee."),
    says(mid(11, 5), "去年我在深圳工作。", "Shenzhen", "去年用户在深圳工作（2023年）。", day(1, 1, 2023),
         ends=day(1, 1, 2024)),
    says(mid(12, 1), "I moved to Turku.", "home", "User moved to Turku."),
)  # fmt: skip


@dataclass
class Naive:
    """What was true when, worked out anew from all that was told; a state after each step."""

    told: list[Told] = field(default_factory=list)
    states: list[tuple[datetime, dict[str, tuple[datetime, datetime | None, bool]]]] = field(default_factory=list)

    def take(self, step: Step) -> None:
        self.told += [replace(one, order=len(self.told)) for one in step.told]
        if step.adds:
            self.told.append(Told("by hand", step.adds, step.at, by_hand=True))
        if step.expires:
            self._set(step.expires, ends=step.at)
        if step.restores:
            chosen = self._set(step.restores, open_again=True, ends=None)
            if step.instead:
                later = [t for t in self.told if t.thing == chosen.thing and t.begins > chosen.begins]
                for one in later:
                    self._set(one.content, gone=True)
        self.states.append((step.at, dict(self._times())))

    def _set(self, content: str, **fields: Any) -> Told:
        (place,) = [n for n, one in enumerate(self.told) if one.content == content]
        self.told[place] = replace(self.told[place], **fields)
        return self.told[place]

    def _times(self) -> Iterator[tuple[str, tuple[datetime, datetime | None, bool]]]:
        """From when to when each statement holds, and whether it stands unreplaced."""
        for one in self.told:
            if one.gone:
                continue
            after = [t.begins for t in self.told if t.thing == one.thing and not t.gone and t.begins > one.begins]
            replaced = bool(after) and not one.open_again
            end = min(after) if replaced else one.ends
            expired = replaced or (one.ends is not None and one.thing == "coffee")
            yield one.content, (one.begins, end, not expired)

    def answer(self, as_of: datetime | None, known_at: datetime | None) -> set[str]:
        state: Mapping[str, tuple[datetime, datetime | None, bool]] = {}
        for at, known in self.states:
            state = known if known_at is None or at <= known_at else state
        if as_of is None:
            return {content for content, (_, _, stands) in state.items() if stands}
        return {c for c, (begun, end, _) in state.items() if begun <= as_of and (end is None or as_of < end)}


def questions() -> list[tuple[datetime | None, datetime | None]]:
    """A hundred: at random moments, at the ends of days, and on the very moments of change."""
    draw = random.Random(30)
    moments = [FIRST + timedelta(hours=draw.randrange(-24 * 800, 24 * 365)) for _ in range(60)]
    moments += [day(m) for m in range(1, 13)]
    known = [step.at + HOUR for step in STEPS] + [step.at - HOUR for step in STEPS]
    asked: list[tuple[datetime | None, datetime | None]] = [(None, None)]
    asked += [(draw.choice(moments), None) for _ in range(24)]
    asked += [(None, draw.choice(known)) for _ in range(15)]
    return asked + [(draw.choice(moments), draw.choice(known)) for _ in range(60)]


async def live(memory: AsyncUserMemory, clock: ManualClock, naive: Naive) -> None:
    """Go through the year."""
    for number, step in enumerate(STEPS):
        clock.advance(step.at - clock.now())
        if step.says:
            said = {"content": step.says, "said_at": step.said_at or step.at, "id": f"m{number}"}
            await memory.add_messages([said])
            await memory.consolidate()
        if step.adds:
            await memory.add(step.adds)
        if step.restores:
            await memory.restore(await id_of(memory, step.restores), instead=step.instead)
        if step.expires:
            await memory.expire(await id_of(memory, step.expires))
        naive.take(step)


async def id_of(memory: AsyncUserMemory, content: str) -> str:
    (id_,) = [m.id for m in (await memory.list(expired=True)).memories if m.content == content]
    return id_


async def check(store: Mapping[str, Any]) -> None:
    clock, naive = ManualClock(FIRST), Naive()
    config = {"extends": "embedded", "time_zone": "UTC", "store": store, "limits": {"lease_seconds": 0}}
    async with AsyncMemoryEngine(config, clock=clock) as engine:
        memory = engine.user("ann")
        await live(memory, clock, naive)
        asked = questions()
        assert len(STEPS) == 30
        assert len(asked) == 100
        wrong: list[object] = []
        sizes = set()
        for number, (as_of, known_at) in enumerate(asked):
            result = await memory.list(as_of=as_of, known_at=known_at)
            right = naive.answer(as_of, known_at)
            sizes.add(len(right))
            if sorted(m.content for m in result.memories) != sorted(right):
                wrong.append((as_of, known_at, {m.content for m in result.memories} ^ right))
            if number % 4 == 0:
                hits = await found(memory, as_of, known_at)
                if hits != right:
                    wrong.append((as_of, known_at, hits ^ right, "retrieved"))
        assert wrong == []
        assert len(sizes) > 8


async def found(memory: AsyncUserMemory, as_of: datetime | None, known_at: datetime | None) -> set[str]:
    """What a retrieval finds with words that stand in all that was told."""
    kinds = ("observation", "custom")
    result = await memory.retrieve("user 用户", as_of=as_of, known_at=known_at, limit=100, kinds=kinds)
    return {hit.item.content for hit in result.hits}


async def test_what_was_true_when_and_known_when_on_the_embedded_store(tmp_path: Path) -> None:
    await check({"use": "sqlite", "path": str(tmp_path / "year.db")})


@pytest_asyncio.fixture
async def prefix(es_url: str) -> AsyncIterator[str]:
    """A prefix of the test's own."""
    named = f"t-{secrets.token_hex(6)}"
    yield named
    await remove(es_url, named)


@pytest.mark.elasticsearch
async def test_what_was_true_when_and_known_when_on_elasticsearch(es_url: str, prefix: str) -> None:
    await check({"use": "elasticsearch", "url": es_url, "index_prefix": prefix})
