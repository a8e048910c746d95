from __future__ import annotations

from pathlib import Path

from memoryengine.ports import Store
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_contract import StoreContract


class TestSqliteKeepsTheContract(StoreContract):
    async def make_store(self, where: Path) -> Store:
        return SqliteStore(where, patience=10)
