"""An observation in other characters than its message: simplified for traditional, cleaned for unclean."""

from __future__ import annotations

import pytest

from memoryengine.grounding import DENIAL, NAME, NUMBER, TIME
from memoryengine.simplified import simplified
from memoryengine.values import Locale

from .grounding_cases import cause

SAME = [
    ("用户的姐姐张三在腾讯工作。", "我姐姐張三在騰訊工作。"),
    ("用户住在台北。", "我住在臺北。"),
    ("用户在广州长大。", "我在廣州長大。"),
    ("用户的妹妹刘华在东京。", "我妹妹劉華在東京。"),
    ("用户养了两只叫豆豆的猫。", "我養了兩隻貓，叫豆豆。"),
    ("用户下周五开会。", "我下週五開會。"),
    ("用户喜欢《红楼梦》。", "我喜歡《紅樓夢》"),
    ("用户月薪3万元。", "月薪三萬"),
]
OTHER = [
    (NAME, "用户的姐姐李四在腾讯工作。", "我姐姐張三在騰訊工作。"),
    (NAME, "用户住在广州。", "我住在臺北。"),
    (NAME, "用戶住在廣州。", "我住在臺北。"),
    (NUMBER, "用户养了三只猫。", "我養了兩隻貓。"),
    (TIME, "用戶下週四開會。", "我下週五開會。"),
    (DENIAL, "用戶對花生不過敏。", "我對花生過敏。"),
]


@pytest.mark.parametrize(("statement", "text"), SAME)
def test_simplified_and_traditional_characters_are_one(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(text.replace("我", "用戶"), statement.replace("用户", "我")) == ""
    assert cause(statement, statement) == ""


@pytest.mark.parametrize(("why", "statement", "text"), OTHER)
def test_what_is_wrong_stays_wrong_in_other_characters(why: str, statement: str, text: str) -> None:
    assert cause(statement, text) == why
    assert cause(simplified(statement), simplified(text)) == why
    assert cause(simplified(text), text) == ""


def test_the_names_of_the_config_may_be_written_in_either_characters() -> None:
    locale = Locale(human_name="張三")
    assert cause("用户的朋友叫张三。", "我喜欢喝茶", locale=locale) == ""
    assert cause("用户的朋友叫張三。", "我喜欢喝茶", locale=Locale(human_name="张三")) == ""
    assert cause("用户的朋友叫张四。", "我喜欢喝茶", locale=locale) == NAME


def test_a_name_is_compared_as_it_will_be_stored() -> None:
    assert cause("User's dog is called Bis\x00cuit.", "My dog is called Biscuit.") == ""
    assert cause("User's dog is called Biscuit.", "My dog is called Bis\x00c\x07uit.") == ""
    assert cause("用户的猫叫豆\x1b包。", "我的猫叫豆包") == ""
    assert cause("User's dog is called Rex\x00.", "My dog is called Biscuit.") == NAME


def test_characters_are_made_simplified_one_for_one() -> None:
    assert simplified("張三住在臺北，喜歡《紅樓夢》 and tea") == "张三住在台北，喜欢《红楼梦》 and tea"
    assert simplified("plain") == "plain"
    for text in ("我住在台北", "ねこを飼う", "", "𠮷野家 café", "乾隆"):
        assert len(simplified(text)) == len(text)
        assert simplified(simplified(text)) == simplified(text)
