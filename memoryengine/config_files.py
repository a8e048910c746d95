"""Finding config files, reading them, and laying one over another (`extends`)."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path, PurePosixPath

from .coerce import found
from .errors import Problem
from .yaml_tree import NOWHERE, Node, Place, from_plain, read_yaml, suggestion

DEFAULT = "embedded"
LONGEST_SHOWN = 200
MERGED = ("models", "instances", "limits", "chat", "schedule")
ADDED: Mapping[str, tuple[str, ...]] = {"workers": ("memoryengine.workers",), "workflows": ("stock",)}

PATH_HINT = "Give the path of a file, the name of a stock config, or a mapping."

Config = str | Path | Mapping[str, object] | None


def stock_configs() -> Mapping[str, Path]:
    """The configs that are shipped, by name."""
    return {file.stem: file for file in sorted((Path(__file__).parent / "configs").glob("*.yaml"))}


def find_config(name: str | Path, folder: Path, place: Place = NOWHERE) -> tuple[Path | None, list[Problem]]:
    """The file that `name` means: one in `folder` before a stock config of that name.

    `embedded`, `embedded.yaml` and `configs/embedded.yaml` all name the stock config `embedded`.
    """
    try:
        file = folder / Path(name).expanduser()
        if file.is_file() and str(file.resolve()) != place.file:
            return file.resolve(), []
    except (OSError, RuntimeError):  # too long for a path, or the `~` of nobody
        return None, [place.problem(f"There is no config {_shown(name)}.", PATH_HINT)]
    written, stock = PurePosixPath(str(name).replace("\\", "/")), stock_configs()
    if str(written.parent) in (".", "configs") and written.suffix in ("", ".yaml") and written.stem in stock:
        return stock[written.stem], []
    if file.is_file():
        return None, [place.problem("The config extends itself.", "Name another one.")]
    if file.is_dir():
        return None, [place.problem(f"The config {_shown(name)} is a folder.", "Name a YAML file.")]
    hint = PATH_HINT if "\n" in str(name) else suggestion(written.stem, stock, there="Stock configs are")
    return None, [place.problem(f"There is no config {_shown(name)}.", hint)]


def read_config(config: Config, environ: Mapping[str, str]) -> tuple[Node | None, str, list[Problem]]:
    """The tree of a config laid over those that it extends, the path of its file, and every problem."""
    if isinstance(config, Mapping):
        given, problems = from_plain(config, environ)
        whole, more = _extended(given, Path(), environ, ())
        return whole, "", problems + more
    named: object = config  # a program may hand over anything
    if named is not None and not isinstance(named, str | PathLike):
        return None, "", [NOWHERE.problem(f"A config cannot be of type {type(named).__name__}.", PATH_HINT)]
    file, problems = (stock_configs()[DEFAULT], []) if config is None else find_config(config, Path())
    if file is None:
        return None, "", problems
    root, problems = _read(file, environ, ())
    return root, str(file), problems


def _read(file: Path, environ: Mapping[str, str], above: tuple[Path, ...]) -> tuple[Node | None, list[Problem]]:
    root, problems = read_yaml(file, environ)
    if root is None:
        return None, problems
    if not isinstance(root.value, Mapping):
        return None, [*problems, root.place.problem("A config holds a mapping, as in `language: en`.")]
    root, more = _extended(root, file.parent, environ, (*above, file))
    return root, problems + more


def _extended(
    root: Node, folder: Path, environ: Mapping[str, str], above: tuple[Path, ...]
) -> tuple[Node, list[Problem]]:
    """`root` laid over the config that it names with `extends`."""
    name = root.get("extends")
    if name is None or name.broken:
        return root, []
    if not isinstance(name.value, str):
        return root, [name.place.problem(f"`extends` must be the name of one config, not {found(name)}.")]
    file, problems = find_config(name.value, folder, name.place)
    if file is None:
        return root, problems
    if file in above:
        shown = " -> ".join(one.name for one in (*above[above.index(file) :], file))
        return root, [name.place.problem(f"The configs extend each other in a circle: {shown}.")]
    base, problems = _read(file, environ, above)
    return (root if base is None else _merged(base, root)), problems


def _merged(base: Node, over: Node) -> Node:
    """One config over another: some mappings are merged by key, workers and workflows are added."""
    assert isinstance(base.value, Mapping)  # _read refuses anything else
    assert isinstance(over.value, Mapping)
    values = dict(base.value)
    for key, node in over.items():
        below = base.get(key)
        if key in MERGED and below is not None and isinstance(below.value, Mapping):
            values[key] = _over(below, node)
        elif key in ADDED:
            values[key] = _added(below or _listed(ADDED[key]), node)
        else:
            values[key] = node
    return Node(values, over.place, {**base.keys, **over.keys})


def _over(below: Node, node: Node) -> Node:
    if node.value is None:
        return below  # a key whose entries are all commented out says nothing
    if not isinstance(node.value, Mapping) or not isinstance(below.value, Mapping):
        return node
    return Node({**below.value, **node.value}, node.place, {**below.keys, **node.keys})


def _added(below: Node, node: Node) -> Node:
    if node.value is None:
        return below
    if not isinstance(node.value, tuple) or not isinstance(below.value, tuple):
        return node
    return Node((*below.value, *node.value), node.place)


def _shown(name: str | Path) -> str:
    text = str(name)
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


def _listed(names: tuple[str, ...]) -> Node:
    return Node(tuple(Node(name, text=name) for name in names))
