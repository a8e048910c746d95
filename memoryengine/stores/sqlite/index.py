"""The terms and vectors of one collection of one scope in memory, kept exact by `seq`: for searching.

Nothing of another scope is ever in it, so other people's texts neither cost time nor change a score.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...ranking import bm25, idf, unit
from .columns import Array, Mask, grown
from .documents import Place, Table, newest_key
from .rows import Rows

Scores = npt.NDArray[np.float64]
COMPACT_AFTER = 1000

_TEXTS = (
    "SELECT d.id, t.data, v.data FROM documents d LEFT JOIN contents t ON t.key = d.terms AND t.key > :known"
    " LEFT JOIN contents v ON v.key = d.vector AND v.key > :known"
    " WHERE d.scope = :scope AND d.collection = :collection AND d.seq > :seq AND d.gone = 0"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings of some rows: which term (by code) stands in which row how often, ordered by term."""

    codes: Array
    rows: Array
    counts: Array

    def of(self, code: np.int32) -> slice:
        """Where the postings of a term lie."""
        return slice(int(np.searchsorted(self.codes, code)), int(np.searchsorted(self.codes, code, side="right")))

    def __len__(self) -> int:
        return len(self.codes)

    def __add__(self, other: Segment) -> Segment:
        """The postings of both."""
        codes = np.concatenate((self.codes, other.codes))
        order = np.argsort(codes, kind="stable")
        rows = np.concatenate((self.rows, other.rows))[order]
        return Segment(codes[order], rows, np.concatenate((self.counts, other.counts))[order])


class Postings:
    """Which term stands in which row how often, and how many terms each row has."""

    def __init__(self) -> None:
        self._codes: defaultdict[bytes, int] = defaultdict()
        self._codes.default_factory = self._codes.__len__  # a new term gets the next number
        self._segments: list[Segment] = []
        self._lengths: Scores = np.empty(0, np.float64)

    def add(self, rows: Sequence[int], lines: Sequence[bytes]) -> None:
        """Take in the terms of some rows, as `checks.check_terms` joined them."""
        if not rows:
            return
        codes = [self._codes[term] for term in b" ".join(lines).split(b" ")]
        lengths = [line.count(b" ") + 1 for line in lines]
        self._lengths = grown(self._lengths, max(rows) + 1, 0)
        self._lengths[list(rows)] = lengths
        self._join(np.asarray(codes, np.int64), np.repeat(np.asarray(rows, np.int64), lengths))

    def _join(self, codes: Array, rows: Array) -> None:
        pairs, counts = np.unique(codes << 32 | rows, return_counts=True)
        new = Segment((pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32), counts.astype(np.int32))
        # neighbours of like size are joined, so that there are few and each posting is moved seldom
        while self._segments and len(self._segments[-1]) < 2 * len(new):
            new = self._segments.pop() + new
        self._segments.append(new)

    def scores(self, terms: Sequence[str], passing: Mask) -> tuple[Scores, float]:
        """The BM25 score of each row that passes, by the statistics of those rows, and the most it could reach.

        A row has the score 0 where no term occurs.
        """
        size = len(passing)
        self._lengths = grown(self._lengths, size, 0)
        lengths = self._lengths[:size]
        found = np.zeros(size, np.float64)
        count = int(passing.sum())
        total = float(lengths[passing].sum())
        most = 0.0
        if not total:
            return found, most
        for term in dict.fromkeys(terms):
            rows, counts = self._of(term, passing)
            weight = idf(count, len(rows))
            most += weight
            if len(rows):
                found[rows] += bm25(weight, counts.astype(np.float64), lengths[rows], total / count)
        return found, most

    def _of(self, term: str, passing: Mask) -> tuple[Array, Array]:
        # of the type of the codes, else numpy would convert all of them to that of the number
        code = np.int32(self._codes.get(term.encode("utf-8", "surrogatepass"), -1))
        places = [(segment, segment.of(code)) for segment in self._segments]
        rows = np.concatenate([segment.rows[place] for segment, place in places] or [np.empty(0, np.int32)])
        counts = np.concatenate([segment.counts[place] for segment, place in places] or [np.empty(0, np.int32)])
        kept = passing[rows]
        return rows[kept], counts[kept]


class Texts:
    """The terms and vectors of a collection; the part that searching needs beside `Rows`."""

    def __init__(self) -> None:
        self.seq = -1
        self._known = 0
        self._postings = Postings()
        self._vectors: npt.NDArray[np.float32] = np.empty((0, 0), np.float32)

    def refresh(self, connection: sqlite3.Connection, place: Place, table: Table, rows: Rows) -> None:
        """Take in what was written since the last time; `rows` is fresh already."""
        newest = newest_key(connection, "contents")
        values = {"known": self._known, "scope": place.key, "collection": table.key, "seq": self.seq}
        found = connection.execute(_TEXTS, values).fetchall()
        texts = [(rows.row_of[id_], terms) for id_, terms, _ in found if terms]
        self._postings.add([row for row, _ in texts], [terms for _, terms in texts])
        self._add_vectors([(rows.row_of[id_], vector) for id_, _, vector in found if vector])
        self.seq, self._known = place.seq, newest

    def _add_vectors(self, found: list[tuple[int, bytes]]) -> None:
        if not found:
            return
        vectors = np.frombuffer(b"".join(vector for _, vector in found), "<f4").reshape(len(found), -1)
        if self._vectors.shape[1] != vectors.shape[1]:  # the first ones, or the file was given to another embedder
            self._vectors = np.empty((0, vectors.shape[1]), np.float32)
        self._vectors = grown(self._vectors, max(row for row, _ in found) + 1, 0)
        self._vectors[[row for row, _ in found]] = vectors

    def keyword(self, terms: Sequence[str], passing: Mask) -> tuple[Array, Scores, float]:
        """The rows that pass and hold one of the terms, their BM25 scores, and the most that these could reach."""
        scores, most = self._postings.scores(terms, passing)
        rows = np.flatnonzero(scores)
        return rows, scores[rows], most

    def vector(self, vector: Array, passing: Mask) -> tuple[Array, Scores]:
        """The rows that pass, and how near each is to a vector of length 1, as (1 + cosine) / 2."""
        rows = np.flatnonzero(passing)
        if not len(rows):
            return rows, np.empty(0, np.float64)
        # not `@`: the threads of a BLAS wait for one another on a busy machine (seen: 8 ms instead of 0.5)
        if 4 * len(rows) < len(passing):
            cosines = np.einsum("ij,j->i", self._vectors[rows], vector)
        else:
            cosines = np.einsum("ij,j->i", self._vectors[: len(passing)], vector)[rows]
        # beyond the sixth digit float32 depends on where a row lies, and equal texts should score equally
        return rows, unit(np.clip(np.round(cosines.astype(np.float64), 6), -1, 1))


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

    def rows(self, connection: sqlite3.Connection, place: Place, table: Table) -> Rows:
        """The fields of a collection as they are now."""
        rows, _ = self._entry(place, table)
        if rows.seq != place.seq:
            rows.refresh(connection, place, table)
            self._evict()
        return rows

    def texts(self, connection: sqlite3.Connection, place: Place, table: Table) -> tuple[Rows, Texts]:
        """The fields, terms and vectors of a collection as they are now."""
        rows = self.rows(connection, place, table)
        texts = self._held[place.key, table.key][1]
        if texts.seq != place.seq:
            texts.refresh(connection, place, table, rows)
        return rows, texts

    def forget(self) -> None:
        """Drop everything; what is asked for next is read anew."""
        self._held.clear()

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
