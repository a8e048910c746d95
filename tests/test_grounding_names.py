"""Names in another form than they were said in: of the other language, without accents, by initials, shortened."""

from __future__ import annotations

import pytest

from memoryengine.grounding import NAME
from memoryengine.grounding.bilingual import shared_names
from memoryengine.grounding.words import ALSO, PLACES
from memoryengine.simplified import simplified

from .grounding_cases import cause

SAME_PLACE = [
    ("用户下周去东京出差。", "我下周去Tokyo出差。"),
    ("用户在纽约念书。", "我在New York念书。"),
    ("用户住在新加坡。", "我住在Singapore。"),
    ("用户住在Singapore。", "我住在新加坡。"),
    ("User lives in Shanghai.", "I live in 上海."),
    ("User moved to San Francisco in spring.", "I moved to 舊金山 in spring"),
    ("User lives in San Francisco.", "I live in Frisco."),
    ("User comes from South Korea.", "I come from 韩国, you know"),
    ("用户家在内蒙古。", "我家在内蒙。"),
    ("用户在Tencent上班。", "我在騰訊上班"),
    ("用户在Google上班。", "我在谷歌上班"),
    ("用户住在新西兰。", "我住在紐西蘭"),
    ("用户在西安出生。", "我是Xi'an出生的"),
]
OTHER_PLACE = [
    ("用户下周去大阪出差。", "我下周去Tokyo出差。"),
    ("用户住在马来西亚。", "我住在Singapore。"),
    ("User lives in Beijing.", "I live in 上海."),
    ("User lives in Mexico.", "I live in 新墨西哥."),
    ("User went to India.", "I went to 印度尼西亚 with her"),
    ("User lives in South Korea.", "I live near my aunt in 朝鲜."),
    ("用户去过墨西哥。", "我去过New Mexico"),
    ("用户在东京大学工作。", "我去过Tokyo和上海"),
    ("用户在Google上班。", "我在百度上班"),
    ("用户在罗马念书。", "我在Romania念书"),
]


@pytest.mark.parametrize(("statement", "text"), SAME_PLACE)
def test_a_place_or_firm_is_the_same_in_both_languages(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "My cat and 我的狗 are ill, 真的 very ill") == NAME


@pytest.mark.parametrize(("statement", "text"), OTHER_PLACE)
def test_another_place_in_the_other_language_is_still_made_up(statement: str, text: str) -> None:
    assert cause(statement, text) == NAME
    assert cause(statement, statement) == ""
    assert cause(statement, f"{text} {statement}") == ""


def test_the_names_of_both_languages_are_in_simplified_characters_and_found_whole() -> None:
    assert shared_names("user went to new york", "我在纽约") == {"纽约", "new york", "new", "york", "nyc"}
    assert shared_names("she is a roman", "罗马") == frozenset()
    assert shared_names("东京都", "kyoto") == frozenset()
    for place in PLACES | {form for group in ALSO for form in group}:
        assert simplified(place) == place
    assert sum(bool(shared_names(place, place)) for place in PLACES) > 140


IN_SHORT = [
    ("User studies at the Massachusetts Institute of Technology.", "I study at MIT."),
    ("User studied at the University of California, Los Angeles.", "I went to UCLA"),
    ("User's boss Dr. Mueller is German.", "My boss Dr. Müller is German."),
    ("User's boss Dr. Müller is German.", "My boss Dr. Mueller is German."),
    ("User's friend José is here.", "My friend Jose is here"),
    ("User's friend Soren is here.", "My friend Søren is here"),
    ("用户在第二中学教书。", "我在二中教书。"),
    ("用户毕业于北京大学。", "我北大毕业的"),
    ("用户就读于北京师范大学。", "我在北师大读书"),
    ("用户在国立台湾大学念书。", "我在台大念書"),
    ("用户毕业于清华大学。", "我清华毕业的"),
    ("用户毕业于上海交通大学。", "我在上海读的交大"),
    ("用户任职于腾讯公司。", "我在腾讯上班"),
]
NOT_IN_SHORT = [
    ("User studies at the Massachusetts Institute of Technology.", "I study at MIP."),
    ("User met Mary Irene Tanner in May.", "I will commit it in May"),
    ("User's boss Dr. Mahler is German.", "My boss Dr. Müller is German."),
    ("User's friend Joel is here.", "My friend José is here"),
    ("用户在第二中学教书。", "我在三中教书。"),
    ("用户在绵阳第二中学教书。", "我在二中教书。"),
    ("用户毕业于北京大学。", "我住在北京"),
    ("用户毕业于西安交通大学。", "我在上海读的交大"),
    ("用户毕业于清华大学。", "我北大毕业的"),
    ("用户任职于腾讯公司。", "我在阿里上班"),
]


@pytest.mark.parametrize(("statement", "text"), IN_SHORT)
def test_a_name_said_in_short_may_be_written_in_full(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "My cat is ill, and my dog." if statement[0] == "U" else "我的猫和狗都病了") == NAME


@pytest.mark.parametrize(("statement", "text"), NOT_IN_SHORT)
def test_another_name_is_not_what_was_said_in_short(statement: str, text: str) -> None:
    assert cause(statement, text) == NAME
    assert cause(statement, statement) == ""
    assert cause(statement, f"{text} {statement}") == ""


IN_PINYIN = [
    ("User lives with Zhang San.", "I live with 張三, you know"),
    ("User's wife is called Chen Shufen.", "my wife is 陳淑芬, lovely"),
    ("User lives with San Zhang.", "I live with 张三, you know"),
    ("User's friend Xiaoming likes tea.", "my friend 小明 likes tea a lot"),
    ("User works for Mr. Zhang.", "I work for 张先生, he is nice"),
    ("User's cousin Zeng Yi-fan is here.", "my cousin 曾一凡 is here today"),
    ("User's friend Lü Fang is here.", "my friend 吕芳 is here today"),
    ("用户的朋友张三是医生。", "我朋友 Zhang San 是医生"),
    ("用户的朋友张小明是医生。", "我朋友 Xiaoming Zhang 是医生"),
    ("用户的朋友Li Lei是医生。", "我朋友李雷是医生"),
]
NOT_IN_PINYIN = [
    ("User lives with Zhang Si.", "I live with 张三, you know"),
    ("User lives with Li San.", "I live with 张三, you know"),
    ("User's friend Nina likes tea.", "my friend likes tea, 你那里 has some, and more of it"),
    ("User works for Mr. Wang.", "I work for 张先生, he is nice"),
    ("User works for Mr. Shi.", "I work for 老师, he is nice"),
    ("User's friend Zhang likes tea.", "my friend likes tea, 一张桌子 too, or more"),
    ("用户的朋友张四是医生。", "我朋友 Zhang San 是医生"),
    ("用户的朋友Li Hua是医生。", "我朋友李雷是医生"),
]


@pytest.mark.parametrize(("statement", "text"), IN_PINYIN)
def test_a_persons_name_is_the_same_in_pinyin(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "My cat is ill, and my dog." if statement[0] == "U" else "我的猫和狗都病了") == NAME


@pytest.mark.parametrize(("statement", "text"), NOT_IN_PINYIN)
def test_another_name_is_not_the_same_in_pinyin(statement: str, text: str) -> None:
    assert cause(statement, text) == NAME
    assert cause(statement, statement) == ""
    assert cause(statement, f"{text} {statement}") == ""
