"""Who took whose place, and when: a memory that is told late gets its place in the middle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from memoryengine.succession import ended, settled
from memoryengine.values import Changes, Expiry, Memory, Period

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(days: int) -> datetime:
    return START + days * DAY


def memory(id_: str, day: int, **fields: object) -> Memory:
    made = Memory(id=id_, kind="observation", content=id_, said_at=at(day), recorded_at=at(day), valid_from=at(day))
    return replace(made, **fields)  # type: ignore[arg-type]


def gone(id_: str, day: int, by: str, end: int) -> Memory:
    return memory(id_, day, status="expired", reason="contradicted", superseded_by=by, valid_to=at(end))


def late(id_: str, day: int, by: str) -> Memory:
    told = memory(id_, day, status="expired", reason="contradicted", superseded_by=by)
    return replace(told, recorded_at=at(90), said_at=at(90))


HELD = {m.id: m for m in (gone("a", 0, "c", 20), gone("c", 20, "e", 40), memory("e", 40))}


def test_a_late_one_ends_where_the_next_began_and_the_one_before_ends_where_it_began() -> None:
    changes = settled(Changes(memories=(late("b", 10, "e"),)), HELD)
    (placed,) = changes.memories
    assert (placed.valid_from, placed.valid_to, placed.superseded_by) == (at(10), at(20), "c")
    assert changes.shortened == (Expiry("a", "contradicted", "b"),)
    assert ended(changes.shortened[0], {**HELD, "b": placed}, at(99)) == at(10)
    assert changes.expired == ()


def test_one_before_all_others_shortens_nothing_and_one_beside_the_last_cuts_the_one_before() -> None:
    first = settled(Changes(memories=(late("0", -5, "e"),)), HELD)
    assert [(m.valid_to, m.superseded_by) for m in first.memories] == [(at(0), "a")]
    assert first.shortened == ()
    last = settled(Changes(memories=(late("d", 30, "e"),)), HELD)
    assert [(m.valid_to, m.superseded_by) for m in last.memories] == [(at(40), "e")]
    assert last.shortened == (Expiry("c", "contradicted", "d"),)


def test_an_insight_that_fell_takes_no_place_and_ends_earlier_too() -> None:
    fallen = replace(gone("i", 5, "c", 20), kind="insight")
    between = replace(gone("j", 15, "c", 20), kind="insight")
    changes = settled(Changes(memories=(late("b", 10, "e"),)), {**HELD, "i": fallen, "j": between})
    assert [(m.valid_to, m.superseded_by) for m in changes.memories] == [(at(20), "c")]
    assert {e.memory for e in changes.shortened} == {"a", "i"}
    assert changes.expired == ()


def test_what_is_about_something_else_has_no_part_in_it() -> None:
    held = {**HELD, "a": replace(HELD["a"], subject="work"), "c": replace(HELD["c"], subject="home")}
    changes = settled(Changes(memories=(replace(late("b", 10, "e"), subject="home"),)), held)
    assert [(m.valid_to, m.superseded_by) for m in changes.memories] == [(at(20), "c")]
    assert changes.shortened == ()
    unnamed = settled(Changes(memories=(late("b", 10, "e"),)), held)
    assert [e.memory for e in unnamed.shortened] == ["a"]


def test_what_was_told_again_since_is_not_cut_and_leaves_a_late_one_no_time() -> None:
    held = {**HELD, "a": replace(HELD["a"], confirmed_at=at(15))}
    told = replace(late("b", 10, "e"), said_at=at(10))
    changes = settled(Changes(memories=(told,)), held)
    assert [(m.valid_from, m.valid_to, m.superseded_by) for m in changes.memories] == [(at(10), at(10), "a")]
    assert changes.shortened == ()
    new = memory("e2", 60)
    gone_too = (Expiry("a", "contradicted", "e2"),)
    confirmed = {"a": replace(memory("a", 0), confirmed_at=at(15))}
    both = settled(Changes(memories=(replace(told, superseded_by="a"), new), expired=gone_too), confirmed)
    assert both.expired == (Expiry("a", "contradicted", "e2"),)
    assert {m.id: m.superseded_by for m in both.memories} == {"b": "a", "e2": ""}


def test_several_late_ones_of_one_batch_stand_in_order() -> None:
    told = (late("d", 30, "e"), late("b", 10, "e"), late("b2", 15, "e"))
    changes = settled(Changes(memories=told), HELD)
    placed = {m.id: (m.valid_from, m.valid_to, m.superseded_by) for m in changes.memories}
    assert placed == {
        "b": (at(10), at(15), "b2"),
        "b2": (at(15), at(20), "c"),
        "d": (at(30), at(40), "e"),
    }
    assert {(e.memory, e.superseded_by) for e in changes.shortened} == {("a", "b"), ("c", "d")}


def test_what_expires_in_the_same_commit_ends_where_a_late_one_of_it_began() -> None:
    held = {"a": memory("a", 0)}
    new, between = memory("c", 20), late("b", 10, "c")
    changes = settled(Changes(memories=(new, between), expired=(Expiry("a", "contradicted", "c"),)), held)
    assert changes.expired == (Expiry("a", "contradicted", "b"),)
    assert {m.id: m.valid_to for m in changes.memories} == {"c": None, "b": at(20)}
    assert changes.shortened == ()


def test_the_same_told_late_ends_where_another_came_between() -> None:
    again = replace(late("e0", -5, "e"), reason="contained")
    (placed,) = settled(Changes(memories=(again,)), HELD).memories
    assert (placed.reason, placed.superseded_by, placed.valid_to) == ("contradicted", "a", at(0))
    (alone,) = settled(Changes(memories=(again,)), {"e": HELD["e"]}).memories
    assert (alone.reason, alone.superseded_by, alone.valid_to) == ("contained", "e", at(40))
    assert alone.valid_from == at(-5)


def test_a_new_one_that_tells_a_vague_beginning_begins_where_the_old_one_ended() -> None:
    month = Period(at(0), at(31), text="last month")
    moved = replace(memory("moved", 40), event=month, valid_from=None)
    held = {"old": memory("old", 20)}
    changes = settled(Changes(memories=(moved,), expired=(Expiry("old", "contradicted", "moved"),)), held)
    assert [m.valid_from for m in changes.memories] == [at(31)]
    assert ended(changes.expired[0], {**held, "moved": changes.memories[0]}, at(99)) == at(31)


def test_without_a_successor_it_ends_at_the_moment_of_the_commit() -> None:
    held = {"a": memory("a", 0)}
    assert ended(Expiry("a", "by hand"), held, at(7)) == at(7)
    assert ended(Expiry("a", "by hand", "lost"), held, at(7)) == at(7)
    assert settled(Changes(), held) == Changes()
