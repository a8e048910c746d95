"""What only the assistant said does not become an observation; what the person said does."""

from __future__ import annotations

from typing import Any

import pytest

from memoryengine.trace import measure
from memoryengine.values import Locale, Memory, Message
from memoryengine.workers.drop_echoes import DropEchoes

from .fakes import FakeReader, memory, message

DOG = "User's dog is called Bello."
KNOWN = [DOG, "User's hobby is playing the guitar.", "User is allergic to peanuts.", "用户的狗叫旺财。"]


def talk(*lines: str) -> list[Message]:
    """Lines of a talk: `u ...` by the person, `a ...` by the assistant; their ids are their places."""
    return [
        message(line[2:], id_=str(n), role="user" if line[0] == "u" else "assistant") for n, line in enumerate(lines)
    ]


async def kept(batch: list[Message], *found: tuple[str, str], known: list[str] = KNOWN, **reader: Any) -> list[str]:
    memories = [memory(content, sources=tuple(ids.split())) for content, ids in found]
    held = FakeReader(memories_=[memory(content) for content in known], **reader)
    heard = await DropEchoes(held, Locale()).run(tuple(memories), tuple(batch))
    return [m.content for m in heard.observations]


ECHOES = {
    "a question answered from memory": (talk("u What is my dog called?", "a Your dog is called Bello."), DOG, "0"),
    "in other words": (talk("u What's my dog's name?", "a It is Bello!"), "User has a dog named Bello.", "0"),
    "from a temporary memory": (talk("u Remind me of my PIN.", "a Your PIN is 4711."), "User's PIN is 4711.", "0"),
    "from a system prompt": (talk("u Hi!", "a Hi Max, how is Oslo?"), "Max lives in Oslo.", "0"),
    "a thing that is no name": (
        talk("u What should I not eat?", "a Avoid peanuts: you are allergic."), "User is allergic to peanuts.", "0",
    ),
    "said before, and thanked for": (talk("a Your dog is called Bello.", "u Thanks a lot."), DOG, "1"),
    "said before, and known": (
        talk("a How is your dog Bello?", "u My dog sleeps."), "User has a dog called Bello.", "1",
    ),
    "in Chinese": (talk("u 我的狗叫什么？", "a 你的狗叫旺财。"), "用户的狗叫旺财。", "0"),
}  # fmt: skip
SAID = {
    "an answer to a question": (talk("a Do you have a parrot?", "u Yes!"), "User has a parrot.", "1"),
    "more than memory holds": (
        talk("a Do you still play the guitar?", "u Yes, every Friday."), "User plays the guitar every Friday.", "1",
    ),
    "said again by the person": (talk("u My dog is called Bello.", "a Bello is a nice name."), DOG, "0"),
    "summed up as the assistant does": (
        talk("u I play the guitar.", "a What a great hobby!"), "User's hobby is playing the guitar.", "0",
    ),
    "in words of nobody": (talk("u I moved to Leeds.", "a Nice."), "User is a resident of Leeds.", "0"),
    "from another line of the person": (
        talk("u We got a parrot, Kiki.", "a Lovely.", "u She bites."), "User's parrot Kiki bites.", "2",
    ),
    "a new thing beside a known one": (
        talk("a How is Bello?", "u He died, but we have a cat now, Tom."), "User has a cat called Tom.", "1",
    ),
    "in Chinese": (talk("a 你喜欢什么运动？", "u 我喜欢打篮球。", "a 篮球很好玩！"), "用户喜欢打篮球。", "1"),
}  # fmt: skip


@pytest.mark.parametrize("case", ECHOES)
async def test_what_the_assistant_knew_already_is_left_out(case: str) -> None:
    batch, content, ids = ECHOES[case]
    with measure() as meter:
        assert await kept(batch, (content, ids)) == []
    assert meter.notes == {"left out: only the assistant said it": 1}
    told = [m for m in batch if m.role == "user"]
    assert await kept(told, (content, ids)) == [content]  # with nobody else there, nobody else can have said it


@pytest.mark.parametrize("case", SAID)
async def test_what_the_person_said_stays(case: str) -> None:
    batch, content, ids = SAID[case]
    with measure() as meter:
        assert await kept(batch, (content, ids)) == [content]
    assert meter.notes == {}
    assert batch


async def test_memory_is_asked_only_where_the_assistant_spoke_first() -> None:
    searched: list[Any] = []
    batch = talk("u I like tea.", "a Do you like cake, too?", "u Yes, cake is fine.", "a Good.")
    found = (("User likes tea.", "0"), ("User likes cake.", "2"))
    assert len(await kept(batch, *found, searched=searched)) == 2
    assert searched == []
    batch = talk("a Is your dog Bello well?", "u My dog is.")
    assert await kept(batch, (DOG, "1"), searched=searched) == []
    assert len(searched) == 1
    assert searched[0][0].expired


def test_the_names_of_both_sides_are_no_news() -> None:
    locale = Locale(human_name="Ann")
    words = DropEchoes(FakeReader(), locale)._words
    assert words("Ann likes tea.") == words("likes tea.") != words("Bob likes tea.")
    assert not words("Ann")
    assert isinstance(memory("x"), Memory)
