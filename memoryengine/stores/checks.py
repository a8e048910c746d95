"""What every store checks alike before it writes or searches, and how fields become plain JSON and come back.

Pure functions over the values of `memoryengine.ports`; nothing here knows where documents are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import IdConflict, StoreError, VectorMismatch
from ..filters import AllOf, AnyOf, Between, Filter, Has, Is, Not, Value
from ..ports import HISTORY, Collection, Document, FieldKind, Sort, VectorSpace, Writes
from ..values import Scope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EXACT = 2**53
DEEPEST = 100
HISTORY_COLLECTION = Collection(HISTORY, {"revision": "number", "at": "moment"})
SORTABLE: tuple[FieldKind, ...] = ("keyword", "number", "moment", "flag")


def microseconds(moment: datetime) -> int:
    """The whole microseconds from 1970-01-01 UTC to an aware moment; exact, negative before that day."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(count: int) -> datetime:
    """The moment, in UTC, that lies `count` microseconds after 1970-01-01 UTC."""
    return EPOCH + count * MICROSECOND


_FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds(datetime.max.replace(tzinfo=UTC))


def check_text(text: str, what: str, *, empty: bool = False) -> str:
    """The text itself; raises `StoreError` if it is empty, holds a NUL or cannot be written as UTF-8."""
    if not isinstance(text, str):
        raise StoreError(f"{what} must be text, not {type(text).__name__}.")
    if not text and not empty:
        raise StoreError(f"{what} is empty: it must be a non-empty text.")
    if "\0" in text or not _is_utf8(text):
        raise StoreError(f"{what} holds a NUL or a lone surrogate, which cannot be stored in a field: take it out.")
    return text


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_scope(scope: Scope) -> Scope:
    """The scope itself; raises `StoreError` if its namespace or user is no storable text."""
    check_text(scope.namespace, "The namespace")
    check_text(scope.user, "The user")
    return scope


# --- documents --------------------------------------------------------------------------------------------------


def check_document(collection: Collection, document: Document) -> dict[str, Any]:
    """The fields of a document as plain JSON values; raises `StoreError` for whatever the contract forbids."""
    if document.terms and not collection.searchable:
        raise StoreError(f"The collection {collection.name!r} is not searchable, so its documents have no terms.")
    return plain_fields(collection, document.fields)


def distinct_documents(documents: Iterable[Document]) -> list[Document]:
    """Each id once; raises `IdConflict` for ids that come with two digests."""
    by_id: dict[str, Document] = {}
    conflicts: dict[str, None] = {}
    for document in documents:
        if by_id.setdefault(document.id, document).digest != document.digest:
            conflicts[document.id] = None
    if conflicts:
        raise IdConflict(tuple(conflicts))
    return list(by_id.values())


def collections_of(writes: Writes) -> set[str]:
    """The collections that a commit touches."""
    puts, deletes = (name for name, _ in writes.put), (name for name, _ in writes.delete)
    return {*puts, *deletes, *(patch.collection for patch in writes.patch)}


