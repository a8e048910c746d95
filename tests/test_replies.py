"""Which message answers which, and who speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from memoryengine.replies import Heard
from memoryengine.values import Message, Scope

ALICE, BOB = Scope("alice"), Scope("bob")
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def said(id_: str, speaker: str, minutes: float, session: str = "s", role: str = "user") -> Message:
    at = NOON + timedelta(minutes=minutes)
    return Message(id=id_, role=role, content=id_, speaker=speaker, said_at=at, recorded_at=at, session=session)  # type: ignore[arg-type]


def answers(messages: list[Message]) -> dict[str, str]:
    return {message.id: message.answers for message in messages}


def test_a_message_answers_the_last_of_the_other_side() -> None:
    talk = [said(f"{name[0].lower()}{n}", name, n) for n, name in enumerate(("Ann", "Ann", "Bob", "Bob", "Ann"))]
    assert answers(Heard().linked(ALICE, talk)) == {"a0": "", "a1": "", "b2": "a1", "b3": "a1", "a4": "b3"}
    turns = [said("u", "", 0), said("r", "", 0, role="assistant"), said("u2", "", 1)]
    assert answers(Heard().linked(ALICE, turns)) == {"u": "", "r": "u", "u2": "r"}


def test_calls_of_one_process_follow_one_another() -> None:
    heard = Heard()
    heard.linked(ALICE, [said("a1", "Ann", 0)])
    assert answers(heard.linked(ALICE, [said("b1", "Bob", 1)])) == {"b1": "a1"}
    assert answers(heard.linked(ALICE, [said("b2", "Bob", 1, session="other")])) == {"b2": ""}
    assert answers(heard.linked(BOB, [said("b3", "Bob", 1)])) == {"b3": ""}


def test_nobody_answers_the_future_or_after_a_long_pause() -> None:
    heard = Heard()
    heard.linked(ALICE, [said("a1", "Ann", 10)])
    assert answers(heard.linked(ALICE, [said("b1", "Bob", 5)])) == {"b1": ""}
    assert answers(heard.linked(ALICE, [said("b2", "Bob", 10 + 6 * 60)])) == {"b2": "a1"}
    assert answers(heard.linked(ALICE, [said("a2", "Ann", 20 + 12 * 60 + 1)])) == {"a2": ""}


def test_only_so_many_sessions_and_scopes_are_remembered() -> None:
    heard = Heard(most=1)
    heard.linked(ALICE, [said("a1", "Ann", 0), said("a2", "Ann", 0, session="t")])
    assert answers(heard.linked(ALICE, [said("b1", "Bob", 1)])) == {"b1": ""}
    assert heard.learn(ALICE, ["Ann"]) == {"Ann"}
    assert heard.learn(BOB, ["Bob"]) == {"Bob"}
    assert heard.learn(ALICE, []) == frozenset()


def test_a_new_speaker_of_a_scope_that_was_looked_at_is_known_at_once() -> None:
    heard = Heard()
    heard.linked(ALICE, [said("a", "Ann", 0)])
    assert heard.known(ALICE) is None
    heard.learn(ALICE, ["Ann"])
    heard.linked(ALICE, [said("b", "Bob", 0), said("c", "", 0)])
    assert heard.known(ALICE) == frozenset({"Ann", "Bob"})
