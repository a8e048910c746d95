"""One YAML file -> frozen `Settings`: models, store, workers, workflows, instances, language, limits."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from os.path import normpath
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from . import values
from .coerce import BROKEN, as_meant, coerce, found, unknown_keys
from .config_files import ADDED, MERGED, Config, read_config, stock_configs
from .config_specs import SECRETS, Keys, Spec, beside, placed, read_spec, store_problems
from .errors import ConfigError, Problem
from .memoryscope import is_memoryscope
from .triggers import JobSettings
from .worker import InstanceSettings, is_path
from .yaml_tree import Node, Place, nearest, unset_variables

ModelKind = Literal["chat", "embedder", "reranker"]

MODELS: tuple[ModelKind, ...] = get_args(ModelKind)
LOCAL = "local"
LONGEST_SPREAD = 86_400
OFFSET = re.compile(r"\s*(UTC|GMT)?\s*[-+][\d:]+\s*", re.IGNORECASE)
ZONE_HINT = "Write one as in Asia/Shanghai, or local for the machine's own."
KEYS = (
    "extends", "language", "time_zone", "human_name", "assistant_name", "namespace", "store", "models", "workers",
    "workflows", "instances", "chat", "limits", "schedule",
)  # fmt: skip
MEMORYSCOPE = "This is a config of MemoryScope; make one of ours of it: memoryengine convert-config FILE -o OUT.yaml"


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

    def __post_init__(self) -> None:
        counts = {"history": self.history, "memories": self.memories}
        below = [name for name, count in counts.items() if isinstance(count, int) and count < 0]
        if below:
            raise ValueError(*(f"`{name}` is {counts[name]}, and may not be below 0" for name in below))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the work.

    `run_seconds` is how long a run may take, `embed_batch` how many texts are embedded at once. A run that asks a chat
    model holds a lease of `lease_seconds`, which is renewed while it works (0: no leases). A batch of messages that
    failed `attempts` times is halved, again and again, until the one that fails alone as often is set aside; scheduled
    runs wait `retry_seconds` after a failure, doubling up to `retry_longest`.
    """

    run_seconds: float = 300.0
    embed_batch: int = 64
    jobs_at_once: int = 4  # that a schedule runs in one process
    spread_seconds: float = 60.0  # over which the users of a cron job are spread
    lease_seconds: float = 60.0
    attempts: int = 3
    retry_seconds: float = 30.0
    retry_longest: float = 3600.0

    def __post_init__(self) -> None:
        above = {"run_seconds": self.run_seconds}
        at_least = {"lease_seconds": self.lease_seconds, "retry_seconds": self.retry_seconds}
        at_least["retry_longest"] = self.retry_longest
        whole = {"embed_batch": self.embed_batch, "attempts": self.attempts}
        wrong = [f"`{k}` must be a number above 0, not {v:g}" for k, v in above.items() if not 0 < v < inf]
        wrong += [f"`{k}` must be a number of at least 0, not {v:g}" for k, v in at_least.items() if not 0 <= v < inf]
        wrong += [f"`{k}` must be at least 1, not {v}" for k, v in whole.items() if v < 1]
        if self.jobs_at_once < 1:
            wrong.append(f"`jobs_at_once` must be at least 1, not {self.jobs_at_once}")
        if not 0 <= self.spread_seconds <= LONGEST_SPREAD:
            wrong.append(f"`spread_seconds` must lie between 0 and {LONGEST_SPREAD}, not {self.spread_seconds:g}")
        if wrong:
            raise ValueError(*wrong)


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
    schedule: Mapping[str, JobSettings | None] = field(default_factory=dict)
    missing: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)


def load_settings(config: Config = None, *, environ: Mapping[str, str]) -> Settings:
    """Read a config: a path, the name of a stock config, a mapping, or None for the stock `embedded`.

    Raises `ConfigError` with all problems. A variable that is not set in a key is no problem here: see
    `Settings.missing`.
    """
    settings, problems = read_settings(config, environ=environ)
    if problems:
        raise ConfigError(problems)
    return settings


