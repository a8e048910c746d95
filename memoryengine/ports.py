"""What the engine needs from outside, as protocols: models, a store, a clock, and what a worker may read.

The contract of each port stands in its docstrings; `memoryengine.testing` holds the suites that check it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from .filters import EVERYTHING, Filter, Value
from .values import KINDS, Hit, Kind, Language, Memory, Message, Role, Scope

Vector = Sequence[float]
Json = Mapping[str, Any]


# --- models -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A chat model's answer; token counts are the endpoint's own, 0 where it gives none.

    `cut` says that it ended because it was long enough (`max_tokens`), not because it was done.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    cut: bool = False


@runtime_checkable
class ChatModel(Protocol):
    """A model that answers a conversation.

    Implementations retry what may pass (429, 5xx, time-outs), hold a time limit and an output limit, cut `<think>`
    parts off, and raise `ModelUnavailable`, `ModelRefused` or `ModelAnswerError`, nothing else.
    """

    @property
    def name(self) -> str:
        """The model's name, as shown in traces."""
        ...

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """Answer the turns; `max_tokens` may only lower the configured output limit."""
        ...

    def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """Answer the turns piece by piece."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A model that turns texts into vectors.

    One vector a text, in order, of `dimensions` finite numbers, never all zero; any number of texts in one call (an
    adapter splits what its endpoint cannot take at once). Errors as for `ChatModel`. It may declare the languages that
    it knows in an attribute `languages` (see `languages_of`).
    """

    @property
    def name(self) -> str:
        """The model's name; stores refuse vectors of another name."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        ...

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """The vectors of `texts`; `query` is set for a question, which some models embed differently."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


def languages_of(embedder: Embedder) -> Sequence[Language] | None:
    """The languages that an embedder declares to know; None where it declares none."""
    declared: Sequence[Language] | None = getattr(embedder, "languages", None)
    return declared


@runtime_checkable
class Reranker(Protocol):
    """A model that says how well each text answers a question. Errors as for `ChatModel`."""

    @property
    def name(self) -> str:
        """The model's name, as shown in traces."""
        ...

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One relevance in [0, 1] for each text, in the order of the texts; equal texts get equal scores."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class Clock(Protocol):
    """Where moments come from."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC; each call of one clock gives a later moment than the one before."""
        ...


# --- the store --------------------------------------------------------------------------------------------------

