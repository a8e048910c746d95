"""Deletion by a person is complete, also when it comes in the middle of a consolidation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngine
from memoryengine.commits import Seen
from memoryengine.errors import NotFound
from memoryengine.loop_thread import wait_for
from memoryengine.ports import Writes
from memoryengine.sync import UserMemory
from memoryengine.values import Message, Scope

NOON = datetime(2024, 10, 26, 12, tzinfo=UTC)
TOLD = [
    {"role": "user", "content": "My hobby is playing the marimba.", "id": "m1"},
    {"role": "assistant", "content": "The marimba, how lovely.", "id": "m2"},
    {"role": "user", "content": "I live in Ljubljana.", "id": "m3"},
]


def bytes_of(home: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file())


def seen(user: UserMemory, word: str) -> list[str]:
    """Where a word can still be seen: in a search, or in a listing of memories."""
    found = [f"hit {h.item.content}" for h in user.retrieve(f"What about the {word}?").hits if word in h.item.content]
    return found + [f"memory {m.content}" for m in user.list(expired=True).memories if word in m.content]


def test_a_deleted_memory_is_in_no_search_and_no_listing(make_engine: Callable[..., MemoryEngine]) -> None:
    user = make_engine().user("ann")
    user.add_messages(TOLD)
    user.consolidate()
    (memory,) = (m for m in user.list().memories if "marimba" in m.content)
    done = user.delete(memory.id)
    assert (done.deleted_memories, done.deleted_messages) == (1, 0)
    assert [s for s in seen(user, "marimba") if "lovely" not in s] == []
    assert [m.content for m in user.list().memories] == ["User lives in Ljubljana."]
    assert user.consolidate().actions == ()


def test_with_its_messages_no_byte_of_it_is_left(make_engine: Callable[..., MemoryEngine], home: Path) -> None:
    engine = make_engine()
    user = engine.user("ann")
    user.add_messages([TOLD[0], TOLD[2]])
    user.consolidate()
    assert b"marimba" in bytes_of(home)
    (memory,) = (m for m in user.list().memories if "marimba" in m.content)
    done = user.delete(memory.id, with_messages=True)
    assert (done.deleted_memories, done.deleted_messages) == (1, 1)
    assert b"marimba" not in bytes_of(home)
    assert b"Ljubljana" in bytes_of(home)


def test_a_deleted_message_takes_along_what_it_alone_told(make_engine: Callable[..., MemoryEngine], home: Path) -> None:
    user = make_engine().user("ann")
    user.add_messages([*TOLD, {"role": "user", "content": "I live in Ljubljana.", "id": "m4"}])
    user.consolidate()
    assert len(user.list().memories) == 2
    foreseen = user.run("delete_message", dry_run=True, message_id="m1")
    assert (foreseen.deleted_memories, foreseen.deleted_messages) == (1, 1)
    assert len(user.messages().messages) == 4
    done = user.delete_message(" m1 ")
    assert str(done) == "deleted: 1 memory, 1 message"
    assert [m.content for m in user.list(expired=True).memories] == ["User lives in Ljubljana."]
    assert b"My hobby is playing" not in bytes_of(home)
    assert [m.id for m in user.messages().messages] == ["m2", "m3", "m4"]
    (home_town,) = user.list().memories
    assert set(home_town.sources) == {"m3", "m4"}
    assert user.delete_message("m3").deleted_memories == 0
    assert user.list().memories[0].sources == ("m4",)
    assert user.delete_message("m4").deleted_memories == 1
    assert user.list(expired=True).memories == ()
    assert b"Ljubljana" not in bytes_of(home)
    assert user.add_messages(TOLD[:1]).deleted == ("m1",)
    assert user.consolidate().actions == ()


def test_a_message_that_waits_or_was_set_aside_is_deleted_too(make_engine: Callable[..., MemoryEngine]) -> None:
    user = make_engine({"models": {"chat": {"use": "offline"}}, "limits": {"attempts": 1}}).user("ann")
    user.add_messages(TOLD[:1])
    assert user.consolidate().quarantined == 1
    user.add_messages(TOLD[2:])
    assert [one.message.id for one in user.quarantined()] == ["m1"]
    assert seen(user, "marimba") != []
    assert user.delete_message("m1").deleted_messages == 1
    assert user.quarantined() == ()
    assert seen(user, "marimba") == []
    assert user.delete_message("m3").deleted_messages == 1
    assert user.messages().messages == ()
    with pytest.raises(NotFound, match="There is no message with the id 'm3'"):
        user.delete_message("m3")


async def test_a_message_that_is_deleted_during_a_consolidation_leaves_no_memory(home: Path) -> None:
    async with AsyncMemoryEngine("embedded") as engine, AsyncMemoryEngine("embedded") as other:
        user = engine.user("ann")
        await user.add_messages(TOLD)
        commit, done = engine._engine.store.commit, list[bool]()

        async def late(scope: Scope, writes: Writes, *, expect: int) -> int:
            if not done:
                done.append(True)
                assert (await other.user("ann").delete_message("m1")).deleted_messages == 1
            return await commit(scope, writes, expect=expect)

        object.__setattr__(engine._engine.store, "commit", late)
        await user.consolidate()
        contents = [m.content for m in (await user.list(expired=True)).memories]
    assert done == [True]
    assert contents == ["User lives in Ljubljana."]
    assert b"My hobby is playing" not in bytes_of(home)


def test_what_a_chat_answered_with_a_deleted_message_goes_with_it(make_engine: Callable[..., MemoryEngine]) -> None:
    engine = make_engine()
    user = engine.user("ann")
    user.add_messages(TOLD[:1])
    scope, inner = user.inner.scope, engine._engine._engine
    asked = Message(id="q", role="user", content="What do I play?", said_at=NOON, recorded_at=NOON)
    answered = replace(asked, id="a", role="assistant", content="You play the marimba.")
    other = replace(asked, id="b", role="assistant", content="Nice weather.")
    for one in (answered, other):
        wait_for(inner.add_turn(scope, replace(asked, id=f"q{one.id}"), one, Seen((), ("m1",))))
    assert user.delete_message("m1").deleted_messages == 2
    assert {m.id for m in user.messages().messages} == {"qa", "qb", "b"}
    assert seen(user, "marimba") == []


@pytest.mark.parametrize("consolidated", [False, True])
def test_delete_all_with_messages_leaves_nothing(
    make_engine: Callable[..., MemoryEngine], home: Path, consolidated: bool
) -> None:
    engine = make_engine()
    user, other = engine.user("ann"), engine.user("bob")
    user.add_messages(TOLD)
    other.add_messages([{"role": "user", "content": "My hobby is chess."}])
    if consolidated:
        user.consolidate()
    done = user.delete_all(with_messages=True)
    assert done.deleted_messages == 3
    assert done.deleted_memories == (2 if consolidated else 0)
    for word in (b"marimba", b"Ljubljana"):
        assert word not in bytes_of(home)
    assert b"chess" in bytes_of(home)
    assert user.add_messages(TOLD).deleted == ("m1", "m2", "m3")
    assert user.consolidate().actions == ()


def test_delete_all_without_messages_remembers_none_of_them_again(make_engine: Callable[..., MemoryEngine]) -> None:
    user = make_engine().user("ann")
    user.add_messages(TOLD[:2])
    user.consolidate()
    user.add_messages(TOLD[2:])
    assert user.delete_all().deleted_memories == 1
    assert user.consolidate().actions == ()
    assert seen(user, "marimba") == seen(user, "Ljubljana") == []
    assert len(user.messages().messages) == 3


@pytest.mark.parametrize("with_messages", [False, True])
async def test_delete_all_during_a_consolidation_wins(with_messages: bool, home: Path) -> None:
    """The deletion comes between the reading and the commit of a run."""
    async with AsyncMemoryEngine("embedded") as engine:
        user = engine.user("ann")
        await user.add_messages(TOLD)
        store = engine._engine.store
        commit = store.commit

        async def delete_first(*args: object, **kwargs: object) -> int:
            object.__setattr__(store, "commit", commit)
            await user.delete_all(with_messages=with_messages)
            return await commit(*args, **kwargs)  # type: ignore[arg-type]

        object.__setattr__(store, "commit", delete_first)
        await user.consolidate()
        assert (await user.list(expired=True)).memories == ()
        assert list((await user.retrieve("marimba in Ljubljana")).hits) == []
        assert len((await user.messages()).messages) == (0 if with_messages else 3)
    assert (b"marimba" in bytes_of(home)) is not with_messages


def test_a_memory_that_stays_cites_no_deleted_message(make_engine: Callable[..., MemoryEngine]) -> None:
    user = make_engine().user("ann")
    user.add_messages([{"role": "user", "content": "I keep bees. I live in Ljubljana.", "id": "m1"}])
    user.consolidate()
    bees, city = user.list().memories
    assert bees.sources == city.sources == ("m1",)
    done = user.delete(bees.id, with_messages=True)
    assert (done.deleted_memories, done.deleted_messages) == (1, 1)
    (left,) = user.list().memories
    assert (left.content, left.sources) == ("User lives in Ljubljana.", ())
    assert left.status == "valid"
