"""The parts of a config that name a model or a store: `{use: name, ...}` or `{class: "module:Class", ...}`.

Their keys come from the environment. One that is not set is no problem of the config: it is kept apart, so that
whatever needs no model works without it, and whoever opens one says in one sentence what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .coerce import found, unknown_keys
from .errors import Problem
from .yaml_tree import Node, Place, suggestion, to_plain, unset_variables

Spec = Mapping[str, object]

SECRETS = ("api_key", "password", "token", "secret")
STORES: Mapping[str, tuple[str, ...]] = {"sqlite": ("path", "cache_documents", "patience")}
NO_KEY = ("", "none", "empty", "no", "-", "...")  # what people write where an endpoint asks for no key
TEXTS = (*SECRETS, "api_base", "model", "use", "class", "path", "url", "user")  # "0815" from a variable is no number


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
        return None, [node.place.problem(f"`{part}` must be a mapping with `use` or `class`, not {found(node)}.")]
    for key in SECRETS:
        _see_key(part, node.get(key), keys)
    problems = [p for key, held in node.items() if key not in SECRETS for p in unset_variables(held)]
    if ("use" in node.value) == ("class" in node.value):
        problems.append(node.place.problem(f"`{part}` must have either `use` or `class`."))
    spec = {key: held.text if key in TEXTS and held.filled else to_plain(held) for key, held in node.items()}
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
    return unknown_keys(node, ("use", *STORES[use]), f"The store {use!r}")


def placed(part: str, node: Node, sentences: Iterable[str]) -> list[Problem]:
    """Sentences about a spec as problems, each at the key that it names."""
    return [_place_of(part, node, sentence).problem(sentence) for sentence in sentences]


def _place_of(part: str, node: Node, sentence: str) -> Place:
    named = [key for key in node.keys if f"{part}.{key}" in sentence or f"{key!r}" in sentence.partition("?")[0]]
    return node.key_place(max(named, key=len)) if named else node.place


def _see_key(part: str, node: Node | None, keys: Keys) -> None:
    if node is None:
        return
    for name in node.unset:
        keys.unset.setdefault(name, []).append((part, node.place))
    if not node.unset and not node.from_environment and node.text.strip().lower() not in NO_KEY:
        keys.literal.append((part, node.place))


def _class_path(text: str, folder: Path) -> str:
    """`./file.py:Class` with its path made absolute, from the folder of the config."""
    file, colon, name = text.rpartition(":")
    return f"{(folder / Path(file).expanduser()).resolve()}:{name}" if colon and file.endswith(".py") else text
