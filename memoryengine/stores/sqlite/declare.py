"""What a file knows of itself: its collections with their fields, and which embedder made its vectors."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import StoreError, StoreUnreadable, VectorMismatch
from ...ports import Collection, FieldKind, VectorSpace
from ..checks import HISTORY_COLLECTION, restorer
from .documents import Table, Tables
from .schema import reading, writing


def declare(
    connection: sqlite3.Connection, path: Path, collections: Sequence[Collection], vectors: VectorSpace | None
) -> tuple[Tables, VectorSpace | None]:
    """Write down what is not known yet; returns all tables, and the space of vectors if there is any.

    Raises `StoreUnreadable` if a field was declared as another kind, `VectorMismatch` if the vectors inside are of
    another space.
    """
    wanted = (*collections, HISTORY_COLLECTION)
    for collection in wanted:
        if "vector" in collection.fields:
            raise StoreError(f"The collection {collection.name!r} cannot have a field 'vector': filters use that word.")
    with reading(connection):
        known = not _news(connection, path, wanted) and (vectors is None or vectors == find_space(connection))
    if not known:
        with writing(connection):
            for name, kinds in _news(connection, path, wanted).items():
                connection.execute("INSERT OR IGNORE INTO collections VALUES (NULL, ?, '{}')", (name,))
                connection.execute("UPDATE collections SET kinds = ? WHERE name = ?", (json.dumps(kinds), name))
            if vectors is not None:
                _change_space(connection, path, vectors)
    with reading(connection):
        return _tables(connection, wanted), vectors or find_space(connection)


def facts(connection: sqlite3.Connection) -> dict[str, str]:
    """Everything that is written down by name."""
    return dict(connection.execute("SELECT name, value FROM facts"))


def find_space(connection: sqlite3.Connection) -> VectorSpace | None:
    """The space of the vectors in the file; None before the first opening with an embedder."""
    known = facts(connection)
    return VectorSpace(known["model"], int(known["dimensions"])) if "model" in known else None


def check_space(connection: sqlite3.Connection, path: Path, space: VectorSpace) -> None:
    """Raise `VectorMismatch` if another process has changed the space since."""
    found = find_space(connection)
    if found is not None and found != space:
        raise _mismatch(path, found, space)


def _kinds(connection: sqlite3.Connection) -> dict[str, tuple[int, dict[str, FieldKind]]]:
    rows = connection.execute("SELECT name, key, kinds FROM collections")
    return {name: (key, json.loads(kinds)) for name, key, kinds in rows}


def _tables(connection: sqlite3.Connection, wanted: Iterable[Collection]) -> Tables:
    known = _kinds(connection)
    tables = {}
    for one in wanted:
        key, kinds = known[one.name]
        tables[one.name] = Table(key, replace(one, fields=kinds), restorer(kinds))
    return tables


def _news(connection: sqlite3.Connection, path: Path, wanted: Iterable[Collection]) -> dict[str, dict[str, FieldKind]]:
    """All fields of the collections that are new or have new fields."""
    known = _kinds(connection)
    news = {}
    for collection in wanted:
        _, held = known.get(collection.name, (0, {}))
        for name, kind in collection.fields.items():
            if held.get(name, kind) != kind:
                raise StoreUnreadable(
                    f"The store {path} keeps the field {name!r} of {collection.name!r} as {held[name]!r}, and this "
                    f"program wants it as {kind!r}: choose another path, or give the field another name."
                )
        if collection.name not in known or collection.fields.keys() - held.keys():
            news[collection.name] = {**held, **collection.fields}
    return news


def _change_space(connection: sqlite3.Connection, path: Path, wanted: VectorSpace) -> None:
    found = find_space(connection)
    if found == wanted:
        return
    if found and connection.execute("SELECT 1 FROM documents WHERE vector IS NOT NULL LIMIT 1").fetchone():
        raise _mismatch(path, found, wanted)
    set_space(connection, wanted)


def set_space(connection: sqlite3.Connection, space: VectorSpace) -> None:
    """Write down which embedder makes the vectors."""
    rows = [("model", space.model), ("dimensions", str(space.dimensions))]
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)


def _mismatch(path: Path, found: VectorSpace, wanted: VectorSpace) -> VectorMismatch:
    return VectorMismatch(
        f"The store {path} holds vectors made by {found.model!r} ({found.dimensions} dimensions), and the config names "
        f"{wanted.model!r} ({wanted.dimensions} dimensions): name the embedder of the store, or make new "
        "vectors with: memoryengine store reindex"
    )
