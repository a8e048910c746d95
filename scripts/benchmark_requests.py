"""What a retrieval asks of an Elasticsearch, and what it costs there to read one's own writes; part of benchmark.py."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from benchmark_parts import BEGAN, SEED, Bench, Figure, Texts, made_memory, parts_of, percentile, search, timed
from elastic_transport import AiohttpHttpNode

from memoryengine import AsyncMemoryEngine
from memoryengine.clock import SystemClock
from memoryengine.intake import read_message
from memoryengine.ports import KeywordQuery, Store, Writes
from memoryengine.records import MEMORIES, MESSAGES, memory_document, message_document
from memoryengine.text import terms
from memoryengine.values import Scope


class WatchedNode(AiohttpHttpNode):
    """Sends requests as the client's own does, and notes which and when."""

    seen: ClassVar[list[tuple[str, float, float]]] = []

    async def perform_request(self, method: str, target: str, *args: Any, **more: Any) -> Any:  # type: ignore[override]  # the client's own types forget that it is awaited
        """Send it."""
        began = time.perf_counter()
        try:
            return await super().perform_request(method, target, *args, **more)
        finally:
            self.seen.append((target.partition("?")[0].rpartition("/")[2], began, time.perf_counter()))


async def measure_requests(bench: Bench, name: str, user: str, queries: int) -> list[Figure]:
    """Which requests a retrieval makes, and how many round trips: those that overlap are one."""
    texts, counted, trips = Texts(SEED + 1), Counter[str](), 0
    async with bench.engine("elasticsearch", name, node_class=WatchedNode) as engine:
        memory = engine.user(user)
        await search(memory, texts, [])
        for _ in range(queries):
            WatchedNode.seen.clear()
            await search(memory, texts, [])
            counted += Counter(target for target, _, _ in WatchedNode.seen)
            trips += round_trips([(began, ended) for _, began, ended in WatchedNode.seen])
    figures = [Figure(f"requests of a retrieval: {one}", count / queries, "") for one, count in counted.items()]
    return [*figures, Figure("round trips of a retrieval", trips / queries, "", 1.1)]


def round_trips(spans: list[tuple[float, float]]) -> int:
    """How many groups of spans do not touch each other."""
    count, last = 0, float("-inf")
    for began, ended in sorted(spans):
        count += began > last
        last = max(last, ended)
    return count


async def measure_prices(bench: Bench, times: int) -> list[Figure]:
    """What writes cost, and the first search behind a write, which must see it."""
    figures = []
    for kind in bench.kinds:
        async with bench.engine(kind, "prices") as engine:
            took = await _prices(engine, times)
        for what, held in took.items():
            figures += [Figure(bench.said(kind, f"{what}, p{p}"), 1000 * percentile(held, p), "ms") for p in (50, 95)]
    return figures


async def _prices(engine: AsyncMemoryEngine, times: int) -> Mapping[str, list[float]]:
    store, _ = parts_of(engine)
    scope, texts = Scope("alice"), Texts(SEED)
    took: dict[str, list[float]] = {
        "append of 1 message": [],
        "append of 100 messages": [],
        "commit of 1 memory": [],
        "the first search behind a write": [],
        "the next search": [],
    }
    one, hundred, commit, first, then = took.values()
    number = 0
    for turn in range(times):
        for count, held in ((1, one), (100, hundred)):
            made = [_message(texts, number + n) for n in range(count)]
            number += count
            if count == 1 or turn % 10 == 0:  # a tenth of those are enough
                held.append(await timed(lambda made=made: store.append(scope, MESSAGES, made)))  # type: ignore[misc]  # bound now
        first.append(await timed(lambda: _found(store, scope, texts)))
        then.append(await timed(lambda: _found(store, scope, texts)))
        memory = memory_document(made_memory("alice", turn, texts.next()), "benchmark")
        writes = Writes(put=((MEMORIES, memory),), entry={"at": BEGAN.isoformat()})
        revision = await store.revision(scope)
        commit.append(await timed(lambda: store.commit(scope, writes, expect=revision)))  # noqa: B023  # called at once
    return took


def _message(texts: Texts, number: int) -> Any:
    said = BEGAN + timedelta(minutes=number)
    held = {"id": f"m{number}", "role": "user", "content": texts.next(), "said_at": said}
    return message_document(read_message(held, SystemClock(), ZoneInfo("UTC")))


async def _found(store: Store, scope: Scope, texts: Texts) -> None:
    """A search for a text of its own, so that nothing remembers the answer."""
    await store.search(scope, [KeywordQuery(MESSAGES, terms(texts.next(words=6)), top_k=20)])
