"""The store contract as a test class: what the docstrings of `memoryengine.ports.Store` promise, checked.

The author of a store runs it with pytest and pytest-asyncio; one method says how to make the store:

    class TestMyStore(StoreContract):
        async def make_store(self, where: Path) -> Store:
            return MyStore(where)

Every test makes its stores at places of its own below pytest's `tmp_path`.
"""

from __future__ import annotations

from .store_extremes import StoreExtremes
from .store_reading import StoreReading
from .store_searching import StoreSearching
from .store_writing import StoreWriting

__all__ = ["StoreContract"]


class StoreContract(StoreWriting, StoreReading, StoreSearching, StoreExtremes):
    """All parts of the contract; subclass it and override `make_store`."""
