"""The ids and fields of one collection of one scope in memory, kept exact by `seq`: for paging and counting."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ...filters import Filter
from ...ports import Sort
from ..cursors import alien_cursor, write_cursor
from .columns import LAST, Array, Columns, Mask
from .documents import Place, Table, newest_key, parse
from .passing import Passing

_FIELDS = (
    "SELECT d.key, d.id, d.gone, d.vector IS NOT NULL, f.data FROM documents d LEFT JOIN contents f"
    " ON f.key = d.fields AND f.key > ? WHERE d.scope = ? AND d.collection = ? AND d.seq > ? ORDER BY d.seq"
)

FEW = 1000
PART = 4_096
KEPT = 16
"""How many filters are kept with what passes them, until something is written."""


class Rows:
    """The ids and fields of a collection; the part that paging and counting need."""

    def __init__(self, table: Table) -> None:
        self.columns = Columns(table.collection.fields)
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.seq = -1
        self.dead = 0
        self._keys: list[int] = []
        self._known = 0  # the newest key of `contents` that was there when it was read last
        self._ranks: Array = np.empty(0, np.int64)
        self._sorted: list[tuple[str, int]] = []
        self._passing: dict[Filter, Passing] = {}

    def refresh(self, connection: sqlite3.Connection, place: Place, table: Table) -> list[int]:
        """Take in what was written since the last time; returns the keys in the file of what changed."""
        newest = newest_key(connection, "contents")
        changed = connection.execute(_FIELDS, (self._known, place.key, table.key, self.seq)).fetchall()
        self._passing.clear()
        new = [one for one in changed if not self._taken(*one)]
        for start in range(0, len(new), PART):  # so that the parsed fields of all are never there at once
            part = new[start : start + PART]
            first = self.columns.extend(parse(b"[%b]" % b",".join(fields for *_, fields in part)))
            for row, (key, id_, *_) in enumerate(part, first):
                self.row_of[id_] = row
                self.ids.append(id_)
                self._keys.append(key)
        for _, id_, gone, vector, _ in changed:
            if not gone:
                self.columns.mark_vector(self.row_of[id_], there=bool(vector))
        self.seq, self._known = place.seq, newest
        return [key for key, *_ in changed]

    def _taken(self, key: int, id_: str, gone: int, _: int, fields: bytes | None) -> bool:
        """Take in what happened to a known row; whether there is nothing to be added."""
        row = self.row_of.get(id_)
        if row is not None and (gone or self._keys[row] != key):
            self.columns.kill(row)
            self.dead += 1
            del self.row_of[id_]
            row = None
        if row is not None and fields is not None:
            self.columns.replace(row, parse(fields))
        return bool(gone) or row is not None

    def passing(self, where: Filter) -> Passing:
        """Which rows pass a filter; it is the same object as long as nothing is written."""
        found = self._passing.get(where)
        if found is None:
            if len(self._passing) >= KEPT:
                self._passing.clear()
            found = self._passing[where] = Passing(self.columns.passing(where))
        return found

    def keys(self, rows: Sequence[int]) -> list[int]:
        """The keys of these rows in the file."""
        return [self._keys[row] for row in rows]

    def id_ranks(self) -> Array:
        """A number for each row, in the order of the ids."""
        if len(self._ranks) != len(self.ids):
            # sorting what is mostly sorted costs little
            self._sorted += [(self.ids[row], row) for row in range(len(self._sorted), len(self.ids))]
            self._sorted.sort()
            self._ranks = np.empty(len(self.ids), np.int64)
            self._ranks[[row for _, row in self._sorted]] = np.arange(len(self.ids))
        return self._ranks

    def _ranks_of(self, rows: Array) -> Array:
        """A number for each of these rows, in the order of their ids."""
        held = [self.ids[row] for row in rows]
        ranks = np.empty(len(rows), np.int64)
        ranks[sorted(range(len(rows)), key=held.__getitem__)] = np.arange(len(rows))
        return ranks

    def page(
        self, where: Filter, order: Sequence[Sort], limit: int, after: tuple[list[Any], str] | None
    ) -> tuple[list[int], str | None]:
        """Up to `limit` rows in order, behind the place `after`, and the cursor behind the last if there are more."""
        rows = self.passing(where).rows
        size = self.columns.size
        ranks = [self.columns.sortable(one.field).ranks(size, descending=one.descending)[rows] for one in order]
        # Ranking all ids after each new one would cost more than all else where there are many and few pass.
        ids = self._ranks_of(rows) if after is None and len(rows) <= FEW else self.id_ranks()[rows]
        if after is not None:
            try:
                behind = self._behind(order, ranks, rows, ids, *after)
            except (TypeError, ValueError):  # a forged one, with a value of another kind or too few
                raise alien_cursor() from None
            rows, ids, ranks = rows[behind], ids[behind], [one[behind] for one in ranks]
        chosen = [int(row) for row in rows[np.lexsort((ids, *reversed(ranks)))[: limit + 1]]]
        if len(chosen) <= limit:
            return chosen, None
        last = chosen[limit - 1]
        values = [self.columns.sortable(one.field).value(last) for one in order]
        return chosen[:limit], write_cursor(order, values, self.ids[last])

    def _behind(
        self, order: Sequence[Sort], ranks: list[Array], rows: Array, ids: Array, values: list[Any], last_id: str
    ) -> Mask:
        row = self.row_of.get(last_id)
        # of an id that is gone by now only its place among the others is known
        after = ids > self.id_ranks()[row] if row is not None else self._later_ids(rows, last_id)
        for sort, rank, value in reversed(list(zip(order, ranks, values, strict=True))):
            column = self.columns.sortable(sort.field)
            last = _absent(rank) if value is None else column.rank(value, descending=sort.descending)
            after = (rank > last) | ((rank == last) & after)
        return cast(Mask, after)

    def _later_ids(self, rows: Array, id_: str) -> Mask:
        return np.fromiter((self.ids[row] > id_ for row in rows), np.bool_, len(rows))


def _absent(ranks: Array) -> float | int:
    return np.inf if ranks.dtype == np.float64 else LAST
