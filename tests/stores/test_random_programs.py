from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

from .draws import SCOPES
from .naive import NaiveStore
from .program import Program


@pytest.mark.parametrize("seed", range(6))
async def test_sqlite_does_what_the_model_does(tmp_path: Path, seed: int) -> None:
    """Two stores on one file, one of which forgets its indices all the time."""
    stores = [SqliteStore(tmp_path / "store"), SqliteStore(tmp_path / "store", cache_documents=1)]
    for store in stores:
        await store.open(COLLECTIONS, SPACE)
    model = NaiveStore()
    program = Program(seed, [stores], model)
    await program.run(300)
    assert set(program.calls) == {"append", "commit", "expire", "attach", "look", "search", "page", "purge", "wrong"}
    assert min(program.calls.values()) >= 2
    assert max(shelf.revision for shelf in model.shelves.values()) > 10
    for scope in SCOPES:
        assert await stores[0].revision(scope) == await model.revision(scope)
    for store in stores:
        await store.close()


async def test_the_program_finds_a_store_that_is_wrong(tmp_path: Path) -> None:
    """A store with one stray document differs from the model within a few steps."""
    store = SqliteStore(tmp_path / "store")
    await store.open(COLLECTIONS, SPACE)
    for scope in SCOPES:
        await store.append(scope, "note", [note("n00", "guitar 吉他 吉 play music 😀 a b")])
    program = Program(1, [[store]], NaiveStore())
    with pytest.raises(AssertionError) as caught:
        await program.run(300)
    assert "step" in str(caught.value)
    assert await store.count(ALICE, "note") == 0
    await store.close()
