"""Typed filters as Elasticsearch queries with exactly the meaning of `memoryengine.filters.matches`; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ...errors import StoreError
from ...filters import AllOf, AnyOf, Between, Filter, Has, Is, Not, Scalar
from ...ports import Collection, FieldKind, Sort
from ..checks import EXACT, kind_of, microseconds
from .codec import LIVE

Query = dict[str, Any]
NOTHING: Query = {"match_none": {}}
MOST_TERMS = 60_000
DEEPEST = 24
"""Levels of a filter, so that with what stands around it the server's 30 (`indices.query.bool.max_nested_depth`) do."""


def living(scope: str, *more: Query) -> Query:
    """The documents of a scope that pass all of `more`."""
    return {"bool": {"filter": [{"term": {"scope": scope}}, {"term": {"state": LIVE}}, *more]}}


def query_of(collection: Collection, where: Filter, vector: str | None) -> Query:
    """A checked filter as a query; `vector` is the field that holds vectors, if there is one.

    Raises `StoreError` if the filter, made as plain as it goes, nests deeper than Elasticsearch takes.
    """
    return _query(collection, plainer(where), vector, DEEPEST)


def _query(collection: Collection, where: Filter, vector: str | None, levels: int) -> Query:
    if not levels:
        raise StoreError(
            f"The filter nests AllOf and AnyOf in each other more than {DEEPEST} times, and Elasticsearch takes no "
            "more: write it flatter."
        )
    match where:
        case Not():
            return {"bool": {"must_not": [_query(collection, where.filter, vector, levels - 1)]}}
        case AllOf():
            return {"bool": {"filter": [_query(collection, one, vector, levels - 1) for one in where.filters]}}
        case AnyOf(filters=()):
            return NOTHING
        case AnyOf():
            return {"bool": {"should": [_query(collection, one, vector, levels - 1) for one in where.filters]}}
        case Has(field="vector"):
            return {"exists": {"field": vector}} if vector else NOTHING
        case Has():
            return _has(collection, where.field)
        case Is():
            return _is(collection, where)
        case Between():
            return _between(collection, where)


def plainer(where: Filter, *, wanted: bool = True) -> Filter:
    """A filter that means the same (or the contrary), for a server bounds the depth and the parts of a query.

    `Not` stands at the leaves alone, nothing stands in its like, and `Is` of one field are one where they can be.
    """
    match where:
        case Not():
            return plainer(where.filter, wanted=not wanted)
        case AllOf() | AnyOf():
            together = AllOf if isinstance(where, AllOf) == wanted else AnyOf
            parts: list[Filter] = []
            for one in where.filters:
                part = plainer(one, wanted=wanted)
                parts += part.filters if isinstance(part, together) else [part]
            parts = _gathered(parts, Is if together is AnyOf else Not)
            return parts[0] if len(parts) == 1 else together(*parts)
        case _:
            return where if wanted else Not(where)


def _gathered(parts: Sequence[Filter], kind: type[Is] | type[Not]) -> list[Filter]:
    """One of several `Is` is one `Is` of all their values; none of them is the contrary."""
    rest: list[Filter] = []
    values: dict[str, dict[tuple[type, Scalar], Scalar]] = {}
    for one in parts:
        leaf = one.filter if isinstance(one, Not) else one
        if isinstance(one, kind) and isinstance(leaf, Is):
            values.setdefault(leaf.field, {}).update({(type(value), value): value for value in leaf.values})
        else:
            rest.append(one)
    gathered = [Is(field, *held.values()) for field, held in values.items()]
    return [*(gathered if kind is Is else map(Not, gathered)), *rest]


def sort_of(order: Sequence[Sort]) -> list[Query]:
    """By these fields and then by id, absent ones last."""
    by = [{f"fields.{s.field}": {"order": "desc" if s.descending else "asc", "missing": "_last"}} for s in order]
    return [*by, {"id": "asc"}]


def _has(collection: Collection, path: str) -> Query:
    kind, field, keyed = _field(collection, path)
    if kind == "map" and not keyed:
        return NOTHING
    # `exists` takes a star for a pattern, which is none in a key
    return {"prefix": {field: {"value": ""}}} if "*" in field else {"exists": {"field": field}}


def _is(collection: Collection, where: Is) -> Query:
    kind, field, keyed = _field(collection, where.field)
    if kind == "map" and not keyed:
        return NOTHING
    values = list(_values(kind, where.values))
    parts = [values[start : start + MOST_TERMS] for start in range(0, len(values), MOST_TERMS)]
    if len(parts) == 1:
        return {"terms": {field: parts[0]}}
    return {"bool": {"should": [{"terms": {field: part}} for part in parts]}} if parts else NOTHING


def _values(kind: FieldKind, values: Iterable[Scalar]) -> Iterable[Any]:
    """Those values that a field of this kind can hold, as they are indexed; a flag equals 1 or 0, as in Python."""
    for value in values:
        match kind, value:
            case "moment", datetime() if value.tzinfo is not None:
                yield microseconds(value)
            case "number", bool() | int() | float() if abs(value) <= EXACT:
                yield float(value) + 0.0  # not -0.0, which is another number to the server
            case "flag", bool() | int() | float() if value in (0, 1):
                yield bool(value)
            case (("keyword" | "keywords" | "map"), str()) if _can_be_stored(value):
                yield value


def _can_be_stored(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _between(collection: Collection, where: Between) -> Query:
    kind, field, _ = _field(collection, where.field)
    low, high = where.low, where.high
    if kind == "flag":
        passing = [one for one in (False, True) if (low is None or one >= low) and (high is None or one < high)]  # type: ignore[operator]  # numbers, by check_filter
        return {"terms": {field: passing}} if passing else NOTHING
    if kind not in ("number", "moment") or _is_nan(low) or _is_nan(high):
        return NOTHING
    limits = {name: _limit(value) for name, value in (("gte", low), ("lt", high)) if value is not None}
    return {"range": {field: limits}} if limits else {"exists": {"field": field}}


def _limit(value: int | float | datetime) -> int | float:
    if isinstance(value, datetime):
        return microseconds(value)
    if abs(value) <= EXACT:
        return float(value) + 0.0
    return 2.0 * EXACT if value > 0 else -2.0 * EXACT  # no stored number lies beyond 2**53, so this is far enough


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value


def _field(collection: Collection, path: str) -> tuple[FieldKind, str, bool]:
    """The kind of the field that a path names, its name in the index, and whether the path names a key of it."""
    name, _, key = path.partition(".")
    return kind_of(collection, name), f"fields.{path}", bool(key)
