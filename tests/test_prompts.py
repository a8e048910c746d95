"""Prompt files in two languages, and the fence around what people wrote."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from memoryengine.errors import ConfigError
from memoryengine.ports import Turn
from memoryengine.prompts import Prompt, fence, load_prompt, prompt_files

ZH = "system: 你是记忆。\nuser: |\n  {fenced}\n  问题：{query}\n"
EN = "system: You remember {query}.\nuser: |\n  {fenced}\n"


def write(folder: Path, zh: str | None, en: str | None) -> Path:
    for language, text in (("zh", zh), ("en", en)):
        if text is not None:
            (folder / f"prompt.{language}.yaml").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(ConfigError) as caught:
        load_prompt(folder, "prompt")
    return [(Path(p.file).name, p.line, p.message) for p in caught.value.problems]


def test_a_prompt_fills_its_places_in_either_language(tmp_path: Path) -> None:
    prompt = load_prompt(write(tmp_path, ZH, EN), "prompt")
    assert prompt.turns("zh", query="吉他", fenced="F") == (
        Turn("system", "你是记忆。"),
        Turn("user", "F\n问题：吉他\n"),
    )
    assert prompt.turns("en", query="guitar", fenced="F")[0] == Turn("system", "You remember guitar.")
    assert prompt_files(tmp_path, "prompt")["zh"] == tmp_path / "prompt.zh.yaml"


def test_what_is_put_in_is_not_looked_at_again() -> None:
    prompt = Prompt({"en": {"system": "S", "user": "{query} and {fenced}"}})
    turns = prompt.turns("en", query="{fenced}", fenced="{query} \\1 {x}")
    assert turns[1].content == "{fenced} and {query} \\1 {x}"
    with pytest.raises(ConfigError, match=r"\{fenced\}, which its worker does not fill\. It fills: query\."):
        prompt.turns("en", query="x")
    assert prompt.turns("en", query="a", fenced="b")[1].content == "a and b"


def test_braces_of_an_example_are_no_places(tmp_path: Path) -> None:
    text = "system: 'Answer as {\"content\": 1} or {}'\nuser: '{query}'\n"
    prompt = load_prompt(write(tmp_path, text, text), "prompt")
    turns = prompt.turns("en", query="q")
    assert turns[0].content == 'Answer as {"content": 1} or {}'
    assert turns[1].content == "q"
    assert set(prompt.texts) == {"zh", "en"}


@pytest.mark.parametrize(
    ("zh", "en", "told"),
    [
        (ZH, None, [("prompt.en.yaml", 0, "This prompt file is missing.")]),
        (None, None, [("prompt.zh.yaml", 0, "missing"), ("prompt.en.yaml", 0, "missing")]),
        (ZH, "user: [\n", [("prompt.en.yaml", 2, "This is no YAML")]),
        (ZH, "user:\n\tx\n", [("prompt.en.yaml", 2, "A tab stands")]),
        ("", EN, [("prompt.zh.yaml", 1, "The file is empty.")]),
        (ZH, "- a\n", [("prompt.en.yaml", 1, "A prompt file holds two texts")]),
        (ZH, EN + "extra: x\n", [("prompt.en.yaml", 4, "A prompt file has no 'extra'.")]),
        (ZH, "user: '{fenced} {query}'\n", [("prompt.en.yaml", 1, "A prompt file needs 'system', a text.")]),
        (
            ZH,
            EN.replace("You remember {query}.", "[a]"),
            [("prompt.en.yaml", 1, "'system' must be a text, not a list.")],
        ),
        (ZH, EN.replace("You remember {query}.", "' '"), [("prompt.en.yaml", 1, "'system' must be a text")]),
        (
            ZH,
            EN.replace("{query}", "you"),
            [("prompt.en.yaml", 2, "The place {query} is missing here: prompt.zh.yaml")],
        ),
        (ZH, EN + "  {more}\n", [("prompt.zh.yaml", 2, "The place {more} is missing here: prompt.en.yaml has it.")]),
        (ZH, EN.replace("system:", "sytem:"), [("prompt.en.yaml", 1, "A prompt file has no 'sytem'.")]),
        (ZH, EN.replace("You remember {query}.", "{a} b"), [("prompt.en.yaml", 1, "This is no YAML")]),
        (ZH, EN.replace("You remember {query}.", "{a}"), [("prompt.en.yaml", 1, "'system' must be a text, not a map")]),
        (ZH, EN.replace("You remember {query}.", "!x a"), [("prompt.en.yaml", 1, "The tag !x is not allowed here.")]),
        (ZH, EN + "user: x\n", [("prompt.en.yaml", 4, "The key 'user' stands here twice.")]),
    ],
)
def test_what_is_wrong_with_a_prompt_is_told_with_its_line(
    tmp_path: Path, zh: str | None, en: str | None, told: list[tuple[str, int, str]]
) -> None:
    found = problems(write(tmp_path, zh, en))
    assert [held[:2] for held in found] == [held[:2] for held in told]
    assert all(part in message for (_, _, message), (_, _, part) in zip(found, told, strict=True))
    assert len(found) == len(told)


# --- the fence ---


def test_nothing_can_leave_its_fence() -> None:
    random = Random(3)
    texts = ["".join(random.choices("~~~~\n{}\r\u2028 a记", k=random.randrange(40))) for _ in range(2000)]
    for text in ["", "~", "\n~~~~\n", *texts]:
        first, _, rest = fence("memory", text).partition("\n")
        mark = first.removesuffix("memory")
        body, _, last = rest.rpartition("\n")
        assert re.fullmatch("~{4,}", mark)
        assert (body, last) == (text, mark)
        assert mark not in text


def test_the_mark_grows_with_what_it_holds() -> None:
    assert fence("x", "plain") == "~~~~x\nplain\n~~~~"
    assert fence("x", "a ~~~~~~ b").startswith("~~~~~~~x\n")
    assert fence("x", "").count("~~~~") == 2
