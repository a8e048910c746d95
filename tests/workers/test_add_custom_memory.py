"""A memory told by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memoryengine.errors import InputError
from memoryengine.values import Locale
from memoryengine.workers.add_custom_memory import AddCustomMemory

from .fakes import NOON, FakeClock


def worker() -> AddCustomMemory:
    return AddCustomMemory(FakeClock(), Locale())


async def test_it_is_kept_as_it_was_written() -> None:
    added = worker()
    (memory,) = (await added.run("  Rent is due on the first.\r\n\x00\ud800 ")).changes.memories
    assert memory.content == "Rent is due on the first.\n\ufffd"
    assert (memory.kind, memory.status, memory.sources) == ("custom", "valid", ())
    assert memory.said_at == memory.recorded_at > NOON
    (again,) = (await added.run("Rent is due on the first.")).changes.memories
    assert again.id != memory.id


async def test_a_time_word_counts_from_when_it_was_told() -> None:
    then = NOON - timedelta(days=10)
    (memory,) = (await worker().run("我明天去看牙医", then)).changes.memories
    assert memory.said_at == then
    assert memory.event is not None
    assert memory.event.start.isoformat() == "2024-10-17T00:00:00+00:00"
    (plain,) = (await worker().run("我怕看牙医")).changes.memories
    assert plain.event is None


@pytest.mark.parametrize("content", ["", " \n\t ", "\x00\x07"])
async def test_nothing_is_no_memory(content: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        await worker().run(content)


async def test_too_much_is_refused_with_its_length() -> None:
    with pytest.raises(InputError, match="8,001 characters long; at most 8,000"):
        await worker().run("长" * 8_001)
    (memory,) = (await worker().run("长" * 8_000)).changes.memories
    assert len(memory.content) == 8_000
    with pytest.raises(InputError, match="at most 5 "):
        await AddCustomMemory(FakeClock(), Locale(), longest=5).run("123456")