def read_settings(config: Config = None, *, environ: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """As `load_settings`, but with the problems beside the settings, which have defaults where a part is broken."""
    root, file, problems = read_config(config, environ)
    if root is None:
        return Settings(file, store=_default_store(environ)), problems
    if is_memoryscope(root):
        return Settings(file, store=_default_store(environ)), [*problems, root.place.problem(MEMORYSCOPE)]
    reader = _Reader(root, environ, problems)
    return reader.settings(file), reader.problems


def locale(settings: Settings) -> values.Locale:
    """How memory is worded and shown under these settings; the zone "local" is the machine's."""
    language = None if settings.language == "auto" else settings.language
    return values.Locale(language, _zone(settings.time_zone), settings.human_name, settings.assistant_name)


def _zone(name: str) -> ZoneInfo:
    """Raises ValueError, OSError or ZoneInfoNotFoundError where there is no such zone."""
    if name != LOCAL:
        return ZoneInfo(name)
    from tzlocal import get_localzone  # not needed, and not loaded, where the config names a zone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a machine without a zone is in UTC, and need not be told so
        return get_localzone()


def _default_store(environ: Mapping[str, str]) -> Spec:
    home = environ.get("MEMORYENGINE_HOME") or "~/.memoryengine"
    return {"use": "sqlite", "path": str(_absolute(home, Path(), environ) / "embedded.db")}


def _absolute(text: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """A path as a config writes it: `~` is the home, and others lie from the config's folder on."""
    if text == "~" or text.startswith(("~/", "~\\")):
        home = environ.get("HOME")
        return (Path(home) / text[2:] if home else Path(text).expanduser()).absolute()
    return Path(normpath((folder / text).absolute()))


class _Reader:
    """Reads the parts of a config, each with its default where it is broken, and gathers the problems."""

    def __init__(self, root: Node, environ: Mapping[str, str], problems: list[Problem]) -> None:
        self.environ = environ
        said = {key: node for key, node in as_meant(root, KEYS).items() if not node.broken}
        # a key whose entries are all commented out says nothing
        said = {key: node for key, node in said.items() if key not in (*MERGED, *ADDED) or node.value is not None}
        self.root = Node(said, root.place, root.keys)
        self.problems = [*problems, *unknown_keys(root, KEYS, "The config")]
        self.places: dict[str, Place] = {}
        self.keys = Keys()

    def settings(self, file: str) -> Settings:
        plain = [node for key, node in self.root.items() if key not in ("models", "store")]
        self.problems += [problem for node in plain for problem in unset_variables(node)]
        models, store = self.models(), self.store()
        return Settings(
            file=file,
            language=self.part("language", Literal["auto", "zh", "en"], "auto"),
            time_zone=self.time_zone(),
            human_name=self.name("human_name", ""),
            assistant_name=self.name("assistant_name", ""),
            namespace=self.name("namespace", "") or "default",
            store=store,
            models=models,
            workers=self.entries("workers"),
            workflows=self.entries("workflows"),
            instances=self.instances(),
            chat=self.part("chat", ChatSettings, ChatSettings()),
            limits=self.part("limits", Limits, Limits()),
            schedule=self.schedule(),
            missing=tuple(self.keys.missing()),
            warnings=tuple(self.keys.warnings()),
            places=self.places,
        )

    def schedule(self) -> Mapping[str, JobSettings | None]:
        node = self.root.get("schedule")
        if node is None:
            return {}
        if not isinstance(node.value, Mapping):
            self.problems.append(node.place.problem(f"`schedule` must be a mapping of jobs, not {found(node)}."))
            return {}
        jobs: dict[str, JobSettings | None] = {}
        for name, held in node.value.items():
            self.places[f"schedule.{name}"] = node.key_place(name)
            job, problems = (None, []) if held.value is None else coerce(held, JobSettings, f"schedule.{name}")
            self.problems += problems
            jobs |= {} if job is BROKEN else {name: job}
        return jobs

    def folder(self, node: Node) -> Path:
        """Where the paths of a node begin: in the folder of its file, for a stock config where the program runs."""
        file = node.place.file
        stock = {config.resolve() for config in stock_configs().values()}
        return Path(file).parent if file and Path(file).resolve() not in stock else Path()

    def part(self, key: str, annotation: Any, default: Any) -> Any:
        node = self.root.get(key)
        if node is None:
            return default
        self.places[key] = node.place
        value, problems = coerce(node, annotation, key)
        self.problems += problems
        return default if value is BROKEN else value

    def name(self, key: str, default: str) -> str:
        name = str(self.part(key, str, default))
        odd = next((char for char in name if not char.isprintable()), "")
        if odd:
            message = f"`{key}` holds the character U+{ord(odd):04X}, which no name has."
            self.problems.append(self.places[key].problem(message, "Take it out."))
        return default if odd else name.strip()

    def time_zone(self) -> str:
        name = str(self.part("time_zone", str, LOCAL)) or LOCAL
        try:
            _zone(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            place = self.places.get("time_zone", self.root.place)
            if name == LOCAL:
                message = "The machine's time zone cannot be told."
                self.problems.append(place.problem(message, "Name one, as in time_zone: Asia/Shanghai."))
                return "UTC"
            near = "" if OFFSET.fullmatch(name) else nearest(name, available_timezones())
            hint = f"Did you mean {near!r}? {ZONE_HINT}" if near else ZONE_HINT
            self.problems.append(place.problem(f"There is no time zone {name!r}.", hint))
            return "UTC"
        return name

    def models(self) -> ModelSettings:
        node = self.root.get("models")
        if node is None:
            return ModelSettings()
        if not isinstance(node.value, Mapping):
            self.problems.append(node.place.problem(f"`models` must be a mapping, not {found(node)}."))
            return ModelSettings()
        self.problems += unknown_keys(node, MODELS, "`models`")
        node = as_meant(node, MODELS)
        assert isinstance(node.value, Mapping)  # as before
        return ModelSettings(**{kind: self.model(kind, node.value[kind]) for kind in MODELS if kind in node.value})

    def model(self, kind: ModelKind, node: Node) -> Spec | None:
        from .models.build import check_spec

        part = f"models.{kind}"
        self.places[part] = node.place
        folder = self.folder(node)
        spec, problems = read_spec(part, node, folder, self.keys)
        self.problems += problems
        if spec is not None and ("use" in spec) != ("class" in spec):
            # a key that is only missing is told of when a model is opened
            tried = {**spec, **{key: "unset" for key, held in node.items() if key in SECRETS and held.unset}}
            more = placed(part, node, check_spec(kind, tried, folder=folder, place=part))
            self.problems += beside(more, problems, node)
        return spec

    def store(self) -> Spec:
        node = self.root.get("store")
        if node is None:
            return _default_store(self.environ)
        self.places["store"] = node.place
        spec, problems = read_spec("store", node, self.folder(node), self.keys)
        if spec is None and not problems:
            problems = [node.place.problem("`store` must say where memory lives, as in {use: sqlite, path: ...}.")]
        if spec is not None and ("use" in spec) != ("class" in spec):
            problems += beside(self.store_problems(spec, node), problems, node)
        self.problems += problems
        if spec is None or problems:
            return _default_store(self.environ)
        return {**spec, **self.store_path(spec, node)}

    def store_problems(self, spec: Spec, node: Node) -> list[Problem]:
        from .models.classes import class_problems

        if "class" not in spec:
            return store_problems(spec, node)
        return placed("store", node, class_problems(spec["class"], self.folder(node), "store"))

    def store_path(self, spec: Spec, node: Node) -> Spec:
        path = spec.get("path")
        if path is None and spec.get("use") == "sqlite":
            return _default_store(self.environ)
        if not isinstance(path, str):
            return {}
        return {"path": str(_absolute(path, self.folder(node), self.environ))}

    # --- workers, workflows, instances ---

    def entries(self, key: str) -> tuple[str, ...]:
        node = self.root.get(key)
        if node is None:
            return ADDED[key]
        if not isinstance(node.value, tuple):
            hint = f"Write {key}: [{node.text}]." if node.text else ""
            self.problems.append(node.place.problem(f"`{key}` must be a list, not {found(node)}.", hint))
            return ADDED[key]
        entries: dict[str, Place] = {}
        for held in node.value:
            if isinstance(held.value, str) and held.value:
                entries.setdefault(self.entry(key, held), held.place)
            elif not held.broken:
                self.problems.append(held.place.problem(f"Each of `{key}` must be a text, not {found(held)}."))
        self.places |= {f"{key}[{i}]": place for i, place in enumerate(entries.values())}
        return tuple(entries)

    def entry(self, key: str, node: Node) -> str:
        text = str(node.value)
        is_name = text in ("stock", "classic") if key == "workflows" else not is_path(text)
        return text if is_name else str(_absolute(text, self.folder(node), self.environ))

    def instances(self) -> Mapping[str, InstanceSettings]:
        node = self.root.get("instances")
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, Mapping):
            self.problems.append(node.place.problem(f"`instances` must be a mapping, not {found(node)}."))
            return {}
        return {name: self.instance(name, held, node.key_place(name)) for name, held in node.value.items()}

    def instance(self, name: str, node: Node, place: Place) -> InstanceSettings:
        self.places[f"instances.{name}"] = place
        use = node.get("use")
        if not isinstance(node.value, Mapping) or (use is not None and not isinstance(use.value, str)):
            message = f"The instance {name!r} must be a mapping that names its worker, as in {{use: some_worker}}."
            self.problems += [] if node.broken else [place.problem(message)]
            return InstanceSettings(name, "", {}, place)
        settings = {key: held for key, held in node.value.items() if key != "use"}
        return InstanceSettings(name, str(use.value) if use else name, settings, place, node.keys)
