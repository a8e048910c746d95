"""The deletion of everything."""

from __future__ import annotations

from memoryengine.values import Changes, Purge
from memoryengine.workers.delete_all_memories import DeleteAllMemories


async def test_memories_go_and_messages_where_asked_for() -> None:
    assert (await DeleteAllMemories().run()).changes == Changes(purge=Purge(messages=False))
    assert (await DeleteAllMemories().run(with_messages=True)).changes == Changes(purge=Purge(messages=True))
    assert (await DeleteAllMemories().run()).changes
