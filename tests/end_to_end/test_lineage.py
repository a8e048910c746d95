"""Why a memory is there and what became of it, told by a store: trees, history, and nothing of what was deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, InputError
from memoryengine.errors import NotFound
from memoryengine.history import Change, Entry
from memoryengine.testing.clock import ManualClock
from memoryengine.user_memory import AsyncUserMemory

from ..conftest import SATURDAY

MUSIC = ("I play the guitar.", "I love jazz.", "I take piano lessons.", "I sing in a choir.", "I own many records.")
TALK = ("I live in Beijing.", *MUSIC, "I moved to Shanghai.")


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[AsyncUserMemory]:
    """One who moved and loves music, reflected on; a day lies between two messages."""
    clock = ManualClock(SATURDAY)
    config = {"extends": "embedded", "time_zone": "UTC", "store": {"use": "sqlite", "path": str(tmp_path / "a.db")}}
    async with AsyncMemoryEngine(config, clock=clock) as engine:
        memory = engine.user("ann")
        for number, content in enumerate(TALK):
            await memory.add_messages([{"role": "user", "content": content, "id": f"m{number}"}])
            await memory.consolidate()
            clock.advance(timedelta(days=1))
        await memory.reflect()
        yield memory


async def ids(memory: AsyncUserMemory) -> dict[str, str]:
    return {m.content: m.id for m in (await memory.list(expired=True)).memories}


async def test_the_tree_of_a_memory_goes_down_to_its_messages_and_on_to_its_successors(ann: AsyncUserMemory) -> None:
    known = await ids(ann)
    home = await ann.why(known["User lives in Beijing."])
    assert [m.id for m in home.messages] == ["m0"]
    assert [m.content for m in home.replaced_by] == ["User moved to Shanghai."]
    moved = await ann.why(known["User moved to Shanghai."])
    assert [m.content for m in moved.replaced] == ["User lives in Beijing."]
    assert str(home).splitlines() == [
        f"[2024-10-26 13:26:20 Saturday] User lives in Beijing. (expired: contradicted)  observation {home.item.id}",
        "├─ said in:",
        "│  └─ [2024-10-26 13:26:20 Saturday] user: I live in Beijing.  m0",
        "└─ replaced by:",
        f"   └─ [2024-11-01 13:26:20 Friday] User moved to Shanghai.  observation {moved.item.id}",
    ]


async def test_an_insight_shows_its_evidence_with_their_messages_and_a_message_what_it_brought(
    ann: AsyncUserMemory,
) -> None:
    (insight,) = (await ann.list("insight")).memories
    tree = await ann.why(insight.id)
    assert {one.item.id for one in tree.evidence} == set(insight.evidence)
    assert all(one.messages for one in tree.evidence)
    jazz = await ann.why((await ids(ann))["User loves jazz."])
    assert [one.item.id for one in jazz.brought] == [insight.id]
    message = await ann.why("m2")
    assert [one.item.content for one in message.brought] == ["User loves jazz."]
    assert "brought:" in str(message)


async def test_history_tells_every_change_with_its_cause_and_its_run(ann: AsyncUserMemory) -> None:
    known = await ids(ann)
    beijing, shanghai = known["User lives in Beijing."], known["User moved to Shanghai."]
    everything = await ann.history()
    operations = [entry.operation for entry in everything.entries]
    assert operations == ["reflect_and_reconsolidate", *["consolidate_memory"] * 7]
    assert all(entry.run and entry.trigger == "call" for entry in everything.entries)
    assert everything.entries[1].changes == (
        Change("new", shanghai),
        Change("expired", beijing, "contradicted", shanghai),
    )
    of_one = await ann.history(beijing)
    assert [entry.changes for entry in of_one.entries] == [
        (Change("expired", beijing, "contradicted", shanghai),),
        (Change("new", beijing),),
    ]
    shown = str(of_one).splitlines()
    assert shown[1:] == [
        f"  new: {beijing} User lives in Beijing.",
        f"[2024-11-01 13:26:20 Friday] consolidate_memory (call, run {of_one.entries[0].run})",
        f"  expired: {beijing} User lives in Beijing.",
        f"    contradicted: {shanghai} User moved to Shanghai.",
    ]


async def test_history_comes_in_pages_without_a_gap_or_a_double(ann: AsyncUserMemory) -> None:
    whole = (await ann.history()).entries
    for limit in (1, 3, len(whole), 99):
        found: list[Entry] = []
        cursor: str | None = None
        while True:
            page = await ann.history(limit=limit, cursor=cursor)
            found += page.entries
            cursor = page.cursor
            if cursor is None:
                break
        assert tuple(found) == whole
    assert (await ann.history("unknown")).entries == ()
    assert str(await ann.history("unknown")) == "Nothing has changed yet."
    with pytest.raises(InputError, match="1 or more"):
        await ann.history(limit=0)
    with pytest.raises(InputError, match="no cursor"):
        await ann.history(cursor="yesterday")


async def test_nothing_is_shown_of_what_was_deleted(ann: AsyncUserMemory) -> None:
    known = await ids(ann)
    jazz, shanghai = known["User loves jazz."], known["User moved to Shanghai."]
    await ann.delete(jazz, with_messages=True)
    await ann.delete(shanghai)
    told = str(await ann.history())
    assert "jazz" not in told
    assert "Shanghai" not in told
    assert f"  deleted: {jazz}\n" in f"{told}\n"
    assert "1 message deleted" in told
    home = await ann.why(known["User lives in Beijing."])
    assert home.replaced_by == ()
    assert home.gone == (shanghai,)
    assert str(home).endswith(f"└─ deleted:\n   └─ {shanghai}")
    message = await ann.why("m6")
    assert (message.brought, message.gone) == ((), (shanghai,))
    for id_ in (jazz, shanghai, "m2", "never"):
        with pytest.raises(NotFound, match="Nothing is known of what was deleted"):
            await ann.why(id_)


async def test_a_restored_memory_is_found_again_and_both_are_named(ann: AsyncUserMemory) -> None:
    known = await ids(ann)
    beijing, shanghai = known["User lives in Beijing."], known["User moved to Shanghai."]
    done = await ann.restore(beijing)
    assert f"(valid, beside {shanghai} that contradicts it: User moved to Shanghai.)" in str(done)
    found = {hit.item.id for hit in (await ann.retrieve("Do I live in Beijing?")).hits}
    assert {beijing, shanghai} <= found
    assert (await ann.restore(beijing)).stopped.endswith("there is nothing to restore.")
    await ann.expire(beijing)
    await ann.expire(shanghai, by=known["User loves jazz."])
    done = await ann.restore(shanghai, instead=True)
    assert "User loves jazz. (by hand, instead: User moved to Shanghai.)" in str(done)
    assert [entry.operation for entry in (await ann.history(shanghai)).entries] == [
        "restore_memory",
        "expire_memory",
        "consolidate_memory",
    ]


async def test_a_fallen_insight_is_written_anew_at_the_next_reflection(ann: AsyncUserMemory) -> None:
    (insight,) = (await ann.list("insight")).memories
    assert "jazz" in insight.content
    await ann.add_messages([{"role": "user", "content": "I no longer love jazz."}])
    await ann.consolidate()
    assert (await ann.list("insight")).memories == ()
    done = await ann.reflect()
    (anew,) = (await ann.list("insight")).memories
    assert "jazz" not in anew.content
    assert (await ids(ann))["User loves jazz."] not in anew.evidence
    assert [action.memory.id for action in done.actions] == [anew.id]
    assert (await ann.reflect()).stopped
    fell = await ann.why(insight.id)
    assert [m.content for m in fell.replaced_by] == ["User no longer loves jazz."]


async def test_what_denies_a_memory_told_by_hand_is_reported_and_both_stay(ann: AsyncUserMemory) -> None:
    await ann.add("User's favourite colour is blue.")
    await ann.add_messages([{"role": "user", "content": "My favourite colour is green."}])
    done = await ann.consolidate()
    assert str(done).splitlines()[-1] == (
        "in conflict: User's favourite colour is blue. (told by hand, stays valid) / "
        "new observation: User's favourite colour is green. (stays valid too)"
    )
    known = await ids(ann)
    blue, green = (known[f"User's favourite colour is {colour}."] for colour in ("blue", "green"))
    valid = {m.id for m in (await ann.list()).memories}
    assert {blue, green} <= valid
    assert (await ann.history(blue)).entries[0].changes == (Change("in conflict with", blue, by=green),)
    await ann.expire(blue, by=green)
    assert blue not in {m.id for m in (await ann.list()).memories}
    assert [m.id for m in (await ann.why(blue)).replaced_by] == [green]


async def test_everything_deleted_is_one_entry(ann: AsyncUserMemory) -> None:
    await ann.delete_all()
    entry, *_ = (await ann.history()).entries
    assert (entry.operation, entry.purged) == ("delete_all", "memories")
    told = str(await ann.history())
    assert told.endswith("everything deleted: memories")
    assert "jazz" not in told
