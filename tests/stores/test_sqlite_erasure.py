"""What is deleted is in no byte of any file."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from memoryengine.errors import DeletionPending
from memoryengine.filters import EVERYTHING, Is
from memoryengine.ports import HISTORY, Document, KeywordQuery, Patch, Writes
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_samples import ALICE, BOB, COLLECTIONS, ENTRY, SPACE, entry, ids_of, note, put


def readable(path: Path, *parts: bytes | str) -> list[bytes]:
    """Which of the parts stand in the database or in any file beside it."""
    wanted = [part.encode() if isinstance(part, str) else part for part in parts]
    files = [file.read_bytes() for file in path.parent.iterdir() if file.is_file()]
    assert files
    return [part for part in wanted if any(part in content for content in files)]


def secret(i: int) -> str:
    return f"sesquipedalian{i:04d}"


async def opened(path: Path, patience: float = 5) -> SqliteStore:
    store = SqliteStore(path, patience=patience)
    await store.open(COLLECTIONS, SPACE)
    return store


async def test_delete_leaves_no_byte_of_text_terms_fields_and_vector(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = await opened(path)
    vector = [0.123, 0.456, -0.789, 0.321]
    kept = np.asarray([5.0, 1.0, 2.0, 3.0])
    await store.append(
        ALICE,
        "note",
        [note("a", f"{secret(1)} 密语", status=secret(2), metadata={secret(3): secret(4)}), note("b", secret(5))],
    )
    await store.attach(ALICE, "note", {"a": vector, "b": kept.tolist()})
    held = (np.asarray(vector) / np.linalg.norm(vector)).astype("<f4").tobytes()
    words = [secret(i) for i in range(1, 5)]
    await store.commit(ALICE, Writes(patch=(Patch("note", "a", {"status": secret(6)}),), entry=ENTRY), expect=0)
    assert readable(path, *words, "密语", held, secret(6)) == [
        one.encode() if isinstance(one, str) else one for one in [*words, "密语", held, secret(6)]
    ]
    await store.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1)
    assert readable(path, *words, "密语", held, secret(6)) == []
    assert len(readable(path, secret(5), (kept / np.linalg.norm(kept)).astype("<f4").tobytes())) == 2
    assert (await store.describe())["erasure"] == "complete"
    await store.close()
    assert readable(path, *words, "密语", held, secret(6)) == []


async def test_nothing_is_left_of_many_after_much_moving(tmp_path: Path) -> None:
    """Rows of all sizes come, change and go, so that SQLite moves pages; in the end only the living are readable."""
    path = tmp_path / "store"
    store = await opened(path)
    chance = random.Random(7)
    living: list[int] = []
    for step in range(60):
        ids = range(step * 20, step * 20 + 20)
        words = {i: f"{secret(i)} " * chance.choice((1, 5, 40, 400)) for i in ids}
        await store.append(ALICE, "note", [note(f"{chance.random()}-{i}", words[i], rank=i) for i in ids])
        living += ids
        gone = set(chance.sample(living, 12))
        if step % 3 == 0:
            found = (await store.page(ALICE, "note", Is("rank", *chance.sample(living, 9)), limit=9)).documents
            patches = tuple(
                Patch("note", one.id, {"status": f"{secret(int(str(one.fields['rank'])))} " * 30}) for one in found
            )
            await store.commit(ALICE, Writes(patch=patches, entry=ENTRY), expect=await store.revision(ALICE))
        assert await store.purge(ALICE, [("note", Is("rank", *gone))], entry=entry()) == (12,)
        living = [i for i in living if i not in gone]
    assert await store.count(ALICE, "note") == len(living) == 480
    left = readable(path, *(secret(i) for i in range(1200) if i not in living))
    assert left == []
    assert len(readable(path, *(secret(i) for i in living))) == 480
    assert await store.purge(ALICE, [("note", EVERYTHING), (HISTORY, EVERYTHING)], entry=entry()) >= (480, 20)
    assert readable(path, *(secret(i) for i in range(1200))) == []
    await store.close()


async def test_what_a_put_replaced_goes_with_the_document(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = await opened(path)
    await put(store, ALICE, note("a", secret(1)), Document("b", {}, {"text": secret(3)}))
    await put(store, ALICE, note("a", secret(2)))
    await store.append(BOB, "note", [note("a", secret(9))])
    await store.commit(ALICE, Writes(delete=(("note", "a"), ("note", "b")), entry=ENTRY), expect=2)
    assert readable(path, secret(1), secret(2), secret(3)) == []
    assert readable(path, secret(9)) == [secret(9).encode()]
    (found,) = await store.search(BOB, [KeywordQuery("note", (secret(9),))])
    assert ids_of(found) == ["a"]
    await store.close()


async def test_a_reader_that_holds_on_delays_the_cleaning(tmp_path: Path) -> None:
    """The deletion stands and says that bytes are left; the next write after the reader let go removes them."""
    path = tmp_path / "store"
    store = await opened(path, patience=0.2)
    await put(store, ALICE, note("a", secret(1)), note("b", secret(2)), note("c", secret(3)))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM documents").fetchone() == (4,)
    with pytest.raises(DeletionPending) as caught:
        await store.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1)
    assert caught.value.result == 2
    assert "wal" in str(caught.value)
    with pytest.raises(DeletionPending) as again:
        await store.purge(ALICE, [("note", Is("status")), ("note", EVERYTHING)], entry=entry())
    assert again.value.result == (0, 2)
    assert (await store.revision(ALICE), await store.count(ALICE, "note")) == (3, 0)
    assert (await store.describe())["erasure"] == "pending"
    await store.append(ALICE, "note", [note("d", "unharmed")])
    assert readable(path, secret(1), secret(2)) != []
    reader.execute("COMMIT")
    reader.close()
    await store.append(ALICE, "note", [note("e", "unharmed")])
    assert (await store.describe())["erasure"] == "complete"
    assert readable(path, secret(1), secret(2), secret(3)) == []
    assert await store.count(ALICE, "note") == 2
    await store.close()


async def test_a_short_reader_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = await opened(path, patience=20)
    await put(store, ALICE, note("a", secret(1)))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM documents").fetchone()
    deletion = asyncio.create_task(store.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1))
    await asyncio.sleep(0.3)
    assert not deletion.done()
    reader.execute("COMMIT")
    assert await deletion == 2
    assert readable(path, secret(1)) == []
    reader.close()
    await store.close()


async def test_a_later_opening_finishes_the_cleaning(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = await opened(path, patience=0.1)
    other = await opened(path)
    await put(store, ALICE, note("a", secret(1)))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM documents").fetchone()
    with pytest.raises(DeletionPending):
        await store.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1)
    await store.close()
    reader.execute("COMMIT")
    reader.close()
    third = await opened(path)
    assert readable(path, secret(1)) == []
    await third.append(BOB, "note", [note("x")])
    assert (await other.describe())["erasure"] == "complete"
    await third.close()
    await other.close()
