"""Texts that would make a reader slow or break it: all of them are refused in time, with our own error."""

from __future__ import annotations

import random
from time import process_time

import pytest

from memoryengine.answers import Schema, Whole, Wholes, Words, read_rows
from memoryengine.answers.fences import parts_of
from memoryengine.answers.json_values import values_in
from memoryengine.errors import ModelAnswerError

MEMORIES: Schema = {"ids": Wholes(101, 106), "memory": Words(500), "time": Words(100, optional=True)}
SCORES: Schema = {"id": Whole(101, 106), "score": Whole(0, 3)}
LONG = 38_000


def drawn(alphabet: str, length: int = LONG) -> str:
    return "".join(random.Random(7).choices(alphabet, k=length))


def nested(deep: int, opening: str, closing: str) -> str:
    names = random.Random(7)
    return "".join(opening.replace("NAME", str(names.random())) for _ in range(deep)) + "1" + closing * deep


SLOW = {
    "a curly quote every other letter": "[{“ids”:[101],“memory”：“" + "“ab" * 12_000,
    "closing curly quotes": "[{" + "”" + drawn("”abcdef"),
    "titles in curly quotes, cut": '[{"ids":[101],"memory":"a"},{“ids”：[102]，“memory”：“'
    + drawn("“”是书天地玄黄 ", 30_000),
    "escaped quotes without an end": "[{'a': \"" + drawn('\\"x') + "'" + drawn("\\'y", 1_000),
    "comments without an end": '[{ "a": ' + "/*ab" * 9_000,
    "blanks of two kinds": "a" + drawn("\t\u3000 ") + "b",
    "blanks and marks": "1:" + drawn(" \t-=>:.") + "b",
    "a bracket and blanks": "}" + drawn(" \n\t") + "x",
    "opening brackets": "x" + drawn("([（ 1") + "b",
    "openers": drawn('[{" '),
    "fields and commas": "memory: " + drawn(",; a"),
    "fences": drawn("`~\n[{a"),
    "backslashes": '[{"memory":"' + drawn("\\u0a") + '"}]',
    "brackets and tags": "[" + "<think>]</think>[" * 2_000,
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("numbered", [False, True])
def test_a_long_text_takes_no_long_time(name: str, numbered: bool) -> None:
    began = process_time()
    with pytest.raises(ModelAnswerError) as caught:
        read_rows(SLOW[name], SCORES if numbered else MEMORIES, numbered=numbered)
    assert process_time() - began < 2
    assert len(SLOW[name]) > 25_000
    assert len(caught.value.excerpt) <= 400


BEHIND = (
    "当如果则",
    "rest omitted ",
    "(1,2 [",
    "a: ,;|",
    "ids: memory,\n",
    "sorry for the ",
    "\t \n|",
    "no any data ",
    "`~\n",
)


@pytest.mark.parametrize("words", BEHIND)
@pytest.mark.parametrize("rows", ["[]", '[{"ids": [101], "memory": "User likes tea."}]'])
def test_long_words_behind_json_take_no_long_time(words: str, rows: str) -> None:
    began = process_time()
    refused: list[ModelAnswerError] = []
    for behind in (drawn(words, 30_000), words * (30_000 // len(words))):
        try:
            assert len(read_rows(f"{rows} {behind}", MEMORIES)) == (rows != "[]")
        except ModelAnswerError as error:
            refused.append(error)
    assert process_time() - began < 3
    assert all(len(error.excerpt) <= 400 and error.message.endswith(".") for error in refused)


def test_deep_fields_beside_good_ones_are_passed_over() -> None:
    deep = "[" * 900 + "]" * 900
    for field in (deep, f'{{"a": {deep}}}'):
        rows = read_rows(f'[{{"ids": [101], "memory": "User likes tea.", "more": {field}}}]', MEMORIES)
        assert rows == [{"ids": (101,), "memory": "User likes tea.", "time": ""}]
    with pytest.raises(ModelAnswerError, match="inside of rows"):
        read_rows('[{"ids": [101], "memory": "a", "b": [[{"c": {"ids": [102], "memory": "d"}}]]}]', MEMORIES)


def test_long_good_answers_are_read_as_fast() -> None:
    row = "｛“ids”：【%d】，“memory”：“用户喜欢第%d件东西，说“很好”。”，“time”：“”｝"
    began = process_time()
    rows = read_rows("［" + "，".join(row % (101 + n % 6, n) for n in range(700)) + "］", MEMORIES)
    assert process_time() - began < 2
    assert len(rows) == 700
    assert rows[3] == {"ids": (104,), "memory": "用户喜欢第3件东西，说“很好”。", "time": ""}


@pytest.mark.parametrize("deep", [100, 400, 900, 2_000, 3_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [('["NAME",', "]"), ("['NAME',", "]"), ('{"NAME":', "}"), ("{'NAME':", "}"), ("[", "]")]
)
def test_deep_answers_are_our_own_error(deep: int, opening: str, closing: str) -> None:
    for text in (nested(deep, opening, closing), nested(deep, opening, "")):
        for numbered in (False, True):
            with pytest.raises(ModelAnswerError) as caught:
                read_rows(text, SCORES if numbered else MEMORIES, numbered=numbered)
            assert caught.value.message.endswith(".")


def test_numbers_too_long_to_be_read_are_our_own_error() -> None:
    for digits in ("9" * 5_000, "1e999", "NaN"):
        for quote in ('"', "'"):
            text = f'[{{"ids": [{digits}], "memory": "User likes tea."}}]'.replace('"', quote)
            with pytest.raises(ModelAnswerError) as caught:
                read_rows(text, MEMORIES)
            assert "99999" not in caught.value.message


def test_fenced_parts_are_told_from_others() -> None:
    text = "a\n```json\n[1]\n```\nb\n~~~\n```\n~~~\n````\nc\n```\n````\n```\nd```\n```\ne\n```x\nf"
    held = [(part.text.strip(), part.fenced) for part in parts_of(text)]
    assert held[:4] == [("a", False), ("[1]", True), ("b", False), ("```", True)]
    assert held[4:] == [("c\n```", True), ("d", True), ("e", True), ("f", True)]
    assert parts_of("") == []


def test_what_stands_beside_values_is_told() -> None:
    found = values_in('so [1]: [{"a": 1}] and {"b": 2} end')
    assert found.values == [[{"a": 1}], {"b": 2}]
    assert found.pieces == ["so [1]: ", " and ", " end"]
    mended = values_in("so ［{'a': 1,}］ end")
    assert mended.values == [[{"a": 1}]]
    assert mended.pieces == ["so ", " end"]
    with pytest.raises(ModelAnswerError):
        values_in("so [{'a': 1}] and {'b': 2} end")
