"""The mark that messages need no further look."""

from __future__ import annotations

from memoryengine.values import Changes
from memoryengine.workers.mark_consolidated import MarkConsolidated

from .fakes import message


async def test_every_message_of_the_batch_is_marked_whoever_said_it() -> None:
    batch = (message("a"), message("b", role="assistant"), message("c", role="system"))
    changes = (await MarkConsolidated().run(batch)).changes
    assert changes == Changes(consolidated=("a", "b", "c"))
    assert changes
    assert not (await MarkConsolidated().run(())).changes
