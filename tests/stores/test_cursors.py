from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.errors import StoreError
from memoryengine.ports import Sort
from memoryengine.stores.cursors import read_cursor, write_cursor
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, NOON, SPACE, note

ORDER = (Sort("at", descending=True), Sort("rank"), Sort("status"))


def test_a_cursor_gives_back_what_it_was_made_of() -> None:
    for values in ([1, 2.5, "好"], [None, None, None], [-(10**17), 0, ""]):
        cursor = write_cursor(ORDER, values, "id 😀")
        assert read_cursor(ORDER, cursor) == (values, "id 😀")
        assert cursor.isascii()
        with pytest.raises(StoreError, match="order"):
            read_cursor(ORDER[:2], cursor)


async def test_forged_cursors_are_refused(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    await store.open(COLLECTIONS, SPACE)
    await store.append(ALICE, "note", [note(f"n{i}", at=NOON, rank=i, status="x") for i in range(4)])
    for values in (["x", 1, "x"], [1, "x", "x"], [1, 1], [1, 1, "x", 1], [[], 1, "x"], [1, 1, 5]):
        with pytest.raises(StoreError, match="order"):
            await store.page(ALICE, "note", order=ORDER, cursor=write_cursor(ORDER, values, "n1"))
    page = await store.page(ALICE, "note", order=ORDER, limit=2)
    assert page.cursor is not None
    rest = await store.page(ALICE, "note", order=ORDER, cursor=page.cursor)
    assert [one.id for one in (*page.documents, *rest.documents)] == ["n0", "n1", "n2", "n3"]
    await store.close()
