"""The rules end to end: what was stated is found first, what moved is gone, and one theme becomes an insight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Memory, Message

from .found_first import CHINESE, ENGLISH, MORE_CHINESE, MORE_ENGLISH

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
IDLE = (
    "hello!", "Good evening", "thanks a lot", "How are you?", "What is my favourite colour?",
    "Can you tell me a joke?", "你好",
    "谢谢你", "我的生日是哪天？", "今天天气怎么样？",
)  # fmt: skip


def cited(item: Memory | Message) -> tuple[str, ...]:
    return item.sources if isinstance(item, Memory) else (item.id,)


@pytest.mark.parametrize("pairs", [(*ENGLISH, *CHINESE), (*MORE_ENGLISH, *MORE_CHINESE)])
async def test_a_statement_is_found_first_when_asked_for_in_other_words(pairs: tuple[tuple[str, str], ...]) -> None:
    async with AsyncMemoryEngine("embedded", clock=ManualClock(START)) as engine:
        user = engine.user("alice")
        await user.add_messages([{"id": str(n), "role": "user", "content": told} for n, (told, _) in enumerate(pairs)])
        await user.consolidate()
        missed = []
        for n, (told, asked) in enumerate(pairs):
            hits = (await user.retrieve(asked)).hits
            if not hits or str(n) not in cited(hits[0].item):
                missed.append((told, asked, [hit.item.content for hit in hits[:2]]))
        assert len(pairs) == 40
        assert len(missed) <= 1, missed
        assert len((await user.list()).memories) >= 38


async def test_greetings_and_questions_give_no_observation() -> None:
    async with AsyncMemoryEngine("embedded", clock=ManualClock(START)) as engine:
        user = engine.user("alice")
        await user.add_messages([{"role": "user", "content": text} for text in IDLE])
        await user.consolidate()
        assert (await user.list()).memories == ()
        assert len((await user.messages()).messages) == len(IDLE)
        assert len(IDLE) == 10


@pytest.mark.parametrize(
    ("lives", "moved", "city", "questions"),
    [
        (
            "I live in Beijing",
            "I moved to Shanghai",
            "Beijing",
            ("Where do I live?", "Which city do I live in?", "Do I live in Beijing?", "What's my city?"),
        ),
        ("我住在北京", "我搬到上海了", "北京", ("我住在哪里？", "我在哪个城市？", "我住在北京吗？", "我家在哪儿？")),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_after_a_move_no_question_shows_the_old_city(
    lives: str, moved: str, city: str, questions: tuple[str, ...], at_once: bool
) -> None:
    clock = ManualClock(START)
    async with AsyncMemoryEngine("embedded", clock=clock) as engine:
        user = engine.user("alice")
        await user.add_messages([{"role": "user", "content": lives}])
        if not at_once:
            await user.consolidate()
        clock.advance(timedelta(weeks=3))
        await user.add_messages([{"role": "user", "content": moved}])
        await user.consolidate()
        for question in questions:
            hits = (await user.retrieve(question)).hits
            assert not any(city in hit.item.content for hit in hits), question
        (valid,) = (await user.list()).memories
        (expired,) = [m for m in (await user.list(expired=True)).memories if m.status == "expired"]
        assert city in expired.content
        assert (expired.superseded_by, expired.reason) == (valid.id, "contradicted")


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        (
            (
                "I play the guitar", "I love jazz", "My favourite band is Air", "I take piano lessons on Mondays",
                "I went to a concert last night", "My sister sings in a choir", "I collect vinyl records",
                "I want to learn the violin",
            ),
            "music",
        ),
        (
            (
                "我喜欢露营", "我买了一个新的露营帐篷", "我和同事下个月去露营", "我不喜欢冬天露营",
                "我儿子第一次露营是三岁", "我在露营时认识了我老婆", "我每年春天去露营",
                "露营让我放松",
            ),
            "露营",
        ),
    ],
)  # fmt: skip
async def test_eight_observations_on_one_theme_become_an_insight(told: tuple[str, ...], subject: str) -> None:
    async with AsyncMemoryEngine("embedded", clock=ManualClock(START)) as engine:
        user = engine.user("alice")
        await user.add_messages([{"role": "user", "content": text} for text in told])
        await user.consolidate()
        observations = {m.id for m in (await user.list(kind="observation")).memories}
        await user.reflect()
        insights = (await user.list(kind="insight")).memories
        assert len(observations) == 8
        assert insights[0].subject == subject
        assert len(set(insights[0].evidence) & observations) >= 2
        assert all(m.reflected for m in (await user.list(kind="observation")).memories)
