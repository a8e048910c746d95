"""The SiliconFlow-compatible embedding model: a LlamaIndex `BaseEmbedding` that is an `Embedder` too.

Alone in a LlamaIndex program: `SiliconFlowEmbedding(api_key=...)`, wherever an embedding model is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import Field, SecretStr

from ..ports import Vector
from ..together import together
from .parts import batches, in_order, mean_vector, parts_of, read_vector
from .remote import RemoteModel
from .retry import REAL, Effects
from .specs import EMBEDDING_DIMENSIONS, EMBEDDING_MODEL, MOST_INPUTS, EmbeddingSettings


class SiliconFlowEmbedding(RemoteModel, BaseEmbedding):
    """Embeds texts at a SiliconFlow-compatible address; requests for sync calls, aiohttp for async ones.

    `api_base` may be the base or the full address of the endpoint. Any number of texts may be given: they are sent
    `embed_batch_size` (at most 64) at a time. A text longer than `max_chars` is embedded in parts, and gets their
    mean; a blank one is embedded as a full stop, because endpoints refuse blank input. Raises `ModelUnavailable`,
    `ModelRefused` and `ModelAnswerError`.
    """

    KIND: ClassVar[str] = "embedding model"
    PATH: ClassVar[str] = "/embeddings"

    model_name: str = Field(default=EMBEDDING_MODEL, description="The model's name at the service.")
    embed_batch_size: int = Field(default=MOST_INPUTS, description="Texts a request.", gt=0, le=MOST_INPUTS)
    dimensions: int = Field(default=EMBEDDING_DIMENSIONS, description="The length of every vector.", gt=0)
    send_dimensions: bool = Field(default=False, description="Whether the request names the dimensions.")
    query_prefix: str = Field(default="", description="What is put before a question.")

    def __init__(self, *, api_key: str | SecretStr, **settings: Any) -> None:
        super().__init__(**{"api_key": api_key, **settings})

    @classmethod
    def from_settings(
        cls, settings: EmbeddingSettings, *, key_setting: str = "api_key", effects: Effects = REAL
    ) -> SiliconFlowEmbedding:
        """The model that the settings describe."""
        return cls(
            model_name=settings.model,
            api_key=settings.api_key,
            api_base=settings.api_base,
            embed_batch_size=settings.batch_size,
            dimensions=settings.dimensions,
            send_dimensions=settings.send_dimensions,
            max_chars=settings.max_chars,
            query_prefix=settings.query_prefix,
            key_setting=key_setting,
            limits=settings.limits,
            effects=effects,
        )

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows the class by."""
        return "SiliconFlowEmbedding"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model_name

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """One vector a text, in order; the batches go out at once, as far as the concurrency limit lets them."""
        spread = self._spread(texts, query)
        found = await together([self._aembed_batch(batch) for batch in self._batches(spread)])
        return self._gather(spread, [vector for vectors in found for vector in vectors])

    def _embed_sync(self, texts: Sequence[str], query: bool = False) -> list[list[float]]:
        spread = self._spread(texts, query)
        found: list[list[float]] = []
        for batch in self._batches(spread):
            found += self._read(self._endpoint.post(self._body(batch), "data"), len(batch))
        return self._gather(spread, found)

    async def _aembed_batch(self, batch: Sequence[str]) -> list[list[float]]:
        return self._read(await self._endpoint.apost(self._body(batch), "data"), len(batch))

    def _spread(self, texts: Sequence[str], query: bool) -> list[tuple[str, ...]]:
        prefix = self.query_prefix if query else ""
        return [parts_of(prefix + text, self.max_chars) for text in texts]

    def _batches(self, spread: Sequence[tuple[str, ...]]) -> Iterator[Sequence[str]]:
        # LlamaIndex programs set embed_batch_size by plain assignment, which its limit does not check
        return batches([part for parts in spread for part in parts], min(self.embed_batch_size, MOST_INPUTS))

    def _gather(self, spread: Sequence[tuple[str, ...]], found: Sequence[list[float]]) -> list[list[float]]:
        left = iter(found)
        return [mean_vector([next(left) for _ in parts], [len(part) for part in parts]) for parts in spread]

    def _body(self, batch: Sequence[str]) -> Mapping[str, Any]:
        body: dict[str, Any] = {"model": self.model_name, "input": list(batch), "encoding_format": "float"}
        return {**body, "dimensions": self.dimensions} if self.send_dimensions else body

    def _read(self, answer: Mapping[str, Any], count: int) -> list[list[float]]:
        entries = in_order(self._asked, answer["data"], count)
        return [read_vector(self._asked, entry, self.dimensions) for entry in entries]

    # --- what LlamaIndex calls ---

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embed_sync([query], query=True)[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embed_sync([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embed_sync(texts)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return list((await self.embed([query], query=True))[0])

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return list((await self.embed([text]))[0])

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [list(vector) for vector in await self.embed(texts)]
