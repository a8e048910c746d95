"""Half of everything fails and nothing is lost; scripts/faults.py does it for minutes, here it runs for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faults_checks import Told, problems_of

from memoryengine.ports import Document

SCRIPT = Path(__file__).parents[2] / "scripts" / "faults.py"
MINUTES = os.environ.get("MEMORYENGINE_FAULT_MINUTES", "1")

NONCE = "nonce" + "g" * 16
TOLD = [Told("m1", "user", "I like tea."), Told("m2", "assistant", "Nice."), Told("m3", "user", "I like cake.")]
ANSWERED = {NONCE: frozenset({"I like tea."})}


def message(told: Told, **fields: Any) -> Document:
    return Document(told.id, {"state": "consolidated", **fields}, {"content": told.content})


def memory(content: str, *sources: str) -> Document:
    return Document(f"o-{content}-{sources}", {"sources": sources or None}, {"content": content})


MESSAGES = {
    "m1": message(TOLD[0]), "m2": message(TOLD[1]), "m3": message(TOLD[2], state="quarantined", trouble="unusable"),
}  # fmt: skip
MEMORIES = [memory(f"I like tea. {NONCE}", "m1")]
WRONG: dict[str, tuple[dict[str, Document], list[Document]]] = {
    "the message m3 is lost": ({k: MESSAGES[k] for k in ("m1", "m2")}, MEMORIES),
    "the message m2 is changed": ({**MESSAGES, "m2": message(Told("m2", "assistant", "x"))}, MEMORIES),
    "is still pending": ({**MESSAGES, "m2": message(TOLD[1], state="pending")}, MEMORIES),
    "set aside without a reason": ({**MESSAGES, "m3": message(TOLD[2], state="quarantined")}, MEMORIES),
    "stands behind 0 observations, not 1": (MESSAGES, []),
    "stands behind 2 observations, not 1": (MESSAGES, [*MEMORIES, memory("I like tea, too.", "m1")]),
    "was not answered for it": (MESSAGES, [memory("I like tea. nonce" + "h" * 16, "m1")]),
    "says something else than was answered": (MESSAGES, [memory(f"I hate tea. {NONCE}", "m1")]),
    "stands behind 1 observations, not 0": (MESSAGES, [*MEMORIES, memory(f"I like cake. {NONCE}", "m3")]),
    "was never acknowledged": ({**MESSAGES, "m9": message(TOLD[0])}, MEMORIES),
    "cites m9, which is no message": (MESSAGES, [*MEMORIES, memory(f"I like tea. {NONCE}", "m9")]),
    "cites nothing": (MESSAGES, [*MEMORIES, memory("Made up.")]),
}


@pytest.mark.parametrize("problem", WRONG)
def test_each_kind_of_loss_would_be_seen(problem: str) -> None:
    assert list(problems_of(TOLD, MESSAGES, MEMORIES, ANSWERED)) == []
    messages, memories = WRONG[problem]
    found = list(problems_of(TOLD, messages, memories, ANSWERED))
    assert any(problem in one for one in found)
    assert len(found) <= 2


def test_every_message_comes_to_its_end_while_half_of_all_calls_fail() -> None:
    command = [sys.executable, str(SCRIPT), "--minutes", MINUTES, "--users", "3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert done.returncode == 0
    assert set(found["states"]) <= {"consolidated", "quarantined"}
    assert found["messages"] == sum(found["states"].values()) >= 10
    assert sum(found["faults"].values()) >= 5
    assert sum(found["reasons"].values()) == found["states"].get("quarantined", 0)
