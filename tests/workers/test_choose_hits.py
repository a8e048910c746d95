"""As many hits as are of use: repeats, hits far behind the best, and the token budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from time import process_time

import pytest

from memoryengine.errors import InputError
from memoryengine.text import token_estimate
from memoryengine.trace import CUT, measure
from memoryengine.values import Hit, Memory, Message, Period
from memoryengine.workers.choose_hits import ChooseHits

from .fakes import NOON, memory, message

DAY = timedelta(days=1)


def ranked(*items: Message | Memory) -> tuple[Hit, ...]:
    return tuple(Hit(item, 1 - place / 100) for place, item in enumerate(items))


async def left(items: Sequence[Message | Memory], **settings: float) -> list[str]:
    chosen = await ChooseHits(**settings).run(ranked(*items))  # type: ignore[arg-type]
    return [hit.item.id for hit in chosen.hits]


async def test_of_repeats_the_better_one_stays() -> None:
    items: list[Message | Memory] = [
        message("I keep bees behind the old mill.", id_="a", speaker="Nora"),
        message("Bees are fine.", id_="b", speaker="Nora"),
        message("i keep bees  behind the old mill", id_="c", speaker="Nora"),
        message("我在后院养了两箱蜜蜂。", id_="d"),
        message("我在后院养了两箱蜜蜂", id_="e"),
        message("👍", id_="f"),
        message("👍", id_="g"),
    ]
    with measure() as meter:
        assert await left(items) == ["a", "b", "d", "f"]
    assert meter.notes == {f"{CUT}repeats of a better hit": 3}
    assert await left(items, looked_at=0) == list("abcdefg")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("My best time over five thousand metres this whole spring was 25 minutes", "24"),
        ("After a long search with my sister in the autumn we moved to Lyon", "Metz"),
        ("I would like to have a dog in the house one of these days", "not"),
        ("On the way home from work that evening we met with Anna", "Emil"),
    ],
)
async def test_one_other_word_says_something_else(one: str, other: str) -> None:
    words = one.split()
    changed = " ".join([*words[:-1], other])
    assert await left([message(one, id_="a"), message(changed, id_="b")]) == ["a", "b"]
    denied = " ".join([*words[:2], "not", *words[2:]])
    assert await left([message(denied, id_="a"), message(one, id_="b")]) == ["a", "b"]
    assert await left([message(one, id_="a"), message(one, id_="b")]) == ["a"]


async def test_who_speaks_what_is_asked_and_the_order_of_words_count() -> None:
    assert await left([message("Tea?", id_="a"), message("Tea", id_="b")]) == ["a", "b"]
    two = [message("I like tea", id_="a", speaker="Nora"), message("I like tea", id_="b", speaker="Oskar")]
    assert await left(two) == ["a", "b"]
    assert await left([message("Anna beat Tom", id_="a"), message("Tom beat Anna", id_="b")]) == ["a", "b"]
    assert await left([message("我不喝茶", id_="a"), message("我喝茶", id_="b")]) == ["a", "b"]


async def test_what_was_said_on_several_days_stays_a_few_times() -> None:
    items = [message("I had a headache.", id_=str(n), said_at=NOON + n * DAY) for n in range(6)]
    assert await left(items) == ["0", "1", "2"]
    assert await left(items, per_text=1) == ["0"]
    assert await left(items, per_text=9) == [str(n) for n in range(6)]


async def test_memories_repeat_each_other_where_they_tell_of_the_same_time() -> None:
    trip = Period(NOON, NOON + DAY)
    items: list[Memory | Message] = [
        memory("user plans a trip to Riga", id_="a", event=trip),
        memory("user plans a trip to Riga", id_="b", event=Period(NOON + DAY, NOON + 2 * DAY)),
        memory("user plans a trip to Riga", id_="c", event=trip, said_at=NOON + 5 * DAY),
        message("user plans a trip to Riga", id_="d"),
    ]
    assert await left(items) == ["a", "b", "d"]
    assert await left([memory("user keeps bees", id_=n, said_at=NOON + i * DAY) for i, n in enumerate("abc")]) == ["a"]
    assert await left(list(reversed(items))) == ["d", "c", "b"]


async def test_hits_far_behind_the_best_go_where_that_is_set() -> None:
    hits = tuple(Hit(memory(f"m{n}"), score) for n, score in enumerate((2.0, 1.1, 1.0, 0.9, 0.0)))
    with measure() as meter:
        assert (await ChooseHits(relative=0.5).run(hits)).hits == hits[:3]
    assert meter.notes == {f"{CUT}a score below 0.5 of the best": 2}
    assert (await ChooseHits().run(hits)).hits == hits
    assert (await ChooseHits(relative=1.0).run(())).hits == ()


async def test_no_more_tokens_than_there_is_room_for() -> None:
    hits = ranked(*(memory(f"m{n} " + "word " * 19) for n in range(5)))
    each = token_estimate(hits[0].item.content)
    with measure() as meter:
        assert (await ChooseHits(budget_tokens=3 * each).run(hits)).hits == hits[:3]
    assert meter.notes == {f"{CUT}the budget of {3 * each} tokens": 2}
    assert (await ChooseHits(budget_tokens=1).run(hits)).hits == hits[:1]
    assert (await ChooseHits(budget_tokens=5 * each).run(hits)).hits == hits
    by_time = await ChooseHits(budget_tokens=each, relative=1.0).run((), found=hits, only=True)
    assert (by_time.hits, by_time.found) == ((), hits[:1])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"relative": 1.5}, "relative is 1.5"),
        ({"budget_tokens": -1}, "budget_tokens is -1"),
        ({"per_text": 0}, "per_text is 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(settings: dict[str, float], told: str) -> None:
    with pytest.raises(InputError) as refused:
        ChooseHits(**settings)  # type: ignore[arg-type]
    assert told in refused.value.message
    assert "must be" in refused.value.message
    assert ChooseHits(relative=1.0, budget_tokens=0, per_text=1).per_text == 1


async def test_a_hundred_hits_are_chosen_quickly() -> None:
    hits = ranked(*(message(f"note {n}: " + " ".join(f"w{(n * k) % 97}" for k in range(60))) for n in range(100)))
    chosen = await ChooseHits().run(hits)
    began = process_time()
    for _ in range(10):
        assert (await ChooseHits().run(hits)).hits == chosen.hits
    assert len(chosen.hits) == 100
    assert process_time() - began < 0.2
