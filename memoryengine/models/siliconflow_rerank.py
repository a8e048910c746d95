"""The SiliconFlow-compatible rerank model: a LlamaIndex `BaseNodePostprocessor` that is a `Reranker` too.

Alone in a LlamaIndex program: `SiliconFlowRerank(api_key=..., top_n=5)`, wherever a node postprocessor is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import Field, SecretStr

from ..text import clean
from ..together import together
from .parts import batches, in_order, parts_of, read_score
from .remote import RemoteModel
from .retry import REAL, Effects
from .specs import MOST_INPUTS, RERANK_MODEL, RerankSettings


class SiliconFlowRerank(RemoteModel, BaseNodePostprocessor):
    """Scores texts against a question at a SiliconFlow-compatible address; requests for sync, aiohttp for async calls.

    Every text is scored, however many there are: `batch_size` a request, a text longer than `max_chars` in parts, of
    which the best counts; equal texts are sent once and get the same score, a blank text or question gets 0. `top_n`
    only says how many nodes a LlamaIndex caller gets back (None: all). Raises `ModelUnavailable`, `ModelRefused` and
    `ModelAnswerError`.
    """

    KIND: ClassVar[str] = "rerank model"
    PATH: ClassVar[str] = "/rerank"

    model: str = Field(default=RERANK_MODEL, description="The model's name at the service.")
    top_n: int | None = Field(default=None, description="How many nodes are kept; None for all.", ge=0)
    batch_size: int = Field(default=MOST_INPUTS, description="Texts a request.", gt=0)
    scores: Literal["probability", "logit"] = Field(default="probability", description="What the model gives.")

    def __init__(self, *, api_key: str | SecretStr, **settings: Any) -> None:
        super().__init__(**{"api_key": api_key, **settings})

    @classmethod
    def from_settings(
        cls, settings: RerankSettings, *, key_setting: str = "api_key", effects: Effects = REAL
    ) -> SiliconFlowRerank:
        """The model that the settings describe."""
        return cls(
            model=settings.model,
            api_key=settings.api_key,
            api_base=settings.api_base,
            batch_size=settings.batch_size,
            max_chars=settings.max_chars,
            scores=settings.scores,
            key_setting=key_setting,
            limits=settings.limits,
            effects=effects,
        )

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows the class by."""
        return "SiliconFlowRerank"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One relevance in [0, 1] a text, in the order of the texts."""
        asked = _parts(query, texts, self.max_chars)
        found = await together([self._ascore(query, batch) for batch in batches(asked, self.batch_size)])
        return self._gather(texts, asked, [score for scores in found for score in scores])

    def _rerank_sync(self, query: str, texts: Sequence[str]) -> list[float]:
        asked = _parts(query, texts, self.max_chars)
        found: list[float] = []
        for batch in batches(asked, self.batch_size):
            found += self._read(self._endpoint.post(self._body(query, batch), "results"), len(batch))
        return self._gather(texts, asked, found)

    async def _ascore(self, query: str, batch: Sequence[str]) -> list[float]:
        return self._read(await self._endpoint.apost(self._body(query, batch), "results"), len(batch))

    def _body(self, query: str, batch: Sequence[str]) -> Mapping[str, Any]:
        return {
            "model": self.model,
            "query": clean(query)[: self.max_chars],
            "documents": list(batch),
            "top_n": len(batch),
            "return_documents": False,
        }

    def _read(self, answer: Mapping[str, Any], count: int) -> list[float]:
        entries = in_order(self._asked, answer["results"], count)
        return [read_score(self._asked, entry, self.scores) for entry in entries]

    def _gather(self, texts: Sequence[str], asked: Sequence[str], found: Sequence[float]) -> list[float]:
        known = dict(zip(asked, found, strict=True))
        return [max((known.get(part, 0.0) for part in parts_of(text, self.max_chars)), default=0.0) for text in texts]

    # --- what LlamaIndex calls ---

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return self._best(nodes, self._rerank_sync(_question(query_bundle), _texts(nodes)))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return self._best(nodes, await self.rerank(_question(query_bundle), _texts(nodes)))

    def _best(self, nodes: Sequence[NodeWithScore], scores: Sequence[float]) -> list[NodeWithScore]:
        scored = [NodeWithScore(node=node.node, score=score) for node, score in zip(nodes, scores, strict=True)]
        return sorted(scored, key=lambda node: -(node.score or 0.0))[: self.top_n]


def _parts(query: str, texts: Sequence[str], size: int) -> list[str]:
    """The different parts of all texts that are not blank; none where the question is blank."""
    if not clean(query).strip():
        return []
    return list(dict.fromkeys(part for text in texts if clean(text).strip() for part in parts_of(text, size)))


def _texts(nodes: Sequence[NodeWithScore]) -> list[str]:
    return [node.node.get_content(metadata_mode=MetadataMode.EMBED) for node in nodes]


def _question(bundle: QueryBundle | None) -> str:
    if bundle is None:
        raise ValueError("Reranking needs the question: give query_str or query_bundle.")
    return bundle.query_str
