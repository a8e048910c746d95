"""When what a memory says was true, and which of two that contradict each other stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from memoryengine.times import find_period
from memoryengine.validity import are_apart, begins, begins_after, dated, ends, is_later
from memoryengine.values import Kind, Memory

NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def told(content: str, said_at: datetime = NOON, kind: Kind = "observation") -> Memory:
    """A memory of that content, with the time that its words name."""
    event = find_period(content, said_at)
    return Memory(id=content, kind=kind, content=content, said_at=said_at, recorded_at=said_at, event=event)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "begin", "end"),
    [
        ("User lives in Rome.", NOON, None),
        ("User moved to Rome last month.", day("2024-05-01"), None),
        ("User has lived in Rome since 2020.", day("2020-01-01"), None),
        ("User moved to Rome today.", day("2024-06-15"), None),
        ("User will move to Rome next month.", NOON, None),
        ("User goes to Rome every May.", NOON, None),
        ("In 2022 User lived in Rome.", day("2022-01-01"), day("2023-01-01")),
        ("User was a student in 2022.", day("2022-01-01"), day("2023-01-01")),
        ("User was born in 1990.", day("1990-01-01"), None),
        ("User was promoted last month.", day("2024-05-01"), None),
        ("User attended a concert last month.", day("2024-05-01"), None),
        ("The concert was great last month.", day("2024-05-01"), None),
        ("去年用户去了一次巴黎。", day("2023-01-01"), None),
        ("User lived in Rome from 2019 to 2021.", day("2019-01-01"), day("2022-01-01")),
        ("用户住在罗马。", NOON, None),
        ("用户上个月搬到罗马了。", day("2024-05-01"), None),
        ("用户从2020年开始住在罗马。", day("2020-01-01"), None),
        ("2022年用户住在罗马。", day("2022-01-01"), day("2023-01-01")),
        ("去年用户在罗马工作。", day("2023-01-01"), day("2024-01-01")),
        ("用户2022年结婚了。", day("2022-01-01"), None),
    ],
)
def test_a_memory_begins_when_it_says_so_and_ends_where_it_tells_of_what_is_over(
    content: str, begin: datetime, end: datetime | None
) -> None:
    memory = dated(told(content))
    assert (memory.valid_from, memory.valid_to) == (begin, end)
    assert dated(memory) == memory
    assert begins(told(content)) == begin


def test_an_insight_begins_with_the_newest_that_it_rests_on() -> None:
    insight = dated(told("In 2022 User lived in Rome.", kind="insight"))
    assert (insight.valid_from, insight.valid_to) == (NOON, None)
    assert begins(insight) == insight.said_at


@pytest.mark.parametrize(
    ("later", "earlier", "days"),
    [
        ("User moved to Rome.", "User lives in Oslo.", 9),
        ("User moved to Rome in April 2024.", "User moved to Oslo in March 2024.", -9),
        ("User lives in Rome.", "User moved to Oslo in March 2024.", -9),
        ("User has lived in Rome since 2020.", "User moved to Oslo in March 2024.", 9),
        ("User moved to Rome last month.", "User lives in Oslo.", 30),
        ("用户四月搬到罗马。", "用户三月搬到奥斯陆。", -9),
    ],
)
def test_the_later_one_stands_by_what_it_speaks_of_and_then_by_when_it_was_said(
    later: str, earlier: str, days: int
) -> None:
    one, other = told(later, NOON + days * DAY), told(earlier)
    assert is_later(one, other)
    assert not is_later(other, one)
    assert not is_later(one, one)


def test_what_was_said_again_since_stands() -> None:
    home, moved = told("User lives in Oslo."), told("User lives in Rome.", NOON + DAY)
    again = replace(home, confirmed_at=NOON + 2 * DAY)
    assert is_later(moved, home)
    assert is_later(again, moved)
    assert begins(again) == NOON


def test_what_is_over_and_what_is_do_not_deny_each_other() -> None:
    over, other = told("In 2022 User lived in Rome."), told("In 2021 User lived in Oslo.")
    now = told("User lives in Bonn.")
    assert all(are_apart(one, two) for one, two in permutations((over, other, now), 2))
    assert not are_apart(over, told("In 2022 User lived in Oslo."))
    assert not are_apart(now, told("User lives in Oslo."))
    # an end that a successor brought is not one that was told
    assert not are_apart(dated(now), told("User lives in Oslo.", NOON - DAY))


def test_an_old_home_told_in_the_month_of_the_move_holds_to_its_end() -> None:
    old, moved = told("User lives in Oslo.", day("2024-05-20")), told("User moved to Rome last month.")
    assert begins_after(moved, old) == day("2024-06-01")
    assert begins_after(moved, told("User lives in Oslo.", day("2024-04-20"))) == day("2024-05-01")
    assert begins_after(told("User has lived in Rome since May 2024."), old) == day("2024-05-01")


def test_nothing_ends_before_it_began_or_later_than_it_said() -> None:
    old = told("User lives in Oslo.")
    assert ends(old, NOON + DAY) == NOON + DAY
    assert ends(old, NOON - DAY) == NOON
    over = dated(told("In 2022 User lived in Rome."))
    assert ends(over, NOON) == day("2023-01-01")
    assert ends(over, day("2022-06-01")) == day("2022-06-01")


def test_a_message_from_the_future_stands_against_nothing_that_was_recorded_since() -> None:
    ahead = replace(told("User lives in Oslo.", NOON + 2_000 * DAY), recorded_at=NOON)
    since = replace(told("User lives in Rome.", NOON + DAY), recorded_at=NOON + DAY)
    beside = replace(told("User lives in Bonn.", NOON - DAY), recorded_at=NOON)
    before = replace(told("User lives in Bath.", NOON - 9 * DAY), recorded_at=NOON - 8 * DAY)
    assert is_later(since, ahead)
    assert not is_later(ahead, since)
    assert is_later(beside, ahead)
    assert not is_later(ahead, beside)
    assert is_later(ahead, before)
    assert not is_later(ahead, ahead)
