"""Real Elasticsearch servers for the scripts beside this one, by elasticsearch.sh."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("elasticsearch.sh")


@dataclass(frozen=True)
class OwnServer:
    """A server of the script's own, which it may kill."""

    name: str

    def start(self) -> str:
        """Start it, or start it again with the data and the port that it had; its URL."""
        self._call("start")
        return self._call("env").split("'")[1]

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._call("kill")

    def stop(self) -> None:
        """End it and remove its data."""
        self._call("stop")

    def _call(self, command: str) -> str:
        call = [str(SCRIPT), command, "--name", self.name]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(call)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def own_server(name: str) -> Iterator[OwnServer]:
    """A server of this process's own, not started yet, which is gone in the end."""
    server = OwnServer(f"{name}_{os.getpid()}")
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def a_server(name: str) -> Iterator[str]:
    """The URL of the server that MEMORYENGINE_TEST_ES_URL names, else of one that is started for this process."""
    url = os.environ.get("MEMORYENGINE_TEST_ES_URL")
    if url:
        yield url
        return
    with own_server(name) as server:
        yield server.start()
