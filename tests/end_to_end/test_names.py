"""What observations call the person, and how much of the past a chat sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from memoryengine import InputError, MemoryEngine
from memoryengine.ports import Turn

TOLD = [{"role": "user", "content": "I keep bees."}]


def test_the_human_name_is_that_of_one_person_and_of_no_other_user(make_engine: Callable[..., MemoryEngine]) -> None:
    engine = make_engine({"extends": "embedded", "human_name": "Sam"})
    for user in (engine.user(), engine.user("alice")):
        user.add_messages(TOLD)
        user.consolidate()
    assert engine.user().inner.scope.user == "Sam"
    assert [m.content for m in engine.user("Sam").list().memories] == ["Sam keeps bees."]
    assert [m.content for m in engine.user("alice").list().memories] == ["User keeps bees."]


class Listener:
    """A chat model that keeps what it was shown."""

    name = "listener"

    def __init__(self) -> None:
        self.shown: list[list[str]] = []

    async def chat(self, turns: list[Turn], *, max_tokens: int | None = None) -> object:
        from memoryengine.ports import Reply

        self.shown.append([turn.content for turn in turns if turn.role != "system"])
        return Reply("fine")

    async def close(self) -> None:
        """Nothing to give back."""


@pytest.mark.parametrize(("strategy", "seen"), [("configured", 2), ("auto", 4), (3, 3), (None, 0), (0, 0)])
def test_a_chat_sees_as_much_of_the_past_as_config_and_call_say(
    make_engine: Callable[..., MemoryEngine], strategy: object, seen: int
) -> None:
    engine = make_engine({"extends": "embedded", "chat": {"history": 2}})
    listener = Listener()
    engine._engine._engine.models.__dict__["chat"] = listener
    chat = engine.default_memory_chat
    chat.chat_with_memory("one")
    chat.chat_with_memory("two")
    chat.chat_with_memory("three", history_message_strategy=strategy)  # type: ignore[arg-type]
    assert len(listener.shown[-1]) == seen + 1
    assert listener.shown[-1][-1] == "three"
    assert listener.shown[-1][:-1] == ["one", "fine", "two", "fine"][4 - seen :]


def test_a_strategy_that_is_none_of_these_is_refused(make_engine: Callable[..., MemoryEngine]) -> None:
    chat = make_engine().default_memory_chat
    for wrong in ("all", -1, 1.5):
        with pytest.raises(InputError, match="history_message_strategy"):
            chat.chat_with_memory("hello", history_message_strategy=wrong)  # type: ignore[arg-type]
    assert chat.memory_service.read_message().messages == ()


def test_a_user_told_of_by_name_in_a_chat_is_the_user_of_an_import(make_engine: Callable[..., MemoryEngine]) -> None:
    engine = make_engine()
    tom = engine.user("tom")
    tom.add_messages([{"role": "user", "content": "I live in Oslo."}, {"role": "user", "content": "I love hiking."}])
    tom.consolidate()
    for said in ("I moved to Bergen.", "I no longer like hiking."):
        engine.default_memory_chat.chat_with_memory(said, "tom")
    tom.consolidate()
    held = {m.content.split(" ", 1)[1]: m.status for m in tom.list(expired=True).memories}
    assert held["lives in Oslo."] == held["loves hiking."] == "expired"
    assert held["moved to Bergen."] == held["no longer likes hiking."] == "valid"
    assert len(held) == 4
