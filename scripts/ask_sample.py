"""Ask what the sample conversation told, show each answer with its memories, and fail if the expected one is not first.

    python scripts/ask_sample.py [CONFIG]

Part of run.sh: the sample is imported and consolidated by then. CONFIG is a file or a stock name, else `embedded`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from memoryengine import Memory, MemoryEngine, Message
from memoryengine.results import show
from memoryengine.sync import UserMemory

SHOWN = 3


@dataclass(frozen=True)
class Question:
    """A question of a user, and what the first memory must say and where it must come from."""

    user: str
    text: str
    expected: str
    source: str


QUESTIONS = (
    Question("lin_jing", "我现在住在哪里?", "徐汇区", "我上周搬到上海了,现在住在徐汇区。"),
    Question("lin_jing", "我对什么过敏?", "花生", "我对花生过敏,那家的凉菜里放了花生碎。"),
    Question("lin_jing", "明年春天我要去哪儿旅行?", "云南", "我打算明年春天去云南旅行。"),
    Question("daniel", "Which city did I move to?", "Seattle", "I moved to Seattle last week! "),
    Question("daniel", "What is my dog's name?", "Biscuit", "I have a dog named Biscuit. "),
    Question("daniel", "What am I planning to run next May?", "half marathon", "I'm planning to run a half marathon"),
)


def sources(item: Memory | Message, messages: Mapping[str, Message]) -> list[str]:
    """What was said where: the messages a memory came from, word by word."""
    if isinstance(item, Message):
        return []
    return [f"{id_}: {messages[id_].content}" for id_ in item.sources if id_ in messages]


def ask(engine: MemoryEngine, question: Question) -> bool:
    """Show the answer to one question; whether the expected memory came first."""
    memory: UserMemory = engine.user(question.user)
    messages = {m.id: m for m in memory.messages().messages}
    answer = engine.default_memory_chat.chat_with_memory(
        question.text, role_name=question.user, history_message_strategy=None, remember_response=False
    )
    found = memory.retrieve(question.text)
    print(f"\n{question.user}: {question.text}\n  answer: {answer.message.content}")
    for number, hit in enumerate(found.hits[:SHOWN], start=1):
        print(f"  {number}. {hit.kind} {show(hit.item, found.locale)}")
        for source in sources(hit.item, messages):
            print(f"     from {source}")
    first = found.hits[0].item if found.hits else None
    if isinstance(first, Memory) and question.expected in first.content:
        return any(question.source in source for source in sources(first, messages))
    return False


def main() -> int:
    """Ask all; 1 if any expected memory was not the first."""
    config = sys.argv[1] if len(sys.argv) > 1 else "embedded"
    with MemoryEngine(config) as engine:
        missed = [question for question in QUESTIONS if not ask(engine, question)]
    print(f"\n{len(QUESTIONS) - len(missed)} of {len(QUESTIONS)} expected memories came first.")
    for question in missed:
        print(f"NOT first: {question.expected!r} for {question.user}: {question.text}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
