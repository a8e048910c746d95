"""Years and decades that were said in short, and lengths of time that are none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memoryengine.grounding import NUMBER, TIME
from memoryengine.grounding.years import short_years, without_decades

from .grounding_cases import cause

SAID = [
    ("User was born in 1990.", "I was born in '90."),
    ("用户1990年出生。", "我90年的"),
    ("用户1990年出生。", "我是90年出生的"),
    ("用户出生于1995年。", "我95年生"),
    ("User graduated in 2009.", "class of '09 here"),
    ("User was born in 1988.", "born in 88"),
    ("User was born in the 1990s.", "I'm a 90s kid"),
    ("用户出生于1990年代。", "我是90后"),
    ("用户是1998年生的。", "98年的"),
    ("用户是1985年生的。", "八五年生的"),
    ("用户出生于1990年。", "九零年的人"),
    ("用户2008年毕业。", "08年毕业"),
    ("用户2012年毕业。", "12年毕业的"),
    ("User was a child in the 1990s.", "a child of the nineties"),
    ("User's son was born in 2019.", "my son was born in ’19"),
]
NOT_SAID = [
    ("用户2010年入职。", "我在这里干了10年"),
    ("用户1978年入职。", "我在这里干了七八年"),
    ("用户1960年结婚。", "结婚60年"),
    ("User was born in 1980.", "I was born in '90."),
    ("用户1980年出生。", "我90年的"),
    ("用户出生于1995年。", "我是90后"),
    ("用户出生于1991年。", "我是90年的"),
    ("User was born in 1991.", "born in '90"),
    ("User was born in the 1980s.", "I'm a 90s kid"),
    ("用户2020年搬来。", "20年来我一直住这"),
    ("User was born in 1990-05-03.", "born in '90"),
    ("用户2030年搬家。", "30年了"),
    ("用户1990年搬家。", "90年了"),
    ("用户2015年结婚。", "15年的婚姻"),
]


@pytest.mark.parametrize(("statement", "text"), SAID)
def test_a_year_said_in_short_may_be_written_in_full(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "我的猫很可爱" if statement[0] == "用" else "My cat is ill.") in (TIME, NUMBER)


@pytest.mark.parametrize(("statement", "text"), NOT_SAID)
def test_another_year_or_a_length_of_time_is_not_it(statement: str, text: str) -> None:
    assert cause(statement, text) == TIME
    assert cause(statement, statement) == ""
    assert cause(statement, f"{text} {statement}") == ""


def test_a_short_year_is_the_newest_that_can_be_meant() -> None:
    said_at = datetime(2024, 2, 29, 12, tzinfo=UTC)
    years = [period.start.year for text in ("'24", "'29", "'30", "'99", "'00") for period in short_years(text, said_at)]
    assert years == [2024, 2029, 1930, 1999, 2000]
    assert [p.end.year for p in short_years("born in 88", said_at)] == [1988]
    assert list(short_years("born in 88 days, it's '5, 6'10, 'ok 90'", said_at)) == []


def test_only_decades_that_were_said_are_taken_out() -> None:
    assert (
        without_decades("born in the 1990s and the 1980s", "a child of the nineties") == "born in the   and the 1980s"
    )
    assert without_decades("用户是90后", "九零后") == "用户是 "
    assert without_decades("用户是90后", "八零后") == "用户是90后"
