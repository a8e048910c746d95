"""Killed at every store request, nothing is lost and nothing is there twice; scripts/kill_points.py kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kill_checks import Held, Observed, State, entry_problems, make_messages, problems_of

from memoryengine.ports import Document

SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_points.py"
RANDOM_RUNS = os.environ.get("MEMORYENGINE_RANDOM_KILLS", "6")

WANTED = {"m0u": "I have a cat.", "m1u": "I have a dog.", "m2a": "Nice."}
ONE, TWO = "nonce" + "1" * 16, "nonce" + "2" * 16
ANSWERED = {"1" * 16, "2" * 16}
SOUND = State(
    messages={id_: (said, "consolidated", "run1" if id_ == "m0u" else "run2") for id_, said in WANTED.items()},
    runs={"run1": ("m0u",), "run2": ("m1u", "m2a")},
    observations=[
        Observed(f"User has a cat. {ONE}", ("m0u",), "run1"),
        Observed(f"User has a dog. {TWO}", ("m1u",), "run2"),
    ],
    revision=2,
    history=2,
)
BROKEN = {
    "is gone": replace(SOUND, messages={k: v for k, v in SOUND.messages.items() if k != "m0u"}),
    "is changed": replace(SOUND, messages={**SOUND.messages, "m0u": ("I have a bat.", "consolidated", "run1")}),
    "is there 2 times": replace(SOUND, messages={**SOUND.messages, "m9u": SOUND.messages["m0u"]}),
    "but is cited by ['run1', 'run2']": replace(SOUND, runs={"run1": ("m0u",), "run2": ("m0u", "m1u", "m2a")}),
    "it is pending but cited by": replace(SOUND, messages={**SOUND.messages, "m0u": (WANTED["m0u"], "pending", "")}),
    "but no committed run": replace(SOUND, runs={"run1": ("m0u",)}),
    "its observations cite": replace(SOUND, observations=SOUND.observations[:1]),
    "not one that was answered": replace(
        SOUND, observations=[Observed("User has a cat. nonce" + "3" * 16, ("m0u",), "run1"), SOUND.observations[1]]
    ),
    "they share the answer": replace(
        SOUND, observations=[SOUND.observations[0], Observed(f"User has a dog. {ONE}", ("m1u",), "run2")]
    ),
    "history has 1 entries": replace(SOUND, history=1),
}


def found_in(state: State) -> str:
    return "\n".join(problems_of(state, WANTED, set(WANTED), ANSWERED, finished=True))


@pytest.mark.parametrize("problem", BROKEN)
def test_each_kind_of_loss_would_be_seen(problem: str) -> None:
    assert found_in(SOUND) == ""
    assert problem in found_in(BROKEN[problem])
    assert len(WANTED) == 3


def entry(revision: int, run: str, new: str, expired: str = "") -> Document:
    body = {"run": run, "new": [new], "expired": [[expired, "", ""]] if expired else [], "consolidated": [f"m{run}"]}
    return Document(str(revision), {"revision": revision}, body)


def message(run: str, revision: int) -> Document:
    return Document(f"m{run}", {"run": run}, {}, revision=revision)


def memory(id_: str, revision: int, status: str = "valid") -> Document:
    return Document(id_, {"status": status}, {}, revision=revision)


WHOLE = Held(
    messages=[message("r1", 2), message("r2", 2)],  # the second commit hid the first message
    memories=[memory("a", 2, "expired"), memory("b", 2)],
    runs=[Document("r1", {}, {}, revision=1), Document("r2", {}, {}, revision=2)],
    history=[entry(1, "r1", "a"), entry(2, "r2", "b", expired="a")],
    revision=2,
)
TORN = {
    "the revision is 3, and history has [1, 2]": replace(WHOLE, revision=3),
    "b, which commit 2 wrote, is not there": replace(WHOLE, memories=WHOLE.memories[:1]),
    "r2, which commit 2 wrote, is not there": replace(WHOLE, runs=WHOLE.runs[:1]),
    "c is there, and no commit wrote it": replace(WHOLE, memories=[*WHOLE.memories, memory("c", 2)]),
    "a is of revision 1, but commit 2 wrote it last": replace(
        WHOLE, memories=[memory("a", 1, "expired"), WHOLE.memories[1]]
    ),
    "the memory a is valid, but history says that it expired": replace(
        WHOLE, memories=[memory("a", 2), WHOLE.memories[1]]
    ),
    "the message mr2 is not as commit 2 wrote it": replace(WHOLE, messages=[WHOLE.messages[0], message("r2", 0)]),
}


@pytest.mark.parametrize("problem", TORN)
def test_each_part_of_a_commit_that_is_missing_would_be_seen(problem: str) -> None:
    assert entry_problems(WHOLE) == []
    assert entry_problems(TORN[problem]) == [problem]
    assert len(entry_problems(replace(WHOLE, memories=(), messages=()))) == 4


def test_what_is_not_yet_done_is_no_problem_before_the_end() -> None:
    begun = State({"m0u": (WANTED["m0u"], "pending", "")}, {}, [])
    assert problems_of(begun, WANTED, {"m0u"}, set(), finished=False) == []
    assert problems_of(begun, WANTED, {"m0u", "m1u"}, set(), finished=False) != []
    assert len(problems_of(begun, WANTED, {"m0u"}, set(), finished=True)) == 3


def test_the_messages_are_all_different() -> None:
    made = make_messages(50)
    assert len({m["content"] for m in made}) == len({m["id"] for m in made}) == 50
    assert all(m["id"].endswith("u") == (m["role"] == "user") for m in made)
    assert [m["said_at"] for m in made] == sorted(m["said_at"] for m in made)


def test_killed_before_and_after_every_request_and_at_random() -> None:
    command = [sys.executable, str(SCRIPT), "--messages", "24", "--random", RANDOM_RUNS, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert done.returncode == 0
    points = found["points"]
    # Two batches each: open, two appends and close; and far more requests for a consolidation.
    assert points["import, before"] == points["import, after"] == 4
    assert points["consolidation, before"] == points["consolidation, after"] >= 12
    assert found["runs"] == sum(points.values())
