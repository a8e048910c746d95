"""What a question is after, read by rule."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.questions import Question, read_question
from memoryengine.worker import worker


@dataclass(frozen=True)
class Read:
    """The question as read, and the query without what was said around it."""

    query: str
    question: Question


@worker("read_question")
@dataclass(frozen=True)
class ReadQuestion:
    """Read from its words what a question really asks, in which parts, and whose words it wants; by rule."""

    async def run(self, query: str) -> Read:
        """Look at the query alone."""
        question = read_question(query)
        return Read(question.text or query, question)
