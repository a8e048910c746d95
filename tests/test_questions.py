"""What a question is after."""

from __future__ import annotations

import pytest

from memoryengine.courtesies import bare
from memoryengine.questions import lasting, read_question


@pytest.mark.parametrize(
    ("text", "said_by"),
    [
        ("On May 3rd, which two movies did you recommend to me?", "assistant"),
        ("What was your advice about the lease?", "assistant"),
        ("What libraries would you suggest I use?", ""),
        ("What snacks do you recommend?", ""),
        ("What time did I say my practice starts?", "user"),
        ("What kind of music do I like?", ""),
        ("我曾经和你推荐过一部科幻电影，它的名字是？", "user"),
        ("你给我推荐过一本书，主要内容是？", "assistant"),
        ("我提到过我去了博物馆，你还记得吗？", "user"),
        ("我喜欢什么音乐？", ""),
    ],
)
def test_whose_words_are_asked_for(text: str, said_by: str) -> None:
    question = read_question(text)
    assert question.said_by == said_by
    assert not question.remark
    assert question.text == bare(text)


def test_a_remark_asks_nothing_and_a_chat_that_goes_on_is_none() -> None:
    assert read_question("My partner asked me to cut back on volunteering.").remark
    assert read_question("我今天有点累。").remark
    assert not read_question("Assistant: How was it?\nIt was fine.").remark
    assert not read_question("tell me about the trip").remark


def test_parts_are_the_sentences_that_say_something() -> None:
    two = read_question("Who runs every morning? And where does Bob work?")
    assert two.parts == ("Who runs every morning?", "And where does Bob work?")
    assert read_question("Where does Bob work?").parts == ()
    quoted = read_question('那个主要内容是"边跑步边听名著。享受阅读。"的活动，地点是什么？')
    assert quoted.parts == ()
    assert len(read_question("What is this? " * 50).parts) <= 4


def test_what_was_said_before_the_real_question_is_left_out() -> None:
    said = read_question("今天天气真好，想去散步。等等，我真正想问的是：张伟的公司在哪里？另外，李娜的生日是哪天？")
    assert said.parts == ("张伟的公司在哪里？", "李娜的生日是哪天？")
    assert "天气" not in said.text
    assert (
        read_question("Nice day. What I really wanted to ask is, where does Bob live?").text == "where does Bob live?"
    )
    assert read_question("我想知道你的名字").text == "我想知道你的名字"


def test_any_text_is_read() -> None:
    assert read_question("").text == ""
    assert read_question("???").parts == ()
    assert len(read_question("好" * 100_000).text) <= 2_000
    assert read_question("等等，").text == "等等，"


def test_lasting_statements_are_known() -> None:
    assert lasting("Always name the price when I ask for a dish.") == ["rule"]
    assert "wish" in lasting("I prefer trains to planes.")
    assert "lasting" in lasting("I never fly, because I fear heights.")
    assert "wish" in lasting("我比较喜欢坐火车")
    assert lasting("The train was late.") == []
    assert lasting("I prefer trains, because I fear heights.", ("rule", "wish")) == ["wish"]
