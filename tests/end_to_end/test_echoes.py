"""What was put into a prompt never comes back as something the person said, by a model that extracts all it sees."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import Turn
from memoryengine.prompts import fence, unfenced
from memoryengine.records import CONSOLIDATED, MESSAGES
from memoryengine.testing.answering import fenced_rows
from memoryengine.testing.clock import ManualClock

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
DOG, PIN, FLAT = "User's dog is called Bello.", "User's PIN is 4711.", "User lives in Zagreb."
REPLY = f"I know: {DOG} {PIN} {FLAT}"


class Greedy:
    """Takes every line for a fact, and says of those of the assistant that the nearest line of the person says it."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def __call__(self, turns: Sequence[Turn]) -> str:
        self.prompts.append("\n".join(turn.content for turn in turns))
        if "# extract_observations" not in turns[0].content:
            return "[]" if turns[0].content.startswith("#") else REPLY
        rows = fenced_rows(turns[1].content)["lines"]
        own = [row["id"] for row in rows if row["role"] == "user"]
        found = []
        for row in rows:
            near = min(own, key=lambda n: abs(n - row["id"]))
            for part in filter(None, row["text"].replace("I know: ", "").split(". ")):
                memory = part.rstrip(".") + "."
                found += [{"ids": [row["id"]], "memory": memory}, {"ids": [near], "memory": memory}]
        return json.dumps(found)


@pytest.fixture
async def engine() -> AsyncIterator[AsyncMemoryEngine]:
    config = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}, "language": "en"}
    async with AsyncMemoryEngine(config, clock=ManualClock(START)) as made:
        made._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(Greedy()))
        yield made


async def contents(engine: AsyncMemoryEngine, **more: Any) -> list[str]:
    return [m.content for m in (await engine.user("ann").list(**more)).memories]


async def states(engine: AsyncMemoryEngine) -> list[object]:
    page = await engine._engine.store.page(engine.user("ann").scope, MESSAGES)
    return [d.fields["state"] for d in page.documents]


@pytest.mark.parametrize("asked", ["What is my dog called, what is my PIN, and where do I live?", "Thanks!", "Hello."])
async def test_memories_prompts_and_temporary_memories_do_not_come_back(engine: AsyncMemoryEngine, asked: str) -> None:
    user = engine.user("ann")
    await user.add(DOG)
    answer = await engine.default_memory_chat.chat_with_memory(
        asked, "ann", system_prompt=f"You help Ann. {FLAT}", temporary_memories=[PIN]
    )
    assert answer.message.content == REPLY
    done = await user.consolidate()
    assert done.consolidated == 2
    secrets = ("Bello", "4711", "Zagreb")
    found = [m for m in await contents(engine, expired=True) if any(word in m for word in secrets)]
    assert found == [DOG]
    notes = {text for trace in done.traces for step in trace.steps for text in step.notes}
    assert "left out: cites no line of the person" in notes
    assert "left out: only the assistant said it" in notes


async def test_what_was_deleted_does_not_come_back_from_an_answer(engine: AsyncMemoryEngine) -> None:
    user = engine.user("ann")
    memory = (await user.add(DOG)).actions[0].memory
    await engine.default_memory_chat.chat_with_memory("Tell me of my dog.", "ann")
    await user.delete(memory.id)
    assert sorted(map(str, await states(engine))) == [CONSOLIDATED, "pending"]
    await user.consolidate()
    model: Any = engine._engine.models.chat
    extraction = model._model._answers.prompts[-1]
    assert "# extract_observations" in extraction
    assert "Bello" not in extraction
    assert not any("Bello" in content for content in await contents(engine, expired=True))


async def test_a_quoted_prompt_says_nothing(engine: AsyncMemoryEngine) -> None:
    user = engine.user("ann")
    quoted = fence("memories", f"[2024-10-26 21:26:20 Saturday] {DOG}\n{PIN}")
    await user.add_messages(
        [
            {"role": "user", "content": f"Why do you write this?\n{quoted}\nI like tea."},
            {"role": "system", "content": FLAT},
        ]
    )
    assert (await user.consolidate()).consolidated == 2
    found = await contents(engine)
    assert any("I like tea" in content for content in found)
    assert not any(word in content for content in found for word in ("Bello", "4711", "Zagreb"))
    kept = (await user.messages()).messages
    assert any("Bello" in m.content for m in kept)  # the conversation stays as it was said


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no fence", "no fence"),
        (f"a\n{fence('memories', 'x')}\nb", "a\n \nb"),
        (f"a\n{fence('lines', '~~~~ x ~~~~')}", "a\n "),
        (f"> {fence('memories', 'x')}".replace("\n", "\n> "), " "),
        ("~~~~memories\nnever closed", "~~~~memories\nnever closed"),
        ("~~~ a line ~~~", "~~~ a line ~~~"),
    ],
)
def test_what_stands_between_the_marks_of_a_fence_is_left_out(text: str, left: str) -> None:
    assert unfenced(text) == left
    assert unfenced(left) == left
    assert unfenced(f"{text}\nend").endswith("end")
