"""The terms and vectors of one collection of one scope in memory, kept exact by `seq`: for searching.

Nothing of another scope is ever in it, so other people's texts neither cost time nor change a score.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from ...ports import Document
from ..checks import maps_of, own
from .columns import Array
from .documents import Place, Table, documents_by_key, newest_key
from .nearest import Nearest
from .passing import Passing
from .postings import Postings
from .rows import Rows

Scores = npt.NDArray[np.float64]
COMPACT_AFTER = 1000
KEPT_DOCUMENTS = 10_000
PART = 4_096

_TEXTS = (
    "SELECT d.id, t.data, v.data FROM documents d LEFT JOIN contents t ON t.key = d.terms AND t.key > :known"
    " LEFT JOIN contents v ON v.key = d.vector AND v.key > :known"
    " WHERE d.scope = :scope AND d.collection = :collection AND d.seq > :seq AND d.gone = 0"
)


class Texts:
    """The terms and vectors of a collection; the part that searching needs beside `Rows`."""

    def __init__(self) -> None:
        self.seq = -1
        self._known = 0
        self._postings = Postings()
        self._nearest = Nearest()

    def refresh(self, connection: sqlite3.Connection, place: Place, table: Table, rows: Rows) -> None:
        """Take in what was written since the last time; `rows` is fresh already."""
        newest = newest_key(connection, "contents")
        values = {"known": self._known, "scope": place.key, "collection": table.key, "seq": self.seq}
        cursor = connection.execute(_TEXTS, values)
        while found := cursor.fetchmany(PART):  # so that the bytes of all are never there at once
            texts = [(rows.row_of[id_], terms) for id_, terms, _ in found if terms]
            self._postings.add([row for row, _ in texts], [terms for _, terms in texts])
            self._add_vectors([(rows.row_of[id_], vector) for id_, _, vector in found if vector], len(rows.ids))
        self._nearest.settle()
        self.seq, self._known = place.seq, newest

    def _add_vectors(self, found: list[tuple[int, bytes]], size: int) -> None:
        if not found:
            return
        vectors = np.frombuffer(b"".join(vector for _, vector in found), "<f4").reshape(len(found), -1)
        if self._nearest.width not in (0, vectors.shape[1]):  # the file was given to another embedder
            self._nearest = Nearest()
        self._nearest.add(np.asarray([row for row, _ in found]), vectors, size)

    def keyword(self, terms: Sequence[str], passing: Passing, top_k: int) -> tuple[Array, Scores, float]:
        """See `Postings.best`."""
        return self._postings.best(terms, passing, top_k)

    def vector(self, vector: Array, passing: Passing, top_k: int) -> tuple[Array, Scores]:
        """See `Nearest.search`."""
        return self._nearest.search(vector, passing, top_k)


def best(rows: Array, scores: Scores, top_k: int, ids: Sequence[str]) -> list[tuple[int, float]]:
    """The `top_k` rows by score, best first, then by id."""
    if top_k <= 0:
        return []
    if len(rows) > top_k:
        kept = scores >= np.partition(scores, len(rows) - top_k)[len(rows) - top_k]
        rows, scores = rows[kept], scores[kept]
    pairs = zip(rows.tolist(), scores.tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], ids[pair[0]]))[:top_k]


class Indices:
    """The indices of the collections used last, of `limit` documents in all (or one collection, if it is larger)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[tuple[int, int], tuple[Rows, Texts]] = OrderedDict()
        self._documents: dict[int, Document] = {}

    def rows(self, connection: sqlite3.Connection, place: Place, table: Table) -> Rows:
        """The fields of a collection as they are now."""
        rows, _ = self._entry(place, table)
        if rows.seq != place.seq:
            for key in rows.refresh(connection, place, table):
                self._documents.pop(key, None)
            self._evict()
        return rows

    def texts(self, connection: sqlite3.Connection, place: Place, table: Table) -> tuple[Rows, Texts]:
        """The fields, terms and vectors of a collection as they are now."""
        rows = self.rows(connection, place, table)
        texts = self._held[place.key, table.key][1]
        if texts.seq != place.seq:
            texts.refresh(connection, place, table, rows)
        return rows, texts

    def documents(self, connection: sqlite3.Connection, table: Table, keys: Sequence[int]) -> dict[int, Document]:
        """The documents of these keys, of a collection whose rows were asked for in this transaction.

        Those that were read last are kept, as long as nothing is written to them: reading them is half of a search.
        """
        lacking = [key for key in keys if key not in self._documents]
        read = documents_by_key(connection, table, sorted(lacking), terms=False)
        found = {key: read.get(key) or self._documents[key] for key in keys}
        self._documents |= read
        if len(self._documents) > KEPT_DOCUMENTS:
            for key in list(islice(self._documents, len(self._documents) - KEPT_DOCUMENTS // 2)):
                del self._documents[key]
        maps = maps_of(table.collection)
        return {key: own(document, maps) for key, document in found.items()}

    def forget(self) -> None:
        """Drop everything; what is asked for next is read anew."""
        self._held.clear()
        self._documents.clear()

    def _entry(self, place: Place, table: Table) -> tuple[Rows, Texts]:
        key = (place.key, table.key)
        entry = self._held.pop(key, None)
        if entry is None or (entry[0].dead > COMPACT_AFTER and 2 * entry[0].dead > len(entry[0].ids)):
            entry = (Rows(table), Texts())
        self._held[key] = entry
        return entry

    def _evict(self) -> None:
        total = sum(len(rows.ids) for rows, _ in self._held.values())
        while total > self._limit and len(self._held) > 1:
            _, (rows, _) = self._held.popitem(last=False)
            total -= len(rows.ids)
