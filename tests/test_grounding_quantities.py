"""Quantities in another unit or another form of words than they were said in, and sums of what was counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from memoryengine.grounding import NUMBER
from memoryengine.grounding.quantities import quantities, without_said
from memoryengine.grounding.sums import without_summed

from .grounding_cases import cause

SAME = [
    ("用户每天跑10.5公里。", "我每天跑十公里半。"),
    ("用户的孩子18个月大。", "孩子一岁半。"),
    ("用户的孩子两岁。", "孩子30个月了"),
    ("用户身高180厘米。", "身高一米八。"),
    ("用户身高175厘米，体重70公斤。", "身高1米75，体重140斤。"),
    ("用户身高1.75米。", "身高175cm"),
    ("用户通勤150分钟。", "我通勤两个半小时"),
    ("用户体重70公斤。", "体重154磅"),
    ("User is 183 cm tall.", "I'm 6 feet tall."),
    ("User is 178 cm tall.", "I'm 5'10\""),
    ("User is 178 cm tall.", "i'm five foot ten"),
    ("User is 6 feet tall.", "I'm 183 cm tall."),
    ("User weighs 70 kg.", "I weigh 154 pounds."),
    ("User weighs 11 stone.", "I'm 70kg"),
    ("User drinks 500 ml.", "I drink half a litre"),
    ("用户每天喝2升水。", "我每天喝2000毫升水"),
    ("User weighs 154 lbs.", "I weigh 70 kilos"),
    ("User runs 8 km.", "I run five miles"),
    ("User's son is 18 months old.", "My son is one and a half years old."),
    ("User's son is 2 years old.", "My son is 30 months old."),
    ("User commutes 90 minutes.", "my commute is an hour and a half"),
    ("User commutes 90 minutes.", "my commute is 1 hour and 30 minutes"),
    ("User earns 90,000.", "I earn ninety grand."),
    ("User earns 90,000.", "i earn 90 grand"),
    ("User earns 500,000 rupees.", "I earn 5 lakh rupees"),
    ("用户每天花3.5元。", "我每天花三块五"),
]
OTHER = [
    ("用户每天跑11.5公里。", "我每天跑十公里半。"),
    ("用户的孩子28个月大。", "孩子一岁半。"),
    ("用户的孩子三岁。", "孩子30个月了"),
    ("用户身高190厘米。", "身高一米八。"),
    ("用户体重72公斤。", "体重154磅"),
    ("用户体重180公斤。", "身高一米八。"),
    ("User is 186 cm tall.", "I'm 6 feet tall."),
    ("User is 152 cm tall.", "i'm five foot ten"),
    ("User weighs 154 kg.", "I weigh 70 kilos"),
    ("User drinks 600 ml.", "I drink half a litre"),
    ("User weighs 77 kg.", "I weigh 154 pounds."),
    ("User runs 10 km.", "I run five miles"),
    ("User's son is 3 years old.", "My son is 30 months old."),
    ("User commutes 95 minutes.", "my commute is an hour and a half"),
    ("User earns 95,000.", "I earn ninety grand."),
    ("User has 2,000 pianos.", "I have two grand pianos"),
    ("用户每天花35元。", "我每天花三块五"),
    ("User earns 183 euros.", "I'm 6 feet tall."),
]
SUMMED = [
    ("User has three children.", "I have two sons and a daughter."),
    ("User has 3 kids.", "I have two lovely sons and a baby daughter"),
    ("User has five siblings.", "I've got two older brothers and three sisters"),
    ("用户有三个孩子。", "我有两个儿子和一个女儿"),
    ("用户有三个孩子。", "我有两儿一女"),
    ("用户有5只宠物。", "家里两只猫，三条小狗"),
    ("用户的弟弟28岁。", "我弟弟小我两岁，我30。"),
    ("用户的姐姐今年33岁。", "我30岁，姐姐比我大3岁"),
    ("User's brother is 28.", "My brother is two years younger than me, I'm 30."),
]
NOT_SUMMED = [
    ("User has three sons.", "I have two sons and a daughter."),
    ("User has four children.", "I have two sons and a daughter."),
    ("User has three pets.", "I have two sons and a daughter."),
    ("User has three children.", "My brother has two sons and I have a daughter"),
    ("User has three children.", "I have two sons. A daughter would be nice"),
    ("用户有三个儿子。", "我有两个儿子和一个女儿"),
    ("用户有三个孩子。", "我有两个儿子，有一个女同事"),
    ("用户28岁。", "我弟弟小我两岁，我30。"),
    ("用户的弟弟32岁。", "我弟弟小我两岁，我30。"),
    ("用户的妹妹28岁。", "我弟弟小我两岁，我30。"),
    ("User's brother is 28.", "My brother is two years older than me, I'm 30."),
    ("User's sister is 28.", "My brother is two years younger than me, I'm 30."),
]


@pytest.mark.parametrize(("statement", "text"), [*SAME, *SUMMED])
def test_a_quantity_may_be_written_in_another_form(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "我的猫很可爱" if statement[0] == "用" else "My cat is ill.") == NUMBER


@pytest.mark.parametrize(("statement", "text"), [*OTHER, *NOT_SUMMED])
def test_another_quantity_is_made_up_in_whichever_form(statement: str, text: str) -> None:
    assert cause(statement, text) == NUMBER
    assert cause(statement, statement) == ""
    assert cause(statement, f"{text} {statement}") == ""


def test_compounds_are_read_whole() -> None:
    assert [(one.text, one.value) for one in quantities("一米八")] == [("一米八", Decimal(180))]
    assert [one.text for one in quantities("1 hour and 30 minutes")] == ["1 hour and 30 minutes"]
    assert [one.text for one in quantities("5 ft 10 in, 70 kg")] == ["5 ft 10 in", "70 kg"]
    assert quantities("2014年五月，3 gs, a map") == ()


@pytest.mark.parametrize(
    "text", ["one ", "5 ft ", "a hundred and ", "半", "一米八", "5'10 ", "1 hour and ", "2 sons and ", "我30"]
)
def test_reading_quantities_stays_quick(text: str) -> None:
    began = datetime.now(UTC)
    assert len(quantities(text * 5_000)) <= 5_000
    assert without_summed("user has three kids", text * 5_000) == "user has three kids"
    assert without_said("user has three kids", text * 5_000) == "user has three kids"
    assert datetime.now(UTC) - began < timedelta(seconds=2)
