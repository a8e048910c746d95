"""The classic pipeline of separate workers, whole, on the local server; and what its calls cost beside one call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import count_calls
import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.testing.answering import answer
from memoryengine.testing.clock import ManualClock
from memoryengine.testing.siliconflow_server import SiliconFlowServer

TOLD = (
    "I live in Beijing.",
    "I like green tea.",
    "I play the guitar.",
    "I moved to Shanghai yesterday.",
    "Could you tell me a joke?",
)


async def test_every_operation_of_the_classic_pipeline(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC))
    with SiliconFlowServer(answer) as server:
        monkeypatch.setenv("SILICONFLOW_API_KEY", server.key)
        monkeypatch.setenv("SILICONFLOW_API_BASE", server.url)
        async with AsyncMemoryEngine({"extends": "classic", "time_zone": "UTC"}, clock=clock) as engine:
            ann = engine.user("ann")
            days = (20, 20, 20, 26, 26)
            said = [(text, f"2024-10-{day}") for text, day in zip(TOLD, days, strict=True)]
            await ann.add_messages([{"role": "user", "content": text, "said_at": day} for text, day in said])
            done = await ann.consolidate()
            steps = [step.worker for step in done.traces[0].steps]
            assert sorted(steps) == sorted([
                "load_messages", "filter_messages", "write_observations", "write_timed_observations", "load_today",
                "drop_echoes", "drop_echoes", "compare_with_today", "mark_consolidated",
            ])  # fmt: skip
            assert done.usage.chat_calls == server.count("chat") == 4
            told = (await ann.list(expired=True)).memories
            assert {m.content: m.status for m in told} == {
                "User lives in Beijing.": "expired",
                "User likes green tea.": "valid",
                "User plays the guitar.": "valid",
                "User moved to Shanghai yesterday (2024-10-25).": "valid",
            }
            assert (await ann.retrieve("Do I like green tea?")).hits
            await ann.add("User is tall.")
            await ann.add_messages([{"role": "user", "content": f"I like sport {n}."} for n in range(4)])
            await ann.consolidate()
            reflected = await ann.reflect()
            assert "review_observations" in [step.worker for step in reflected.traces[0].steps]
            page = (await ann.list(expired=True)).outputs["page"]
            assert page.startswith("Insights (")
            assert "Told by hand (1)" in page
            assert "User lives in Beijing. (contradicted)" in page
    assert (home / "classic.db").is_file()


def test_the_counts_of_a_few_users() -> None:
    rows = count_calls.count_all(2, 0.0, "sqlite")
    assert count_calls.problems(rows, 0.0) == []
    assert [counted.chat for case, counted in rows if case.config == "siliconflow"] == [1, 2, 2, 4]
    assert [counted.chat for case, counted in rows if case.config == "classic"] == [4, 4, 8, 8]
    assert [counted.memories for _, counted in rows] == [20, 20, 40, 40] * 2
    wrong = [(case, replace(counted, chat=counted.chat + 1)) for case, counted in rows[:4]]
    assert len(count_calls.problems(wrong, 0.0)) == 4
    assert count_calls.table(rows, 0.5).count("\n") == 9
