"""What a worker is given in tests: a Reader over lists, a clock, and short ways to make values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from memoryengine.beliefs import Then, known, memories_then
from memoryengine.filters import EVERYTHING, AllOf, Filter, Value, matches
from memoryengine.ports import Search, Sort, Vector
from memoryengine.ranking import bm25, idf
from memoryengine.records import CONSOLIDATED, PENDING, memory_document, memory_of, message_document, searched_text
from memoryengine.text import terms
from memoryengine.values import Hit, Kind, Memory, Message, Role, Scope

NOON = datetime(2024, 10, 26, 12, tzinfo=UTC)


def message(
    content: str,
    *,
    id_: str = "",
    role: Role = "user",
    said_at: datetime = NOON,
    recorded_at: datetime | None = None,
    speaker: str = "",
    session: str = "",
    agent: str = "",
) -> Message:
    """A message; its id is its content unless given."""
    return Message(
        id=id_ or content,
        role=role,
        content=content,
        speaker=speaker,
        said_at=said_at,
        recorded_at=recorded_at or said_at,
        session=session,
        agent=agent,
    )


def memory(content: str, *, id_: str = "", kind: Kind = "observation", said_at: datetime = NOON, **more: Any) -> Memory:
    """A memory; its id is its content unless given."""
    held = {"recorded_at": said_at, **more}
    return Memory(id=id_ or content, kind=kind, content=content, said_at=said_at, **held)


@dataclass
class FakeClock:
    """Each call is a millisecond later than the one before."""

    at: datetime = NOON

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class FakeReader:
    """A `Reader` over lists. Search is BM25, and cosine where `embed` is given; `searched` counts round trips.

    Messages in `done` are consolidated already. The rule of who stands for whom is not modelled here.
    """

    messages_: Sequence[Message] = ()
    memories_: Sequence[Memory] = ()
    done: frozenset[str] = frozenset()
    embed: Callable[[str], Vector] | None = None
    scope: Scope = field(default_factory=lambda: Scope("alice"))
    searched: list[tuple[Search, ...]] = field(default_factory=list)

    async def search(self, *queries: Search) -> tuple[tuple[Hit, ...], ...]:
        self.searched.append(queries)
        return tuple(self._found(query) for query in queries)

    async def memories(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int | None = None,
        expired: bool = True,
    ) -> tuple[Memory, ...]:
        then = Then(expired=expired)
        stood = [known(memory_document(m, ""), then) for m in self.memories_]
        rows: list[Row[Memory]] = [(memory_of(d), d.fields, d.id) for d in stood if d is not None]
        return tuple(_ordered(rows, where, order)[:limit])

    async def messages(
        self, where: Filter = EVERYTHING, *, order: Sequence[Sort] = (), limit: int | None = None
    ) -> tuple[Message, ...]:
        rows: list[Row[Message]] = []
        for m in self.messages_:
            state = CONSOLIDATED if m.id in self.done else PENDING
            rows.append((m, {**message_document(m).fields, "state": state}, m.id))
        return tuple(_ordered(rows, where, order)[:limit])

    async def speakers(self) -> tuple[str, ...]:
        return tuple(sorted({m.speaker for m in self.messages_ if m.speaker}))

    async def replies(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        before, ids = {m.answers for m in messages}, {m.id for m in messages}
        return tuple(m for m in self.messages_ if m.id in before or m.answers in ids)

    def _found(self, query: Search) -> tuple[Hit, ...]:
        where = AllOf(memories_then(Then(expired=query.expired)), query.where)
        items: list[Memory | Message] = [
            m for m in self.memories_ if m.kind in query.kinds and matches(where, memory_document(m, "").fields)
        ]
        if "message" in query.kinds:
            items += [m for m in self.messages_ if m.id not in query.window]
        hits = [Hit(item, max(channels.values()), channels) for item, channels in self._channels(query, items)]
        return tuple(sorted(hits, key=lambda h: (-h.score, h.item.id))[: query.top_k])

    def _channels(
        self, query: Search, items: Sequence[Memory | Message]
    ) -> Iterable[tuple[Memory | Message, dict[str, float]]]:
        scores = keyword_scores(query.text, [searched_text(item) for item in items], query.words)
        best = max(scores, default=0.0) or 1.0
        for item, score in zip(items, scores, strict=True):
            channels = {"keyword": score / best} if score else {}
            if self.embed:
                channels["vector"] = max(0.0, cosine(self.embed(query.text), self.embed(searched_text(item))))
            if channels:
                yield item, channels


def keyword_scores(query: str, texts: Sequence[str], words: Sequence[str] | None = None) -> list[float]:
    """BM25 of each text, by the statistics of these texts."""
    held = [Counter(terms(text)) for text in texts]
    lengths = [sum(counts.values()) for counts in held]
    average = sum(lengths) / len(lengths) if lengths and sum(lengths) else 1.0
    having = Counter(term for counts in held for term in counts)
    scores = [0.0] * len(texts)
    for term in dict.fromkeys(terms(query) if words is None else words):
        weight = idf(len(texts), having[term])
        for place, counts in enumerate(held):
            if counts[term]:
                scores[place] += bm25(weight, counts[term], lengths[place], average)
    return scores


def cosine(a: Vector, b: Vector) -> float:
    """The cosine of two vectors."""
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


T = TypeVar("T")
Row = tuple[T, Mapping[str, Value], str]


def _ordered(rows: Sequence[Row[T]], where: Filter, order: Sequence[Sort]) -> list[T]:
    found = sorted((row for row in rows if matches(where, row[1])), key=lambda row: row[2])
    for sort in reversed(order):
        absent = [row for row in found if row[1].get(sort.field) is None]
        present = [row for row in found if row[1].get(sort.field) is not None]
        present.sort(key=lambda row: row[1][sort.field], reverse=sort.descending)  # type: ignore[arg-type,return-value]
        found = present + absent
    return [row[0] for row in found]
