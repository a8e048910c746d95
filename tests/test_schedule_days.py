"""Three engines on one store through two days in which the clocks change: `scripts/schedule_days.py` with few users."""

from __future__ import annotations

from pathlib import Path

import pytest
from schedule_days import Findings, days
from stores import stores

POLL = 1800.0


def check(found: Findings, users: int) -> None:
    assert found.missed == []
    assert found.doubles == []
    assert found.unasked == []
    assert found.pending == 0
    assert found.by_alarm["consolidate/idle"] == 3 * users
    assert len(found.by_engine) >= 2, "they share the work"
    assert sum(found.by_engine.values()) == found.runs


@pytest.mark.parametrize("season", ["autumn", "spring"])
async def test_each_due_run_happens_once(season: str, tmp_path: Path) -> None:
    with stores("sqlite", tmp_path) as made:
        check(await days(made, "sqlite", 6, season, poll=POLL), 6)
