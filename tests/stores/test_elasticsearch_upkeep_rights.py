"""Who may reindex: the role that owns the indices, and not the one for the run time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from elasticsearch import AsyncElasticsearch

from memoryengine.errors import StoreUnavailable
from memoryengine.ports import VectorSpace
from memoryengine.stores.elasticsearch import ElasticsearchStore, reindex
from memoryengine.testing.store_samples import ALICE, NOTES, SPACE, note, put
from memoryengine.testing.upkeep_contract import OTHER, embed_notes

from ..elasticsearch_server import SecuredServer

pytestmark = pytest.mark.elasticsearch


@asynccontextmanager
async def opened(
    server: SecuredServer, role: str, prefix: str, vectors: VectorSpace | None = None
) -> AsyncIterator[ElasticsearchStore]:
    store = ElasticsearchStore(
        server.url, user=role, password=server.password, ca_certs=server.ca, index_prefix=prefix, patience=10
    )
    try:
        await store.open([NOTES], vectors)
        yield store
    finally:
        await store.close()


async def test_the_owner_reindexes_and_who_may_not_closes_nothing(
    es_secured: SecuredServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindex, "LINGER", 0.05)
    prefix = f"memoryengine-{secrets.token_hex(4)}"
    try:
        async with opened(es_secured, "memoryengine_owner", prefix, SPACE) as owner:
            await put(owner, ALICE, note("a", "apple"))
            async with opened(es_secured, "memoryengine_runtime", prefix) as other:
                with pytest.raises(StoreUnavailable, match="too few rights"):
                    await other.reindexing().reindex(OTHER, embed_notes, lambda _: None, batch=5)
            assert await put(owner, ALICE, note("b", "apple")) == 2
            async with opened(es_secured, "memoryengine_owner", prefix) as keeper:
                await keeper.reindexing().reindex(OTHER, embed_notes, lambda _: None, batch=5)
            assert await put(owner, ALICE, note("c", "apple")) == 3
            assert f"{prefix}-note-000002" in await owner.parts()
    finally:
        async with AsyncElasticsearch(
            es_secured.url, basic_auth=(es_secured.user, es_secured.password), ca_certs=es_secured.ca
        ) as client:
            found = await client.indices.get(index=f"{prefix}-*", features=["aliases"])
            await client.indices.delete(index=",".join(found.body))
