"""The next batch that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from memoryengine.text import token_estimate
from memoryengine.values import Message, Patience
from memoryengine.worker import Messages, Stop
from memoryengine.workers.load_messages import Loaded, LoadMessages
from memoryengine.workers.load_messages.cutting import MESSAGE_TOKENS, message_tokens, turn_ends

from .fakes import NOON, FakeReader, message

MINUTE = timedelta(minutes=1)


async def batch_of(messages: Sequence[Message], **settings: Any) -> Messages:
    loaded = await LoadMessages(FakeReader(messages), **settings).run()
    assert isinstance(loaded, Loaded)
    return loaded.batch


def talk(*roles_and_minutes: tuple[str, float], text: str = "word", session: str = "") -> list[Message]:
    """Messages said so many minutes after noon: `u` by the person, `a` by the assistant."""
    return [
        message(
            f"{text} {n}",
            id_=f"{session}{n}",
            role="user" if role == "u" else "assistant",
            said_at=NOON + minutes * MINUTE,
            session=session,
        )
        for n, (role, minutes) in enumerate(roles_and_minutes)
    ]


async def test_the_oldest_come_first_and_consolidated_ones_do_not() -> None:
    messages = [
        message("third", said_at=NOON + MINUTE),
        message("second", said_at=NOON, recorded_at=NOON + MINUTE),
        message("first", said_at=NOON, recorded_at=NOON),
        message("done", said_at=NOON - MINUTE),
    ]
    loaded = await LoadMessages(FakeReader(messages, done=frozenset({"done"}))).run()
    assert isinstance(loaded, Loaded)
    assert [m.content for m in loaded.batch] == ["first", "second", "third"]


async def test_a_batch_is_bounded_by_tokens_and_not_by_number() -> None:
    messages = [message(f"{n:040}", said_at=NOON + n * MINUTE) for n in range(200)]
    cost = MESSAGE_TOKENS + 10
    for tokens, wanted in ((cost * 4, 4), (cost * 5 - 1, 4), (cost - 1, 1), (0, 1), (-5, 1), (cost * 120, 120)):
        assert await batch_of(messages, tokens=tokens) == tuple(messages[:wanted])
    assert len(await batch_of(messages, tokens=1_000_000)) == 200
    assert len(await batch_of(messages, tokens=1_000_000, most=7)) == 7
    assert len(await batch_of([message("", id_=str(n)) for n in range(200)], tokens=3000)) == 100


async def test_twenty_messages_of_everyday_are_one_batch_whenever_they_were_said() -> None:
    zh, en = "我上周末和朋友去了杭州，住在西湖边上。" * 3, "We went to Hangzhou last weekend. " * 6
    for text in (zh, en):
        told = [message(text, id_=str(n), said_at=NOON + n * 3000 * MINUTE) for n in range(20)]
        assert len(await batch_of(told)) == 20


async def test_a_long_message_is_a_batch_alone_and_a_long_answer_counts_as_it_is_shown() -> None:
    long, short = message("长" * 9_000, id_="long"), message("short", said_at=NOON + MINUTE)
    assert await batch_of([long, short]) == (long,)
    answer = message("long " * 9_000, id_="answer", role="assistant", said_at=NOON + 2 * MINUTE)
    assert await batch_of([short, answer]) == (short, answer)
    assert message_tokens(answer, 500) == MESSAGE_TOKENS + token_estimate(answer.content[:500])


async def test_where_more_waits_a_batch_ends_at_the_last_pause() -> None:
    messages = talk(*[("ua"[n % 2], n + 60 * (n >= 6) + 60 * (n >= 8)) for n in range(20)])
    cost = message_tokens(messages[0], 500)
    assert len(await batch_of(messages, tokens=10 * cost)) == 8
    assert len(await batch_of(messages, tokens=7 * cost + 1)) == 6
    assert len(await batch_of(messages, tokens=20 * cost)) == 20
    # A pause that would leave the batch less than half full does not count, nor one that is short.
    assert len(await batch_of(messages, tokens=18 * cost)) == 18
    assert len(await batch_of(messages, tokens=10 * cost, pause_minutes=62)) == 10


async def test_an_answer_stays_with_what_was_said_before_it() -> None:
    messages = talk(*[("uaa"[n % 3], n) for n in range(30)])
    cost = message_tokens(messages[0], 500)
    for fitting, wanted in ((10, 9), (11, 9), (12, 12), (2, 2)):
        assert len(await batch_of(messages, tokens=fitting * cost)) == wanted
    alone = talk(*[("u", n) for n in range(30)])
    assert len(await batch_of(alone, tokens=10 * cost)) == 10


def test_a_turn_of_one_session_is_not_torn_by_another() -> None:
    first = talk(("u", 0), ("a", 2), ("u", 4), ("a", 6), session="a")
    second = talk(("u", 1), ("a", 3), ("u", 5), ("a", 7), session="b")
    mixed = sorted([*first, *second], key=lambda m: m.said_at)
    assert turn_ends(mixed, 30 * MINUTE) == {4}
    assert turn_ends(first, 30 * MINUTE) == {2}
    assert turn_ends(talk(("a", 0), ("a", 10), ("a", 90)), 30 * MINUTE) == {2}
    assert turn_ends([], MINUTE) == set()


async def test_every_message_comes_in_exactly_one_batch() -> None:
    messages = talk(*[("uaauuaaa"[n % 8], n * (1 + n % 5)) for n in range(300)], text="words and words")
    done: list[str] = []
    while len(done) < 300:
        loaded = await LoadMessages(FakeReader(messages, done=frozenset(done)), tokens=400).run()
        assert isinstance(loaded, Loaded)
        done += [m.id for m in loaded.batch]
    assert sorted(done) == sorted(m.id for m in messages)
    assert len(set(done)) == 300


async def test_a_batch_that_failed_too_often_comes_in_halves() -> None:
    messages = talk(*[("u", n) for n in range(12)])
    tried = [replace(m, attempts=failed) for m, failed in zip(messages, [4] + [9] * 11, strict=True)]
    assert len(await batch_of(messages)) == len(await batch_of([replace(m, attempts=2) for m in messages])) == 12
    assert [m.id for m in await batch_of(tried)] == ["0", "1", "2"]  # what the oldest has behind it decides
    assert len(await batch_of(tried[1:])) == 1
    assert len(await batch_of(tried, patience=Patience(5))) == 12
    assert len(await batch_of(tried, patience=Patience(4), most=8)) == 4


async def test_it_stops_when_nothing_waits() -> None:
    assert await LoadMessages(FakeReader()).run() == Stop("no message waits")
    done = FakeReader([message("a")], done=frozenset({"a"}))
    assert await LoadMessages(done).run() == Stop("no message waits")
    assert isinstance(await LoadMessages(FakeReader([message("a")])).run(), Loaded)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("abcd", 1),
        ("abcde", 2),
        ("我喜欢吉他", 5),
        ("我喜欢 jazz", 5),
        ("😀😀", 2),
        ("ひらがな", 4),
        ("a" * 400, 100),
    ],
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert token_estimate(text) == tokens
    assert token_estimate(text * 2) <= 2 * tokens
