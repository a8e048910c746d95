from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from memoryengine.models.build import build_chat, build_embedder, build_reranker
from memoryengine.models.retry import Effects
from memoryengine.ports import ChatModel, Embedder, Reranker
from memoryengine.testing.siliconflow_server import SiliconFlowServer


@pytest.fixture
def server() -> Iterator[SiliconFlowServer]:
    # one for each test: a request that an earlier test gave up on may come late, and would take this one's faults
    with SiliconFlowServer(key="sk-right-0123456789") as running:
        yield running


@dataclass
class Slept:
    """Effects that do not sleep and do not draw lots; `seconds` are the pauses that were asked for."""

    seconds: list[float] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        async def sleep(seconds: float) -> None:
            self.seconds.append(seconds)

        return Effects(draw=lambda: 0.5, sleep=sleep, sleep_sync=self.seconds.append)


@pytest.fixture
def slept() -> Slept:
    return Slept()


@dataclass
class Build:
    """Builds models at the test server."""

    server: SiliconFlowServer
    effects: Effects

    def _spec(self, more: dict[str, object]) -> dict[str, object]:
        return {"use": "siliconflow", "api_base": self.server.url, "api_key": self.server.key, **more}

    def chat(self, **more: object) -> ChatModel:
        return build_chat(self._spec(more), effects=self.effects)

    def embedder(self, **more: object) -> Embedder:
        return build_embedder(self._spec(more), effects=self.effects)

    def reranker(self, **more: object) -> Reranker:
        return build_reranker(self._spec(more), effects=self.effects)


@pytest.fixture
def build(server: SiliconFlowServer, slept: Slept) -> Build:
    return Build(server, slept.effects)
