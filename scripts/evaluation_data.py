"""Evaluation sets as files: `<set>.messages.jsonl` and `<set>.questions.jsonl` in one folder, one object a line.

A message has `conversation_id`, `message_id`, `role`, `role_name`, `content`, `created_at`. A question has
`question_id`, `conversation_id`, `question`, `category`, `evidence` (message ids; empty for adversarial ones),
and may have `evidence_mode` (`all` or `any`), `asked_at`, `role_name` (who asks), `adversarial` (memory does not hold
the answer) and `context` (the turns before it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from memoryengine.intake import read_message
from memoryengine.ports import Clock
from memoryengine.values import Message

ZONE = ZoneInfo("UTC")  # times without a zone count from here, questions and messages alike
CONTEXT_TURNS = 4
MESSAGES, QUESTIONS = ".messages.jsonl", ".questions.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a conversation's memory, and the messages that hold its answer."""

    id: str
    query: str
    category: str
    evidence: frozenset[str]
    any_is_enough: bool
    asked_at: datetime | None
    asker: str = ""

    @property
    def tuned_on(self) -> bool:
        """Whether settings may be chosen by this question: half of all, where the SHA-1 of the id begins with 0-7."""
        return sha1(self.id.encode(), usedforsecurity=False).hexdigest()[0] in "01234567"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One user's memory: messages in time order, the questions that are asked of it, and those it cannot answer."""

    id: str
    messages: tuple[Message, ...]
    questions: tuple[Question, ...]
    traps: tuple[Question, ...] = ()

    @property
    def end(self) -> datetime:
        """When the last message was said."""
        return max(message.said_at for message in self.messages)


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """A named set; `left_out` counts the questions without evidence, which cannot be scored."""

    name: str
    conversations: tuple[Conversation, ...]
    left_out: int

    @property
    def questions(self) -> int:
        """How many questions are scored."""
        return sum(len(c.questions) for c in self.conversations)

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return sum(len(c.messages) for c in self.conversations)


def set_names(folder: Path) -> list[str]:
    """The sets in a folder, by name: those with messages and questions."""
    names = {p.name.removesuffix(QUESTIONS) for p in folder.glob(f"*{QUESTIONS}")}
    return sorted(name for name in names if (folder / f"{name}{MESSAGES}").is_file())


def read_set(folder: Path, name: str, clock: Clock, limit: int | None = None, every: int = 1) -> EvaluationSet:
    """Read one set; with `limit` only its first questions, with `every` each n-th, and only what these ask."""
    read = list(_lines(folder / f"{name}{QUESTIONS}"))
    scored = [q for q in read if q.get("evidence")]
    asked: dict[str, list[Question]] = {}
    for line in scored[:limit:every]:
        asked.setdefault(line["conversation_id"], []).append(_question(line))
    traps: dict[str, list[Question]] = {}
    for line in read:
        if line.get("adversarial") and not line.get("evidence"):
            traps.setdefault(line["conversation_id"], []).append(_question(line))
    said: dict[str, list[Message]] = {id_: [] for id_ in asked}
    for line in _lines(folder / f"{name}{MESSAGES}"):
        if line["conversation_id"] in said:
            message = {k: v for k, v in line.items() if k != "conversation_id"}
            said[line["conversation_id"]].append(read_message(message, clock, ZONE))
    conversations = tuple(
        Conversation(id_, tuple(said[id_]), tuple(qs), tuple(traps.get(id_, ())))
        for id_, qs in asked.items()
        if said[id_]
    )
    return EvaluationSet(name, conversations, len(read) - len(scored))


def query_of(line: Mapping[str, Any]) -> str:
    """What is asked: the question, after the last turns of the chat it stands in."""
    return "\n".join([*line.get("context", ())[-CONTEXT_TURNS:], line["question"]])


def _question(line: Mapping[str, Any]) -> Question:
    asked = line.get("asked_at")
    return Question(
        id=line["question_id"],
        query=query_of(line),
        category=line.get("category") or "",
        evidence=frozenset(line["evidence"]),
        any_is_enough=line.get("evidence_mode") == "any",
        asked_at=_aware(datetime.fromisoformat(asked)) if asked else None,
        asker=line.get("role_name") or "",
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise SystemExit(f"{path}:{number}: this line is no JSON ({error}).") from None
