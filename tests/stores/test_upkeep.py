"""The upkeep of the embedded store."""

from __future__ import annotations

from pathlib import Path

from memoryengine.ports import Store
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.upkeep_contract import UpkeepContract


class TestSqliteKeepsTheUpkeepContract(UpkeepContract):
    async def make_store(self, where: Path) -> Store:
        return SqliteStore(where)