def plain_fields(collection: Collection, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Fields as plain JSON: moments as microseconds, tuples as lists; None stays for the caller to drop."""
    return {
        name: None if value is None else _plain(kind_of(collection, name), name, value)
        for name, value in fields.items()
    }


def restorer(kinds: Mapping[str, FieldKind]) -> Callable[[dict[str, Any]], Mapping[str, Value]]:
    """A function that turns plain fields (none of them None) back into values; it changes what it is given."""
    special = tuple((name, _RESTORE[kind]) for name, kind in kinds.items() if kind in _RESTORE)

    def restored(fields: dict[str, Any]) -> Mapping[str, Value]:
        for name, restore in special:
            if name in fields:
                fields[name] = restore(fields[name])
        return fields

    return restored


def maps_of(collection: Collection) -> tuple[str, ...]:
    """The fields of a collection that hold maps."""
    return tuple(name for name, kind in collection.fields.items() if kind == "map")


def own(document: Document, maps: Sequence[str]) -> Document:
    """A kept document, with maps of its own where it has some: such are shown to people, who may change them."""
    held = {name: dict(value) for name in maps if isinstance(value := document.fields.get(name), dict)}
    return replace(document, fields={**document.fields, **held}) if held else document


def kind_of(collection: Collection, name: str) -> FieldKind:
    """The declared kind of a field; raises `StoreError` with the declared names if there is none."""
    kind = collection.fields.get(name)
    if kind is None:
        known = ", ".join(sorted(collection.fields)) or "none"
        raise StoreError(f"The collection {collection.name!r} has no field {name!r}; it has: {known}.")
    return kind


def check_terms(terms: Sequence[str]) -> bytes:
    """The terms in one line, separated by a blank each; raises `StoreError` for an empty term or white space."""
    line = " ".join(terms)
    if line.split() != list(terms):
        raise StoreError("A term is empty or holds white space; cut texts into terms with memoryengine.text.terms.")
    return line.encode("utf-8", "surrogatepass")


def _plain(kind: FieldKind, name: str, value: Any) -> Any:
    try:
        return _PLAIN[kind](value, name)
    except (TypeError, AttributeError):
        raise _wrong(kind, name, value) from None


def _wrong(kind: FieldKind, name: str, value: object) -> StoreError:
    return StoreError(f"The field {name!r} is of kind {kind!r}, and a {type(value).__name__} is no such value.")


def _plain_text(value: Any, name: str) -> str:
    return check_text(value, f"The field {name!r}", empty=True)


def _plain_texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, tuple | list):
        raise TypeError
    return [_plain_text(one, name) for one in value]


def _plain_map(value: Any, name: str) -> dict[str, str]:
    return {_plain_text(key, name): _plain_text(one, name) for key, one in value.items()}


def _plain_number(value: Any, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not abs(value) <= EXACT or (isinstance(value, float) and not math.isfinite(value)):
        raise StoreError(f"The field {name!r} holds {value}: numbers must be finite and within 2**53.")
    return value


def _plain_moment(value: Any, name: str) -> int:
    if not isinstance(value, datetime):
        raise TypeError
    if value.tzinfo is None:
        raise StoreError(f"The field {name!r} holds the moment {value} without a time zone: give it one.")
    count = microseconds(value)
    if not _FIRST <= count <= _LAST:
        raise StoreError(f"The field {name!r} holds {value}, which lies outside of the years 1 to 9999 in UTC.")
    return count


def _plain_flag(value: Any, _: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_PLAIN: Mapping[FieldKind, Callable[[Any, str], Any]] = {
    "keyword": _plain_text,
    "keywords": _plain_texts,
    "number": _plain_number,
    "moment": _plain_moment,
    "flag": _plain_flag,
    "map": _plain_map,
}
_RESTORE: Mapping[FieldKind, Callable[[Any], Any]] = {"keywords": tuple, "moment": moment_of}


# --- questions --------------------------------------------------------------------------------------------------


def check_filter(collection: Collection, where: Filter, levels: int = DEEPEST) -> None:
    """Raise `StoreError` if a filter names a field that was not declared or compares what cannot be compared.

    So it does if the filter has more than `levels` levels, for every store walks through them by recursion.
    """
    if not levels:
        raise StoreError(f"The filter has more than {DEEPEST} levels of AllOf, AnyOf and Not: write it flatter.")
    match where:
        case Not():
            check_filter(collection, where.filter, levels - 1)
        case AllOf() | AnyOf():
            for one in where.filters:
                check_filter(collection, one, levels - 1)
        case Has(field="vector"):
            return
        case Is() | Has():
            _kind_of_path(collection, where.field)
        case Between():
            _check_between(_kind_of_path(collection, where.field), where)


def check_sought(vector: Sequence[float], space: VectorSpace | None, where: str) -> None:
    """Raise `VectorMismatch` for a vector of another length than the space's, `StoreError` for one without direction.

    `where` names the store. Does without numpy, so that nothing is loaded for it.
    """
    if space is not None and len(vector) != space.dimensions:
        raise VectorMismatch(
            f"The store {where} holds vectors of {space.dimensions} numbers ({space.model}), and a vector of "
            f"{len(vector)} was searched for: search with the same embedder."
        )
    length = math.hypot(*vector)
    if not 0 < length * length < math.inf:
        raise StoreError("A vector is all zero or not finite, so it has no direction to compare by.")


def check_order(collection: Collection, order: Iterable[Sort]) -> None:
    """Raise `StoreError` if documents cannot be ordered so."""
    for sort in order:
        kind = kind_of(collection, sort.field)
        if kind not in SORTABLE:
            raise StoreError(f"The field {sort.field!r} is of kind {kind!r}; one can sort by {', '.join(SORTABLE)}.")


def _kind_of_path(collection: Collection, path: str) -> FieldKind:
    name, dot, _ = path.partition(".")
    kind = kind_of(collection, name)
    if dot and kind != "map":
        raise StoreError(f"The filter names {path!r}, but {name!r} is of kind {kind!r} and has no keys.")
    return kind


def _check_between(kind: FieldKind, where: Between) -> None:
    for limit in (where.low, where.high):
        if limit is None or kind in ("keyword", "keywords", "map"):
            continue
        if isinstance(limit, datetime) != (kind == "moment"):
            raise _wrong(kind, where.field, limit)
        if isinstance(limit, datetime) and limit.tzinfo is None:
            raise StoreError(f"The filter on {where.field!r} names {limit} without a time zone: give it one.")
