"""Stores on a real Elasticsearch under names of their own, which are gone after the test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from elasticsearch import AsyncElasticsearch

from memoryengine.ports import Collection, VectorSpace
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.store_samples import COLLECTIONS, SPACE


async def remove(url: str, prefix: str) -> None:
    """Delete every index of a prefix."""
    async with AsyncElasticsearch(url) as client:
        found = await client.indices.get(index=f"{prefix}-*", allow_no_indices=True, features=["aliases"])
        if found.body:
            await client.indices.delete(index=",".join(found.body))


@asynccontextmanager
async def opened_store(
    url: str,
    prefix: str = "",
    *,
    collections: tuple[Collection, ...] = COLLECTIONS,
    vectors: VectorSpace | None = SPACE,
    **settings: Any,
) -> AsyncIterator[ElasticsearchStore]:
    """A store with the collections of the contract; its indices are removed at the end if no prefix is given."""
    named = prefix or f"t-{secrets.token_hex(6)}"
    store = ElasticsearchStore(url, **{"index_prefix": named, "erase_seconds": 0, "patience": 10, **settings})
    try:
        await store.open(collections, vectors)
        yield store
    finally:
        await store.close()
        if not prefix:
            await remove(url, named)


@asynccontextmanager
async def prefix_for(url: str) -> AsyncIterator[str]:
    """A prefix of one's own, whose indices are removed at the end."""
    prefix = f"t-{secrets.token_hex(6)}"
    try:
        yield prefix
    finally:
        await remove(url, prefix)
