"""Nothing of what was deleted is left: in no index, and after an erasure in no file of the server."""

from __future__ import annotations

import base64
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from memoryengine import AsyncMemoryEngine
from memoryengine.errors import DeletionPending
from memoryengine.filters import EVERYTHING
from memoryengine.ports import Writes
from memoryengine.stores.elasticsearch.codec import decompressed, unpacked
from memoryengine.testing.store_samples import ALICE, BOB, ENTRY, note, put

from ..elasticsearch_server import OwnServer
from .elasticsearch_stores import opened_store, remove

pytestmark = pytest.mark.elasticsearch
WORD = "xyzzyplugh"


async def everything_in(url: str, prefix: str) -> list[dict[str, Any]]:
    """Every document of every index of a prefix, as it is stored; what is packed is added readable."""
    found = []
    async with AsyncElasticsearch(url) as client:
        await client.indices.refresh(index=f"{prefix}-*")
        answer = await client.search(index=f"{prefix}-*", size=10_000)
        assert answer["hits"]["total"]["value"] == len(answer["hits"]["hits"])
    for hit in answer["hits"]["hits"]:
        held = dict(hit["_source"], _id=hit["_id"], _routing=hit.get("_routing"), _index=hit["_index"])
        if "document" in held:
            held["unpacked"] = unpacked(held["document"])
        if "payload" in held:
            held["payload"] = decompressed(held["payload"])
        found.append(held)
    return found


async def test_no_index_holds_a_word_of_a_user_who_was_deleted(es_url: str) -> None:
    """After delete_all with messages, log included; the other user's words are all there."""
    prefix = f"t-{secrets.token_hex(6)}"
    store = {"use": "elasticsearch", "url": es_url, "index_prefix": prefix}
    try:
        async with AsyncMemoryEngine({"extends": "embedded", "store": store}) as engine:
            for user in ("ann", "ben"):
                memory = engine.user(user)
                await memory.add_messages(
                    [
                        {"role": "user", "content": f"My hobby is {user}{WORD} and I live in {user}{WORD}ville."},
                        {"role": "user", "content": f"我喜欢{user}{WORD}。", "metadata": {"where": f"{user}{WORD}"}},
                    ]
                )
                await memory.run("consolidate_memory")
                await memory.add_messages([{"role": "user", "content": f"I moved to {user}{WORD}ton."}])
                await memory.run("consolidate_memory")
            before = [str(one) for one in await everything_in(es_url, prefix)]
            assert sum(f"ann{WORD}" in one for one in before) >= 5
            result = await engine.user("ann").run("delete_all", with_messages=True)
            assert result.deleted_messages == 3
            assert any("store erase" in warning for warning in result.warnings)
        after = await everything_in(es_url, prefix)
        assert not [one for one in after if f"ann{WORD}" in str(one)]
        assert len([one for one in after if f"ben{WORD}" in str(one)]) >= 5
        assert not [one for one in after if one.get("state") == "pending" or "payload" in one]
    finally:
        await remove(es_url, prefix)


@pytest.fixture(scope="module")
def server(own_es: OwnServer) -> str:
    return own_es.start()


async def test_an_erasure_leaves_no_byte_in_the_files(server: str, own_es: OwnServer) -> None:
    """Segments and translog of a real server; Elasticsearch lets go of deleted documents after up to 30 seconds."""
    prefix = f"t-{secrets.token_hex(6)}"
    async with opened_store(server, prefix) as store:
        await store.append(ALICE, "note", [note(f"n{i}", f"{WORD}{i} guitar") for i in range(20)])
        await store.append(BOB, "note", [note(f"n{i}", f"blorb{i} guitar") for i in range(20)])
        await store.attach(ALICE, "note", {f"n{i}": [1, 2, 3, i] for i in range(20)})
        await put(store, ALICE, note("m", WORD))
        assert await store.count(ALICE, "note") == 21
        assert holding(own_es.data(), WORD)
        with pytest.raises(DeletionPending) as pending:
            await store.commit(ALICE, Writes(delete=(("note", "m"),), entry=ENTRY), expect=1)
        assert pending.value.result == 2
        with pytest.raises(DeletionPending) as pending:
            await store.purge(ALICE, [("note", EVERYTHING)], entry=ENTRY)
        assert pending.value.result == (20,)
        assert not await store.erase(0)
    began = time.monotonic()
    async with opened_store(server, prefix) as store:
        assert await store.erase(60)
        assert time.monotonic() - began < 60
        assert not holding(own_es.data(), WORD)
        assert holding(own_es.data(), "blorb")
        assert await store.count(BOB, "note") == 20


def holding(folder: Path, word: str) -> list[Path]:
    """The files that hold a word, as it is or in base64 at any of its three places."""
    shifted = [base64.b64encode(b"\0" * n + word.encode())[start:] for n, start in enumerate((0, 2, 3))]
    wanted = [word.encode(), *(one[: len(word)] for one in shifted)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files, f"{folder} holds no files: it is not where the server keeps its data"
    return [path for path in files if any(one in path.read_bytes() for one in wanted)]
