"""Reading a model's settings out of a config mapping, with every problem found at once."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from ..yaml_tree import suggestion
from .specs import LEAST, MOST

S = TypeVar("S")


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that lists what is known and, where one is close, what was probably meant."""
    return suggestion(name, known, there="Known are")


def read_settings(kind: type[S], given: Mapping[str, object], place: str) -> tuple[S | None, list[str]]:
    """The settings in `given`, or None and every problem as a sentence; `place` is where they stand in the config."""
    problems = list(_problems(kind, given, place))
    return (None, problems) if problems else (kind(**given), [])


def _problems(kind: type, given: Mapping[str, object], place: str) -> Iterator[str]:
    known = _fields(kind)
    for name in given.keys() - known.keys():
        yield f"{place}: there is no setting {name!r}. {nearest(str(name), known)}"
    for name, (spec, wanted) in known.items():
        if name in given:
            yield from _value_problems(f"{place}.{name}", spec, wanted, given[name])
        elif spec.default is MISSING and spec.default_factory is MISSING:
            yield _missing(place, name)


def _missing(place: str, name: str) -> str:
    """The sentence for a setting that must be there and is not."""
    if name == "api_key":
        return (
            f"{place}.api_key is missing or empty. Set the environment variable that holds your key and write it as "
            "api_key: ${SILICONFLOW_API_KEY} (any variable name will do); for an endpoint that checks no key write "
            "any word, such as none."
        )
    return f"{place}.{name} is missing: this model needs it."


def _value_problems(place: str, spec: Field[Any], wanted: Any, value: object) -> Iterator[str]:
    if spec.name == "api_key" and (value is None or value == ""):
        yield _missing(place.removesuffix(".api_key"), "api_key")
    elif not _fits(value, wanted):
        shown = "" if spec.name == "api_key" else f", not {value!r}"
        yield f"{place} must be {_words(wanted)}{shown}."
    elif isinstance(value, int | float) and LEAST in spec.metadata:
        least, most = spec.metadata[LEAST], spec.metadata[MOST]
        if not least <= value <= most:
            yield f"{place} must lie between {least:g} and {most:g}; it is {value!r}."
    elif isinstance(value, str):
        yield from _text_problems(place, spec.name, value)


def _text_problems(place: str, name: str, value: str) -> Iterator[str]:
    if name in ("model", "api_key") and not value.strip():
        yield f"{place} is blank."
    if name == "api_key" and (not value.isascii() or not value.isprintable() or value != value.strip()):
        yield f"{place} holds a character that no key has (a space at an end, a line break, a non-ASCII letter)."
    if name == "api_base":
        yield from _address_problems(place, value)


def _address_problems(place: str, value: str) -> Iterator[str]:
    try:
        parts = urlsplit(value.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    host = value.replace("://", "", 1).partition("/")[0]
    if "@" in host or "?" in value:  # it is not shown: a password or a key may stand there
        yield f"{place} must be an address without a name, a password or a query; a key belongs into api_key."
    elif not good:
        yield f"{place} must be an address that begins with http:// or https://, not {value!r}."


def _fits(value: object, wanted: Any) -> bool:
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(wanted))
    if origin is not None:
        return isinstance(value, origin)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _words(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(map(repr, get_args(wanted)))
    if get_origin(wanted) is not None:
        return "a mapping"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}.get(wanted, str(wanted))


@cache
def _fields(kind: type) -> dict[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    return {each.name: (each, hints[each.name]) for each in fields(kind)}
