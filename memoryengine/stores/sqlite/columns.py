"""Fields of many documents as numpy columns, and filters evaluated over all of them at once.

Gives exactly the meaning of `memoryengine.filters.matches`; rows are numbered from 0 and never move.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...filters import AllOf, AnyOf, Between, Filter, Has, Is, Not, Scalar
from ...ports import FieldKind
from ..checks import EXACT, microseconds

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
LAST = np.iinfo(np.int64).max
ABSENT = np.iinfo(np.int64).min


def grown(array: Array, size: int, fill: float) -> Array:
    """The array itself if it has room for `size` rows, else a copy of at least twice its length."""
    if len(array) >= size:
        return array
    larger = np.full((max(size, 2 * len(array), 64), *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger


class Column(Protocol):
    """The values of one field, by row; values are plain JSON as `checks.plain_fields` makes them."""

    def set(self, row: int, value: Any) -> None:
        """Keep a value; None takes it away."""
        ...

    def extend(self, first: int, values: Sequence[Any]) -> None:
        """Keep the values of new rows, from row `first` on."""
        ...

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:
        """Which rows hold one of the values (of a map: under `key`)."""
        ...

    def between(self, low: Any, high: Any, size: int) -> Mask:
        """Which rows lie in [low, high)."""
        ...

    def present(self, key: str, size: int) -> Mask:
        """Which rows hold something (of a map: under `key`)."""
        ...


class Sortable(Column, Protocol):
    """A column of which each row has one value that can be compared."""

    def ranks(self, size: int, *, descending: bool) -> Array:
        """Numbers in the order of the values, rows without a value last."""
        ...

    def rank(self, value: Any, *, descending: bool) -> float | int:
        """The number that a value has or would have among `ranks`."""
        ...

    def value(self, row: int) -> Any:
        """The value of a row, plain; None if it has none."""
        ...


class TextColumn:
    """Texts, as numbers into the list of distinct ones."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._texts: list[str] = []
        self._rows: Array = np.empty(0, np.int32)
        self._sorted: tuple[list[str], Array] = ([], np.full(1, LAST, np.int64))

    def set(self, row: int, value: str | None) -> None:  # noqa: D102
        self._rows = grown(self._rows, row + 1, -1)
        self._rows[row] = -1 if value is None else self._code(value)

    def extend(self, first: int, values: Sequence[str | None]) -> None:  # noqa: D102
        self._rows = grown(self._rows, first + len(values), -1)
        self._rows[first : first + len(values)] = [-1 if value is None else self._code(value) for value in values]

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:  # noqa: ARG002, D102
        self._rows = grown(self._rows, size, -1)
        wanted = [self._codes[value] for value in values if isinstance(value, str) and value in self._codes]
        if len(wanted) == 1:
            return np.asarray(self._rows[:size] == wanted[0])
        chosen = np.zeros(len(self._codes) + 1, np.bool_)  # one more for the absent, whose code is -1
        chosen[wanted] = True
        return np.asarray(chosen[self._rows[:size]])

    def between(self, low: Any, high: Any, size: int) -> Mask:  # noqa: ARG002, D102
        return np.zeros(size, np.bool_)

    def present(self, key: str, size: int) -> Mask:  # noqa: ARG002, D102
        self._rows = grown(self._rows, size, -1)
        return np.asarray(self._rows[:size] >= 0)

    def ranks(self, size: int, *, descending: bool) -> Array:  # noqa: D102
        self._rows = grown(self._rows, size, -1)
        _, by_code = self._order()
        ranks = by_code[self._rows[:size]]
        return np.where(ranks == LAST, LAST, -ranks) if descending else ranks

    def rank(self, value: str, *, descending: bool) -> float:  # noqa: D102
        texts, _ = self._order()
        place = bisect_left(texts, value)
        found: float = place if place < len(texts) and texts[place] == value else place - 0.5
        return -found if descending else found

    def value(self, row: int) -> str | None:  # noqa: D102
        code = int(self._rows[row]) if row < len(self._rows) else -1
        return None if code < 0 else self._texts[code]

    def _code(self, text: str) -> int:
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self._texts)
            self._texts.append(text)
        return code

    def _order(self) -> tuple[list[str], Array]:
        if len(self._sorted[0]) != len(self._codes):
            texts = sorted(self._codes)
            by_code = np.full(len(texts) + 1, LAST, np.int64)
            by_code[[self._codes[text] for text in texts]] = np.arange(len(texts))
            self._sorted = (texts, by_code)
        return self._sorted


