"""The three models of a MemoryScope config as ours: which endpoint, which key, how many dimensions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .source import Source

Spec = dict[str, object]

ENDPOINTS = {
    "SILICONFLOW": "https://api.siliconflow.cn/v1",
    "OPENAI": "https://api.openai.com/v1",
    "DASHSCOPE": "https://dashscope.aliyuncs.com/compatible-mode/v1",
}
# What the makers say of their embedding models; others are asked for.
DIMENSIONS = {
    "text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536,
    "text-embedding-v1": 1536, "text-embedding-v2": 1536, "text-embedding-v3": 1024, "text-embedding-v4": 1024,
    "BAAI/bge-m3": 1024, "Pro/BAAI/bge-m3": 1024, "BAAI/bge-large-zh-v1.5": 1024, "BAAI/bge-large-en-v1.5": 1024,
    "netease-youdao/bce-embedding-base_v1": 768, "Qwen/Qwen3-Embedding-8B": 4096, "Qwen/Qwen3-Embedding-4B": 2560,
    "Qwen/Qwen3-Embedding-0.6B": 1024,
}  # fmt: skip
BATCHES = {"text-embedding-v1": 25, "text-embedding-v2": 25, "text-embedding-v3": 10, "text-embedding-v4": 10}
PASSED_ON = ("top_p", "seed", "frequency_penalty", "presence_penalty", "stop", "enable_thinking", "top_k")
KEYS = ("api_key", "dashscope_api_key", "openai_api_key")
BASES = ("api_base", "base_url", "openai_api_base", "api_url", "url")
OURS = ("class", "module_name", "is_chat_model", "is_function_calling_model", "context_window")


@dataclass(frozen=True)
class Endpoint:
    """Where a model is, and the names of the variables that may say so instead."""

    name: str
    base: str

    @property
    def entries(self) -> Spec:
        """Base and key as a config writes them."""
        key = f"${{{self.name}_API_KEY}}"
        return {"api_base": f"${{{self.name}_API_BASE:-{self.base}}}", "api_key": key}


def chat(source: Source, name: str, at_once: int | None) -> Spec | None:
    """The chat model; None where the file names none that can be carried over."""
    path = ("model", name)
    if not source.has(*path):
        return None
    where = _endpoint(source, path, "CHAT")
    if where is None:
        return None
    spec: Spec = {"use": "openai_like", "model": _model(source, path) or "gpt-4o-mini", **where.entries}
    for key, ours in (("max_tokens", "max_tokens"), ("temperature", "temperature"), ("timeout", "timeout")):
        if (value := source.take(*path, key)) is not None:
            spec[ours] = value
    if (retries := source.take(*path, "max_retries")) is not None:
        spec["retries"] = retries
    extra = {key: value for key in PASSED_ON if (value := source.take(*path, key)) is not None}
    return {**spec, **({"extra": extra} if extra else {}), **_concurrency(at_once)}


def embedder(source: Source, name: str, at_once: int | None) -> Spec | None:
    """The embedding model; None where the file names none that can be carried over."""
    path = ("model", name)
    if not source.has(*path):
        return None
    where = _endpoint(source, path, "EMBEDDING")
    if where is None:
        return None
    model = _model(source, path) or "text-embedding-3-small"
    wanted = source.take(*path, "dimensions")
    dimensions = wanted or DIMENSIONS.get(model)
    if dimensions is None:
        source.note((*path, "model_name"), f"is {model!r}, whose dimensions are not known here: 1024 is a guess.")
    use = "siliconflow" if where.name == "SILICONFLOW" else "openai_like"
    batch = source.number(*path, "embed_batch_size") or BATCHES.get(model)
    return {
        "use": use,
        "model": model,
        "dimensions": dimensions or 1024,
        **({"send_dimensions": True} if wanted else {}),
        **where.entries,
        **({"batch_size": min(int(batch), 64)} if batch else {}),
        **_concurrency(at_once),
    }


def reranker(source: Source, name: str, at_once: int | None) -> Spec | None:
    """The rerank model; None where it is one that speaks another protocol than SiliconFlow's."""
    path = ("model", name)
    if not source.has(*path):
        return None
    module = str(source.take(*path, "module_name") or "")
    if module.startswith("dashscope") and not _base(source, path):
        source.note(
            path,
            "is DashScope's rerank model, whose protocol is its own: no reranker is configured. Any endpoint that "
            "speaks like SiliconFlow's /rerank will do.",
        )
        return None
    where = _endpoint(source, path, "RERANK")
    if where is None:
        return None
    model = _model(source, path) or "BAAI/bge-reranker-v2-m3"
    return {"use": "siliconflow", "model": model, **where.entries, **_concurrency(at_once)}


def _concurrency(at_once: int | None) -> Spec:
    return {} if at_once is None else {"concurrency": at_once}


def _model(source: Source, path: tuple[str, ...]) -> str:
    """The model's name: `model` is what was sent where it stands, `model_name` what was meant."""
    named, sent = source.take(*path, "model_name"), source.take(*path, "model")
    return str(sent or named or "")


def _base(source: Source, path: tuple[str, ...]) -> str:
    """The endpoint's base, without the last part that names what is asked of it."""
    given = next((str(value) for key in BASES if (value := source.take(*path, key))), "")
    return re.sub(r"/(?:chat/completions|embeddings|rerank)/?\Z", "", given.strip()).rstrip("/")


def _endpoint(source: Source, path: tuple[str, ...], part: str) -> Endpoint | None:
    """Where a model is; a key that stands in the file is named and not copied."""
    for key in OURS:
        source.take(*path, key)
    module, base = str(source.take(*path, "module_name") or ""), _base(source, path)
    maker = module.partition("_")[0].upper()
    known = next((name for name, url in ENDPOINTS.items() if base and _host(url) == _host(base)), "")
    if not known and not base and maker in ENDPOINTS:
        known, base = maker, ENDPOINTS[maker]
    if not base:
        source.note((*path, "module_name"), f"is {module!r}, and no `api_base` says where that is: it is left out.")
        return None
    where = Endpoint(known or part, base)
    for key in KEYS:
        if source.has(*path, key):
            source.note((*path, key), f"is a key, and no key is copied: export {where.name}_API_KEY=your-key")
    return where


def _host(url: str) -> str:
    return re.sub(r"\A\w+://([^/]*).*", r"\1", url).casefold()


def names_of(source: Source, workers: Mapping[str, Any]) -> dict[str, str]:
    """Which entry of `model` is the chat model, the embedder and the reranker, as chat, store and workers say."""
    chats = [source.take("memory_chat", name, "generation_model") for name in source.names("memory_chat")]
    used = {
        "chat": [*chats, *(w.get("generation_model") for w in workers.values())],
        "embedder": [
            source.take("memory_store", "embedding_model"),
            *(held.get("embedding_model") for held in workers.values()),
        ],
        "reranker": [w.get("rank_model") for w in workers.values()],
    }
    classes = {"chat": "generation", "embedder": "embedding", "reranker": "rank"}
    by_class = {
        part: [n for n in source.names("model") if word in str(source.take("model", n, "class"))]
        for part, word in classes.items()
    }
    known = set(source.names("model"))
    return {
        part: next((str(name) for name in (*held, *by_class[part]) if name in known), "") for part, held in used.items()
    }
