from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import blake2b
from pathlib import Path

import pytest
import pytest_asyncio

from memoryengine.ports import Store
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.store_contract import StoreContract

from .elasticsearch_stores import remove

pytestmark = [pytest.mark.elasticsearch, pytest.mark.elasticsearch_versions]


class TestElasticsearchKeepsTheContract(StoreContract):
    @pytest_asyncio.fixture(autouse=True)
    async def on_a_server(self, es_url: str, tmp_path: Path) -> AsyncIterator[None]:
        self.url, self.prefix = es_url, prefix_of(tmp_path / "store")
        yield
        await remove(es_url, self.prefix)

    async def make_store(self, where: Path) -> Store:
        return ElasticsearchStore(self.url, index_prefix=prefix_of(where), erase_seconds=0, patience=10)


def prefix_of(where: Path) -> str:
    return "t-" + blake2b(str(where).encode(), digest_size=8).hexdigest()
