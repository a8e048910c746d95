"""The deletion of one memory."""

from __future__ import annotations

import pytest

from memoryengine.errors import NotFound
from memoryengine.values import Changes
from memoryengine.workers.delete_one_memory import DeleteOneMemory

from .fakes import FakeReader, memory

READER = FakeReader(memories_=[memory("a", id_="0123456789abcdef"), memory("b", id_="b", status="expired")])


async def test_a_memory_is_deleted_valid_or_expired() -> None:
    worker = DeleteOneMemory(READER)
    assert (await worker.run("0123456789abcdef")).changes == Changes(deleted=("0123456789abcdef",))
    assert (await worker.run(" b ", with_messages=True)).changes == Changes(deleted=("b",), with_messages=True)


async def test_the_whole_text_of_a_memory_names_it_too() -> None:
    assert (await DeleteOneMemory(READER).run("a ")).changes == Changes(deleted=("0123456789abcdef",))
    twice = FakeReader(memories_=[memory("User likes tea.", id_=name) for name in ("1", "2", "3")])
    assert (await DeleteOneMemory(twice).run("User likes tea.")).changes.deleted == ("1", "2", "3")
    with pytest.raises(NotFound):
        await DeleteOneMemory(twice).run("User likes")


async def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"list_memory shows the ids\. Did you mean '0123456789abcdef'"):
        await DeleteOneMemory(READER).run("0123456789abcdee")
    with pytest.raises(NotFound) as caught:
        await DeleteOneMemory(FakeReader()).run("x" * 500)
    assert len(caught.value.message) < 200
    assert "Did you mean" not in caught.value.message
