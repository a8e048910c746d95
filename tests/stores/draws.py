"""What random programs are made of: ids, scopes, documents, filters and questions, drawn from one chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from memoryengine.filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, Scalar
from memoryengine.ports import Document, FilterQuery, KeywordQuery, Query, Sort, VectorQuery
from memoryengine.testing.store_reading import HOSTILE
from memoryengine.text import terms
from memoryengine.values import Scope

WORDS = ("吉他", "吉", "guitar", "play", "music", "😀", "a", "b", "\ud800", "\0", "a/b", "ß")
SENTENCES = (
    "我去年春天开始学吉他，现在每周弹两次。",
    "她弹吉他，也听音乐。",
    "吉他！吉他！",
    "I started to play the guitar last spring, and I play it twice a week.",
    "She listens to music on 2023-07-03 with GPT-4 😀",
    "我用 Python 和 PyTorch 写 music player",
    "Ｇｕｉｔａｒ café naïve",
    "",
)
LONG = "好" * 10_666  # 31,998 bytes, the longest that every store takes
IDS = (*(f"n{i:02d}" for i in range(30)), *HOSTILE, LONG, LONG[:-1] + "号", "n00 ", "N00", "n00\u200b", "000000000001")
SCOPES = (
    Scope("a"),
    Scope("a "),
    Scope("b", namespace="a"),
    Scope("\U00010000", namespace="a"),
    Scope("'; DROP TABLE documents; --", namespace="好\n\u2028"),
    Scope(LONG),
)
START = datetime(2026, 1, 1, tzinfo=UTC)
EAST = timezone(timedelta(hours=8))
KEYS = ("k", "l", "", "*", "k*", "k.d", ".", "a b", '"', "_id", "猫", "n00 ")
TEXTS = ("valid", "expired", "", "Valid", "*", "\n", "\ue000", "😀", LONG)
NUMBERS = (0, -0.0, 1, 1.0, -1.5, 2, 0.1, 5e-324, 2**53, -(2**53))
MOMENTS = (
    *(START + timedelta(microseconds=n) for n in range(5)),
    START.astimezone(EAST),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1931, 5, 17, 23, 59, 59, 999_999, tzinfo=EAST),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
SORTS = {"note": ("status", "rank", "at", "open"), "job": ("state", "at"), "history": ("revision", "at")}


class Draws:
    """Random things, the same for the same seed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def id(self) -> str:
        return self.chance.choice(IDS)

    def scope(self) -> Scope:
        return self.chance.choice(SCOPES)

    def terms(self, most: int) -> tuple[str, ...]:
        chance = self.chance
        if chance.random() < 0.4:
            return terms(chance.choice(SENTENCES) + chance.choice(SENTENCES))
        words = chance.choices(WORDS, k=chance.randint(0, most))
        return tuple(words * 300 if chance.random() < 0.02 else words)

    def document(self, id_: str) -> Document:
        words = self.terms(9)
        more: Sequence[Any] = (None, True, 1.5, {"\ud800": []}, "\0")
        body = {"text": " ".join(words), "n": [self.chance.choice(more)]}
        digest = "same" if self.chance.random() < 0.95 else "another"
        return Document(id_, self.fields(none=0.05), body, words, digest)

    def job(self, id_: str) -> Document:
        fields = {"state": self.chance.choice(TEXTS), "at": self.chance.choice(MOMENTS)}
        return Document(id_, fields, self.chance.choice(([], "", 0, None, {"at": "x"})))  # type: ignore[arg-type]  # any JSON

    def fields(self, *, none: float) -> dict[str, Any]:
        chance = self.chance
        values = {
            "status": chance.choice(TEXTS),
            "tags": tuple(chance.choices(("red", "blue", "绿", ""), k=chance.randint(0, 3))),
            "rank": chance.choice(NUMBERS),
            "at": chance.choice(MOMENTS),
            "open": chance.random() < 0.5,
            "metadata": {chance.choice(KEYS): chance.choice(("x", "y", "")) for _ in range(chance.randint(0, 3))},
        }
        chosen = chance.sample(sorted(values), chance.randint(0, 6))
        return {name: None if chance.random() < none else values[name] for name in chosen}

    def vector(self) -> list[float]:
        chance = self.chance
        if chance.random() < 0.3:
            return [float(chance.choice((-1, 0, 1))) for _ in range(3)] + [1.0]
        return [chance.gauss(0, 1) * 10 ** chance.choice((-3, 0, 3)) for _ in range(4)]

    def filter(self, depth: int = 3) -> Filter:
        chance = self.chance
        if not depth or chance.random() < 0.5:
            return self.leaf()
        parts = [self.filter(depth - 1) for _ in range(chance.randint(0, 3))]
        return chance.choice((AllOf(*parts), AnyOf(*parts), Not(self.filter(depth - 1))))

    def leaf(self) -> Filter:
        chance = self.chance
        texts: tuple[Scalar, ...] = (*TEXTS, "x", 5, "a\0", "\ud800")
        numbers: tuple[Scalar, ...] = (*NUMBERS, True, "1", 2**53 + 1, float("nan"), START)
        key = f"metadata.{chance.choice(KEYS)}"
        low, high = chance.choice((None, -2, -0.0, 0, 0.5, float("-inf"))), chance.choice((None, 0, 1, 2.5, 2**60))
        early, late = chance.choice((None, *MOMENTS)), chance.choice((None, *MOMENTS))
        return chance.choice(
            (
                EVERYTHING,
                Is("status", *chance.choices(texts, k=chance.randint(0, 3))),
                Is("tags", *chance.choices(("red", "blue", "绿", "", 1), k=chance.randint(1, 2))),
                Is("rank", *chance.choices(numbers, k=2)),
                Is("open", chance.choice((True, False, 1, 0, 0.5, 0.0, "true"))),
                Is("at", *chance.choices(MOMENTS, k=2), chance.choice((datetime(2026, 1, 1), 0))),
                Is(key, *chance.choices(("x", "y", "", 1), k=2)),
                Is("metadata", "x"),
                Between("rank", low, high),
                Between("rank", chance.choice((0.1, True, float("nan"))), chance.choice((None, float("inf")))),
                Between("at", early, late),
                Between("open", chance.choice((None, 0, 0.5)), chance.choice((None, 1, 0.5))),
                Between(chance.choice(("status", "tags", key)), 0),
                Has(chance.choice(("status", "tags", "rank", "at", "open", "metadata", "vector"))),
                Has(key),
                Not(Has(key)),
            )
        )

    def filter_of(self, collection: str) -> Filter:
        """A filter that the collection has the fields for."""
        if collection == "note":
            return self.filter()
        if collection == "job":
            return self.chance.choice((EVERYTHING, Is("state", *TEXTS[:3]), Not(Between("at", START)), Has("vector")))
        return self.chance.choice((EVERYTHING, Between("revision", 2, 30), Is("revision", 1, 2.0), Has("at")))

    def order(self, collection: str) -> list[Sort]:
        names = SORTS[collection]
        chosen = self.chance.choices(names, k=self.chance.randint(0, 3))
        return [Sort(name, self.chance.random() < 0.5) for name in chosen]

    def queries(self) -> Sequence[Query]:
        """Some questions of one call; those of one filter are a hybrid search."""
        where = self.filter()
        found: list[Query] = []
        for _ in range(self.chance.randint(0, 4)):
            where = self.filter() if self.chance.random() < 0.5 else where
            top_k = self.chance.choice((-1, 0, 1, 2, 5, 100, 100_000))
            asked: tuple[Query, ...] = (
                KeywordQuery("note", self.terms(4), where, top_k),
                VectorQuery("note", self.vector(), where, top_k),
                FilterQuery("note", where, top_k),
                FilterQuery("job", self.filter_of("job"), top_k),
            )
            found += self.chance.choices(asked, weights=(4, 4, 1, 1))
        return found
