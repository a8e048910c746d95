"""Several things at once."""

from __future__ import annotations

import asyncio

import pytest

from memoryengine.together import together


async def test_together_keeps_order_and_raises_the_failure_itself() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        if number == 2:
            raise KeyError("two")
        finished.append(number)
        return number

    finished: list[int] = []
    assert await together([work(0), work(1)]) == [0, 1]
    assert await together([]) == []
    finished.clear()
    with pytest.raises(KeyError, match="two"):
        await together([work(0), work(1), work(2)])
    assert finished == []