class NumberColumn:
    """Numbers, and flags as 0 and 1."""

    def __init__(self) -> None:
        self._rows: npt.NDArray[np.float64] = np.empty(0, np.float64)

    def set(self, row: int, value: float | None) -> None:  # noqa: D102
        self._rows = grown(self._rows, row + 1, np.nan)
        self._rows[row] = np.nan if value is None else value

    def extend(self, first: int, values: Sequence[float | None]) -> None:  # noqa: D102
        self._rows = grown(self._rows, first + len(values), np.nan)
        self._rows[first : first + len(values)] = [np.nan if value is None else value for value in values]

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:  # noqa: ARG002, D102
        held = self._held(size)
        found = np.zeros(size, np.bool_)
        for value in values:
            if isinstance(value, int | float) and abs(value) <= EXACT:
                found |= held == value
        return found

    def between(self, low: float | None, high: float | None, size: int) -> Mask:  # noqa: D102
        held = self._held(size)
        found = ~np.isnan(held)
        if low is not None:
            found &= held >= _bounded(low)
        if high is not None:
            found &= held < _bounded(high)
        return found

    def present(self, key: str, size: int) -> Mask:  # noqa: ARG002, D102
        return ~np.isnan(self._held(size))

    def ranks(self, size: int, *, descending: bool) -> Array:  # noqa: D102
        held = self._held(size)
        return np.where(np.isnan(held), np.inf, -held if descending else held)

    def rank(self, value: float, *, descending: bool) -> float:  # noqa: D102
        return -value if descending else value

    def value(self, row: int) -> float | None:  # noqa: D102
        held = float(self._held(row + 1)[row])
        return None if np.isnan(held) else held

    def _held(self, size: int) -> npt.NDArray[np.float64]:
        self._rows = grown(self._rows, size, np.nan)
        return self._rows[:size]


class MomentColumn:
    """Moments as microseconds since 1970-01-01 UTC."""

    def __init__(self) -> None:
        self._rows: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def set(self, row: int, value: int | None) -> None:  # noqa: D102
        self._rows = grown(self._rows, row + 1, ABSENT)
        self._rows[row] = ABSENT if value is None else value

    def extend(self, first: int, values: Sequence[int | None]) -> None:  # noqa: D102
        self._rows = grown(self._rows, first + len(values), ABSENT)
        self._rows[first : first + len(values)] = [ABSENT if value is None else value for value in values]

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:  # noqa: ARG002, D102
        held = self._held(size)
        found = np.zeros(size, np.bool_)
        for value in values:
            if isinstance(value, datetime) and value.tzinfo is not None:
                found |= held == microseconds(value)
        return found

    def between(self, low: datetime | None, high: datetime | None, size: int) -> Mask:  # noqa: D102
        held = self._held(size)
        found = held != ABSENT
        if low is not None:
            found &= held >= microseconds(low)
        if high is not None:
            found &= held < microseconds(high)
        return np.asarray(found)

    def present(self, key: str, size: int) -> Mask:  # noqa: ARG002, D102
        return np.asarray(self._held(size) != ABSENT)

    def ranks(self, size: int, *, descending: bool) -> Array:  # noqa: D102
        held = self._held(size)
        return np.where(held == ABSENT, LAST, -held if descending else held)

    def rank(self, value: int, *, descending: bool) -> int:  # noqa: D102
        return -value if descending else value

    def value(self, row: int) -> int | None:  # noqa: D102
        held = int(self._held(row + 1)[row])
        return None if held == ABSENT else held

    def _held(self, size: int) -> npt.NDArray[np.int64]:
        self._rows = grown(self._rows, size, ABSENT)
        return self._rows[:size]


