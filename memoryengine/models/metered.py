"""Models that report each of their calls to `memoryengine.trace`, and are otherwise the model they wrap."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, nullcontext

from ..ports import ChatModel, Embedder, Reply, Reranker, Turn, Vector
from ..trace import record


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
        reply = await self._model.chat(turns, max_tokens=max_tokens)
        record("chat", calls=0, input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)
        return reply

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The wrapped model's answer piece by piece; its tokens are not known."""
        record("chat")
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

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """The wrapped model's vectors."""
        record("embed")
        return await self._model.embed(texts, query=query)

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
        return await self._model.rerank(query, texts)

    async def close(self) -> None:
        """Close the wrapped model."""
        await self._model.close()
