"""Real servers for the tests, as scripts/elasticsearch.sh starts them; conftest.py offers the fixtures to all."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts/elasticsearch.sh"


def from_environment(request: pytest.FixtureRequest, *names: str) -> list[str]:
    """The variables that name a server: a test that needs one never passes, and is never left out, without it."""
    if request.scope == "function" and request.node.get_closest_marker("elasticsearch") is None:
        said = f"{request.node.nodeid} needs an Elasticsearch and does not say so: mark it elasticsearch."
        pytest.fail(said, pytrace=False)
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.fail(
            f"{missing[0]} is not set, so there is no Elasticsearch to test on. scripts/test.sh starts what it needs; "
            'by hand it is: scripts/elasticsearch.sh start && eval "$(scripts/elasticsearch.sh env)", '
            "and the same with --secured.",
            pytrace=False,
        )
    return [os.environ[name] for name in names]


@pytest.fixture
def es_url(request: pytest.FixtureRequest) -> str:
    """Where a real Elasticsearch answers, shared by all tests: name what you make after the test."""
    return from_environment(request, "MEMORYENGINE_TEST_ES_URL")[0]


@dataclass(frozen=True)
class SecuredServer:
    """A real Elasticsearch with passwords and TLS, and its superuser."""

    url: str
    user: str
    password: str
    ca: str


@pytest.fixture
def es_secured(request: pytest.FixtureRequest) -> SecuredServer:
    """A real Elasticsearch that asks who is there."""
    names = [f"MEMORYENGINE_TEST_ES_SECURED_{name}" for name in ("URL", "USER", "PASSWORD", "CA")]
    return SecuredServer(*from_environment(request, *names))


@dataclass(frozen=True)
class OwnServer:
    """A real Elasticsearch of a test's own, which it may kill."""

    name: str

    def start(self) -> str:
        """Start it, or start it again with the data and the port that it had; its URL."""
        self.call("start")
        return self.call("env").split("'")[1]

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.call("kill")

    def stop(self) -> None:
        """End it and remove its data."""
        self.call("stop")

    def data(self) -> Path:
        """The folder with its data as they are now; ask again later, for it may be a copy."""
        return Path(self.call("data").strip())

    def call(self, command: str) -> str:
        """What the script prints; fails with all it said."""
        call = [str(SCRIPT), command, "--name", self.name]
        done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{call}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def own_es() -> Iterator[OwnServer]:
    """A server that tests may kill, not started yet; one for all tests of a process, as starting takes long."""
    run = os.environ.get("MEMORYENGINE_TEST_RUN", f"by_hand_{os.getpid()}")
    server = OwnServer(f"{run}_own_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}")
    yield server
    server.stop()
