"""What was dropped, and why, is kept with the run and shown by `runs`; what was made up never becomes a memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, ModelError
from memoryengine.errors import ModelAnswerError
from memoryengine.models.metered import MeteredChat

from ..workers.model_fakes import CountingChat

BY_MODEL = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}}
TOLD = (
    {"role": "user", "content": "I have two cats and live in Oslo.", "id": "m1", "said_at": "2024-03-01T10:00:00"},
    {"role": "user", "content": "我下周五去成都看姐姐。", "id": "m2", "said_at": "2024-03-01T10:01:00"},
)
TRUE = [
    {"ids": [1], "memory": "User has two cats.", "time": "", "score": 3},
    {"ids": [2], "memory": "用户下周五去成都看姐姐。", "time": "下周五", "score": 3},
]
MADE_UP = [
    {"ids": [1], "memory": "User has nine cats.", "time": "", "score": 3},
    {"ids": [1], "memory": "User lives in Bergen.", "time": "", "score": 3},
    {"ids": [2], "memory": "User visits a sister in Chengdu.", "time": "", "score": 3},
]


async def consolidated(*answers: Any, name: str = "ann") -> tuple[AsyncMemoryEngine, Any]:
    """An engine after one run over the two messages, in which the model gave these answers."""
    engine = AsyncMemoryEngine(BY_MODEL)
    texts = [answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False) for answer in answers]
    engine._engine.models.__dict__["chat"] = MeteredChat(CountingChat(texts))
    user = engine.user(name)
    await user.add_messages(TOLD)
    try:
        return engine, await user.consolidate()
    except ModelError as error:
        return engine, error


async def test_what_was_made_up_is_dropped_and_the_run_says_why(home: Path) -> None:
    engine, result = await consolidated([*TRUE, *MADE_UP], "[]")
    kept = [action.memory.content for action in result.actions]
    assert kept[0] == "User has two cats."
    assert len(kept) == 2
    (run,) = [one for one in await engine.user("ann").runs() if one.outcome == "committed"]
    (step,) = [step for step in run.steps if step.instance == "extract_observations"]
    assert step.notes == {
        "dropped: a number that is not in its messages": 1,
        "dropped: a name that nobody said": 1,
        "dropped: words in another language than its messages": 1,
    }
    assert step.counts_out == {"observations": 2}
    await engine.close()
    files = b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())  # noqa: ASYNC240
    assert b"Bergen" not in files
    assert b"nine cats" not in files


async def test_an_answer_of_which_nothing_stands_is_asked_for_again_and_then_fails() -> None:
    engine, result = await consolidated(MADE_UP, TRUE, "[]")
    assert len(result.actions) == 2
    step = result.traces[0].steps[1]
    assert step.notes == {"asked again: the answer could not be used": 1}
    assert step.usage.chat_calls == 2
    await engine.close()
    engine, error = await consolidated(MADE_UP, MADE_UP, name="bob")
    assert isinstance(error, ModelAnswerError)
    assert "No memory of the model's answer stands" in error.message
    assert (await engine.status("bob")).users[0].pending == 2
    assert (await engine.user("bob").list()).memories == ()
    await engine.close()


@pytest.mark.parametrize("said", ["None", "无", "There are no facts about the person.", "[]"])
async def test_nothing_is_a_success_where_the_model_says_so(said: str) -> None:
    engine, result = await consolidated(said)
    assert result.consolidated == 2
    assert result.actions == ()
    assert (await engine.status("ann")).users[0].pending == 0
    await engine.close()


@pytest.mark.parametrize("said", ["", "I'm sorry, I can't help with that.", "用户喜欢" * 25_000, "OK", '[{"ids":['])
async def test_nothing_usable_is_no_success(said: str) -> None:
    engine, error = await consolidated(said, said)
    assert isinstance(error, ModelAnswerError)
    assert (await engine.status("ann")).users[0].pending == 2
    assert (await engine.user("ann").runs())[0].outcome == "failed"
    await engine.close()
