"""A YAML value checked against a Python annotation, with every problem at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, replace
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from .annotations import ANYTHING, NONE, is_record, members, type_name
from .errors import Problem
from .yaml_tree import Node, Place, nearest, suggestion, to_plain, typed

MAPPINGS = (Mapping, dict)
LISTS = (tuple, list, Sequence)
SETS = (frozenset, set, AbstractSet)
WORDS: Mapping[Any, str] = {
    str: "a text", bool: "true or false", int: "a whole number", float: "a number", NONE: "null",
}  # fmt: skip


class _Broken:
    """Stands for a value that could not be had; its problem says why."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN: Final[Any] = _Broken()


def coerce(node: Node, annotation: Any, what: str) -> tuple[Any, list[Problem]]:
    """The value of `node` as `annotation` wants it, or `BROKEN`, and every problem.

    `what` names the value in problems, as in `limits` (parts of it are then `limits.run_seconds`).
    Known are int, float, bool, str, None, Any, Literal, unions, tuples and lists, mappings from str, and frozen
    dataclasses (unknown keys are refused, keys without a default must be there). A whole number may stand for a float,
    nothing else for anything else. A dataclass with a broken field that has a default is made with the default.
    What is broken already, or waits for a variable that is not set, is `BROKEN` without another word.
    """
    if node.broken or node.unset:
        return BROKEN, []
    if annotation in ANYTHING:
        return to_plain(node), []
    if len(members(annotation)) > 1:
        return _union(node, annotation, what)
    annotation = members(annotation)[0]
    origin = get_origin(annotation) or annotation
    if is_record(annotation):
        return _record(node, annotation, what)
    if origin in MAPPINGS:
        return _mapping(node, get_args(annotation), what)
    if origin in LISTS or origin in SETS:
        return _sequence(node, origin, get_args(annotation), what)
    return _scalar(node, annotation, what)


def readable(annotation: Any) -> bool:
    """Whether any value in a YAML file can be what an annotation asks for."""
    if annotation in ANYTHING:
        return True
    kinds = [get_origin(kind) or kind for kind in members(annotation)]
    return any(kind in (*WORDS, Literal, *MAPPINGS, *LISTS, *SETS) or is_record(kind) for kind in kinds)


def unknown_keys(node: Node, allowed: Sequence[str], what: str) -> list[Problem]:
    """One problem for each key of a mapping that is not among `allowed`."""
    return [
        node.key_place(key).problem(f"{what} has no {key!r}.", suggestion(key, allowed))
        for key, _ in node.items()
        if key not in allowed
    ]


def as_meant(node: Node, allowed: Sequence[str]) -> Node:
    """A mapping with its misspelt keys as they were probably meant, so that what stands under them is checked too."""
    if not isinstance(node.value, Mapping):
        return node
    meant = {key: nearest(key, allowed) for key in node.value if key not in allowed}
    names = {key: near if near and near not in node.value else key for key, near in meant.items()}
    values = {names.get(key, key): held for key, held in node.value.items()}
    return replace(node, value=values, keys={names.get(key, key): place for key, place in node.keys.items()})


