"""Packages of workers and folders of workflows, found by the names that a config gives.

There is no registry: what a config does not name does not exist, and two configs in one process do not meet.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from types import ModuleType

from ..errors import ConfigError, Problem
from ..prompts import Prompt, load_prompt
from ..worker import WorkerSpec, is_path, port_of, spec_of
from ..yaml_tree import NOWHERE, Place, read_yaml
from .steps import Workflow
from .syntax import read_workflow

MARK = re.compile(r"""^@worker\(\s*(?:name\s*=\s*)?["']([\w-]+)["']""", re.MULTILINE)
STOCK = "stock"
NAME_FOLDER = "Name an existing folder."
STOCK_WORKFLOWS = Path(__file__).parent.parent / "workflows"
SHIPPED = {STOCK: STOCK_WORKFLOWS, "classic": STOCK_WORKFLOWS / "classic"}
"""The folders of workflows that a config names by a word."""


def load_workers(
    entries: Sequence[str], base: Path, places: Sequence[Place] = ()
) -> tuple[Mapping[str, WorkerSpec], list[Problem]]:
    """The workers of dotted packages and of paths (relative to `base`), by name, and every problem found.

    A package is imported with its direct modules and subpackages; an entry that holds a `/` or begins with a dot or
    `~` is a path to a package's folder or to one module. `places` says where each entry stands in the config.
    """
    specs: dict[str, WorkerSpec] = {}
    problems: list[Problem] = []
    for i, entry in enumerate(entries):
        place = places[i] if i < len(places) else NOWHERE
        with redirect_stdout(sys.stderr):  # what a module prints as it is imported is no answer of ours
            found, wrong = _entry_specs(entry, base, place)
        problems += wrong
        for spec in found:
            known = specs.setdefault(spec.name, spec)
            if (known.file, known.line) != (spec.file, spec.line):  # one file may be named twice
                hint = (
                    f"It is in {known.file}:{known.line} already; give one of them another name. The config says "
                    f"which is used, as in instances: {{{spec.name}: {{use: other_name}}}}."
                )
                problems.append(Problem(spec.file, spec.line, 1, f"The worker {spec.name!r} is there twice.", hint))
    return specs, problems


def lost_workers(entries: Sequence[str], base: Path, specs: Mapping[str, WorkerSpec]) -> frozenset[str]:
    """The names of workers that stand in the files of these packages and are not among those that were loaded."""
    files = [file for entry in entries for file in _source_files(entry, base)]
    named = {name for file in files for name in MARK.findall(file.read_text("utf-8", errors="replace"))}
    return frozenset(named - specs.keys())


def load_workflows(
    entries: Sequence[str], base: Path, places: Sequence[Place] = ()
) -> tuple[tuple[Workflow, ...], list[Problem]]:
    """The workflows of "stock" and of folders (relative to `base`); a later folder's operation replaces an earlier."""
    workflows: dict[str, Workflow] = {}
    problems: list[Problem] = []
    for i, entry in enumerate(entries):
        place = places[i] if i < len(places) else NOWHERE
        found, wrong = _folder_workflows(SHIPPED.get(entry) or _path(entry, base), place)
        problems += wrong
        workflows |= found
    return tuple(workflows.values()), problems


# --- workflows --------------------------------------------------------------------------------------------------


def _path(entry: str, base: Path) -> Path:
    return base / Path(entry).expanduser()


def _folder_workflows(folder: Path, place: Place) -> tuple[dict[str, Workflow], list[Problem]]:
    if not folder.is_dir():
        hint = f"It is a file: name its folder, {str(folder.parent)!r}." if folder.is_file() else NAME_FOLDER
        return {}, [place.problem(f"There is no folder {str(folder)!r} of workflows.", hint)]
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in (".yaml", ".yml") and not f.name.startswith("."))
    workflows: dict[str, Workflow] = {}
    problems: list[Problem] = []
    for file in files:
        root, wrong = read_yaml(file)
        problems += wrong
        workflow = None
        if root is not None:
            workflow, wrong = read_workflow(root)
            problems += wrong
        if workflow and workflow.operation in workflows:
            first = workflows[workflow.operation].place
            message = f"The operation {workflow.operation!r} is there twice in this folder."
            problems.append(workflow.place.problem(message, f"It is in {first.file}:{first.line} already."))
            workflows[str(file)] = replace(workflow, operation=str(file))  # so that it is checked all the same
        elif workflow:
            workflows[workflow.operation] = workflow
    if not files:
        problems.append(place.problem(f"The folder {str(folder)!r} holds no workflow.", "A workflow is a *.yaml file."))
    return workflows, problems


# --- workers ----------------------------------------------------------------------------------------------------


def _entry_specs(entry: str, base: Path, place: Place) -> tuple[list[WorkerSpec], list[Problem]]:
    modules: list[ModuleType] = []
    problems: list[Problem] = []
    for name in _module_names(entry, base, place, problems):
        module = _imported(name, entry, base, place, problems)
        modules += [module] if module else []
    classes = {cls: None for module in modules for cls in _marked(module)}
    specs: list[WorkerSpec] = []
    for cls in classes:
        specs += _spec(cls, problems)
    if not classes and not problems:
        hint = (
            "A worker is a class marked with @worker(...) in one of the package's modules, or in the __init__.py of a "
            "folder in it."
        )
        problems.append(place.problem(f"There is no worker in {entry!r}.", hint))
    return specs, problems


def _module_names(entry: str, base: Path, place: Place, problems: list[Problem]) -> Iterator[str]:
    """The package and its direct modules, each name given once the one before was imported."""
    name = _register(_path(entry, base), place, problems) if is_path(entry) else entry
    if name is None:
        return
    yield name
    package = sys.modules.get(name)
    for found in sorted(pkgutil.iter_modules(getattr(package, "__path__", ())), key=lambda found: found.name):
        yield f"{name}.{found.name}"


def _source_files(entry: str, base: Path) -> list[Path]:
    """The modules of a package, found without importing any of them."""
    path = _path(entry, base) if is_path(entry) else Path(_origin(entry) or "nowhere").parent
    return [path] if path.is_file() else [*path.glob("*.py"), *path.glob("*/__init__.py")]


def _register(path: Path, place: Place, problems: list[Problem]) -> str | None:
    """Make a folder or a file known to Python under a name of its own, which can hide no other module."""
    path = path.resolve()
    file = path / "__init__.py" if path.is_dir() else path
    if path.is_dir() and not file.exists():
        return _register_bare(path)
    if not file.is_file() or file.suffix != ".py":
        message = f"There is no package of workers at {str(path)!r}."
        near = f"Did you mean {path.name + '.py'!r}? " if path.with_name(path.name + ".py").is_file() else ""
        problems.append(place.problem(message, f"{near}Name a folder of Python modules or one .py file."))
        return None
    name = _own_name(path)
    if name not in sys.modules:
        folders = [str(path)] if path.is_dir() else None
        spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
        assert spec is not None  # the file ends in .py
        _run_module(spec, name, place, problems)
    return name if name in sys.modules else None


def _register_bare(path: Path) -> str:
    """A folder without `__init__.py` is a package too."""
    name = _own_name(path)
    module = sys.modules.setdefault(name, ModuleType(name, f"Workers in {path}."))
    module.__path__ = [str(path)]
    return name


def _own_name(path: Path) -> str:
    digest = blake2b(str(path).encode(), digest_size=4).hexdigest()
    return f"memoryengine_workers_{digest}_{''.join(c if c.isalnum() else '_' for c in path.stem)}"


def _run_module(spec: importlib.machinery.ModuleSpec, name: str, place: Place, problems: list[Problem]) -> None:
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        assert spec.loader is not None
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's module may raise anything
        del sys.modules[name]
        _note(_import_problem(str(spec.origin), error, place), problems)


def _imported(name: str, entry: str, base: Path, place: Place, problems: list[Problem]) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            problems.append(place.problem(f"There is no package {name!r} of workers.", _absent_hint(entry, base)))
            return None
        _note(_import_problem(_origin(name), error, place), problems)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's module may raise anything
        _note(_import_problem(_origin(name), error, place), problems)
    return None


def _note(problem: Problem, problems: list[Problem]) -> None:
    """Add a problem once, however many modules it keeps from being imported."""
    if problem not in problems:
        problems.append(problem)


def _absent_hint(entry: str, base: Path) -> str:
    if entry == STOCK:
        return "The shipped workers are memoryengine.workers."
    if (base / entry).exists():
        return f"The one beside the config is ./{entry}."
    return "Install it, or give its path as in ./my_workers."


def _origin(name: str) -> str:
    """The file of a module that could not be imported, "" where there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return ""
    return spec.origin or "" if spec else ""


def _import_problem(file: str, error: BaseException, place: Place) -> Problem:
    """The problem at the line of the module that raised, or at the config's where that cannot be told."""
    said = ": ".join(filter(None, (type(error).__name__, str(error).strip().rstrip("."))))
    message = f"This module of workers cannot be imported: {said}."
    if isinstance(error, SyntaxError):
        at = error.filename or file
        return Problem(at, error.lineno or 1, error.offset or 1, message) if at else place.problem(message)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_machinery(f.filename)]
    if not frames:
        return Problem(file, 1, 1, message) if file else place.problem(message)
    folder = Path(frames[0].filename).parent
    last = [f for f in frames if Path(f.filename).is_relative_to(folder)][-1]
    return Problem(last.filename, last.lineno or 1, 1, message, _import_hint(error, folder))


