"""What a worker is: a frozen dataclass with one `run`, and the contract that is read from it.

    @worker("fuse_hits")
    @dataclass(frozen=True)
    class FuseHits:
        \"\"\"Order hits by relevance, kind and time, best first.\"\"\"

        time_ratio: float = 2.0                                                     # a setting

        async def run(self, hits: Hits, period: Period | None = None) -> Fused: ...  # inputs; outputs

The parameters of `run` are the inputs (one with a default is optional), the fields of the dataclass it returns are
the outputs. The fields of the class are its settings, except those whose type is a port, which the engine fills in.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .annotations import is_record, type_name
from .coerce import readable
from .errors import ConfigError, Problem
from .ports import ChatModel, Clock, Embedder, Reader, Reranker
from .prompts import Prompt
from .values import Hit, Locale, Memory, Message, Patience
from .yaml_tree import NOWHERE, Node, Place

Hits = tuple[Hit, ...]
Memories = tuple[Memory, ...]
Messages = tuple[Message, ...]

PORTS: Mapping[type, str] = {
    ChatModel: "chat",
    Embedder: "embedder",
    Reranker: "reranker",
    Reader: "reader",
    Clock: "clock",
    Locale: "locale",
    Patience: "patience",
    Prompt: "prompt",
}

W = TypeVar("W", bound=type)


class _Required:
    """Stands where a default would."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()
WORKER_NAME = re.compile(r"[^\W\d][\w-]*")
RESERVED = ("use", "in", "out")  # keys of a step or an instance that are no settings
STEPS = ("parallel", "include")  # what stands where a worker's name would, and is none


@dataclass(frozen=True, slots=True)
class Stop:
    """Returned by a worker to end its run early and well; the reason stands in the run's result."""

    reason: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One input, setting or port of a worker: its type, and its default (`REQUIRED` where it has none).

    An input behind a `*` in `run` is `spare`: a workflow that does not give it says nothing of it.
    """

    type: Any
    default: Any = REQUIRED
    spare: bool = False

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """The contract of one worker class, read from its signature; types are resolved, never text.

    `result` is the dataclass that `run` returns, None where it returns nothing; `prompts` are the texts that lie beside
    the class for its fields of type Prompt.
    """

    name: str
    cls: type
    inputs: Mapping[str, Slot]
    outputs: Mapping[str, Any]
    settings: Mapping[str, Slot]
    ports: Mapping[str, Slot]
    summary: str
    file: str
    line: int
    result: type | None = None
    prompts: Mapping[str, Prompt] = field(default_factory=dict)

    @property
    def spare_outputs(self) -> frozenset[str]:
        """The outputs that a workflow need not read: fields of the result that have a default."""
        held = fields(self.result) if self.result is not None else ()
        return frozenset(f.name for f in held if _default(f) is not REQUIRED)

    @property
    def may_stop(self) -> bool:
        """Whether the worker can end a run early."""
        return Stop in _members(get_type_hints(_run(self.cls)).get("return"))


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """A worker with settings under a name of its own, as a config names it.

    `use` is the worker's name, "" where the config gives none that can be read.
    """

    name: str
    use: str
    settings: Mapping[str, Node] = field(default_factory=dict)
    place: Place = NOWHERE
    keys: Mapping[str, Place] = field(default_factory=dict)


def worker(name: str) -> Callable[[W], W]:
    """Mark a class as the worker `name`; its contract is read when a config loads it (`spec_of`).

    Raises TypeError where it stands above something else, or without a name.
    """
    given: object = name  # @worker without brackets gives the class itself
    if not isinstance(given, str):
        above = getattr(given, "__name__", given)
        raise TypeError(f'@worker needs a name, as in @worker("some_name") above the class {above}')
    frame = inspect.currentframe()
    caller = frame.f_back if frame else None
    at = (caller.f_code.co_filename, caller.f_lineno) if caller else ("", 0)

    def mark(cls: W) -> W:
        if not isinstance(cls, type):
            raise TypeError(f"@worker({name!r}) must stand above a class, not above {type(cls).__name__}")
        cls.__worker__ = name  # type: ignore[attr-defined]  # the mark that loading looks for
        cls.__worker_at__ = at  # type: ignore[attr-defined]  # reading it from the source would take milliseconds
        return cls

    return mark


def spec_of(cls: type) -> WorkerSpec:
    """Read a worker's contract; raises `ConfigError` with every way in which the class is no worker."""
    problems = _shape_problems(cls)
    if problems:
        raise ConfigError(problems)
    hints, run = get_type_hints(cls), _run(cls)
    file, line = _place(cls)
    run_hints = get_type_hints(run)
    held = {f.name: Slot(hints[f.name], _default(f)) for f in fields(cls) if f.init}
    return WorkerSpec(
        name=str(vars(cls)["__worker__"]),
        cls=cls,
        inputs={p.name: _input(p, run_hints) for p in list(inspect.signature(run).parameters.values())[1:]},
        outputs=_outputs(_result(run_hints["return"])),
        settings={n: slot for n, slot in held.items() if port_of(slot.type) is None},
        ports={n: slot for n, slot in held.items() if port_of(slot.type) is not None},
        summary=(inspect.getdoc(cls) or "").partition("\n")[0],
        file=file,
        line=line,
        result=_result(run_hints["return"]),
    )


