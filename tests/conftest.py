"""What every test shares: data in a folder of its own, and no key or config from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memoryengine import MemoryEngine
from memoryengine.testing.clock import ManualClock

from .elasticsearch_server import es_secured as es_secured
from .elasticsearch_server import es_url as es_url
from .elasticsearch_server import own_es as own_es

SATURDAY = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)  # 21:26:20 in Shanghai


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MEMORYENGINE_HOME of the test's own, in Shanghai's time, without keys."""
    home = tmp_path / "home"
    monkeypatch.setenv("MEMORYENGINE_HOME", str(home))
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    for name in ("MEMORYENGINE_CONFIG", "SILICONFLOW_API_KEY", "OPENAI_API_KEY", "SILICONFLOW_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def make_engine() -> Callable[..., MemoryEngine]:
    """An embedded engine on the test's home at half past nine on a Saturday in Shanghai."""

    def make(config: object = "embedded", **kwargs: object) -> MemoryEngine:
        return MemoryEngine(config, clock=kwargs.pop("clock", None) or ManualClock(SATURDAY), **kwargs)  # type: ignore[arg-type]

    return make
