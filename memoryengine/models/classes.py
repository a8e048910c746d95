"""Models named by class: `package.module.Class`, `package.module:Class` or `./file.py:Class`."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ConfigError
from .reading import nearest


@dataclass(frozen=True, slots=True)
class ClassName:
    """Where a class is: in a file or in a module."""

    name: str
    module: str = ""
    file: Path | None = None


def parse_class(text: str, folder: Path) -> ClassName | None:
    """The class that `text` names, or None where it names none; files are looked for from `folder` on."""
    place, colon, name = text.strip().rpartition(":")
    if not colon:
        place, _, name = text.strip().rpartition(".")
    if not place or not name.isidentifier():
        return None
    if place.endswith(".py"):
        return ClassName(name, file=(folder / Path(place).expanduser()).resolve())
    return ClassName(name, module=place) if all(part.isidentifier() for part in place.split(".")) else None


def class_problems(text: object, folder: Path, place: str) -> list[str]:
    """What is wrong with the name of a class, as far as it can be told without importing its module."""
    named = parse_class(text, folder) if isinstance(text, str) else None
    if named is None:
        return [f"{place}.class must be like package.module:Class or ./file.py:Class, not {text!r}."]
    if named.file is not None:
        return _file_problems(named, named.file, place)
    if not _is_module(named.module):
        package = named.module.replace("_", "-").replace(".", "-")
        hint = f" Install its package ({package})." if package.startswith("llama-index-") else ""
        return [f"{place}.class: there is no module {named.module!r} in this environment.{hint}"]
    return []


def load_class(text: str, folder: Path, place: str) -> type:
    """Import the class; raises `ConfigError` where that does not work."""
    problems = class_problems(text, folder, place)
    named = parse_class(text, folder)
    if problems or named is None:
        raise ConfigError("\n".join(problems))
    try:
        module = _load_file(named.file) if named.file is not None else importlib.import_module(named.module)
    except Exception as error:
        raise ConfigError(f"{place}.class: importing {text!r} failed with {type(error).__name__}: {error}") from error
    found = getattr(module, named.name, None)
    if not isinstance(found, type):
        hint = nearest(named.name, _classes(module))
        raise ConfigError(f"{place}.class: there is no class {named.name!r} in {module.__name__}. {hint}")
    return found


def make_instance(kind: type, options: Mapping[str, object], place: str) -> Any:
    """Call the class with `options`; an option it does not take is refused with the nearest name."""
    known = accepted(kind)
    unknown = [name for name in options if known is not None and name not in known]
    if unknown and known is not None:
        raise ConfigError(
            "\n".join(f"{place}: {kind.__name__} takes no setting {name!r}. {nearest(name, known)}" for name in unknown)
        )
    try:
        return kind(**options)
    except Exception as error:  # noqa: BLE001  the edge to a class of anybody's
        # a validation error of pydantic shows its input, which may be a key: only its places and kinds are shown
        said = _validation(error) or str(error)
        secrets = [value for name, value in options.items() if "key" in name and isinstance(value, str) and value]
        for secret in secrets:
            said = said.replace(secret, "***")
        raise ConfigError(f"{place}: {kind.__name__} could not be made ({type(error).__name__}): {said}") from None


def accepted(kind: type) -> frozenset[str] | None:
    """The names of the options a class takes, or None where it takes any."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (ValueError, TypeError):
        return None
    named = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    model_fields: Mapping[str, Any] = getattr(kind, "model_fields", {})
    if model_fields and "__init__" not in vars(kind):
        aliases = {each.alias for each in model_fields.values() if each.alias}
        return frozenset(named | model_fields.keys() | aliases)
    return None if any(each.kind is each.VAR_KEYWORD for each in parameters) else frozenset(named)


def _validation(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return ""
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in errors())


def _file_problems(named: ClassName, file: Path, place: str) -> list[str]:
    if not file.is_file():
        return [f"{place}.class: there is no file {str(file)!r}."]
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        return [f"{place}.class: {str(file)!r} is no Python file: {error}."]
    names = set(_top_names(tree))
    if named.name in names or "*" in names:
        return []
    return [f"{place}.class: there is no class {named.name!r} in {str(file)!r}. {nearest(named.name, names)}"]


def _top_names(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_module(name: str) -> bool:
    """Whether the module is there; its parents are looked up as files and not imported, as that may take seconds."""
    if name in sys.modules:
        return True
    first, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    for i, part in enumerate(rest):
        files = (folder / f"{part}{suffix}" for folder in folders for suffix in all_suffixes())
        if i == len(rest) - 1 and any(file.is_file() for file in files):
            return True
        folders = [folder / part for folder in folders if (folder / part).is_dir()]
    return bool(folders) or not rest


def _load_file(file: Path) -> ModuleType:
    """The file as a module of its own; the same file is loaded once."""
    name = f"memoryengine_user_{file.stem}_{hashlib.blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _classes(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, type)]
