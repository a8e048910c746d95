from __future__ import annotations

import asyncio
import math
import random
import subprocess
import sys

import pytest

from memoryengine.models.build import build_chat, build_embedder
from memoryengine.models.lexical import LexicalEmbedder, lexical_vector
from memoryengine.models.offline_chat import OfflineChat, offline_answer
from memoryengine.ports import Turn
from memoryengine.ranking import cosine
from memoryengine.testing.model_contract import ODD_TEXTS

ZH = """你是助手。以下是记忆:
```memories
[2024-10-20 08:00:00 周日] 用户住在北京。
[2024-10-26 21:26:20 周六] 用户爱好是吉他。
```"""
EN = """Memories:
<memories>
[2024-10-20 08:00:00 Sunday] user lives in Berlin.
[2024-10-26 21:26:20 Saturday] user's hobby is playing the guitar.
</memories>"""


@pytest.mark.parametrize(
    ("system", "asked", "told"),
    [
        (ZH, "你知道我的乐器爱好是什么?", "用户爱好是吉他。"),
        (ZH, "我住在哪里", "用户住在北京。"),
        (EN, "What is my hobby?", "user's hobby is playing the guitar."),
        (EN, "Where do I live?", "user lives in Berlin."),
    ],
)
async def test_it_answers_with_the_memory_that_fits(system: str, asked: str, told: str) -> None:
    reply = await OfflineChat().chat([Turn("system", system), Turn("user", asked)])
    assert told in reply.text
    assert "2024-10-2" in reply.text
    assert reply.text.startswith("【离线模式】" if system is ZH else "[offline]")


async def test_it_says_that_it_was_cut() -> None:
    asked = [Turn("system", EN), Turn("user", "What is my hobby?")]
    whole, half = await OfflineChat().chat(asked), await OfflineChat().chat(asked, max_tokens=9)
    assert (half.text, half.cut) == (whole.text[:9], True)
    assert whole.cut is False
    assert (await OfflineChat().chat(asked, max_tokens=len(whole.text))) == whole


def test_without_memories_it_says_what_it_is() -> None:
    assert "离线" in offline_answer([Turn("user", "你知道我的爱好吗?")])
    assert "offline model" in offline_answer([Turn("user", "What is my hobby?")])
    assert "离线" in offline_answer([Turn("user", "我的爱好是吉他。")])
    assert "Noted" in offline_answer([Turn("system", EN), Turn("user", "My hobby is playing the guitar.")])


def test_the_language_is_that_of_the_last_user_turn() -> None:
    turns = [Turn("user", "hello there"), Turn("assistant", "hello"), Turn("user", "我住在哪里?")]
    assert offline_answer([Turn("system", ZH), *turns]).startswith("【离线模式】")
    assert offline_answer([*turns, Turn("user", "Where do I live?")]).startswith("[offline]")
    assert offline_answer([])


async def test_it_streams_what_it_would_say_and_never_raises() -> None:
    chat = build_chat({"use": "offline"})
    assert chat.name == "offline-rules"
    for text in (*ODD_TEXTS, "[2024-01-01 x] ?", "[2024-01-01] {0} {text} ?", "[" * 10_000 + "?"):
        turns = [Turn("system", text), Turn("user", text), Turn("system", EN), Turn("user", f"what {text}?")]
        reply = (await chat.chat(turns)).text
        assert reply
        assert "".join([piece async for piece in chat.stream(turns)]) == reply


def test_vectors_are_the_same_in_every_process() -> None:
    code = "from memoryengine.models.lexical import lexical_vector; print(lexical_vector('我的爱好是 guitar', 32))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("0", "1")
    }
    assert outputs == {f"{lexical_vector('我的爱好是 guitar', 32)}\n"}
    assert asyncio.run(LexicalEmbedder(32).embed(["我的爱好是 guitar"])) == [lexical_vector("我的爱好是 guitar", 32)]
    assert build_embedder({"use": "lexical"}).name == "offline-lexical-1"


def test_vectors_are_of_length_one_and_never_zero() -> None:
    chance = random.Random(3)
    for _ in range(500):
        text = "".join(chance.choices("ab 的了吉他好。!\n", k=chance.randrange(12)))
        vector = lexical_vector(text, 16)
        assert math.hypot(*vector) == pytest.approx(1.0)
        assert len(vector) == 16
    assert lexical_vector("", 64) == lexical_vector("", 64)


def test_shared_words_make_texts_near() -> None:
    hobby, question, other = (
        lexical_vector(text, 512) for text in ("用户爱好是吉他。", "你知道我的乐器爱好是什么?", "北京今天下雨。")
    )
    assert cosine(hobby, question) > cosine(hobby, other) + 0.1
    repeated = lexical_vector("guitar guitar guitar guitar music", 512)
    assert cosine(repeated, lexical_vector("guitar music", 512)) > 0.85
    assert cosine(repeated, lexical_vector("guitar", 512)) < 0.95
