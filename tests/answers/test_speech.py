"""Thoughts, turns and control marks of chat templates are taken off an answer, and only where they are such marks."""

from __future__ import annotations

import json

import pytest

from memoryengine.answers import read_objects
from memoryengine.answers.speech import speech
from memoryengine.brackets import Brackets
from memoryengine.errors import ModelAnswerError

MARKS = ("</think>", "<think>", "<think>x</think>", "[INST]", "</s>", "<s>a</s>", "<|im_end|>", "<|message|>")
WRAPPINGS = {
    "bare": "{}",
    "fenced": "Here:\n```json\n{}\n```\nThat is all.",
    "behind a thought": "<think>The first [1] says {{so}}.</think>\n{}",
    "behind the end of a thought": "which is [a] list\n</think>\n{}",
    "with an end of the turn": "{}<|im_end|>",
}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_mark_in_a_text_of_json_is_a_part_of_the_text(mark: str, wrapping: str) -> None:
    rows = [{"id": 1, "memory": "a"}, {"id": 2, "memory": f"User writes {mark} at the end."}, {"id": 3, "memory": "c"}]
    assert read_objects(WRAPPINGS[wrapping].format(json.dumps(rows))) == rows
    single = "\n".join(json.dumps(row) for row in rows)
    assert read_objects(WRAPPINGS[wrapping].format(single)) == rows


def test_a_mark_in_json_with_other_quotes_is_a_part_of_the_text_too() -> None:
    told = "[{“id”：1，“memory”：“a”｝，{“id”：2，“memory”：“用户说 </think> 是结尾”}]"
    assert read_objects(told) == [{"id": 1, "memory": "a"}, {"id": 2, "memory": "用户说 </think> 是结尾"}]
    with pytest.raises(ModelAnswerError, match="breaks off"):
        read_objects(told[:-8])
    with pytest.raises(ModelAnswerError):
        read_objects("[{'id': 1, 'memory': 'a'}, {'id': 2, 'memory': 'b </think> ")


@pytest.mark.parametrize(
    "turn",
    [
        *("<|user|>\nmore?<|assistant|>\n", "<|observation|>", "<|end|>\n<|user|>\nmore<|end|>\n<|assistant|>"),
        *("<｜end▁of▁sentence｜><｜User｜>more<｜Assistant｜>", "<end_of_turn>\n<start_of_turn>user\nmore\n"),
        *("</s>[INST] more? [/INST] ", "<|im_end|>\n<|im_start|>user\n:] more<|im_end|>"),
    ],
)
def test_the_turns_of_others_are_not_read(turn: str) -> None:
    mine, made_up = '[{"id": 1, "memory": "a"}]', '[{"id": 2, "memory": "b"}]'
    assert speech(mine + turn + made_up) == mine
    assert read_objects(mine + turn + made_up) == [{"id": 1, "memory": "a"}]
    assert speech(f"<|assistant|>\n{mine}") == mine


def test_the_answer_is_what_stands_in_its_channel() -> None:
    thought, answer = (
        "<|channel|>analysis<|message|>draft [{}]<|end|>",
        "<|start|>assistant<|channel|>final<|message|>[]",
    )
    assert speech(thought + answer) == "[]"
    assert speech(f"{thought}{answer}<|end|><|start|>user<|message|>more<|end|>[1]") == "[]"
    assert speech("<|start|>assistant<|message|>{}<|return|>") == "{}"


@pytest.mark.parametrize(
    "opening", ["<|think|>{}<|/think|>", '<think lang="en">{}</think>', "<Reasoning>{}</reasoning>"]
)
def test_thoughts_have_many_names(opening: str) -> None:
    draft = '[{"id": 9, "memory": "draft"}]'
    assert read_objects(opening.format(draft) + '[{"id": 1}]') == [{"id": 1}]
    with pytest.raises(ModelAnswerError, match="thought that has no end"):
        read_objects(f'[{{"id": 1}}]\n<think>Also there is {draft}')
    with pytest.raises(ModelAnswerError, match="is empty"):
        read_objects(opening.format(draft))


def test_what_joins_letters_stays_and_what_nobody_sees_goes() -> None:
    assert read_objects('\ufeff[{"memory": "👨\u200d👩\u200d👧\u200b and \u0646\u200c\u06cc"}] ') == [
        {"memory": "👨\u200d👩\u200d👧 and \u0646\u200c\u06cc"}
    ]
    assert speech("a" + " \t\u3000" * 9_000 + "b" + "\n" * 9_000 + "c") == "a b\nc"
    assert speech(f"{' ' * 50_000}[]") == "[]"


def test_brackets_tell_what_they_hold() -> None:
    text = "a [b {c} d] e ] f [ g"
    brackets = Brackets(text)
    assert [letter for place, letter in enumerate(text) if letter.isalpha() and brackets.hold(place)] == ["b", "c", "d"]
    assert not Brackets("no brackets").hold(3)
    assert Brackets("［x】").hold(1)
