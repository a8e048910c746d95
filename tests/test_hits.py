"""A hit with other scores."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from memoryengine.hits import by_score, with_channel
from memoryengine.values import Hit, Memory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes", [{}, {"score": 0.0}, {"channels": {}, "ranks": {"vector": 2}}, {"parts": {"time": 0.1}, "score": 0.9}]
)
def test_a_hit_but_for_what_is_given_is_what_replace_makes(changes: dict[str, Any]) -> None:
    item = Memory(id="m", kind="custom", content="tea", said_at=NOON, recorded_at=NOON)
    hit = Hit(item, 0.5, {"keyword": 0.5}, {"keyword": 0.4}, {"keyword": 1})
    assert hit.but(**changes) == replace(hit, **changes)
    assert hit.but(**changes).item is item
    assert hit == Hit(item, 0.5, {"keyword": 0.5}, {"keyword": 0.4}, {"keyword": 1})
    assert [one.name for one in fields(Hit)] == ["item", "score", "channels", "parts", "ranks"]  # else `but` lacks one


def test_a_channel_joins_hits_and_new_items_each_once() -> None:
    one, two = (Memory(id=name, kind="custom", content=name, said_at=NOON, recorded_at=NOON) for name in ("one", "two"))
    known = Hit(one, 0.5, {"keyword": 0.5})
    held, new = with_channel([known], "reply", {"one": 0.25, "two": 1.0}, [two, one, two])
    assert held == known.but(channels={"keyword": 0.5, "reply": 0.25})
    assert new == Hit(two, 0.0, {"reply": 1.0})
    assert with_channel([known], "reply", {}, [two]) == (known, Hit(two, 0.0))
    assert by_score([new, known, held]) == (known, held, new)
