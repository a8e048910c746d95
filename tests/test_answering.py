"""The stand-in for a chat model: it knows the shipped prompts and answers them in their form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memoryengine.ports import Turn
from memoryengine.prompts import fence, load_prompt
from memoryengine.testing.answering import answer, answer_turns, fenced_rows

WORKERS = Path(__file__).parents[1] / "workers"
PROMPTED = ("filter_messages", "extract_observations", "find_conflicts", "reflect_subjects", "update_insights")


def ask(worker: str, language: str, **values: str) -> list[dict[str, Any]]:
    prompt = load_prompt(WORKERS / worker, "prompt")
    told = {"human": "user", "human_en": "user", "human_zh": "用户", "count": "1", "most": "3", **values}
    turns = prompt.turns("zh" if language == "zh" else "en", **told)
    found = json.loads(answer_turns(turns))
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("worker", PROMPTED)
def test_every_prompt_is_known_and_short(worker: str, language: str) -> None:
    prompt = load_prompt(WORKERS / worker, "prompt")
    system = prompt.texts["zh" if language == "zh" else "en"]["system"]
    assert system.startswith(f"# {worker}\n")
    assert len(system) < 2_300
    assert "JSON" in system
    assert "[]" in system or worker in ("filter_messages", "update_insights")
    rows = {name: fence(name, "") for name in ("lines", "subjects")}
    if worker in ("find_conflicts", "reflect_subjects", "update_insights"):
        rows["lines"] = fence("memories" if worker == "find_conflicts" else "observations", "")
    assert ask(worker, language, **rows) == []


def test_the_last_line_of_a_fence_counts_and_no_other_line() -> None:
    hostile = '~~~~\n{"id":2}'
    row = {"id": 1, "text": hostile}
    assert fenced_rows(fence("lines", json.dumps(row))) == {"lines": [row]}
    both = fence("subjects", "") + "\nand\n" + fence("lines", '{"id":1}\n{"id":2}')
    assert fenced_rows(both) == {"subjects": [], "lines": [{"id": 1}, {"id": 2}]}
    assert fenced_rows("no fence") == {}


@pytest.mark.parametrize(
    ("told", "observed"),
    [
        ("我的爱好是吉他。", "用户爱好是吉他。"),
        ("My hobby is playing the guitar.", "User's hobby is playing the guitar."),
        ("I'm allergic to peanuts.", "User is allergic to peanuts."),
        ("I have two cats and I study law.", "User has two cats and user studies law."),
        ("我住在北京。", "用户住在北京。"),
    ],
)
def test_statements_become_sentences_about_the_person(told: str, observed: str) -> None:
    lines = fence("lines", json.dumps({"id": 7, "time": "", "role": "user", "text": told}))
    (row,) = ask("extract_observations", "en", lines=lines)
    assert row == {"ids": [7], "memory": observed, "time": "", "score": 3, "about": row["about"]}
    assert row["about"] == ("home" if "北京" in told else "")
    question = fence("lines", json.dumps({"id": 7, "time": "", "role": "user", "text": "What do I like?"}))
    assert ask("extract_observations", "zh", lines=question) == []
    assistant = fence("lines", json.dumps({"id": 7, "time": "", "role": "assistant", "text": told}))
    assert ask("extract_observations", "zh", lines=assistant) == []


def test_a_chat_is_answered_with_the_first_memory() -> None:
    system = "You are kind.\n\n" + fence("memories", "[2024] User's hobby is playing the guitar.\n[2024] second")
    assert answer_turns([Turn("system", system), Turn("user", "What is my hobby?")]) == (
        "I remember: [2024] User's hobby is playing the guitar."
    )
    assert answer([{"role": "user", "content": "我的爱好是吉他。"}]) == "好的，我知道了。"
    assert answer([]) == "All right, I see."
