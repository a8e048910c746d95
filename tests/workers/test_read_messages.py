"""The conversation as it was said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memoryengine.errors import InputError
from memoryengine.workers.read_messages import ReadMessages

from .fakes import NOON, FakeReader, message

HOUR = timedelta(hours=1)
READER = FakeReader(
    [
        message("c", said_at=NOON + HOUR),
        message("b", said_at=NOON, recorded_at=NOON + HOUR, role="assistant"),
        message("a", said_at=NOON, recorded_at=NOON),
    ],
    done=frozenset({"a"}),
)


async def test_all_messages_are_read_newest_last() -> None:
    assert [m.content for m in (await ReadMessages(READER).run()).messages] == ["a", "b", "c"]
    assert [m.content for m in (await ReadMessages(READER).run(limit=2)).messages] == ["b", "c"]
    assert (await ReadMessages(FakeReader()).run()).messages == ()


async def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(InputError, match="0 or more"):
        await ReadMessages(READER).run(limit=-1)
    assert (await ReadMessages(READER).run(limit=0)).messages == ()
    assert len((await ReadMessages(READER).run(limit=99)).messages) == 3