def is_path(entry: str) -> bool:
    """Whether an entry of a config's `workers` names a path, and not a dotted package."""
    return "/" in entry or "\\" in entry or entry.startswith((".", "~"))


def port_of(annotation: Any) -> str | None:
    """The name of the port that an annotation asks for (`ChatModel` and `ChatModel | None`: "chat"), or None."""
    for member in _members(annotation):
        if isinstance(member, type) and member in PORTS:
            return PORTS[member]
    return None


def _run(cls: type) -> Callable[..., Any]:
    return vars(cls)["run"]  # type: ignore[no-any-return]


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _default(f: Any) -> Any:
    if f.default_factory is not MISSING:
        return f.default_factory()
    return REQUIRED if f.default is MISSING else f.default


def _input(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Slot:
    default = REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default
    return Slot(hints[parameter.name], default, parameter.kind is inspect.Parameter.KEYWORD_ONLY)


def _result(annotation: Any) -> type | None:
    return next((m for m in _members(annotation) if m not in (Stop, NoneType)), None)


def _outputs(result: type | None) -> dict[str, Any]:
    hints = get_type_hints(result) if result else {}
    return {f.name: hints[f.name] for f in fields(result)} if result else {}


def _place(cls: type) -> tuple[str, int]:
    """The file and line of the mark, or of the class where it has none."""
    if "__worker_at__" in vars(cls):
        return cls.__worker_at__  # type: ignore[attr-defined,no-any-return]  # as `worker` has set it
    try:
        return inspect.getsourcefile(cls) or "", inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):  # made at run time: there is no source
        return "", 0


def _shape_problems(cls: type) -> list[Problem]:
    """Every way in which a marked class is no worker, each with the class's place."""
    name = vars(cls).get("__worker__", cls.__name__)
    found = [*_class_problems(cls), *(_run_problems(cls) if "run" in vars(cls) else ["it has no method `run`."])]
    file, line = _place(cls)
    return [Problem(file, line, 1, f"The class {cls.__name__} cannot be the worker {name!r}: {f}") for f in found]


def _class_problems(cls: type) -> list[str]:
    found = []
    if "__worker__" not in vars(cls):
        found.append('it is not marked; write @worker("some_name") above it.')
    elif not isinstance(cls.__worker__, str) or not WORKER_NAME.fullmatch(cls.__worker__):  # type: ignore[attr-defined]
        found.append("a worker's name is a word like `fuse_hits`.")
    elif cls.__worker__ in (*STEPS, *RESERVED):  # type: ignore[attr-defined]  # marked, as the lines above say
        found.append("that word has a meaning of its own in a workflow; give it another name.")
    if not is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        found.append("it is not a frozen dataclass; write @dataclass(frozen=True) below @worker.")
    elif reserved := [f.name for f in fields(cls) if f.name in RESERVED]:
        found.append(f"its field {reserved[0]!r} has the name of a key of a step; give it another.")
    if not cls.__doc__ or cls.__doc__.startswith(f"{cls.__name__}("):
        found.append("it has no docstring; its first sentence is what `memoryengine workers` shows.")
    return found


def _run_problems(cls: type) -> list[str]:
    run = _run(cls)
    if inspect.isasyncgenfunction(run):
        return ["`run` yields; it must return its outputs once."]
    if not inspect.iscoroutinefunction(run):
        return ["`run` is not an async method."]
    parameters = list(inspect.signature(run).parameters.values())
    if not parameters or parameters[0].name != "self":
        return [f"the first parameter of `run` must be self, not {parameters[0].name if parameters else 'nothing'}."]
    found = []
    for p in parameters[1:]:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            found.append(f"`run` takes {str(p).partition(':')[0]}; each input must have a name and a type.")
        elif p.annotation is p.empty:
            found.append(f"the input {p.name!r} of `run` has no type.")
    try:
        hints = get_type_hints(run)
        held = get_type_hints(cls)
        _outputs(next((m for m in _members(hints.get("return")) if is_record(m)), None))
    except Exception as error:  # noqa: BLE001  # an annotation is evaluated, so anything may come of it
        return [*found, f"an annotation cannot be resolved ({error}); import the type where the class is defined."]
    return found + _port_problems(cls, hints, held) + _result_problems(hints)


def _port_problems(cls: type, hints: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """What asks for a port as an input, and the fields that neither a port nor a file can fill."""
    found = [
        f"the input {name!r} of `run` is a port ({port_of(kind)}); make it a field of the class."
        for name, kind in hints.items()
        if name != "return" and port_of(kind) is not None
    ]
    for f in fields(cls) if is_dataclass(cls) else ():
        kind = held[f.name]
        if f.init and _default(f) is REQUIRED and port_of(kind) is None and not readable(kind):
            ports = ", ".join(port.__name__ for port in PORTS)
            found.append(f"nothing can fill its field {f.name!r} of type {type_name(kind)}; ports are {ports}.")
    return found


def _result_problems(hints: Mapping[str, Any]) -> list[str]:
    if "return" not in hints:
        return ["`run` does not say what it returns: a dataclass, Stop or None."]
    held = _members(hints["return"])
    results = [m for m in held if m not in (Stop, NoneType)]
    if len(results) > 1 or any(not (isinstance(m, type) and is_dataclass(m)) for m in results):
        return ["`run` must return one dataclass whose fields are the outputs (or Stop, or None)."]
    if results and NoneType in held:
        return ["`run` returns its outputs or None; return Stop to end a run, or outputs that are empty."]
    return []
