"""What a person sees when looking through the memories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memoryengine.errors import InputError
from memoryengine.workers.list_memories import ListMemories

from .fakes import NOON, FakeReader, memory

DAY = timedelta(days=1)
READER = FakeReader(
    memories_=[
        memory("new", said_at=NOON + DAY),
        memory("old", said_at=NOON - DAY),
        memory("gone", status="expired", reason="contradicted", superseded_by="new"),
        memory("mine", kind="custom"),
        memory("sum", kind="insight", said_at=NOON + DAY, recorded_at=NOON + 2 * DAY),
    ]
)


async def test_valid_memories_are_listed_oldest_first() -> None:
    assert [m.content for m in (await ListMemories(READER).run()).memories] == ["old", "mine", "new", "sum"]
    assert [m.content for m in (await ListMemories(READER).run(limit=2)).memories] == ["new", "sum"]
    assert (await ListMemories(READER).run(limit=0)).memories == ()


async def test_expired_ones_come_with_what_replaced_them() -> None:
    shown = (await ListMemories(READER).run(expired=True)).memories
    assert [m.content for m in shown] == ["old", "mine", "gone", "new", "sum"]
    assert next(m for m in shown if m.content == "gone").superseded_by in {m.id for m in shown}


async def test_one_kind_alone_and_no_unknown_one() -> None:
    assert [m.content for m in (await ListMemories(READER).run(kind="insight")).memories] == ["sum"]
    assert [m.content for m in (await ListMemories(READER).run(kind="observation", expired=True)).memories] == [
        "old",
        "gone",
        "new",
    ]
    with pytest.raises(InputError, match="no kind 'message' of memory; there is: observation, custom, insight"):
        await ListMemories(READER).run(kind="message")
    with pytest.raises(InputError, match="0 or more"):
        await ListMemories(READER).run(limit=-3)
