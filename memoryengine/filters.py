"""Typed filters over the fields of stored documents, with one meaning for every store.

A field that is absent (or holds no value: an empty tuple) matches no `Is`, `Between` or `Has`; `Not` turns that round.
On a field that holds several values `Is` asks whether one of them is among those wanted. Fields of kind `map` are
named with their key, as in `metadata.place`; without one they match nothing.

Every store takes a filter of 20 levels with 1,000 parts and 70,000 values; what is larger it may refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Scalar = str | int | float | bool | datetime
Value = Scalar | tuple[str, ...] | Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Is:
    """The field has one of `values`."""

    field: str
    values: tuple[Scalar, ...]

    def __init__(self, field: str, *values: Scalar) -> None:
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Between:
    """The field lies in [`low`, `high`): low included, high excluded; None leaves an end open."""

    field: str
    low: int | float | datetime | None = None
    high: int | float | datetime | None = None


@dataclass(frozen=True, slots=True)
class Has:
    """The field is present; the word `vector` asks whether a vector is attached."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The filter does not match."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every filter matches; `AllOf()` matches everything."""

    filters: tuple[Filter, ...]

    def __init__(self, *filters: Filter) -> None:
        object.__setattr__(self, "filters", filters)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one filter matches; `AnyOf()` matches nothing."""

    filters: tuple[Filter, ...]

    def __init__(self, *filters: Filter) -> None:
        object.__setattr__(self, "filters", filters)


Filter = Is | Between | Has | Not | AllOf | AnyOf
EVERYTHING = AllOf()


def matches(where: Filter, fields: Mapping[str, Value], *, has_vector: bool = False) -> bool:
    """Whether a document with these fields passes the filter; the meaning that every store must give it."""
    match where:
        case Is():
            return _is(_value(fields, where.field), where.values)
        case Between():
            return _between(_value(fields, where.field), where)
        case Has():
            return has_vector if where.field == "vector" else _value(fields, where.field) not in (None, ())
        case Not():
            return not matches(where.filter, fields, has_vector=has_vector)
        case AllOf():
            return all(matches(f, fields, has_vector=has_vector) for f in where.filters)
        case AnyOf():
            return any(matches(f, fields, has_vector=has_vector) for f in where.filters)


def _value(fields: Mapping[str, Value], name: str) -> Value:
    root, _, key = name.partition(".")
    held = fields.get(root)
    return (held.get(key) if key else None) if isinstance(held, Mapping) else held


def _is(held: Value, wanted: tuple[Scalar, ...]) -> bool:
    if isinstance(held, tuple):
        return any(one in wanted for one in held)
    return held is not None and not isinstance(held, Mapping) and held in wanted


def _between(held: Value, where: Between) -> bool:
    if held is None or isinstance(held, str | tuple | Mapping):
        return False
    above = where.low is None or held >= where.low  # type: ignore[operator]  # both are numbers or both are moments
    return above and (where.high is None or held < where.high)  # type: ignore[operator]
