"""What follows from a model's verdicts must not hang on the order or the direction in which it gives them."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from memoryengine.values import Expiry
from memoryengine.verdicts import CONTAINED, CONTRADICTED, Verdict, settle

from .workers.fakes import NOON, memory

DAY = timedelta(days=1)
BEIJING = memory("User lives in Beijing.", id_="beijing", said_at=NOON - 90 * DAY)
TIANJIN = memory("User lives in Tianjin.", id_="tianjin", said_at=NOON - 60 * DAY)
SHANGHAI = memory("User lives in Shanghai.", id_="shanghai", said_at=NOON - 30 * DAY)
PARROT = memory("User has a parrot.", id_="parrot", said_at=NOON - 90 * DAY, sources=("m1",))
KIKI = memory("User has a parrot called Kiki.", id_="kiki", said_at=NOON - 60 * DAY, sources=("m2",))
GREY = memory("User has a grey parrot called Kiki.", id_="grey", said_at=NOON - 30 * DAY, sources=("m3",))


def test_each_home_ends_with_the_next_in_whatever_order_the_verdicts_come() -> None:
    moves = [Verdict(BEIJING, CONTRADICTED, TIANJIN), Verdict(TIANJIN, CONTRADICTED, SHANGHAI)]
    moves.append(Verdict(BEIJING, CONTRADICTED, SHANGHAI))
    for told in permutations(moves):
        changes = settle(told, [TIANJIN, SHANGHAI], NOON)
        assert changes.expired == (Expiry("beijing", CONTRADICTED, "tianjin"),)
        middle, last = changes.memories
        assert (middle.status, middle.superseded_by) == ("expired", "shanghai")
        assert (last.id, last.status) == ("shanghai", "valid")


def test_what_is_contained_goes_to_the_richest_in_whatever_order() -> None:
    chain = [Verdict(PARROT, CONTAINED, KIKI), Verdict(KIKI, CONTAINED, GREY)]
    for told in permutations(chain):
        (kept,) = settle(told, [PARROT, KIKI, GREY], NOON).memories
        assert (kept.id, set(kept.sources)) == ("grey", {"m1", "m2", "m3"})
        changes = settle(told, [KIKI, GREY], NOON)
        assert [one.id for one in changes.memories] == ["grey"]
        assert [one.memory for one in changes.expired] == ["parrot"]


def test_the_richer_one_stays_whichever_is_said_to_hold_the_other() -> None:
    changes = settle([Verdict(GREY, CONTAINED, PARROT)], [GREY], NOON)
    assert changes.memories == (GREY,)
    assert changes.expired == (Expiry("parrot", CONTAINED, "grey"),)
    later = memory("User has a parrot.", id_="again", sources=("m9",))
    changes = settle([Verdict(GREY, CONTAINED, later)], [later], NOON)
    assert (changes.memories, changes.expired) == ((), ())
    assert changes.known == (("grey", ("m9",)),)


def test_what_holds_a_number_of_its_own_is_contained_in_nothing() -> None:
    three = memory("User has a parrot of 3 years.", id_="three")
    changes = settle([Verdict(three, CONTAINED, GREY)], [three], NOON)
    assert changes.memories == (three,)
    assert (changes.known, changes.expired) == ((), ())
    same = memory("User has a parrot, 3 of them.", id_="same")
    assert settle([Verdict(same, CONTAINED, three)], [same], NOON).known[0][0] == "three"


def test_of_a_pair_that_is_called_both_the_contradiction_counts() -> None:
    both = [Verdict(BEIJING, CONTAINED, SHANGHAI), Verdict(BEIJING, CONTRADICTED, SHANGHAI)]
    for told in (both, both[::-1], [Verdict(SHANGHAI, CONTAINED, BEIJING), both[1]]):
        changes = settle(told, [SHANGHAI], NOON)
        assert changes.expired == (Expiry("beijing", CONTRADICTED, "shanghai"),)
        assert changes.memories == (SHANGHAI,)


def test_what_contradicts_a_memory_contradicts_all_that_say_the_same() -> None:
    again = memory("User lives in Beijing.", id_="again", said_at=NOON)
    for told in (BEIJING, again):
        changes = settle([Verdict(SHANGHAI, CONTRADICTED, told)], [SHANGHAI, again], NOON, [again, SHANGHAI, BEIJING])
        assert changes.expired == (Expiry("beijing", CONTRADICTED, "shanghai"),)
        assert [(one.id, one.superseded_by) for one in changes.memories] == [("shanghai", "again"), ("again", "")]
    alone = settle([Verdict(SHANGHAI, CONTRADICTED, again)], [SHANGHAI, again], NOON)
    assert alone.expired == ()
