"""The upkeep of the store in Elasticsearch, and copies between it and the embedded one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import blake2b
from pathlib import Path

import pytest
import pytest_asyncio

from memoryengine.errors import StoreError, StoreUnavailable
from memoryengine.ports import Store
from memoryengine.stores.elasticsearch import ElasticsearchStore, reindex
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_samples import ALICE, note, put
from memoryengine.testing.upkeep_contract import UpkeepContract, embed_notes

from .elasticsearch_stores import remove

pytestmark = [pytest.mark.elasticsearch, pytest.mark.elasticsearch_versions]


class OnAServer(UpkeepContract):
    @pytest_asyncio.fixture(autouse=True)
    async def on_a_server(self, es_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        monkeypatch.setattr(reindex, "LINGER", 0.1)
        self.url, self.prefix = es_url, "u-" + blake2b(str(tmp_path).encode(), digest_size=5).hexdigest()
        yield
        await remove(es_url, self.prefix)

    def in_elasticsearch(self, where: Path) -> Store:
        prefix = f"{self.prefix}-{blake2b(str(where).encode(), digest_size=5).hexdigest()}"
        return ElasticsearchStore(self.url, index_prefix=prefix, patience=10)


class TestElasticsearchKeepsTheUpkeepContract(OnAServer):
    async def make_store(self, where: Path) -> Store:
        return self.in_elasticsearch(where)

    async def test_half_a_copy_takes_no_commits(self, tmp_path: Path) -> None:
        """Until it is whole, which the error says."""
        async with self.kept(tmp_path / "one") as target:
            copying = target.copying()
            await copying.begin("the other store")
            with pytest.raises(StoreUnavailable, match="half a copy of the other store"):
                await put(target, ALICE, note("a"), expect=0)
            with pytest.raises(StoreError, match="half a copy of the other store"):
                await target.reindexing().reindex(None, embed_notes, lambda _: None, batch=1)
            await copying.end()
            assert await put(target, ALICE, note("a"), expect=0) == 1
            assert [scope async for scope in copying.scopes()] == [ALICE]


class TestCopiesFromTheEmbeddedStoreAndBack(OnAServer):
    """Of the contract only what takes two stores."""

    async def make_store(self, where: Path) -> Store:
        return SqliteStore(where)

    async def make_other(self, where: Path) -> Store:
        return self.in_elasticsearch(where)
