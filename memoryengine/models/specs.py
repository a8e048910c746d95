"""The settings of each known model.

Nothing here imports an adapter, so a config can be checked without the libraries its models need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Literal

from .retry import Limits

ModelKind = Literal["chat", "embedder", "reranker"]

SILICONFLOW = "https://api.siliconflow.cn/v1"
CHAT_MODEL = "Qwen/Qwen2.5-7B-Instruct"
EMBEDDING_MODEL = "BAAI/bge-m3"
EMBEDDING_DIMENSIONS = 1024
RERANK_MODEL = "BAAI/bge-reranker-v2-m3"
MOST_INPUTS = 64
MAX_CHARS = 6_000
LEAST = "least"
MOST = "most"


def _bounded(default: Any, least: float, most: float) -> Any:
    return field(default=default, metadata={LEAST: least, MOST: most})


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How long, how often and how much a model is asked for, as in `memoryengine.models.retry.Limits`."""

    timeout: float = _bounded(60.0, 0.01, 3600)
    total_timeout: float = _bounded(180.0, 0.01, 7200)
    retries: int = _bounded(4, 0, 20)
    concurrency: int = _bounded(8, 1, 256)
    max_bytes: int = _bounded(8_000_000, 1_000, 100_000_000)

    @property
    def limits(self) -> Limits:
        """The limits of a call."""
        return Limits(self.timeout, self.total_timeout, self.retries, self.concurrency, self.max_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings(LimitSettings):
    """What every model at an address needs."""

    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings(RemoteSettings):
    """An OpenAI-like chat model; `extra` goes into the request body as it is (`{enable_thinking: false}`)."""

    model: str
    api_base: str
    max_tokens: int = _bounded(2000, 1, 1_000_000)
    temperature: float = _bounded(0.01, 0, 2)
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiliconFlowChatSettings(ChatSettings):
    """A chat model of SiliconFlow."""

    model: str = CHAT_MODEL
    api_base: str = SILICONFLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSettings(RemoteSettings):
    """An OpenAI-like embedding endpoint.

    `dimensions` is the length of its vectors, sent along only with `send_dimensions`; `max_chars` is how many
    characters of a text are embedded at once (a longer text is the mean of its parts).
    """

    model: str
    api_base: str
    dimensions: int = _bounded(MISSING, 1, 65_536)
    send_dimensions: bool = False
    batch_size: int = _bounded(MOST_INPUTS, 1, MOST_INPUTS)
    max_chars: int = _bounded(MAX_CHARS, 1, 1_000_000)
    query_prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiliconFlowEmbeddingSettings(EmbeddingSettings):
    """An embedding model of SiliconFlow."""

    model: str = EMBEDDING_MODEL
    api_base: str = SILICONFLOW
    dimensions: int = _bounded(EMBEDDING_DIMENSIONS, 1, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankSettings(RemoteSettings):
    """A SiliconFlow-like rerank endpoint.

    `scores` says what it gives: `probability` in [0, 1], or `logit`, any number. `max_chars` is the length of the
    parts a longer text is scored by; the best part counts.
    """

    model: str = RERANK_MODEL
    api_base: str = SILICONFLOW
    batch_size: int = _bounded(MOST_INPUTS, 1, 1_000)
    max_chars: int = _bounded(MAX_CHARS, 1, 1_000_000)
    scores: Literal["probability", "logit"] = "probability"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSettings:
    """The rule-based offline chat model; it has nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalSettings:
    """The offline embedder, which hashes words into `dimensions` numbers."""

    dimensions: int = _bounded(512, 16, 4096)


KNOWN: Mapping[ModelKind, Mapping[str, type]] = {
    "chat": {"openai_like": ChatSettings, "siliconflow": SiliconFlowChatSettings, "offline": OfflineSettings},
    "embedder": {
        "siliconflow": SiliconFlowEmbeddingSettings,
        "openai_like": EmbeddingSettings,
        "lexical": LexicalSettings,
    },
    "reranker": {"siliconflow": RerankSettings},
}
