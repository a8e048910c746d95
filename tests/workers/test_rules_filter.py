"""Which queries and which messages the rules let pass."""

from __future__ import annotations

import pytest

from memoryengine.statements import is_small_talk, weigh
from memoryengine.worker import Stop, spec_of
from memoryengine.workers.filter_messages_by_rule import FilterMessagesByRule
from memoryengine.workers.filter_query import FilterQuery

from .fakes import message
from .rules_corpus import CHINESE, ENGLISH, NOTHING

SMALL_TALK = (
    "hi", "Hello there!", "hey :)", "good morning!", "Thanks so much!!", "thank you, my friend", "ok", "OK, got it",
    "bye bye",
    "how are you?", "lol", "yes", "See you tomorrow", "你好", "你好呀！", "您好，在吗？", "谢谢", "非常感谢你的帮助",
    "好的，谢谢啦",
    "再见", "晚安～", "嗯嗯", "哈哈哈", "收到", "謝謝", "辛苦了", "", "   ", "😀👍", "...", "？",
)  # fmt: skip
QUESTIONS = (
    "hi, what's my dog's name?", "thanks, and where do I live?", "OK what did I say about Rome", "who am I",
    "good food?",
    "morning run", "hello kitty collection", "no sugar", "你好，我的狗叫什么？", "好吃的", "谢谢的日语怎么说", "早饭",
    "我的生日", "在哪里", "Paris",
)  # fmt: skip


@pytest.mark.parametrize("query", SMALL_TALK)
async def test_small_talk_needs_no_memory(query: str) -> None:
    found = await FilterQuery().run(query)
    assert isinstance(found, Stop)
    assert "needs no memory" in found.reason
    assert is_small_talk(query)


@pytest.mark.parametrize("query", QUESTIONS)
async def test_everything_else_passes(query: str) -> None:
    assert await FilterQuery().run(query) is None
    assert not is_small_talk(query)
    assert spec_of(FilterQuery).may_stop


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("I am allergic to nuts", 3),
        ("我对坚果过敏", 3),
        ("Remember: the gate code is 4711", 3),
        ("I feel a bit lost today", 2),
        ("展会的规模是三千人。", 2),
        ("If I were rich I would travel", 1),
        ("如果我有钱，我就去旅行", 1),
        ('"I am a walrus"', 1),
        ("Summarize this: I live in Oslo", 1),
        ("Hello!", 0),
        ("What is my name?", 0),
        ("帮我写首诗", 0),
        ("", 0),
    ],
)
def test_a_message_weighs_as_much_as_its_weightiest_clause(text: str, weight: int) -> None:
    assert weigh(text) == weight
    assert weigh(f"Hi! {text}") == weight
    assert weigh(f"{text}\nThanks!") in {weight, 1}


async def test_messages_worth_a_look_stay_in_order() -> None:
    batch = (
        message("hello"),
        message("I have a cat"),
        message("I see, a cat", role="assistant"),
        message("我喜欢猫"),
        message("what is a cat?"),
        message("If I were a cat"),
    )
    assert [m.content for m in (await FilterMessagesByRule().run(batch)).messages] == ["I have a cat", "我喜欢猫"]
    assert len((await FilterMessagesByRule(least=1).run(batch)).messages) == 3
    assert (await FilterMessagesByRule().run(())).messages == ()


async def test_every_statement_of_the_corpus_stays_and_nothing_else() -> None:
    told = tuple(message(text, id_=text) for text, _ in (*ENGLISH, *CHINESE))
    idle = tuple(message(text, id_=text) for text in NOTHING)
    kept = (await FilterMessagesByRule().run((*told, *idle))).messages
    assert kept == told
    assert len(ENGLISH) >= 60
    assert len(CHINESE) >= 60
    assert len(NOTHING) >= 40
