"""Test doubles behind the model ports: they answer what they were told to and keep a record of what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from ..errors import ModelAnswerError
from ..ports import Reply, Turn, Vector
from ..values import LANGUAGES, Language
from .lexical import lexical_vector

Answers = Sequence[str | Reply | Exception] | Callable[[Sequence[Turn]], str | Reply]


class ScriptedChat:
    """A `ChatModel` that gives the answers of a script in order, or what a function makes of the turns.

    A text is a whole answer; a `Reply` may hold token counts and say that it was cut. An exception in the script is
    raised; after the last answer a `ModelAnswerError` is. `calls` are the turns of every call so far; with `delay` each
    call takes that many seconds.
    """

    def __init__(self, answers: Answers = (), *, name: str = "scripted", delay: float = 0.0) -> None:
        self._answers = answers
        self._name, self._delay = name, delay
        self.calls: list[tuple[Turn, ...]] = []
        self.closed = False

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:  # noqa: ARG002
        """The next answer."""
        self.calls.append(tuple(turns))
        number = len(self.calls)
        await asyncio.sleep(self._delay)
        answer = self._answers(turns) if callable(self._answers) else self._scripted(number)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The next answer, a few characters at a time."""
        text = (await self.chat(turns)).text
        for start in range(0, len(text), 4):
            yield text[start : start + 4]

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _scripted(self, number: int) -> str | Reply | Exception:
        if callable(self._answers) or number > len(self._answers):
            return ModelAnswerError(f"The script of {self._name!r} has no answer for call {number}.")
        return self._answers[number - 1]


class ScriptedEmbedder:
    """An `Embedder` with given vectors; a text that has none gets its lexical vector. `calls` are the texts asked."""

    def __init__(
        self, vectors: Mapping[str, Vector] | None = None, *, dimensions: int = 64, name: str = "scripted"
    ) -> None:
        self._vectors = vectors or {}
        self._dimensions, self._name = dimensions, name
        self.calls: list[tuple[str, ...]] = []
        self.failure: Exception | None = None
        self.closed = False

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._dimensions

    @property
    def languages(self) -> Sequence[Language]:
        """Every one: it compares words, whatever they mean."""
        return LANGUAGES

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """The vectors; raises `failure` where one is set."""
        self.calls.append(tuple(texts))
        if self.failure is not None:
            raise self.failure
        return [self._vectors.get(text) or lexical_vector(text, self._dimensions) for text in texts]

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class ScriptedReranker:
    """A `Reranker` that scores by a given function of question and text. `calls` are the questions with their texts."""

    def __init__(self, score: Callable[[str, str], float], *, name: str = "scripted") -> None:
        self._score, self._name = score, name
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.failure: Exception | None = None
        self.closed = False

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """The scores; raises `failure` where one is set."""
        self.calls.append((query, tuple(texts)))
        if self.failure is not None:
            raise self.failure
        return [self._score(query, text) for text in texts]

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
