"""Observations of one batch, each once."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from memoryengine.observed import each_once
from memoryengine.values import Memory

from .workers.fakes import NOON, memory


def said(content: str, days: int) -> Memory:
    return memory(content, id_=f"{content} {days}", said_at=NOON + timedelta(days=days), sources=(f"m{days}",))


def test_what_is_told_twice_is_one_observation_of_both_messages() -> None:
    (one,) = each_once([said("User likes tea.", 0), said("User likes tea.", 3)])
    assert (one.content, one.sources) == ("User likes tea.", ("m0", "m3"))
    assert one.said_at == NOON + timedelta(days=3)
    with_other = each_once([said("User likes tea.", 0), said("User has a dog.", 1), said("User likes tea.", 3)])
    assert [len(one.sources) for one in with_other] == [2, 1]


def test_a_home_to_which_somebody_came_back_is_two() -> None:
    moves = [said("User lives in Beijing.", 0), said("User lives in Shanghai.", 3), said("User lives in Beijing.", 6)]
    assert {(one.content, one.said_at) for one in each_once(moves)} == {(one.content, one.said_at) for one in moves}
    again = [*moves, said("User lives in Beijing.", 9)]
    assert sorted(len(one.sources) for one in each_once(again)) == [1, 1, 2]
    assert len(each_once([*moves, *moves])) == 3


def test_the_same_told_thrice_is_one_in_whatever_order_the_model_names_it() -> None:
    told = [said("User lives in Beijing.", day) for day in (0, 9, 3)]
    for order in permutations(told):
        (one,) = each_once(order)
        assert sorted(one.sources) == ["m0", "m3", "m9"]
        assert one.said_at == NOON + timedelta(days=9)
