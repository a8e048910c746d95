"""From a mapping in the config to a model behind its port; an adapter is imported when it is asked for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..errors import ConfigError, Problem
from ..ports import ChatModel, Embedder, Reranker
from .classes import accepted, class_problems, load_class, make_instance
from .reading import nearest, read_settings
from .retry import REAL, Effects, Limits
from .specs import (
    KNOWN,
    ChatSettings,
    EmbeddingSettings,
    LexicalSettings,
    LimitSettings,
    ModelKind,
    RerankSettings,
)

Spec = Mapping[str, object]

HERE = Path()
OURS = ("class", "limits")
"""The keys of a `class:` spec that are not passed to the class."""

_PORTS: Mapping[ModelKind, tuple[type, str]] = {
    "chat": (ChatModel, "a LlamaIndex LLM"),
    "embedder": (Embedder, "a LlamaIndex embedding model"),
    "reranker": (Reranker, "a LlamaIndex node postprocessor"),
}


def check_spec(kind: ModelKind, spec: object, *, folder: Path = HERE, place: str = "") -> list[str]:
    """Every problem of a spec as a sentence; imports no adapter and no class.

    `folder` is where files named in `class:` are looked for, `place` the spec's name in the config for the sentences.
    """
    place = place or f"models.{kind}"
    if not isinstance(spec, Mapping):
        return [f"{place} must be a mapping with use: or class:, not {spec!r}."]
    if "class" in spec and "use" in spec:
        return [f"{place} has both use: and class:. Keep the one that is meant."]
    if "class" in spec:
        return _class_problems(kind, spec, folder, place)
    return _read(kind, spec, place)[1]


def build_chat(spec: Spec, *, folder: Path = HERE, place: str = "models.chat", effects: Effects = REAL) -> ChatModel:
    """The chat model that `spec` describes; raises `ConfigError` with every problem of the spec."""
    _refuse(check_spec("chat", spec, folder=folder, place=place))
    if "class" in spec:
        return cast(ChatModel, _from_class("chat", spec, folder, place, effects))
    settings = _read("chat", spec, place)[0]
    if isinstance(settings, ChatSettings):
        from .openai_like import OpenAILikeChat

        return OpenAILikeChat(settings, key_setting=f"{place}.api_key", effects=effects)
    from .offline_chat import OfflineChat

    return OfflineChat()


def build_embedder(
    spec: Spec, *, folder: Path = HERE, place: str = "models.embedder", effects: Effects = REAL
) -> Embedder:
    """The embedder that `spec` describes; raises `ConfigError` with every problem of the spec."""
    _refuse(check_spec("embedder", spec, folder=folder, place=place))
    if "class" in spec:
        return cast(Embedder, _from_class("embedder", spec, folder, place, effects))
    settings = _read("embedder", spec, place)[0]
    if isinstance(settings, EmbeddingSettings):
        from .siliconflow_embedding import SiliconFlowEmbedding

        return SiliconFlowEmbedding.from_settings(settings, key_setting=f"{place}.api_key", effects=effects)
    from .lexical import LexicalEmbedder

    return LexicalEmbedder(cast(LexicalSettings, settings).dimensions)


def build_reranker(
    spec: Spec, *, folder: Path = HERE, place: str = "models.reranker", effects: Effects = REAL
) -> Reranker:
    """The reranker that `spec` describes; raises `ConfigError` with every problem of the spec."""
    _refuse(check_spec("reranker", spec, folder=folder, place=place))
    if "class" in spec:
        return cast(Reranker, _from_class("reranker", spec, folder, place, effects))
    from .siliconflow_rerank import SiliconFlowRerank

    settings = cast(RerankSettings, _read("reranker", spec, place)[0])
    return SiliconFlowRerank.from_settings(settings, key_setting=f"{place}.api_key", effects=effects)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ConfigError([Problem("", 0, 0, problem) for problem in problems])


def _read(kind: ModelKind, spec: Spec, place: str) -> tuple[object | None, list[str]]:
    use = spec.get("use")
    if use is None:
        return None, [f"{place} names no model: give use: (one of {', '.join(sorted(KNOWN[kind]))}) or class:."]
    settings = KNOWN[kind].get(use) if isinstance(use, str) else None
    if settings is None:
        return None, [f"{place}.use: there is no {kind} model {use!r}. {nearest(str(use), KNOWN[kind])}"]
    return read_settings(settings, {name: value for name, value in spec.items() if name != "use"}, place)


def _class_problems(kind: ModelKind, spec: Spec, folder: Path, place: str) -> list[str]:
    problems = class_problems(spec["class"], folder, place)
    problems += _limits(spec, place)[1]
    for name in spec:
        if "api_key" in str(name) and spec[name] in (None, ""):
            problems.append(f"{place}.{name} is empty. Set the environment variable of your key: {name}: ${{NAME}}.")
    dimensions = spec.get("dimensions")
    if kind == "embedder" and dimensions is not None and (type(dimensions) is not int or dimensions < 1):
        problems.append(f"{place}.dimensions must be a whole number from 1, not {dimensions!r}.")
    return problems


def _limits(spec: Spec, place: str) -> tuple[Limits, list[str]]:
    given = spec.get("limits", {})
    if not isinstance(given, Mapping):
        return Limits(), [f"{place}.limits must be a mapping, not {given!r}."]
    settings, problems = read_settings(LimitSettings, given, f"{place}.limits")
    return (settings.limits if settings else Limits()), problems


def _from_class(kind: ModelKind, spec: Spec, folder: Path, place: str, effects: Effects) -> Any:
    found = load_class(str(spec["class"]), folder, place)
    options = {str(name): value for name, value in spec.items() if name not in OURS}
    dimensions = options.get("dimensions")
    known = accepted(found)
    if kind == "embedder" and known is not None and "dimensions" not in known:
        options.pop("dimensions", None)
    made = make_instance(found, options, place)
    port, other = _PORTS[kind]
    if isinstance(made, port):
        _refuse(_unfit(made, port, place))
        return _checked(made, dimensions, place)
    # nothing but a class of LlamaIndex can have loaded it, so this import costs nothing by now
    if "llama_index.core" in sys.modules:
        wrapped = _wrapped(kind, made, dimensions, _limits(spec, place)[0], f"{place}.api_key", effects)
        if wrapped is not None:
            return wrapped
    lacking = [name for name in _members(port) if not hasattr(made, name)]
    raise ConfigError(
        f"{place}.class: {found.__name__} is neither {other} nor a {port.__name__} of memoryengine.ports, which also "
        f"needs: {', '.join(lacking)}."
    )


def _unfit(made: Any, port: type, place: str) -> list[str]:
    """How an object that has the names of a port is none all the same."""
    name, held = type(made).__name__, set(_members(port))
    found = [
        f"{place}.class: {name}.{method} must be an `async def`."
        for method in ("chat", "embed", "rerank", "close")
        if method in held and not inspect.iscoroutinefunction(getattr(made, method))
    ]
    if not isinstance(made.name, str) or not made.name.strip():
        found.append(f"{place}.class: {name}.name must be a text, not {made.name!r}.")
    if "dimensions" in held and (type(made.dimensions) is not int or made.dimensions < 1):
        found.append(f"{place}.class: {name}.dimensions must be a whole number from 1, not {made.dimensions!r}.")
    return found


def _checked(made: Any, dimensions: object, place: str) -> Any:
    if dimensions is not None and made.dimensions != dimensions:
        raise ConfigError(
            f"{place}.dimensions is {dimensions}, and {type(made).__name__} gives {made.dimensions}. Make them equal."
        )
    return made


def _wrapped(
    kind: ModelKind, made: Any, dimensions: object, limits: Limits, key_setting: str, effects: Effects
) -> ChatModel | Embedder | Reranker | None:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.base.llms.base import BaseLLM
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    from . import llama_index as adapters

    if kind == "chat" and isinstance(made, BaseLLM):
        return adapters.LlamaIndexChat(made, limits=limits, key_setting=key_setting, effects=effects)
    if kind == "reranker" and isinstance(made, BaseNodePostprocessor):
        return adapters.LlamaIndexReranker(made, limits=limits, key_setting=key_setting, effects=effects)
    if kind == "embedder" and isinstance(made, BaseEmbedding):
        if not isinstance(dimensions, int):
            place = key_setting.removesuffix(".api_key")
            raise ConfigError(f"{place}.dimensions is missing: give the length of the vectors of {made.model_name!r}.")
        return adapters.LlamaIndexEmbedder(made, dimensions, limits=limits, key_setting=key_setting, effects=effects)
    return None


def _members(port: type) -> list[str]:
    return sorted(name for name in vars(port) if not name.startswith("_"))