def found(node: Node) -> str:
    """What stands at a node, in a few words."""
    if isinstance(node.value, Mapping):
        return "a mapping"
    if isinstance(node.value, tuple):
        return "a list"
    if node.value is None:
        return "nothing"
    shown = repr(node.value) if isinstance(node.value, str) else node.text or str(node.value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _refuse(node: Node, annotation: Any, what: str) -> tuple[Any, list[Problem]]:
    if not readable(annotation):
        message = f"`{what}` is of type {type_name(annotation)}, which no YAML file can give."
        return BROKEN, [node.place.problem(message, "Leave it out, or give the field a simpler type.")]
    message = f"`{what}` must be {_wanted(annotation)}, not {found(node)}."
    return BROKEN, [node.place.problem(message, _hint(node, annotation))]


def _hint(node: Node, annotation: Any) -> str:
    """What was probably meant where a scalar is of the wrong type."""
    kinds = members(annotation)
    literals = [held for kind in kinds if get_origin(kind) is Literal for held in get_args(kind)]
    if near := nearest(node.text.lower(), [held for held in literals if isinstance(held, str)]):
        return f"Did you mean {near!r}?"
    if node.quoted and type(typed(node.text)) in kinds:
        return "Take the quotes away."
    if str in kinds and node.text:
        return "Put it in quotes."
    return ""


def _wanted(annotation: Any) -> str:
    """An annotation in words."""
    if len(members(annotation)) > 1:
        return " or ".join(dict.fromkeys(_wanted(member) for member in members(annotation)))
    annotation = members(annotation)[0]
    if get_origin(annotation) is Literal:
        return " or ".join(repr(value) for value in get_args(annotation))
    origin = get_origin(annotation) or annotation
    if origin in LISTS or origin in SETS:
        return "a list"
    if origin in MAPPINGS or is_record(annotation):
        return "a mapping"
    return WORDS.get(annotation, type_name(annotation))


def _scalar(node: Node, annotation: Any, what: str) -> tuple[Any, list[Problem]]:
    value = typed(node.text) if node.filled and annotation is not str else node.value
    if get_origin(annotation) is Literal:
        for one in (value, node.text) if node.filled else (value,):
            if any(one == held and type(one) is type(held) for held in get_args(annotation)):
                return one, []
        return _refuse(node, annotation, what)
    if annotation is float and type(value) in (int, float):
        return float(value), []  # type: ignore[arg-type]  # a number, as the line above says
    if annotation is str and node.filled:
        return node.text, []
    if annotation in (int, bool, str, NONE) and type(value) is annotation:
        return value, []
    return _refuse(node, annotation, what)


def _union(node: Node, annotation: Any, what: str) -> tuple[Any, list[Problem]]:
    tries = [coerce(node, member, what) for member in members(annotation)]
    for value, problems in tries:
        if not problems:
            return value, []
    at = (node.place.line, node.place.column)
    inside = [wrong for _, wrong in tries if any((p.line, p.column) != at for p in wrong)]
    # a member of the same shape says best what is wrong inside
    return (BROKEN, inside[0]) if inside else _refuse(node, annotation, what)


def _mapping(node: Node, arguments: tuple[Any, ...], what: str) -> tuple[Any, list[Problem]]:
    if not isinstance(node.value, Mapping):
        return _refuse(node, Mapping, what)
    wanted = arguments[1] if len(arguments) > 1 else Any
    values, problems = {}, []
    for key, held in node.value.items():
        value, wrong = coerce(held, wanted, f"{what}.{key}")
        problems += wrong
        values[key] = value
    return _whole(values, list(values.values())), problems


def _sequence(node: Node, origin: Any, arguments: tuple[Any, ...], what: str) -> tuple[Any, list[Problem]]:
    if not isinstance(node.value, tuple):
        return _refuse(node, origin, what)
    count = len(node.value)
    fixed = origin is tuple and arguments and arguments[-1] is not Ellipsis
    if fixed and len(arguments) != count:
        return BROKEN, [node.place.problem(f"`{what}` must hold {len(arguments)} values, not {count}.")]
    wanted = arguments if fixed else (arguments[:1] or (Any,)) * count
    tries = [coerce(held, kind, f"{what}[{i}]") for i, (held, kind) in enumerate(zip(node.value, wanted, strict=True))]
    values = [value for value, _ in tries]
    made = frozenset if origin in SETS else list if origin is list else tuple
    return _whole(made(values), values), [problem for _, wrong in tries for problem in wrong]


def _whole(made: Any, parts: Sequence[Any]) -> Any:
    return BROKEN if any(part is BROKEN for part in parts) else made


def _record(node: Node, cls: Any, what: str) -> tuple[Any, list[Problem]]:
    if not isinstance(node.value, Mapping):
        return _refuse(node, cls, what)
    hints = get_type_hints(cls)
    known = [f for f in fields(cls) if f.init]
    problems = unknown_keys(node, [f.name for f in known], f"`{what}`")
    values: dict[str, Any] = {}
    whole = True
    for f in known:
        held, required = node.value.get(f.name), f.default is MISSING and f.default_factory is MISSING
        if held is None and required:
            problems.append(node.place.problem(f"`{what}` needs {f.name!r}: {_wanted(hints[f.name])}."))
            whole = False
        elif held is not None:
            value, wrong = coerce(held, hints[f.name], f"{what}.{f.name}")
            problems += wrong
            whole = whole and not (value is BROKEN and required)
            values |= {} if value is BROKEN else {f.name: value}
    return _made(node, cls, values, what, problems) if whole else (BROKEN, problems)


def _made(
    node: Node, cls: Any, values: Mapping[str, Any], what: str, problems: list[Problem]
) -> tuple[Any, list[Problem]]:
    try:
        return cls(**values), problems
    except (ValueError, TypeError) as error:  # checks of the class itself, in its __post_init__: one argument each
        said = map(str, error.args)
        return BROKEN, [*problems, *(_named(node, text).problem(f"`{what}` cannot be used: {text}.") for text in said)]


def _named(node: Node, sentence: str) -> Place:
    """Where the key stands that a sentence names in backticks, or the mapping itself."""
    return next((place for key, place in node.keys.items() if f"`{key}`" in sentence), node.place)