class SetColumn:
    """Several texts a row, or texts under keys; by value the rows that hold it."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[tuple[str, str], ...]] = {}
        self._rows: dict[tuple[str, str], set[int]] = {}
        self._keys: dict[str, set[int]] = {}

    def set(self, row: int, value: Mapping[str, str] | Sequence[str] | None) -> None:  # noqa: D102
        for pair in self._held.pop(row, ()):
            self._rows[pair].discard(row)
            self._keys[pair[0]].discard(row)
        if not value:
            return
        pairs = tuple(value.items()) if isinstance(value, Mapping) else tuple(("", one) for one in value)
        self._held[row] = pairs
        for pair in pairs:
            self._rows.setdefault(pair, set()).add(row)
            self._keys.setdefault(pair[0], set()).add(row)

    def extend(self, first: int, values: Sequence[Mapping[str, str] | Sequence[str] | None]) -> None:  # noqa: D102
        for row, value in enumerate(values, first):
            if value:
                self.set(row, value)

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:  # noqa: D102
        rows = (self._rows.get((key, value), ()) for value in values if isinstance(value, str))
        return _mask((row for some in rows for row in some), size)

    def between(self, low: Any, high: Any, size: int) -> Mask:  # noqa: ARG002, D102
        return np.zeros(size, np.bool_)

    def present(self, key: str, size: int) -> Mask:  # noqa: D102
        return _mask(self._keys.get(key, ()) if key else self._held, size)


class MapColumn(SetColumn):
    """Texts under keys; without a key nothing matches."""

    def any_of(self, key: str, values: Sequence[Scalar], size: int) -> Mask:  # noqa: D102
        return super().any_of(key, values, size) if key else np.zeros(size, np.bool_)

    def present(self, key: str, size: int) -> Mask:  # noqa: D102
        return super().present(key, size) if key else np.zeros(size, np.bool_)


_KINDS: Mapping[FieldKind, Callable[[], Column]] = {
    "keyword": TextColumn,
    "keywords": SetColumn,
    "number": NumberColumn,
    "moment": MomentColumn,
    "flag": NumberColumn,
    "map": MapColumn,
}


class Columns:
    """The columns of a collection, with the rows that are alive and those that have a vector."""

    def __init__(self, kinds: Mapping[str, FieldKind]) -> None:
        self._columns = {name: _KINDS[kind]() for name, kind in kinds.items()}
        self._alive: Mask = np.empty(0, np.bool_)
        self._vector: Mask = np.empty(0, np.bool_)
        self.size = 0

    def extend(self, documents: Sequence[Mapping[str, Any]]) -> int:
        """A new row for the plain fields of each document; returns the number of the first."""
        first = self.size
        self.size += len(documents)
        self._alive = grown(self._alive, self.size, False)
        self._vector = grown(self._vector, self.size, False)
        self._alive[first : self.size] = True
        for name, column in self._columns.items():
            column.extend(first, [fields.get(name) for fields in documents])
        return first

    def replace(self, row: int, fields: Mapping[str, Any]) -> None:
        """Give a row these fields and no others."""
        for name, column in self._columns.items():
            column.set(row, fields.get(name))

    def kill(self, row: int) -> None:
        """Let no filter find a row any more."""
        self._alive[row] = False

    def mark_vector(self, row: int, *, there: bool) -> None:
        """Note whether a row has a vector."""
        self._vector[row] = there

    def sortable(self, name: str) -> Sortable:
        """The column of a field that `checks.check_order` lets pass."""
        column: Any = self._columns[name]
        return column  # type: ignore[no-any-return]

    def passing(self, where: Filter) -> Mask:
        """Which living rows pass the filter, one truth value a row."""
        return np.asarray(self._passing(where) & self._alive[: self.size])

    def _passing(self, where: Filter) -> Mask:
        match where:
            case Is():
                name, _, key = where.field.partition(".")
                return self._columns[name].any_of(key, where.values, self.size)
            case Between():
                return self._columns[where.field.partition(".")[0]].between(where.low, where.high, self.size)
            case Has(field="vector"):
                return self._vector[: self.size].copy()
            case Has():
                name, _, key = where.field.partition(".")
                return self._columns[name].present(key, self.size)
            case Not():
                return ~self._passing(where.filter)
            case AllOf():
                found = np.ones(self.size, np.bool_)
                for one in where.filters:
                    found &= self._passing(one)
                return found
            case AnyOf():
                found = np.zeros(self.size, np.bool_)
                for one in where.filters:
                    found |= self._passing(one)
                return found


def _mask(rows: Iterable[int], size: int) -> Mask:
    found = np.zeros(size, np.bool_)
    found[list(rows)] = True
    return found


def _bounded(limit: float) -> float:
    if abs(limit) > EXACT:
        return float("inf") if limit > 0 else float("-inf")
    return limit  # or not a number, which nothing is above or below