FieldKind = Literal["keyword", "keywords", "number", "moment", "flag", "map"]
HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents and the fields one may filter and sort by; `searchable` ones have terms and vectors.

    A field named `vector` cannot be declared, because a filter uses that word for the vector itself.
    """

    name: str
    fields: Mapping[str, FieldKind]
    searchable: bool = False


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """Which embedder made the vectors, and their length."""

    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Document:
    """One stored thing: `fields` can be filtered and patched, `body` is kept as it is and never changes.

    `terms` are what keyword search sees, with repetitions (empty: not found by keyword); no term holds white space.
    `digest` says what makes two documents of one id the same. `revision` is that of the commit that last wrote it, 0
    for an appended one; the store sets it. Vectors go in by `attach` and never come out.

    Ids, users, namespaces and texts in fields are non-empty (in fields: any) text without NUL or lone surrogates; a
    store takes 32,000 bytes of UTF-8 of each (of a key and its value together) and may refuse more. Numbers are finite
    and within 2**53, moments are aware and exact to the microsecond (they come back in UTC). A field of None is one
    that is not there. What breaks this raises `StoreError`. `body` may be any JSON.
    """

    id: str
    fields: Mapping[str, Value]
    body: Json
    terms: tuple[str, ...] = ()
    digest: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Patch:
    """New values for some fields of one document; a value of None takes the field away."""

    collection: str
    id: str
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Writes:
    """One commit: whole documents put (made or replaced), fields patched, documents deleted, in this order.

    A document that is put has no vector until the next `attach`; a patched one keeps its vector.
    `entry` is what history keeps of it: ids, cause, run; never a text of a person or a model.
    """

    put: tuple[tuple[str, Document], ...] = ()
    patch: tuple[Patch, ...] = ()
    delete: tuple[tuple[str, str], ...] = ()
    entry: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did with each id: `new` ones are in, `known` ones were, `deleted` ones stay deleted."""

    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by one field of kind keyword (by code point), number, moment or flag; those without it come last."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order, and the cursor to go on from; None at the end."""

    documents: tuple[Document, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """The best `top_k` documents by BM25 over `terms`, among those that pass `where` and hold one of the terms.

    The score is `memoryengine.ranking.bm25`, with the statistics (count, average length, document frequencies) of
    this scope's documents that pass `where`; repeated query terms count once. A store may rank more coarsely first,
    but must score at least the 150 best candidates exactly; and it may refuse more than 20,000 different terms.

    `Match.share` is the score divided by the most that any document could reach with these terms: the sum of their
    `memoryengine.ranking.idf` by the same statistics, where a term that nobody holds counts too.
    """

    collection: str
    terms: tuple[str, ...]
    where: Filter = EVERYTHING
    top_k: int = 100


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """The best `top_k` documents by cosine among those that pass `where` and have a vector.

    The score is (1 + cosine) / 2, in [0, 1].
    """

    collection: str
    vector: Vector
    where: Filter = EVERYTHING
    top_k: int = 100


@dataclass(frozen=True, slots=True)
class FilterQuery:
    """The first `top_k` documents that pass `where`, by id, each with the score 0, of any collection.

    For what must be known along with a search, such as whether some documents have no vector yet.
    """

    collection: str
    where: Filter = EVERYTHING
    top_k: int = 100


Query = KeywordQuery | VectorQuery | FilterQuery


@dataclass(frozen=True, slots=True)
class Match:
    """One document found, with its score; it may come without its terms, which are as dear to read as all the rest.

    `share` tells how much of a `KeywordQuery` the document covers, in [0, 1]; for other queries it is 0.
    """

    document: Document
    score: float
    share: float = 0.0


class Store(Protocol):
    """Documents, search and one revision a scope; it knows nothing of what the documents mean.

    Every call but `open`, `scopes`, `describe` and `close` names a scope, and nothing crosses it. What a call wrote is
    seen by every later call of any process. Errors are `StoreError` and its children; a call that raised has written
    nothing, except as `append` says, except `DeletionPending`, and except that a store over a network may raise
    `StoreUnavailable` after a write whose answer was lost: then history tells. A collection or field that was not
    declared raises `StoreError`.

    A read that overlaps a commit may see a part of it. So whoever reads in order to commit asks for the `revision`
    first, then reads, then commits with `expect`: had anything moved in between, the commit raises `Moved`.
    """

    async def open(self, collections: Sequence[Collection], vectors: VectorSpace | None) -> None:
        """Make the store or check what is there; `vectors` None means that no embedder is configured.

        Raises `StoreUnreadable`, `StoreUnavailable`, and `VectorMismatch` if the vectors inside were made by another
        model or have other dimensions. Missing collections are made; the collection `history` is always there.
        """
        ...

    async def close(self) -> None:
        """Give everything back; a second call does nothing."""
        ...

    async def revision(self, scope: Scope) -> int:
        """The scope's revision: 0 before its first commit."""
        ...

    async def append(self, scope: Scope, collection: str, documents: Sequence[Document]) -> Appended:
        """Add documents that need no agreement, durably; the revision stays.

        An id that is there with the same digest is `known`; a deleted id stays deleted. Raises `IdConflict` if an id
        is there with another digest (or twice in the call with two digests); the documents without conflict may be in
        by then, and the same call may simply be repeated.
        """
        ...

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int:
        """Write everything or nothing, if the scope is still at `expect`; returns the next revision.

        Raises `Moved` if it is not, else `StoreError` if a document to patch or delete is not there or a document to
        put was deleted. `writes.entry` becomes a document of the collection `history` whose id is the new revision in
        twelve digits, with the fields `revision` (number) and `at` (moment, taken from entry["at"], ISO 8601 text).
        Deleted documents leave a tombstone without content and nothing readable in the files that the store keeps,
        as after `purge`.
        """
        ...

    async def attach(self, scope: Scope, collection: str, vectors: Mapping[str, Vector]) -> int:
        """Set the vectors of documents; returns how many were there to take one. The revision stays.

        A vector that is there is replaced. Raises `VectorMismatch` for a vector of another length than the store's
        space, `StoreError` for one that is all zero or not finite, or if the collection is not searchable.
        """
        ...

    async def get(self, scope: Scope, collection: str, ids: Sequence[str]) -> tuple[Document | None, ...]:
        """The documents of these ids in this order; None where there is none or it was deleted."""
        ...

    async def page(
        self,
        scope: Scope,
        collection: str,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """The documents that pass, by `order` and then by id, `limit` at a time, from `cursor` on.

        A document that stays as it is while one pages through appears exactly once.
        """
        ...

    async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
        """How many documents pass."""
        ...

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        """The answers to all queries, in one round trip; each is ordered by score, best first, then by id.

        `top_k` holds as it is given: there is no hidden cap. A query without terms finds nothing.
        """
        ...

    async def purge(self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Json) -> tuple[int, ...]:
        """Delete every document of each (collection, filter), whatever the revision, and count them.

        Moves the revision by one, keeps tombstones, writes `entry` to history as `commit` does, and returns when
        nothing readable is left in the files that the store keeps. If that cannot be done in time (another process
        reads on, a server merges later) it raises `DeletionPending`: the deletion stands, and the store finishes the
        cleaning by itself. Purging the collection `history` keeps the entry of this call.
        """
        ...

    async def scopes(self, namespace: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """The users of a namespace that have or had documents, by name, those after `after`."""
        ...

    async def describe(self) -> Mapping[str, str]:
        """What a person wants to know: `kind`, `location`, `schema`, and the like."""
        ...


# --- what a worker may read -------------------------------------------------------------------------------------

Searchable = Kind | Literal["message"]
SEARCHABLE: tuple[Searchable, ...] = (*KINDS, "message")

OLDEST_FIRST = (Sort("said_at"), Sort("recorded_at"))
NEWEST_FIRST = (Sort("said_at", descending=True), Sort("recorded_at", descending=True))
"""The order in which messages were said, and memories by the newest message behind them."""


@dataclass(frozen=True, slots=True)
class Search:
    """One question to memory, by keyword and by vector at once.

    `top_k` bounds each of the searches it is made of (memories and messages, by keyword and by vector); all that they
    find comes back, so that a later ranking can weigh the channels. `where` filters memories by the fields in
    `memoryengine.records.MEMORY_FIELDS`. Messages in `window` are in front of the reader already and are never found.
    Expired memories are found only with `expired`. `words` are the terms that are sought by keyword, where they are not
    those of `text`. `alike` says that the text is one like those that it seeks, a memory
    beside memories, and no question: it is embedded as they are.
    """

    text: str
    kinds: tuple[Searchable, ...] = SEARCHABLE
    top_k: int = 100
    where: Filter = EVERYTHING
    window: tuple[str, ...] = ()
    expired: bool = False
    alike: bool = False
    words: tuple[str, ...] | None = None


@runtime_checkable
class Reader(Protocol):
    """What a worker may look up: the memories and messages of the scope its run is for, and nothing else.

    An operation that was asked to look back (`as_of`, `known_at`) gets one that answers for then: with the memories
    that were true at the one moment, whatever became of them since, as they stood by the other, and with the messages
    that were said and recorded by then. A worker need not know.
    """

    @property
    def scope(self) -> Scope:
        """Whose memory it is."""
        ...

    async def search(self, *queries: Search) -> tuple[tuple[Hit, ...], ...]:
        """The hits of each query, all in one round trip to the store; best first.

        A hit carries the channels `keyword` (BM25 divided by the best of the query) and `vector` (cosine, clipped at
        0), each in [0, 1], where that search found it; its score is the greatest of them. A message that memories came
        from gives its place to those that are valid, and is not shown once one of them was expired or deleted.
        """
        ...

    async def memories(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int | None = None,
        expired: bool = True,
    ) -> tuple[Memory, ...]:
        """The memories that pass, in this order (then by id); all of them without `limit`.

        Valid and expired alike, unless `expired` is off.
        """
        ...

    async def messages(
        self, where: Filter = EVERYTHING, *, order: Sequence[Sort] = (), limit: int | None = None
    ) -> tuple[Message, ...]:
        """The messages that pass, in this order (then by id)."""
        ...

    async def speakers(self) -> tuple[str, ...]:
        """The names under which somebody speaks in this scope, by code point; none where there are very many.

        Who spoke first through another process is among them after the next search.
        """
        ...

    async def replies(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages that these answer, and those that answer them, as far as they may be shown."""
        ...
