"""What a store may offer beside `ports.Store`, for whoever keeps it: to be copied, and to be embedded anew.

The shipped stores offer all of it; a store of one's own may offer none. `maintenance` is built on these ports, and
`memoryengine.testing.upkeep_contract` checks them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .ports import Document, Vector, VectorSpace
from .values import Scope


@dataclass(frozen=True, slots=True)
class Step:
    """How far a long work is: `done` of `total` things; both 0 for a step that is not counted."""

    what: str
    done: int = 0
    total: int = 0


Told = Callable[[Step], None]
Embed = Callable[[str, Sequence[Document]], Awaitable[Sequence[Vector]]]
"""The vectors of documents of a collection, one each, in order."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A document on its way from one store to another.

    `vector` is what `stores.vectors.carried_vector` makes of one, empty where there is none.
    """

    document: Document
    vector: bytes = b""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what a collection of one scope holds.

    `deleted` holds, of each deleted document, `stores.portable.document_key` and the revision that deleted it.
    """

    collection: str
    documents: tuple[Carried, ...] = ()
    deleted: tuple[tuple[str, int], ...] = ()


class Copyable(Protocol):
    """Everything that an open store holds, to be taken out and put into another.

    Errors are `StoreError` and its children.
    """

    @property
    def space(self) -> VectorSpace | None:
        """Which embedder made its vectors."""
        ...

    def scopes(self) -> AsyncIterator[Scope]:
        """All scopes that have or had documents, by namespace and user."""
        ...

    async def stamp(self, scope: Scope) -> str:
        """A text that is another one after every write to the scope."""
        ...

    def dump(self, scope: Scope, *, vectors: bool) -> AsyncGenerator[Part, None]:
        """All that a scope holds, history too, in parts of some hundred documents; each document once.

        Whoever may stop before the end closes it, with `contextlib.aclosing`.
        """
        ...

    async def begin(self, source: str) -> None:
        """Make ready to take a copy of the store that `source` names.

        Raises `StoreError` if something is in it already, unless that is the half of a copy of the same source. Where
        the store can, it takes no commits until `end`.
        """
        ...

    async def load(self, scope: Scope, part: Part) -> None:
        """Write documents as they are, with their revisions, in the place of what a broken off copy left."""
        ...

    async def settle(self, scope: Scope, revision: int) -> None:
        """Say that all parts of a scope were loaded, and at which revision it is."""
        ...

    async def end(self) -> None:
        """Say that the copy is whole."""
        ...


class Reindexable(Protocol):
    """An open store whose vectors and indices can be made anew. It was opened with `vectors` None, to open any."""

    async def reindex(self, space: VectorSpace | None, embed: Embed, told: Told, *, batch: int) -> None:
        """Hold vectors of this space alone, embedding `batch` documents at a time; None keeps what is there.

        Nothing that is written before, during or after it is lost, and reads go on. When it was ended by force, the
        next call goes on where it was.
        """
        ...

    async def abandon(self) -> str:
        """Take back a reindexing that has not ended; returns what was done, as a sentence."""
        ...


@runtime_checkable
class Kept(Protocol):
    """A store that offers all of this."""

    async def parts(self) -> tuple[str, ...]:
        """The names of the files or indices that are there, before or after it is opened."""
        ...

    def copying(self) -> Copyable:
        """The open store, as something to be copied."""
        ...

    def reindexing(self) -> Reindexable:
        """The open store, as something to be made anew."""
        ...
