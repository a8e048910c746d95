"""No more hits than asked for."""

from __future__ import annotations

import pytest

from memoryengine.errors import InputError
from memoryengine.values import Hit
from memoryengine.workers.limit_hits import LimitHits

from .fakes import memory

HITS = tuple(Hit(memory(f"m{n}"), 1 - n / 100) for n in range(30))


async def test_the_best_stay() -> None:
    assert (await LimitHits().run(HITS)).hits == HITS[:20]
    assert (await LimitHits(top_k=3).run(HITS)).hits == HITS[:3]
    assert (await LimitHits(top_k=50).run(HITS)).hits == HITS


async def test_a_limit_comes_before_the_setting() -> None:
    assert (await LimitHits(top_k=3).run(HITS, limit=25)).hits == HITS[:25]
    assert (await LimitHits().run(HITS, limit=0)).hits == ()
    with pytest.raises(InputError, match="must be 0 or more"):
        await LimitHits().run(HITS, limit=-1)
