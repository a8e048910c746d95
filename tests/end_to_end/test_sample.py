"""The sample conversation: what it told is found first."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from ask_sample import QUESTIONS, ask

from memoryengine import MemoryEngine

SAMPLE = Path(__file__).parents[2] / "scripts" / "sample_conversation.jsonl"


def test_each_question_about_the_sample_finds_its_memory_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in SAMPLE.read_text("utf-8").splitlines():
        message = json.loads(line)
        users[message.pop("conversation_id")].append(message)
    with MemoryEngine(
        {"extends": "embedded", "store": {"use": "sqlite", "path": str(tmp_path / "store.db")}}
    ) as engine:
        for user, messages in users.items():
            memory = engine.user(user)
            memory.add_messages(messages)
            memory.consolidate()
            memory.reflect()
        assert [question.text for question in QUESTIONS if not ask(engine, question)] == []
    shown = capsys.readouterr().out
    assert len(QUESTIONS) >= 6
    assert all(question.expected in shown for question in QUESTIONS)
