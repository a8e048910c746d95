"""One YAML file -> frozen `Settings`: models, store, workers, workflows, instances, language, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from . import values
from .errors import Problem
from .worker import InstanceSettings
from .yaml_tree import Place

Spec = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How each model is built (`memoryengine.models`); None for a model that is switched off."""

    chat: Spec | None = field(default_factory=lambda: {"use": "offline"})
    embedder: Spec | None = field(default_factory=lambda: {"use": "lexical", "dimensions": 512})
    reranker: Spec | None = None


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How `chat_with_memory` behaves unless a call says otherwise.

    `history` is how many earlier messages a chat sees: a number, "auto" (those of the session that memory does not
    hold yet), or None for none.
    """

    history: int | Literal["auto"] | None = "auto"
    memories: int = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds: seconds a run may take, texts embedded in one batch."""

    run_seconds: float = 300.0
    embed_batch: int = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a config says, checked.

    `file` is the config's path, "" where it came as a mapping. Paths inside are absolute. `missing` are environment
    variables that a key needs and that are not set: whoever opens a model or a store raises them first. `warnings`
    never hold a key. `places` says where an entry stands, by names such as `workers[0]`, `models.chat`, `store`.
    """

    file: str = ""
    language: Literal["auto", "zh", "en"] = "auto"
    time_zone: str = "local"
    human_name: str = ""
    assistant_name: str = ""
    namespace: str = "default"
    store: Spec = field(default_factory=dict)
    models: ModelSettings = field(default_factory=ModelSettings)
    workers: tuple[str, ...] = ("memoryengine.workers",)
    workflows: tuple[str, ...] = ("stock",)
    instances: Mapping[str, InstanceSettings] = field(default_factory=dict)
    chat: ChatSettings = field(default_factory=ChatSettings)
    limits: Limits = field(default_factory=Limits)
    missing: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)


def load_settings(config: str | Path | Mapping[str, object] | None = None, *, environ: Mapping[str, str]) -> Settings:
    """Read a config: a path, the name of a stock config, a mapping, or None for the stock `embedded`.

    Raises `ConfigError` with all problems. A variable that is not set in a key is no problem here: see
    `Settings.missing`.
    """
    raise NotImplementedError


def read_settings(
    config: str | Path | Mapping[str, object] | None = None, *, environ: Mapping[str, str]
) -> tuple[Settings, list[Problem]]:
    """As `load_settings`, but with the problems beside the settings, which have defaults where a part is broken."""
    raise NotImplementedError


def locale(settings: Settings) -> values.Locale:
    """How memory is worded and shown under these settings; the zone "local" is the machine's."""
    raise NotImplementedError
