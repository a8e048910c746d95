"""A store of the kind that a config names, empty, for the length of a demonstration."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..assembly import build_store
from ..errors import StoreUnavailable
from ..settings import load_settings

if TYPE_CHECKING:
    from ..ports import Store
    from ..stores.elasticsearch import ElasticsearchStore


@contextmanager
def throwaway(config: str | None) -> Iterator[Store]:
    """In Elasticsearch indices of its own, elsewhere a file of its own; gone afterwards."""
    spec = load_settings(config, environ=os.environ).store
    if spec.get("use") != "elasticsearch":
        with TemporaryDirectory(prefix="memoryengine-") as folder:
            yield build_store({"use": "sqlite", "path": str(Path(folder) / "demo.db")})
        return
    # The user's own prefix leads, for a role may grant rights on the names that begin with it.
    prefix = f"{str(spec.get('index_prefix', 'memoryengine'))[:80]}-demo-{secrets.token_hex(4)}"
    store: Any = build_store({**spec, "index_prefix": prefix, "create": True})
    try:
        yield store
    except StoreUnavailable:  # nothing can be removed from a server that is away
        raise
    except BaseException:
        asyncio.run(_remove(store))
        raise
    asyncio.run(_remove(store))


async def _remove(store: ElasticsearchStore) -> None:
    from ..stores.elasticsearch.erase import remove

    try:
        await remove(store.client, await store.parts())
    finally:
        await store.close()
