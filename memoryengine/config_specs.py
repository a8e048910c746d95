"""The parts of a config that name a model or a store: `{use: name, ...}` or `{class: "module:Class", ...}`.

Their keys come from the environment. One that is not set is no problem of the config: it is kept apart, so that
whatever needs no model works without it, and whoever opens one says in one sentence what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_type_hints

from .coerce import coerce, found, unknown_keys
from .errors import Problem
from .yaml_tree import Node, Place, suggestion, to_plain, typed, unset_variables

Spec = Mapping[str, object]

SECRETS = ("api_key", "password", "token", "secret")
LONGEST_PATIENCE = 3600
NO_KEY = ("", "none", "empty", "no", "-", "...")  # what people write where an endpoint asks for no key
TEXTS = (  # "0815" from a variable is no number
    *SECRETS,
    "api_base",
    "model",
    "use",
    "class",
    "path",
    "url",
    "user",
    "index_prefix",
    "ca_certs",
    "fingerprint",
)


NOT_FILLED = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(?=[/\\]|$)")


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """What a config may say of the embedded store; what it leaves out is as the store has it."""

    path: str | None = None
    cache_documents: int | None = None
    patience: float | None = None

    def __post_init__(self) -> None:
        wrong = []
        if self.path is not None and (not self.path.strip() or "\0" in self.path or self.path == ":memory:"):
            wrong.append(f"`path` must name a file on disk, not {self.path!r}")
        if self.cache_documents is not None and self.cache_documents < 0:
            wrong.append(f"`cache_documents` is {self.cache_documents}, and may not be below 0")
        if self.patience is not None and not 0 <= self.patience <= LONGEST_PATIENCE:
            wrong.append(f"`patience` must lie between 0 and {LONGEST_PATIENCE} seconds, not {self.patience:g}")
        if wrong:
            raise ValueError(*wrong)


@dataclass(frozen=True, slots=True)
class ElasticsearchSettings:
    """What a config may say of Elasticsearch; what it leaves out is as the store has it."""

    url: str | tuple[str, ...] | None = None
    user: str | None = None
    password: str | None = None
    api_key: str | None = None
    ca_certs: str | None = None
    fingerprint: str | None = None
    index_prefix: str | None = None
    shards: int | None = None
    replicas: int | None = None
    vector_index: Literal["hnsw", "int8_hnsw", "flat"] | None = None
    candidates: int | None = None
    create: bool | None = None
    timeout: float | None = None
    patience: float | None = None
    erase_seconds: float | None = None

    def __post_init__(self) -> None:
        wrong = ["`url` is empty: name an address, as in http://127.0.0.1:9200"] if self.url in ("", ()) else []
        if self.index_prefix is not None and not INDEX_PREFIX.fullmatch(self.index_prefix):
            wrong.append(f"`index_prefix` is {self.index_prefix!r}: small letters, digits, _ and -, at most 100")
        for name, least, most in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                wrong.append(f"`{name}` must lie between {least:g} and {most:g}, not {value:g}")
        if wrong:
            raise ValueError(*wrong)


INDEX_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_BOUNDS = (
    ("shards", 1, 1024),
    ("replicas", 0, 100),
    ("candidates", 1, 10_000),
    ("timeout", 0.1, LONGEST_PATIENCE),
    ("patience", 0, LONGEST_PATIENCE),
    ("erase_seconds", 0, LONGEST_PATIENCE),
)
STORES: Mapping[str, type] = {"sqlite": SqliteSettings, "elasticsearch": ElasticsearchSettings}


@dataclass(slots=True)
class Keys:
    """What was seen of keys: which unset variable is wanted where, and which keys stand in the file itself."""

    unset: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    literal: list[tuple[str, Place]] = field(default_factory=list)

    def missing(self) -> Iterator[Problem]:
        """One sentence a variable, however many models want it."""
        for name, wanted in self.unset.items():
            parts = ", ".join(dict.fromkeys(part for part, _ in wanted))
            message = f"The environment variable {name} is not set; it holds the key of {parts}."
            yield wanted[0][1].problem(message, f"Set it first, as in: export {name}=your-key")

    def warnings(self) -> Iterator[Problem]:
        """One sentence for each key in the file, without the key."""
        for part, place in self.literal:
            message = f"The key of {part} stands in the file itself, where anybody who reads the file can take it."
            yield place.problem(message, "Keep it in an environment variable, as in ${SILICONFLOW_API_KEY}.")


def read_spec(part: str, node: Node, folder: Path, keys: Keys) -> tuple[Spec | None, list[Problem]]:
    """One spec as plain values (None for null), and what is wrong with its shape; `part` names it in problems."""
    if node.value is None:
        return None, []
    if not isinstance(node.value, Mapping):
        hint = f"Write {{use: {node.text}}}." if node.text else ""
        return None, [node.place.problem(f"`{part}` must be a mapping with `use` or `class`, not {found(node)}.", hint)]
    for key in SECRETS:
        _see_key(part, node.get(key), keys)
    problems = [p for key, held in node.items() if key not in SECRETS for p in unset_variables(held)]
    if ("use" in node.value) == ("class" in node.value):
        hint = "`use` names one that is shipped, `class` one of your own. What stands here replaces what is extended."
        problems.append(node.place.problem(f"`{part}` must have either `use` or `class`.", hint))
    problems += [_not_filled(part, key, held) for key, held in node.items() if key in TEXTS and _names_variable(held)]
    spec = {key: _plain(key, held, quoted="class" in node.value) for key, held in node.items()}
    if isinstance(spec.get("class"), str):
        spec["class"] = _class_path(str(spec["class"]), folder)
    return spec, problems


def store_problems(spec: Spec, node: Node) -> list[Problem]:
    """What is wrong with the spec of a store of ours; a class of the user's own answers for itself."""
    use = spec.get("use")
    if "class" in spec:
        return []
    if not isinstance(use, str) or use not in STORES:
        there = suggestion(str(use), STORES, there="There is")
        return [node.key_place("use").problem(f"There is no store {use!r}.", f"{there} Or name one by `class`.")]
    problems = unknown_keys(node, ("use", *get_type_hints(STORES[use])), f"The store {use!r}")
    known = {key: held for key, held in node.items() if key in get_type_hints(STORES[use])}
    return problems + coerce(Node(known, node.place, node.keys), STORES[use], "store")[1]


