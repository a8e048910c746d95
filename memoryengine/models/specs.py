"""The settings of each known model, and reading them out of a config mapping with every problem found at once.

Nothing here imports an adapter, so a config can be checked without the libraries its models need.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from ..yaml_tree import suggestion
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

S = TypeVar("S")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that lists what is known and, where one is close, what was probably meant."""
    return suggestion(name, known, there="Known are")


def read_settings(kind: type[S], given: Mapping[str, object], place: str) -> tuple[S | None, list[str]]:
    """The settings in `given`, or None and every problem as a sentence; `place` is where they stand in the config."""
    problems = list(_problems(kind, given, place))
    return (None, problems) if problems else (kind(**given), [])


def _problems(kind: type, given: Mapping[str, object], place: str) -> Iterator[str]:
    known = _fields(kind)
    for name in given.keys() - known.keys():
        yield f"{place}: there is no setting {name!r}. {nearest(str(name), known)}"
    for name, (spec, wanted) in known.items():
        if name in given:
            yield from _value_problems(f"{place}.{name}", spec, wanted, given[name])
        elif spec.default is MISSING and spec.default_factory is MISSING:
            yield missing(place, name)


def missing(place: str, name: str) -> str:
    """The sentence for a setting that must be there and is not."""
    if name == "api_key":
        return (
            f"{place}.api_key is missing or empty. Set the environment variable that holds your key and write it as "
            "api_key: ${SILICONFLOW_API_KEY} (any variable name will do); for an endpoint that checks no key write "
            "any word, such as none."
        )
    return f"{place}.{name} is missing: this model needs it."


def _value_problems(place: str, spec: Field[Any], wanted: Any, value: object) -> Iterator[str]:
    if spec.name == "api_key" and (value is None or value == ""):
        yield missing(place.removesuffix(".api_key"), "api_key")
    elif not _fits(value, wanted):
        shown = "" if spec.name == "api_key" else f", not {value!r}"
        yield f"{place} must be {_words(wanted)}{shown}."
    elif isinstance(value, int | float) and LEAST in spec.metadata:
        least, most = spec.metadata[LEAST], spec.metadata[MOST]
        if not least <= value <= most:
            yield f"{place} must lie between {least:g} and {most:g}; it is {value!r}."
    elif isinstance(value, str):
        yield from _text_problems(place, spec.name, value)


def _text_problems(place: str, name: str, value: str) -> Iterator[str]:
    if name in ("model", "api_key") and not value.strip():
        yield f"{place} is blank."
    if name == "api_key" and (not value.isascii() or not value.isprintable() or value != value.strip()):
        yield f"{place} holds a character that no key has (a space at an end, a line break, a non-ASCII letter)."
    if name == "api_base":
        yield from _address_problems(place, value)


def _address_problems(place: str, value: str) -> Iterator[str]:
    try:
        parts = urlsplit(value.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    host = value.replace("://", "", 1).partition("/")[0]
    if "@" in host or "?" in value:  # it is not shown: a password or a key may stand there
        yield f"{place} must be an address without a name, a password or a query; a key belongs into api_key."
    elif not good:
        yield f"{place} must be an address that begins with http:// or https://, not {value!r}."


def _fits(value: object, wanted: Any) -> bool:
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(wanted))
    if origin is not None:
        return isinstance(value, origin)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _words(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(map(repr, get_args(wanted)))
    if get_origin(wanted) is not None:
        return "a mapping"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}.get(wanted, str(wanted))


@cache
def _fields(kind: type) -> dict[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    return {each.name: (each, hints[each.name]) for each in fields(kind)}
