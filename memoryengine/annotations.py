"""Python annotations at run time: how they read, whether one type may stand for another, whether a value fits."""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

NONE = type(None)
ANYTHING = (Any, object)


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone; None stands as its type."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (NONE if annotation is None else annotation,)


def type_name(annotation: Any) -> str:
    """An annotation as a person writes it, without modules: `tuple[Hit, ...]`, `Period | None`."""
    if annotation is Ellipsis:
        return "..."
    if annotation in (None, NONE):
        return "None"
    if len(members(annotation)) > 1:
        return " | ".join(type_name(member) for member in members(annotation))
    if get_origin(annotation) is Literal:
        return " | ".join(repr(value) for value in get_args(annotation))
    origin = get_origin(annotation)
    if origin is not None:
        return f"{type_name(origin)}[{', '.join(type_name(argument) for argument in get_args(annotation))}]"
    return str(getattr(annotation, "__name__", annotation))


def assignable(given: Any, wanted: Any) -> bool:
    """Whether every value of type `given` may stand where `wanted` is asked for.

    Equal, a subclass, or each member of the given union one of the wanted ones; the arguments of generics are compared
    in turn, and an int may stand for a float.
    """
    if given in ANYTHING or wanted in ANYTHING or isinstance(wanted, TypeVar):
        return True
    if len(members(given)) > 1:
        return all(assignable(member, wanted) for member in members(given))
    if len(members(wanted)) > 1:
        return any(assignable(given, member) for member in members(wanted))
    given, wanted = members(given)[0], members(wanted)[0]
    if Literal in (get_origin(given), get_origin(wanted)):
        return _literal_assignable(given, wanted)
    return given == wanted or _class_assignable(given, wanted)


def fits(value: object, annotation: Any, *, inside: bool = True) -> bool:
    """Whether a value is of the type that an annotation names; looks into tuples, lists and mappings if `inside`."""
    if annotation in ANYTHING or isinstance(annotation, TypeVar):
        return True
    if len(members(annotation)) > 1:
        return any(fits(value, member, inside=inside) for member in members(annotation))
    annotation = members(annotation)[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return any(value == held and type(value) is type(held) for held in arguments)
    if isinstance(value, bool):
        return annotation is bool
    if annotation is float:
        return isinstance(value, int | float)
    if not _is_instance(value, origin or annotation):
        return False
    return not arguments or not inside or _content_fits(value, arguments)


def _literal_assignable(given: Any, wanted: Any) -> bool:
    if get_origin(given) is not Literal:
        return False
    if get_origin(wanted) is not Literal:
        return all(assignable(type(value), wanted) for value in get_args(given))
    return set(get_args(given)) <= set(get_args(wanted))


def _class_assignable(given: Any, wanted: Any) -> bool:
    one, other = get_origin(given) or given, get_origin(wanted) or wanted
    if (one, other) == (int, float):
        return True
    if not _is_subclass(one, other):
        return False
    mine, theirs = get_args(given), get_args(wanted)
    if not mine or not theirs:
        return True
    if theirs[-1] is Ellipsis:
        return all(assignable(argument, theirs[0]) for argument in mine if argument is not Ellipsis)
    if mine[-1] is Ellipsis:
        return len(theirs) == 1 and assignable(mine[0], theirs[0])
    return len(mine) == len(theirs) and all(map(assignable, mine, theirs))


def _is_subclass(one: Any, other: Any) -> bool:
    try:
        return issubclass(one, other)
    except TypeError:  # a protocol with properties, or no class at all
        return False


def _is_instance(value: object, kind: Any) -> bool:
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol that cannot be asked at run time: only running it will tell
        return True


def _content_fits(value: object, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, Mapping):
        return all(fits(key, arguments[0]) and fits(held, arguments[-1]) for key, held in value.items())
    if isinstance(value, tuple) and arguments[-1] is not Ellipsis:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    if isinstance(value, Sequence | collections.abc.Set) and not isinstance(value, str | bytes):
        return all(fits(held, arguments[0]) for held in value)
    return True


def is_record(annotation: Any) -> bool:
    """Whether an annotation is a dataclass."""
    return isinstance(annotation, type) and is_dataclass(annotation)