def placed(part: str, node: Node, sentences: Iterable[str]) -> list[Problem]:
    """Sentences about a spec as problems, each at the key that it names."""
    return [_place_of(part, node, sentence).problem(sentence) for sentence in sentences]


def beside(problems: Iterable[Problem], known: Iterable[Problem], node: Node) -> list[Problem]:
    """The problems that stand at no entry of a spec that has a known one already."""
    told = {(problem.line, problem.column) for problem in known if problem.line}
    entries = [(node.key_place(key), held.place) for key, held in node.items()]
    wrong = {place for key, value in entries if (value.line, value.column) in told for place in (key, value)}
    return [p for p in problems if Place(p.file, p.line, p.column) not in wrong]


def _place_of(part: str, node: Node, sentence: str) -> Place:
    named = [key for key in node.keys if f"{part}.{key}" in sentence or f"{key!r}" in sentence.partition("?")[0]]
    return node.key_place(max(named, key=len)) if named else node.place


def _plain(key: str, node: Node, *, quoted: bool) -> object:
    """A value of a spec; what comes from a variable is a number where it looks like one, unless it must be `quoted`."""
    if not node.filled:
        return to_plain(node)
    return node.text if key in TEXTS else node.value if quoted else typed(node.text)


def _names_variable(node: Node) -> bool:
    return not node.filled and NOT_FILLED.match(node.text) is not None


def _not_filled(part: str, key: str, node: Node) -> Problem:
    found = NOT_FILLED.match(node.text)
    name = found[1] if found else ""
    message = f"`{part}.{key}` begins with ${name}, which is not filled in."
    return node.place.problem(message, f"Write ${{{name}}}.")


def _see_key(part: str, node: Node | None, keys: Keys) -> None:
    if node is None:
        return
    for name in node.unset:
        keys.unset.setdefault(name, []).append((part, node.place))
    from_elsewhere = node.unset or node.from_environment or node.broken or _names_variable(node)
    if not from_elsewhere and node.text.strip().lower() not in NO_KEY:
        keys.literal.append((part, node.place))


def _class_path(text: str, folder: Path) -> str:
    """`./file.py:Class` with its path made absolute, from the folder of the config."""
    file, colon, name = text.rpartition(":")
    return f"{(folder / Path(file).expanduser()).resolve()}:{name}" if colon and file.endswith(".py") else text
