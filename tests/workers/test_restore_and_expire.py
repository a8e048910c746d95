"""A person's word on one memory: back again, or out of date."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memoryengine.errors import InputError, NotFound
from memoryengine.values import Changes, Expiry
from memoryengine.worker import Stop
from memoryengine.workers.expire_one_memory import ExpireOneMemory
from memoryengine.workers.restore_one_memory import RestoreOneMemory

from .fakes import NOON, FakeReader, memory

DAY = timedelta(days=1)
READER = FakeReader(
    memories_=[
        memory("beijing", status="expired", reason="contradicted", superseded_by="tianjin"),
        memory("tianjin", status="expired", reason="contradicted", superseded_by="shanghai", said_at=NOON + DAY),
        memory("shanghai", said_at=NOON + 2 * DAY),
        memory("alone", status="expired", reason="by hand"),
        memory("lost", status="expired", reason="contradicted", superseded_by="deleted"),
        memory("sum", kind="insight", status="expired", reason="contradicted", evidence=("beijing", "shanghai")),
        memory("whole", kind="insight", status="expired", reason="updated", evidence=("shanghai",)),
    ]
)


async def restored(id_: str, *, instead: bool = False) -> Changes:
    done = await RestoreOneMemory(READER).run(id_, instead)
    assert not isinstance(done, Stop)
    return done.changes


async def test_a_memory_comes_back_and_what_took_its_place_stays_unless_it_is_told_otherwise() -> None:
    assert await restored(" beijing ") == Changes(restored=("beijing",))
    assert await restored("beijing", instead=True) == Changes(
        restored=("beijing",),
        expired=(Expiry("shanghai", "by hand", "beijing"),),
        shortened=(Expiry("tianjin", "by hand", "beijing"),),
    )
    for id_ in ("alone", "lost", "whole"):
        assert await restored(id_, instead=True) == Changes(restored=(id_,))


async def test_what_is_valid_needs_no_restoring_and_what_is_not_there_is_named() -> None:
    done = await RestoreOneMemory(READER).run("shanghai")
    assert done == Stop("The memory shanghai is valid; there is nothing to restore.")
    with pytest.raises(NotFound, match=r"no memory with the id 'beijin'.* Did you mean 'beijing'"):
        await RestoreOneMemory(READER).run("beijin")
    with pytest.raises(InputError, match="rests on memories that have expired: beijing"):
        await RestoreOneMemory(READER).run("sum")


async def test_a_memory_expires_by_hand_alone_or_by_another() -> None:
    for by, wish in ((None, ""), ("whole", "whole")):
        reader = FakeReader(memories_=[memory("shanghai"), memory("whole")])
        done = await ExpireOneMemory(reader).run("shanghai", by)
        assert not isinstance(done, Stop)
        assert done.changes == Changes(expired=(Expiry("shanghai", "by hand", wish),))
    assert await ExpireOneMemory(READER).run("beijing") == Stop("The memory beijing has expired already.")


async def test_an_expiry_names_memories_that_are_there_and_a_successor_that_is_valid() -> None:
    with pytest.raises(NotFound, match="'nowhere'"):
        await ExpireOneMemory(READER).run("nowhere")
    with pytest.raises(NotFound, match="'nobody'"):
        await ExpireOneMemory(READER).run("shanghai", "nobody")
    for by in ("shanghai", "tianjin"):
        with pytest.raises(InputError, match=f"The memory {by} cannot take its place"):
            await ExpireOneMemory(READER).run("shanghai", by)
