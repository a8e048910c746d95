"""A deletion, another engine's run or a move between any two requests of a run: nothing comes back, nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.errors import NotFound
from memoryengine.ports import Document, Store
from memoryengine.records import MEMORIES, MESSAGES, RUNS
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.kill_points import KillPoints, Result
from memoryengine.user_memory import AsyncUserMemory

Act = Callable[[AsyncUserMemory], Awaitable[object]]
TOLD = (
    "My hobby is playing the marimba.",
    "I live in Ljubljana.",
    "My dog is called Bello.",
    "I like marimba concerts.",
    "My sister plays the marimba too.",
    "I work as a nurse.",
    "I love green tea.",
)


class Between(KillPoints):
    """A store that does something else before its `at`-th request; counts from when it is armed."""

    def __init__(self, inner: Store, act: Callable[[], Awaitable[object]], at: int) -> None:
        super().__init__(inner)
        self.act, self.at, self.armed, self.acted = act, at, False, False

    async def _pass(self, name: str, request: Callable[[], Awaitable[Result]]) -> Result:
        if self.armed and not self.acted:
            self.requests.append(name)
            if len(self.requests) == self.at:
                self.acted = True
                await self.act()
        return await request()


@dataclass
class Scene:
    """Two engines on one file: `mine` does what is tested, `other` comes in between."""

    mine: AsyncMemoryEngine
    other: AsyncMemoryEngine
    store: Between
    home: Path

    async def documents(self, collection: str) -> tuple[Document, ...]:
        scope = self.mine.user("ann").scope
        return (await self.mine._engine.store.page(scope, collection, limit=1000)).documents

    async def contents(self, collection: str) -> list[str]:
        return [d.body["content"] for d in await self.documents(collection)]

    async def cited(self) -> list[str]:
        done = [d for d in await self.documents(RUNS) if d.fields["outcome"] == "committed"]
        return sorted(id_ for run in done for id_ in run.fields.get("messages") or ())  # type: ignore[union-attr]

    def bytes(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.home.rglob("*") if p.is_file())


@asynccontextmanager
async def scene(home: Path, at: int, act: Act) -> AsyncIterator[Scene]:
    path = home / f"{at}" / "race.db"
    other = AsyncMemoryEngine("embedded", store=SqliteStore(path))
    store = Between(SqliteStore(path), lambda: act(other.user("ann")), at)
    async with AsyncMemoryEngine("embedded", store=store) as mine, other:
        yield Scene(mine, other, store, path.parent)


async def told(user: AsyncUserMemory) -> None:
    await user.add_messages([{"role": "user", "content": text, "id": f"m{n}"} for n, text in enumerate(TOLD)])


async def forget_everything(user: AsyncUserMemory) -> object:
    return await user.delete_all()


async def erase_everything(user: AsyncUserMemory) -> object:
    return await user.delete_all(with_messages=True)


async def erase_the_marimba(user: AsyncUserMemory) -> object:
    if not [m for m in (await user.list()).memories if "marimba" in m.content]:
        await user.consolidate()
    for memory in (await user.list()).memories:
        if "marimba" in memory.content:
            with suppress(NotFound):  # an insight goes with what it rests on
                await user.delete(memory.id, with_messages=True)
    return None


async def consolidate(user: AsyncUserMemory) -> object:
    return await user.consolidate()


async def reflect(user: AsyncUserMemory) -> object:
    return await user.reflect()


async def add(user: AsyncUserMemory) -> object:
    return await user.add("Ann met Zoe.")


async def chat(user: AsyncUserMemory) -> object:
    return await user.engine.default_memory_chat.chat_with_memory("What is my hobby?", "ann")


async def at_every_point(
    home: Path, act: Act, work: Act, prepare: Act, check: Callable[[Scene], Awaitable[None]]
) -> int:
    """Do `work` once for each of its requests to the store, with `act` before that request; how many there were."""
    at = 0
    while True:
        at += 1
        async with scene(home, at, act) as now:
            await told(now.mine.user("ann"))
            await prepare(now.mine.user("ann"))
            now.store.armed = True
            await work(now.mine.user("ann"))
            now.store.armed = False
            if not now.store.acted:
                return at - 1
            await check(now)


async def nothing(_: AsyncUserMemory) -> object:
    return None


WORK: dict[str, tuple[Act, Act]] = {
    "consolidate": (consolidate, nothing),
    "reflect": (reflect, consolidate),
    "add": (add, consolidate),
    "chat": (chat, consolidate),
}


@pytest.mark.parametrize("operation", WORK)
async def test_everything_deleted_at_any_point_stays_deleted(operation: str, tmp_path: Path) -> None:
    work, prepare = WORK[operation]

    async def check(now: Scene) -> None:
        user = now.mine.user("ann")
        assert set(await now.contents(MEMORIES)) <= {"Ann met Zoe."}
        found = [h.item.content for h in (await user.retrieve("marimba Ljubljana Bello nurse tea")).hits]
        assert not any(word in text for text in found for word in ("marimba", "Ljubljana", "Bello", "nurse"))
        assert (await user.consolidate()).actions == ()
        assert len([text for text in await now.contents(MESSAGES) if text in TOLD]) == len(TOLD)

    assert await at_every_point(tmp_path, forget_everything, work, prepare, check) >= 4


@pytest.mark.parametrize("operation", WORK)
async def test_everything_erased_at_any_point_leaves_no_byte(operation: str, tmp_path: Path) -> None:
    work, prepare = WORK[operation]

    async def check(now: Scene) -> None:
        left = now.bytes()
        assert [word for word in (b"marimba", b"Ljubljana", b"Bello", b"nurse", b"green tea") if word in left] == []
        assert set(await now.contents(MEMORIES)) <= {"Ann met Zoe."}
        assert not set(await now.contents(MESSAGES)) & set(TOLD)
        assert (await now.mine.user("ann").consolidate()).actions == ()

    assert await at_every_point(tmp_path, erase_everything, work, prepare, check) >= 4


@pytest.mark.parametrize("operation", WORK)
async def test_one_thing_erased_at_any_point_leaves_no_byte_and_the_rest_stays(operation: str, tmp_path: Path) -> None:
    work, prepare = WORK[operation]

    async def check(now: Scene) -> None:
        user = now.mine.user("ann")
        assert b"marimba" not in now.bytes()
        assert not any("marimba" in h.item.content for h in (await user.retrieve("marimba")).hits)
        await user.consolidate()
        kept = [m.content for m in (await user.list(kind="observation")).memories]
        assert sorted(kept) == sorted(set(kept))
        assert len(kept) == 4
        assert len([text for text in await now.contents(MESSAGES) if text in TOLD]) == 4

    assert await at_every_point(tmp_path, erase_the_marimba, work, prepare, check) >= 4


async def test_a_second_consolidation_at_any_point_does_each_message_once(tmp_path: Path) -> None:
    async def check(now: Scene) -> None:
        assert await now.cited() == [f"m{n}" for n in range(len(TOLD))]
        kept = await now.contents(MEMORIES)
        assert len(kept) == len(set(kept)) == len(TOLD)

    assert await at_every_point(tmp_path, consolidate, consolidate, nothing, check) >= 5


async def test_a_move_told_at_any_point_of_a_reflection_leaves_no_insight_on_the_old_city(tmp_path: Path) -> None:
    cities = ("I live in Beijing.", "I love the parks of Beijing.", "I take the Beijing metro.")

    async def prepare(user: AsyncUserMemory) -> object:
        await user.add_messages([{"role": "user", "content": text} for text in cities])
        return await user.consolidate()

    async def move(user: AsyncUserMemory) -> object:
        await user.add_messages([{"role": "user", "content": "I moved to Shanghai."}])
        return await user.consolidate()

    async def check(now: Scene) -> None:
        user = now.mine.user("ann")
        insights: tuple[Any, ...] = (await user.list(kind="insight")).memories
        assert not any("lives in Beijing" in m.content for m in insights)
        listed = {m.content: m.status for m in (await user.list(expired=True)).memories}
        assert listed["User lives in Beijing."] == "expired"
        assert listed["User moved to Shanghai."] == "valid"

    assert await at_every_point(tmp_path, move, reflect, prepare, check) >= 4