def _import_hint(error: BaseException, folder: Path) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    if (folder / f"{error.name}.py").is_file() or (folder / error.name).is_dir():
        return f"It lies beside this module: write `from . import {error.name}`."
    return "" if error.name.partition(".")[0] in sys.modules else "Install the package that holds it."


def _is_machinery(file: str) -> bool:
    return file == __file__ or file.startswith("<frozen") or Path(file).parent == Path(importlib.__file__).parent


def _marked(module: ModuleType) -> list[type]:
    """The workers that a module defines; what it has imported belongs to another."""
    held = [value for value in vars(module).values() if isinstance(value, type) and "__worker__" in vars(value)]
    return [cls for cls in held if cls.__module__ == module.__name__]


def _spec(cls: type, problems: list[Problem]) -> list[WorkerSpec]:
    try:
        spec = spec_of(cls)
    except ConfigError as error:
        problems += error.problems
        return []
    return [replace(spec, prompts=_prompts_of(spec, problems))]


def _prompts_of(spec: WorkerSpec, problems: list[Problem]) -> Mapping[str, Prompt]:
    """The prompts of a worker's fields of type Prompt, read from beside its module."""
    prompts: dict[str, Prompt] = {}
    for field in (field for field, slot in spec.ports.items() if port_of(slot.type) == "prompt"):
        try:
            prompts[field] = load_prompt(Path(spec.file).parent, field)
        except ConfigError as error:
            problems += error.problems
    return prompts
