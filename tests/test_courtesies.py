"""What surrounds a question is not sought; what only looks like it stays."""

from __future__ import annotations

import time

import pytest

from memoryengine.courtesies import bare
from memoryengine.questions import read_question


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Hey, do you remember, when did Ann move? Thanks!", "when did Ann move?"),
        ("Hi there! Could you please tell me what Ben painted?", "what Ben painted?"),
        ("I was wondering if Sam likes tea", "Sam likes tea"),
        ("Quick question: what's my dog's name? I can’t remember.", "what's my dog's name?"),
        ("What does Ann read, if you remember", "What does Ann read"),
        ("请问你还记得吗，小王的生日是哪天？谢谢", "小王的生日是哪天？"),
        ("不好意思，我想问一下，小王住哪里？", "小王住哪里？"),
        ("你能告诉我我女儿的学校叫什么名字吗？", "我女儿的学校叫什么名字吗？"),
        ("我忘了，上次那家店叫什么？麻烦你了", "上次那家店叫什么？"),
    ],
)
def test_courtesies_go(said: str, asked: str) -> None:
    assert bare(said) == asked
    assert bare(asked) == asked
    assert bare(f"  {said}\n") == asked


@pytest.mark.parametrize(
    "said",
    [
        "What did we talk about last Friday?",
        "Do you remember me?",
        "Well water in our village, who tests it?",
        "There was a shop in Rome, what was its name?",
        "Did you tell me about the bakery?",
        "Thanks!",
        "hello",
        "",
        "请假的那天我去了哪里",
        "知道答案的人是谁？",
        "谢谢",
    ],
)
def test_what_is_asked_stays(said: str) -> None:
    assert bare(said) == said
    assert read_question(said).text == said
    assert bare(f"Hi! {said}") in (said, f"Hi! {said}")


def test_a_question_is_read_without_them_and_a_remark_with_them() -> None:
    asked = read_question("Hey, could you tell me when I moved? Thanks!")
    assert (asked.text, asked.remark, asked.request) == ("when I moved?", False, False)
    told = read_question("I forgot my keys at home, sorry")
    assert (told.text, told.remark) == ("I forgot my keys at home, sorry", True)
    assert read_question("Hi! Did you recommend a book to me? Thank you").said_by == "assistant"
    assert read_question("Ann: hello\nHey, do you know where Ben is?").text == "Ann: hello\nwhere Ben is?"


def test_long_and_odd_texts_take_no_time() -> None:
    began = time.process_time()
    for piece in ("hey, ", "请问", " ", "?", "thanks ", "do you still ", "我想问问问"):
        assert bare(piece * (2_000 // len(piece)))
    assert time.process_time() - began < 1
