"""The embedded store and Elasticsearch give the same answers to the same random programs, and so does the model.

The seeds are fixed. What fails says its seed; MEMORYENGINE_TEST_SEEDS=4711 runs that one alone,
MEMORYENGINE_TEST_SEEDS=100-180 runs many, and MEMORYENGINE_TEST_STEPS sets how long a program is.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import pytest

from memoryengine.ports import Store
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

from .draws import SCOPES
from .elasticsearch_stores import opened_store, remove
from .naive import NaiveStore
from .program import Program

pytestmark = [pytest.mark.elasticsearch, pytest.mark.elasticsearch_versions]


def seeds() -> list[int]:
    given = os.environ.get("MEMORYENGINE_TEST_SEEDS", "")
    if not given:
        return [*range(5), 989_004]
    first, _, last = given.partition("-")
    return list(range(int(first), int(last or first) + 1))


STEPS = int(os.environ.get("MEMORYENGINE_TEST_STEPS", "200"))
PARTS = 4


@pytest.mark.parametrize("seed", seeds())
async def test_both_stores_do_what_the_model_does(
    es_url: str, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two stores at each place, as of two processes; now and then one goes, and one comes that knows nothing."""
    began, prefix = time.monotonic(), f"t-{secrets.token_hex(6)}"

    async def opened(store: Store) -> Store:
        await store.open(COLLECTIONS, SPACE)
        return store

    def embedded(cache_documents: int) -> Store:
        return SqliteStore(tmp_path / "store", cache_documents=cache_documents)

    def served() -> Store:
        return ElasticsearchStore(es_url, index_prefix=prefix, erase_seconds=0, shards=1 + seed % 2)

    pairs = (embedded(1000), embedded(1)), (served(), served())
    groups = [[await opened(store) for store in pair] for pair in pairs]
    model = NaiveStore()
    program = Program(seed, groups, model)
    try:
        for _ in range(PARTS):
            await program.run(STEPS // PARTS)
            for group, new in zip(groups, (embedded(1000), served()), strict=True):
                await group.pop(0).close()
                group.append(await opened(new))
        for scope in SCOPES:
            wanted = await model.revision(scope)
            assert [await group[0].revision(scope) for group in groups] == [wanted, wanted]
    except AssertionError as error:
        again = f"MEMORYENGINE_TEST_SEEDS={seed} MEMORYENGINE_TEST_STEPS={STEPS}"
        raise AssertionError(f"{error}\nOnce more with: {again}") from error
    finally:
        for store in (*groups[0], *groups[1]):
            await store.close()
        await remove(es_url, prefix)
    assert program.operations > STEPS
    assert sum(shelf.revision for shelf in model.shelves.values()) > STEPS / 20
    with capsys.disabled():
        print(f"\nseed {seed}: {program.operations} operations alike in {time.monotonic() - began:.0f} s ", end="")


async def test_the_program_finds_a_store_that_is_wrong(es_url: str) -> None:
    """A server with one stray document differs from the model within a few steps."""
    async with opened_store(es_url) as store:
        for scope in SCOPES:
            await store.append(scope, "note", [note("n00", "guitar 吉他 吉 play music 😀 a b")])
        program = Program(1, [[store]], NaiveStore())
        with pytest.raises(AssertionError) as caught:
            await program.run(300)
        assert "seed 1, step" in str(caught.value)
        assert "ElasticsearchStore" in str(caught.value)
        assert await store.count(ALICE, "note") == 0
