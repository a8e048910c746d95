"""What a score is made of, why a hit stands before the next, and what was left out: in numbers and in a table."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from memoryengine.explain import Cut, ahead, cuts, explanation, reasons, rounded
from memoryengine.results import Result, Trace
from memoryengine.trace import Usage, cut, measure
from memoryengine.values import Hit, Locale, Memory, Message
from memoryengine.worker import Hits
from memoryengine.workers.limit_hits import LimitHits
from memoryengine.workflow import StepTrace

from .workers.fakes import memory, message

LOCALE = Locale(zone=ZoneInfo("Asia/Shanghai"))
PRODUCT = re.compile(r"(\w+) +([\d.]+) x ([\d.]+) = (-?[\d.]+)")


def made(item: Memory | Message, channels: dict[str, float], weights: dict[str, float], **ranks: int) -> Hit:
    """A hit whose score is the sum of weight x channel."""
    parts = {name: weight * channels[name] for name, weight in weights.items() if name in channels}
    return Hit(item, sum(parts.values()), channels, parts, ranks)


TEA = made(memory("tea"), {"keyword": 0.8, "cosine": 0.3, "time": 1.0}, {"keyword": 0.5, "time": 0.2}, keyword=2)
MILK = made(memory("milk"), {"keyword": 1.0}, {"keyword": 0.5}, keyword=1)


def test_the_reasons_of_a_hit_are_its_channels_with_what_they_add() -> None:
    found = {one.channel: one for one in reasons(TEA)}
    assert list(found) == ["keyword", "time", "cosine"]
    assert (found["keyword"].value, found["keyword"].rank) == (0.8, 2)
    assert found["keyword"].weight == pytest.approx(0.5)
    assert sum(one.part for one in found.values()) == pytest.approx(TEA.score, abs=1e-12)
    assert (found["cosine"].weight, found["cosine"].part) == (None, 0.0)
    lowered = reasons(replace(TEA, parts={**TEA.parts, "alike": -0.1}))
    assert [(one.channel, one.value, one.part) for one in lowered if one.channel == "alike"] == [("alike", None, -0.1)]


def test_what_puts_a_hit_before_another_is_where_it_gained() -> None:
    assert ahead(TEA, MILK) == (("time", 0.2),)
    assert [name for name, _ in ahead(MILK, TEA)] == ["keyword"]
    assert ahead(TEA, TEA) == ()


def step(name: str, before: int, after: int, notes: dict[str, int] | None = None) -> StepTrace:
    return StepTrace(name, name, 0, 0, Usage(), {"hits": before}, {"hits": after}, notes or {})


async def test_what_was_left_out_is_told_with_its_reason_or_seen_from_the_counts() -> None:
    hits: Hits = tuple(Hit(memory(str(n)), 1.0) for n in range(9))
    with measure() as meter:
        assert len((await LimitHits(top_k=4).run(hits)).hits) == 4
        assert len((await LimitHits(top_k=4).run(hits, limit=50)).hits) == 9
        cut("nothing", 0)
    steps = (
        step("search", 0, 12),
        step("own", 12, 9, {"asked": 3, "left out: only the assistant said it": 2}),
        step("limit_hits", 9, 4, dict(meter.notes)),
        StepTrace("other", "other", 0, 0, Usage()),
    )
    assert cuts(steps) == (Cut("own", 3), Cut("limit_hits", 5, "the limit of 4"))
    result = Result(operation="retrieve_memory", traces=(Trace("r", 0.1, steps),))
    assert result.cuts == cuts(steps)
    assert result.explain() == "Left out: 3 by own, 5 by limit_hits (the limit of 4)."


def test_parts_are_rounded_so_that_they_add_up() -> None:
    assert rounded({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 1.0) == {"a": "0.334", "b": "0.333", "c": "0.333"}
    assert rounded({"a": 0.5, "b": -0.1254}, 0.3746) == {"a": "0.500", "b": "-0.125"}
    assert rounded({"a": 0.2}, 0.9) == {"a": "0.200"}  # of a worker whose parts are not all of it
    assert rounded({}, 0.7) == {}
    rng = Random(5)
    for _ in range(2_000):
        parts = {str(n): rng.choice((rng.random(), -rng.random() / 9, 0.0)) for n in range(rng.randint(1, 9))}
        score = sum(parts.values())
        shown = rounded(parts, score)
        assert sum(map(Decimal, shown.values())) == Decimal(f"{score:.3f}")
        assert all(abs(float(shown[name]) - part) <= 0.001 + 1e-9 for name, part in parts.items())


def test_the_table_adds_up_as_it_is_printed() -> None:
    rng = Random(7)
    names = ("keyword", "vector", "time", "speaker", "reply")
    weights = {name: rng.random() for name in names}
    hits = [made(memory(f"t{n}"), {name: rng.random() for name in rng.sample(names, 3)}, weights) for n in range(30)]
    hits.sort(key=lambda hit: -hit.score)
    printed = explanation(hits, (), LOCALE)
    blocks = re.split(r"\n(?=\d+ +\d\.\d{3}  )", printed)[1:]
    assert len(blocks) == 30
    for place, (block, hit) in enumerate(zip(blocks, hits, strict=True), 1):
        number, score = block.split()[:2]
        assert (number, score) == (str(place), f"{hit.score:.3f}")
        products = PRODUCT.findall(block)
        assert {name for name, *_ in products} == set(hit.channels)
        assert sum(Decimal(part) for *_, part in products) == Decimal(score)
        for _, value, weight, part in products:
            assert abs(float(value) * float(weight) - float(part)) < 0.0021
    assert printed.endswith("\nNothing was left out.")


def test_the_table_shows_place_kind_moment_text_and_why() -> None:
    long = "我每天晚上在家里弹吉他，" * 9
    hits = (
        made(memory(long, kind="insight"), {"keyword": 1.0, "vector": 0.5}, {"keyword": 0.6, "vector": 0.4}, keyword=1),
        made(message("I play\nthe guitar", speaker="Ann"), {"keyword": 0.5}, {"keyword": 0.6}, keyword=13),
        made(message("Nice."), {"keyword": 0.5}, {"keyword": 0.6}, keyword=22),
    )
    lines = explanation(hits, [Cut("limit_hits", 2, "the limit of 3")], LOCALE).splitlines()
    assert lines[0].split() == ["#", "score", "memory", "made", "of"]
    assert lines[1].startswith("1  0.800  insight, 2024-10-26 20:00")
    assert lines[1].endswith("keyword  1.000 x 0.600 = 0.600  1st")
    assert lines[2].split()[0].startswith("我每天晚上")
    assert "…" in lines[3]
    assert lines[3].endswith("ahead of 2 by keyword +0.300, vector +0.200")
    assert "message, 2024-10-26 20:00" in lines[4]
    assert lines[4].endswith("= 0.300  13th")
    assert "Ann: I play the guitar" in lines[5]
    assert lines[5].endswith("level with 3")
    assert lines[6].endswith("22nd")
    assert lines[7].strip() == "user: Nice."
    assert lines[8] == "Left out: 2 by limit_hits (the limit of 3)."


@pytest.mark.parametrize("width", [None, 120, 80, 40])
def test_columns_stand_below_each_other_whatever_the_script(width: int | None) -> None:
    texts = ("吉他" * 40, "guitar " * 30, "ギター🎸" * 20, "x" * 300, "a", "é\u0301" * 50, "[bold]no markup[/bold]")
    hits = [made(memory(text), {"keyword": 1.0}, {"keyword": 0.5}) for text in texts]
    lines = explanation(hits, (), LOCALE, width).splitlines()
    where = {cell_len(line[: line.index("keyword")]) for line in lines if "keyword" in line}
    assert len(where) == 1
    assert all(cell_len(line) <= max(80, width or 120) for line in lines)
    assert any("[bold]no" in line for line in lines)


def test_a_hit_that_another_step_moved_says_so_and_odd_ones_are_shown() -> None:
    moved = explanation([replace(MILK, score=0.4), TEA], (), LOCALE)
    assert "ahead of 2 by a later step, not by score" in moved
    bare = explanation([Hit(memory("bare"), 0.25)], (), LOCALE)
    assert "1  0.250  observation" in bare
    only = explanation([Hit(memory("x"), 0.3, {"keyword": 0.3, "near": 0.0}, {"alike": -0.05})], (), LOCALE)
    assert "keyword  0.300" in only
    assert "= -0.050" in only
    assert "near" not in only
    assert explanation((), (), LOCALE) == "Nothing was left out."


def test_a_huge_text_costs_nothing() -> None:
    huge = [
        made(memory(text, id_=str(n)), {"keyword": 1.0}, {"keyword": 1.0})
        for n, text in enumerate(("字" * 200_000,) * 9)
    ]
    lines = explanation(huge, (), LOCALE, 100).splitlines()
    assert len(lines) <= 9 * 3 + 2
    assert max(map(cell_len, lines)) <= 100
    assert sum("…" in line for line in lines) == 9
