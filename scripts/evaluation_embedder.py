"""An embedder for a measurement: any class of any Python file, and a file that keeps what it made.

The class is made without arguments and has `dimensions` and `embed(list of texts) -> array of one vector a text`.
The file is an SQLite database of hashes of texts and their vectors, so that a second run embeds nothing; two processes
may share it.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from memoryengine.models.classes import load_class, make_instance
from memoryengine.ports import Vector

BATCH = 128
LOOK_UP = 500
TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


@dataclass(frozen=True)
class ClassEmbedder:
    """An `Embedder` over an object with `dimensions` and `embed(texts)`; questions are embedded as any text.

    `languages` are those that its class says it knows, None where it does not say.
    """

    name: str
    dimensions: int
    model: Any
    languages: Sequence[str] | None = None

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """The vectors of `texts`."""
        return [[float(x) for x in row] for row in self.model.embed(list(texts))] if texts else []

    async def close(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True)
class LazyModel:
    """A model that is made with the first text that needs it: a run with all vectors at hand never loads it."""

    named: str
    held: list[Any] = field(default_factory=list)

    def embed(self, texts: list[str]) -> Any:
        """What the class makes of the texts."""
        if not self.held:
            self.held.append(make_instance(load_class(self.named, Path(), "--embedder"), {}, "--embedder"))
        return self.held[0].embed(texts)


def embedder_of(named: str) -> ClassEmbedder:
    """The embedder `FILE.py:CLASS`, named after both; raises `ConfigError` where there is none."""
    kind = load_class(named, Path(), "--embedder")
    dimensions = getattr(kind, "dimensions", None)
    if not isinstance(dimensions, int):
        raise SystemExit(f"--embedder: {kind.__name__} has no `dimensions`: the length of its vectors as an int.")
    path, _, _ = named.rpartition(":")
    name = f"{Path(path).stem}.{kind.__name__}"
    return ClassEmbedder(name, dimensions, LazyModel(named), getattr(kind, "languages", None))


class VectorFile:
    """An embedder that keeps each vector in a file, under the names of model and text."""

    def __init__(self, inner: ClassEmbedder, path: Path) -> None:
        self._inner = inner
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=60)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute(TABLE)

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self._inner.name

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._inner.dimensions

    @property
    def languages(self) -> Sequence[str] | None:
        """The languages that the class says it knows, None where it does not say."""
        return self._inner.languages

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """The vectors: those in the file, and the others from the model, kept batch by batch."""
        keys = {text: self._key(text) for text in texts}
        found = dict(_look_up(self._file, list(keys.values())))
        missing = [text for text, key in keys.items() if key not in found]
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            made = await self._inner.embed(some)
            fresh = {keys[text]: array("f", vector) for text, vector in zip(some, made, strict=True)}
            with self._file:
                rows = [(key, vector.tobytes()) for key, vector in fresh.items()]
                self._file.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
            found.update(fresh)
        return [found[keys[text]].tolist() for text in texts]

    async def close(self) -> None:
        """Close the file and the model."""
        self._file.close()
        await self._inner.close()

    def _key(self, text: str) -> bytes:
        said = "\x1f".join((self.name, str(self.dimensions), text))
        return blake2b(said.encode("utf-8", "replace"), digest_size=16).digest()


def _look_up(held: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, array[float]]]:
    for start in range(0, len(keys), LOOK_UP):
        some = keys[start : start + LOOK_UP]
        marks = ",".join("?" * len(some))
        for key, vector in held.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):
            yield key, array("f", vector)
