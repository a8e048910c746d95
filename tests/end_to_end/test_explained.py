"""What the stock retrieval says of a score is what the score is: in numbers, in the table and on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from memoryengine import MemoryEngine
from memoryengine.results import Result
from memoryengine.sync import UserMemory

TALK = (
    ("user", "My sister Ann moved to Oslo in May 2024 and works as a nurse there.", "2024-06-01T09:00:00"),
    ("assistant", "How nice! What do you do on weekends?", "2024-06-01T09:01:00"),
    ("user", "I play the guitar and I like green tea.", "2024-06-01T09:02:00"),
    ("user", "Always answer in short sentences when I ask about travel.", "2024-06-03T18:00:00"),
    ("user", "我的爱好是弹吉他，我住在杭州。", "2024-06-08T10:00:00"),
    ("assistant", "你多久弹一次？", "2024-06-08T10:01:00"),
    ("user", "每天晚上。上周五我去听了一场音乐会。", "2024-06-08T10:02:00"),
    ("user", "I moved from Oslo to Bergen yesterday.", "2024-06-20T20:00:00"),
)
ASKED = (
    "Where does Ann work?",
    "What did I say about my sister, and which instrument do I play?",
    "我的爱好是什么？",
    "上周五我做了什么？",
    "What did we talk about on 1 June 2024?",
    "Recommend me something to drink.",
    "Where did I live before Bergen?",
    "Bergen",
    "What is the capital of Peru?",
)
ASKED_AT = datetime(2024, 6, 21, 12)
PRODUCT = re.compile(r"(\w+) +([\d.]+) x ([\d.]+) = (-?[\d.]+)")


@pytest.fixture
def user(make_engine: Callable[..., MemoryEngine]) -> UserMemory:
    user = make_engine().user("ann")
    user.add_messages({"role": role, "content": text, "created_at": at, "session": at[:10]} for role, text, at in TALK)
    user.consolidate()
    user.add("User plays tennis on Mondays.")
    return user


def results(user: UserMemory) -> list[Result]:
    found = [user.retrieve(query, asked_at=ASKED_AT) for query in ASKED]
    assert sum(len(result.hits) for result in found) > 20
    return found


def test_the_parts_of_every_hit_add_up_to_its_score(user: UserMemory) -> None:
    seen: set[str] = set()
    for result in results(user):
        scores = [hit.score for hit in result.hits]
        assert scores == sorted(scores, reverse=True)
        for hit in result.hits:
            assert abs(sum(hit.parts.values()) - hit.score) < 1e-9
            assert all(0 <= value <= 1 for value in hit.channels.values())
            assert all(rank >= 1 for rank in hit.ranks.values())
            seen |= hit.parts.keys()
    assert {"keyword", "vector"} <= seen


def test_what_is_printed_adds_up_to_what_is_printed(user: UserMemory) -> None:
    for result in results(user):
        blocks = re.split(r"\n(?=\d+ +-?\d\.\d{3}  )", result.explain())[1:]
        assert len(blocks) == len(result.hits)
        for block, hit in zip(blocks, result.hits, strict=True):
            products = PRODUCT.findall(block)
            assert sum(map(Decimal, re.findall(r" = (-?[\d.]+)", block))) == Decimal(block.split()[1])
            assert {name for name, *_ in products} == {name for name in hit.parts if hit.channels.get(name)}
            assert all(abs(float(v) * float(w) - float(p)) < 0.0025 for _, v, w, p in products)


def test_every_hit_that_is_gone_is_counted(user: UserMemory) -> None:
    every = user.retrieve("Where does Ann work?", limit=1_000)
    cut = user.retrieve("Where does Ann work?", limit=1)
    last = cut.cuts[-1]
    assert (last.by, last.count, last.reason) == ("limit_hits", len(every.hits) - 1, "the limit of 1")
    assert cut.explain().endswith(f"{last.count} by limit_hits (the limit of 1).")
    assert not any(one.by == "limit_hits" for one in every.cuts)
    entered = {step.instance: step.counts_in.get("hits", 0) for step in every.traces[0].steps}
    assert entered["limit_hits"] == len(every.hits)
