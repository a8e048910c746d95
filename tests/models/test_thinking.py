from __future__ import annotations

import random

import pytest

from memoryengine.models.thinking import ThinkingCutter, cut_thinking

CASES = [
    ("plain text", "plain text"),
    ("<think>a\nb</think>\n\nAnswer", "Answer"),
    ("  <think></think>Answer ", "Answer"),
    ("<think>one</think>A<think>two</think>B", "AB"),
    ("<think>never closed", ""),
    ("A is < B and <thin is no tag", "A is < B and <thin is no tag"),
    ("The tag <think> opens a thought", "The tag <think> opens a thought"),
    ("<think>about <b>this</think>好的", "好的"),
    ("", ""),
    ("<", "<"),
]


@pytest.mark.parametrize(("answer", "expected"), CASES)
def test_whole_and_in_pieces_at_every_border(answer: str, expected: str) -> None:
    assert cut_thinking(answer) == expected
    for size in range(1, 9):
        cutter = ThinkingCutter()
        pieces = [cutter.feed(answer[i : i + size]) for i in range(0, len(answer), size)]
        assert ("".join(pieces) + cutter.finish()).strip() == expected
    assert "</think>" not in cut_thinking(answer)


def test_an_opening_tag_in_the_prompt() -> None:
    assert cut_thinking("thinking aloud</think>\nAnswer") == "Answer"
    assert cut_thinking("a</think>b<think>c</think>d") == "bd"
    assert cut_thinking("</think>") == ""


def test_a_tag_in_a_text_of_json_is_a_part_of_it() -> None:
    told = '[{"text": "a </think> b"}, {"text": "<think>x</think>"}, {"text": "<think>"}]'
    assert cut_thinking(told) == told
    assert cut_thinking(f"<think>it says [1] and {{b}}</think>\n{told}") == told
    assert cut_thinking(f"so [it begins</think>{told}") == told
    assert cut_thinking("<think>" + "[" * 50_000 + "</think>y") == "y"


def test_text_is_given_out_as_soon_as_it_is_certain() -> None:
    cutter = ThinkingCutter()
    assert cutter.feed("Hello <") == "Hello "
    assert cutter.feed("b>") == "<b>"
    assert cutter.feed("<think") == ""
    assert cutter.feed(">hidden") == ""
    assert cutter.feed("</think>x") == "x"
    assert cutter.finish() == ""


def test_random_pieces_give_what_the_whole_gives() -> None:
    chance = random.Random(7)
    parts = ["<think>", "</think>", "<", "think", ">", "a", "好", " ", "</"]
    compared = 0
    for _ in range(2_000):
        answer = "".join(chance.choices(parts, k=chance.randrange(12)))
        whole = ThinkingCutter()
        expected = whole.feed(answer) + whole.finish()
        cutter, got, rest = ThinkingCutter(), "", answer
        while rest:
            size = chance.randrange(1, 4)
            got, rest = got + cutter.feed(rest[:size]), rest[size:]
        assert got + cutter.finish() == expected
        compared += bool(expected)
    assert compared > 500
    assert cut_thinking("x" * 100_000) == "x" * 100_000
    assert cut_thinking("<think>" + "x" * 100_000 + "</think>y") == "y"
