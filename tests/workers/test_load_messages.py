"""The next batch that waits."""

from __future__ import annotations

from datetime import timedelta

from memoryengine.worker import Stop
from memoryengine.workers.load_messages import Loaded, LoadMessages

from .fakes import NOON, FakeReader, message

MINUTE = timedelta(minutes=1)


async def test_the_oldest_come_first_and_consolidated_ones_do_not() -> None:
    messages = [
        message("third", said_at=NOON + MINUTE),
        message("second", said_at=NOON, recorded_at=NOON + MINUTE),
        message("first", said_at=NOON, recorded_at=NOON),
        message("done", said_at=NOON - MINUTE),
    ]
    loaded = await LoadMessages(FakeReader(messages, done=frozenset({"done"}))).run()
    assert isinstance(loaded, Loaded)
    assert [m.content for m in loaded.batch] == ["first", "second", "third"]


async def test_a_batch_ends_at_its_number_and_at_its_length() -> None:
    messages = [message(f"{n}" * 10, said_at=NOON + n * MINUTE) for n in range(9)]
    for most, characters, wanted in ((3, 1000, 3), (20, 45, 4), (20, 40, 4), (20, 5, 1), (0, 1000, 1)):
        loaded = await LoadMessages(FakeReader(messages), most=most, characters=characters).run()
        assert isinstance(loaded, Loaded)
        assert loaded.batch == tuple(messages[:wanted])


async def test_it_stops_when_nothing_waits() -> None:
    assert await LoadMessages(FakeReader()).run() == Stop("no message waits")
    done = FakeReader([message("a")], done=frozenset({"a"}))
    assert await LoadMessages(done).run() == Stop("no message waits")
    assert isinstance(await LoadMessages(FakeReader([message("a")])).run(), Loaded)
