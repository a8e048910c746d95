"""The stores that a script makes for itself, embedded or in Elasticsearch, and takes away when it ends.

    python scripts/stores.py remove URL PREFIX      # delete the indices whose names begin with PREFIX-

The Elasticsearch is the one that MEMORYENGINE_TEST_ES_URL names, else one that scripts/elasticsearch.sh starts and
stops again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

KINDS = ("sqlite", "elasticsearch")
URL = "MEMORYENGINE_TEST_ES_URL"
SCRIPT = Path(__file__).parent / "elasticsearch.sh"


@dataclass(frozen=True)
class Stores:
    """Where the stores of one run are: files in a folder, or indices with a prefix on a server."""

    folder: Path
    url: str = ""
    prefix: str = ""

    def spec(self, name: str, kind: str = "", **settings: Any) -> dict[str, Any]:
        """The `store` of a config; `kind` is one of `KINDS`, else Elasticsearch where there is a server."""
        if (kind or ("elasticsearch" if self.url else "sqlite")) == "sqlite":
            return {"use": "sqlite", "path": str(self.folder / f"{name}.db")}
        return {"use": "elasticsearch", "url": self.url, "index_prefix": f"{self.prefix}-{name}", **settings}

    async def clear(self) -> None:
        """Delete all indices of this run."""
        await remove(self.url, self.prefix)


@contextmanager
def stores(kind: str, folder: Path | None = None) -> Iterator[Stores]:
    """Room for stores of a kind, gone afterwards but for files in a folder that was given."""
    with ExitStack() as stack:
        chosen = folder or Path(stack.enter_context(TemporaryDirectory(prefix="memoryengine-")))
        chosen.mkdir(parents=True, exist_ok=True)
        if kind == "sqlite":
            yield Stores(chosen)
            return
        url, prefix = stack.enter_context(server()), f"script-{secrets.token_hex(4)}"
        try:
            yield Stores(chosen, url, prefix)
        finally:
            asyncio.run(remove(url, prefix))


@contextmanager
def server() -> Iterator[str]:
    """The URL of an Elasticsearch."""
    given = os.environ.get(URL)
    if given:
        yield given
        return
    name = f"script_{os.getpid()}"
    try:
        _call("start", name)
        yield _call("env", name).split("'")[1]
    finally:
        _call("stop", name)


def _call(command: str, name: str) -> str:
    call = [str(SCRIPT), command, "--name", name]
    return subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout


async def remove(url: str, prefix: str) -> None:
    """Delete the indices whose names begin with a prefix and a hyphen."""
    from elasticsearch import AsyncElasticsearch

    async with AsyncElasticsearch(url) as client:
        found = await client.indices.get(index=f"{prefix}-*", allow_no_indices=True, features=["aliases"])
        for index in found.body:
            await client.indices.delete(index=index)


def main() -> int:
    """Remove the indices of a prefix."""
    if len(sys.argv) != 4 or sys.argv[1] != "remove":
        print(__doc__, file=sys.stderr)
        return 2
    asyncio.run(remove(*sys.argv[2:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
