"""Models that report each of their calls to `memoryengine.trace`, and are otherwise the model they wrap.

A model may be anybody's class: what it raises becomes a `ModelError`, and an answer of the wrong shape is refused here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext

from ..errors import MemoryEngineError, ModelAnswerError, ModelError
from ..ports import ChatModel, Embedder, Reply, Reranker, Turn, Vector, languages_of
from ..trace import record
from ..values import Language


class MeteredChat:
    """A `ChatModel` whose calls and tokens are recorded; a call that fails counts as a call."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self._model.name

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """The wrapped model's answer."""
        record("chat")
        with _as_ours(self.name):
            reply: object = await self._model.chat(turns, max_tokens=max_tokens)
        if not isinstance(reply, Reply):
            raise ModelAnswerError(f"The model {self.name!r} answered with {type(reply).__name__}, not with a Reply.")
        record("chat", calls=0, input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)
        return reply

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The wrapped model's answer piece by piece; its tokens are not known."""
        record("chat")
        with _as_ours(self.name):
            pieces = self._model.stream(turns)
            async with aclosing(pieces) if isinstance(pieces, AsyncGenerator) else nullcontext():
                async for piece in pieces:
                    yield piece

    async def close(self) -> None:
        """Close the wrapped model."""
        await self._model.close()


class MeteredEmbedder:
    """An `Embedder` whose calls are recorded."""

    def __init__(self, model: Embedder) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self._model.name

    @property
    def dimensions(self) -> int:
        """The wrapped model's dimensions."""
        return self._model.dimensions

    @property
    def languages(self) -> Sequence[Language] | None:
        """The languages that the wrapped model declares to know, if it does."""
        return languages_of(self._model)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """The wrapped model's vectors."""
        record("embed")
        with _as_ours(self.name):
            vectors = await self._model.embed(texts, query=query)
            lengths = {len(vector) for vector in vectors}
        if len(vectors) != len(texts) or not lengths <= {self.dimensions}:
            shown = ", ".join(map(str, sorted(lengths))) or "no"
            raise ModelAnswerError(
                f"The model {self.name!r} gave {len(vectors)} vectors of {shown} numbers for {len(texts)} texts; it "
                f"must give one of {self.dimensions} numbers for each."
            )
        return vectors

    async def close(self) -> None:
        """Close the wrapped model."""
        await self._model.close()


class MeteredReranker:
    """A `Reranker` whose calls are recorded."""

    def __init__(self, model: Reranker) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self._model.name

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """The wrapped model's scores."""
        record("rerank")
        with _as_ours(self.name):
            scores = await self._model.rerank(query, texts)
            count = len(scores)
        if count != len(texts):
            raise ModelAnswerError(f"The model {self.name!r} gave {count} scores for {len(texts)} texts.")
        return scores

    async def close(self) -> None:
        """Close the wrapped model."""
        await self._model.close()


@contextmanager
def _as_ours(name: str) -> Iterator[None]:
    """Whatever a model raises, as an error of the engine."""
    try:
        yield
    except MemoryEngineError:
        raise
    except Exception as error:  # the edge to a class of anybody's
        raise ModelError(f"The model {name!r} raised {type(error).__name__}.", excerpt=str(error)) from error
