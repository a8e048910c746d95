"""Several engines on one store: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio

from memoryengine import AsyncMemoryEngine
from memoryengine.ports import HISTORY, Document
from memoryengine.records import RUNS
from memoryengine.values import Scope

FACTS = [f"My friend number {n} is called Person{n:03d}." for n in range(60)]


async def runs_of(engine: AsyncMemoryEngine, scope: Scope) -> tuple[Document, ...]:
    return (await engine._engine.store.page(scope, RUNS, limit=1000)).documents


async def test_two_engines_that_consolidate_one_user_do_each_message_once() -> None:
    async with AsyncMemoryEngine("embedded") as one, AsyncMemoryEngine("embedded") as two:
        scope = one.user("ann").scope
        await one.user("ann").add_messages([{"role": "user", "content": text, "id": text} for text in FACTS])
        await asyncio.gather(one.user("ann").consolidate(), two.user("ann").consolidate())
        cited = [id_ for run in await runs_of(one, scope) for id_ in run.fields["messages"] or ()]  # type: ignore[union-attr]
        assert sorted(cited) == sorted(FACTS)
        memories = (await one.user("ann").list()).memories
        assert len({m.content for m in memories}) == len(memories) == len(FACTS)
        assert all(len(m.sources) == 1 for m in memories)


async def test_adding_while_consolidating_loses_nothing() -> None:
    async with AsyncMemoryEngine("embedded") as engine:
        user = engine.user("ann")
        for text in FACTS[:20]:
            await asyncio.gather(user.add_messages([{"role": "user", "content": text}]), user.consolidate())
        await user.consolidate()
        status = await engine.status("ann")
        assert status.users[0].pending == 0
        assert status.users[0].messages == 20
        assert len((await user.list()).memories) == 20


async def test_history_tells_each_commit_and_no_text() -> None:
    async with AsyncMemoryEngine("embedded") as engine:
        user = engine.user("ann")
        await user.add("User keeps bees.")
        await user.add_messages([{"role": "user", "content": FACTS[0]}])
        await user.consolidate()
        page = await engine._engine.store.page(user.scope, HISTORY)
        assert [d.body["operation"] for d in page.documents] == ["add_memory", "consolidate_memory"]
        assert "bees" not in str(page)
        assert "Person" not in str(page)
