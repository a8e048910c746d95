"""What memory held true at a moment, as far as it knew by another."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from memoryengine.beliefs import (
    Standing,
    Then,
    is_shown,
    known,
    memories_then,
    messages_then,
    next_moment,
    standing_fields,
    standings,
)
from memoryengine.filters import Value, matches
from memoryengine.ports import Document
from memoryengine.records import memory_document, memory_of, message_document
from memoryengine.values import Memory, Message

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(days: float) -> datetime:
    return START + days * DAY


def stored(*changes: Standing, recorded: float = 0, **fields: Any) -> Document:
    made = Memory(id="a", kind="observation", content="fact", said_at=at(0), recorded_at=at(recorded), **fields)
    document = memory_document(made, "run")
    for change in changes:
        past = standings(document.fields, at(recorded))
        document = replace(document, fields={**document.fields, **standing_fields(past, change)})
    return document


EXPIRED = Standing(at(10), "expired", at(8), "contradicted", "b")


def test_an_expired_memory_was_true_until_its_successor_began() -> None:
    document = stored(EXPIRED, valid_from=at(2))
    true_on = [day for day in range(12) if known(document, Then(as_of=at(day)))]
    assert true_on == [2, 3, 4, 5, 6, 7]
    assert known(document, Then()) is None
    assert known(document, Then(expired=True)) is not None


def test_before_it_was_known_to_have_ended_it_was_valid_and_had_no_end() -> None:
    document = stored(EXPIRED, valid_from=at(2))
    then = known(document, Then(as_of=at(11), known_at=at(9)))
    assert then is not None
    memory = memory_of(then)
    assert (memory.status, memory.valid_to, memory.superseded_by, memory.reason) == ("valid", None, "", None)
    assert known(document, Then(as_of=at(11), known_at=at(10))) is None
    assert known(document, Then(known_at=at(-1))) is None


def test_what_came_back_was_away_in_between_and_ends_earlier_once_that_is_known() -> None:
    back = stored(EXPIRED, Standing(at(20), "valid"))
    assert [day for day in range(30) if known(back, Then(known_at=at(day)))] == [*range(10), *range(20, 30)]
    cut = stored(EXPIRED, replace(EXPIRED, since=at(20), valid_to=at(5), superseded_by="c"))
    assert [day for day in range(12) if known(cut, Then(as_of=at(day)))] == [*range(5)]
    assert [day for day in range(12) if known(cut, Then(as_of=at(day), known_at=at(15)))] == [*range(8)]
    assert standings(cut.fields, at(0))[-1].superseded_by == "c"


def test_a_memory_of_the_first_version_ended_when_it_was_retired() -> None:
    fields: dict[str, Value] = {"status": "expired", "retired_at": at(10), "reason": "contained"}
    fields |= {"recorded_at": at(0), "said_at": at(0)}
    old = Document("a", fields, {"content": "fact"})
    for day, now, then in ((5, True, True), (11, False, True)):
        assert bool(known(old, Then(as_of=at(day)))) is now
        assert matches(memories_then(Then(as_of=at(day))), old.fields) is now
        assert bool(known(old, Then(as_of=at(day), known_at=at(9)))) is then
    assert standings({"status": "valid"}, at(0)) == (Standing(at(0), "valid"),)


def drawn(draw: random.Random) -> Document:
    """A memory with a few changes of its standing."""
    recorded, changes = draw.randrange(20), []
    moment = recorded
    for _ in range(draw.randrange(4)):
        moment += draw.randrange(1, 6)
        end = at(draw.randrange(40)) if draw.random() < 0.8 else None
        valid = draw.random() < 0.3
        expired = Standing(at(moment), "expired", end, "updated", "x")
        changes.append(Standing(at(moment), "valid", end) if valid else expired)
    begin = at(draw.randrange(30)) if draw.random() < 0.8 else None
    return stored(*changes, recorded=recorded, valid_from=begin)


def test_a_store_finds_all_that_stood_and_nothing_else_unless_it_changed_since() -> None:
    draw = random.Random(5)
    kept = dropped = 0
    for _ in range(4000):
        document = drawn(draw)
        as_of = at(draw.randrange(45)) if draw.random() < 0.7 else None
        known_at = at(draw.randrange(45)) if draw.random() < 0.7 else None
        then = Then(as_of, known_at, draw.random() < 0.3)
        passes, stood = matches(memories_then(then), document.fields), known(document, then)
        assert passes or stood is None
        changed_at = document.fields["changed_at"]
        assert isinstance(changed_at, datetime)
        if known_at is None or changed_at <= known_at:
            assert passes is (stood is not None), (then, document.fields)
        kept += stood is not None
        dropped += passes and stood is None
    assert kept > 500
    assert 0 < dropped < 500


def test_moments_of_standings_rise_also_where_the_clock_was_set_back() -> None:
    past = (Standing(at(5), "valid"),)
    assert next_moment(past, at(9)) == at(9)
    assert next_moment(past, at(1)) > at(5)
    assert next_moment((), at(1)) == at(1)


def test_messages_said_or_recorded_later_are_not_shown_and_hidden_ones_only_lead_to_memories() -> None:
    said = Message(id="m", role="user", content="text", said_at=at(5), recorded_at=at(7))
    plain = message_document(said)
    hidden = replace(plain, fields={**plain.fields, "hidden": True, "memories": ("a",)})
    assert [matches(messages_then(Then(as_of=at(d))), plain.fields) for d in (4, 5)] == [False, True]
    assert [matches(messages_then(Then(known_at=at(d))), plain.fields) for d in (6, 7)] == [False, True]
    assert [matches(messages_then(then), hidden.fields) for then in (Then(), Then(as_of=at(9)))] == [False, True]
    assert [is_shown(one, Then(as_of=at(9))) for one in (plain, hidden)] == [True, False]
    assert not is_shown(plain, Then(as_of=at(4)))
