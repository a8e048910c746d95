"""What the tests of the grounding check share: messages as they were said, and what is held against a statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from memoryengine.grounding import sources, ungrounded
from memoryengine.values import Locale, Message, Role

# A Monday; the messages of a conversation follow each other by a minute.
MONDAY = datetime(2024, 4, 1, 8, tzinfo=UTC)


def said(*texts: str, speaker: str = "user") -> tuple[Message, ...]:
    """Messages as they were said; one that begins with "A:" is the assistant's."""
    found = []
    for number, text in enumerate(texts):
        role: Role = "assistant" if text.startswith("A:") else "user"
        at = MONDAY + timedelta(minutes=number)
        content = text.removeprefix("A:").strip()
        found.append(Message(id=f"m{number}", role=role, content=content, speaker=speaker, said_at=at, recorded_at=at))
    return tuple(found)


def cause(statement: str, *texts: str, locale: Locale | None = None, cited: int = -1, speaker: str = "user") -> str:
    """Why a statement that cites one of the messages, the last if not said, does not stand in them."""
    messages = said(*texts, speaker=speaker)
    return ungrounded(statement, sources([messages[cited].id], messages), locale or Locale())
