"""The texts that wait for a vector: embedded in batches before the next search that needs them, each text once.

So that ingest is as fast as a write, a new text is stored without a vector. The queue is the store itself (documents
without a vector), so nothing is forgotten when a process dies. What was embedded is kept by the hash of its text in the
collection `embeddings` of the same user, for the next time that it is said, and goes with the last of the documents
that said it when a person deletes them.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from threading import Lock

from .clock import SystemClock
from .errors import ModelError, Moved, StoreUnavailable
from .filters import Has, Is, Not
from .locks import ScopeLocks
from .ports import Clock, Document, Embedder, Store, Vector, Writes, languages_of
from .probing import is_known, sentences
from .records import EMBEDDINGS, MEMORIES, MESSAGES, embedded_text, memory_of, message_of
from .together import together
from .values import Language, Scope

UNEMBEDDED = Not(Has("vector"))
SEARCHED = (MESSAGES, MEMORIES)
REMEMBERED = 2_000
"""How many vectors a process remembers beside those that the store keeps: some 8 MB of 1,024 dimensions."""


class Embeddings:
    """What a process has embedded lately, for all its users: the vector of a text is the same for each of them."""

    def __init__(self, embedder: Embedder, most: int = REMEMBERED) -> None:
        self._embedder, self._most = embedder, most
        self._held: OrderedDict[tuple[str, bool], array[float]] = OrderedDict()
        self._lock = Lock()
        self._knows: dict[Language, bool] = {}

    @property
    def model(self) -> str:
        """The model behind it, as the kept vectors name it: one set to another length makes other vectors."""
        return f"{self._embedder.name}/{self._embedder.dimensions}"

    async def of(self, texts: Sequence[str], *, query: bool = False) -> dict[str, Vector]:
        """The vectors of texts, each different one embedded once; errors as of `Embedder.embed`."""
        found = {text: held for text in texts if (held := self.recall(text, query=query)) is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            made = await self._embedder.embed(missing, query=query)
            for text, vector in zip(missing, made, strict=True):
                self.hold(text, vector, query=query)
                found[text] = vector
        return found

    async def knows(self, language: Language) -> bool:
        """Whether the embedder tells texts of a language apart: as it declares (`languages`), else it is tried once."""
        declared = languages_of(self._embedder)
        if declared is not None:
            return language in declared
        if language not in self._knows:
            made = await self._embedder.embed(sentences(language))
            self._knows[language] = is_known(made)
        return self._knows[language]

    def recall(self, text: str, *, query: bool = False) -> Vector | None:
        """The vector of a text that was embedded lately; None of another."""
        with self._lock:
            held = self._held.get((text, query))
            if held is not None:
                self._held.move_to_end((text, query))
        return None if held is None else held.tolist()

    def hold(self, text: str, vector: Vector, *, query: bool = False) -> None:
        """Remember a vector, and forget the one that was not asked for longest."""
        with self._lock:
            self._held[text, query] = array("f", vector)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


class EmbeddingQueue:
    """Embeds what waits in a scope; searches of one scope at the same time share the work.

    With `kept` the store is asked for a text before the model is, and told of it after: worth its two requests a batch
    for a model that is asked over a network.
    """

    def __init__(
        self, store: Store, embedder: Embedder, batch: int = 256, *, kept: bool = True, clock: Clock | None = None
    ) -> None:
        self._store, self._batch, self._kept = store, batch, kept
        self._clock = clock or SystemClock()
        self.embeddings = Embeddings(embedder)
        self._locks = ScopeLocks()

    async def flush(self, scope: Scope, collections: Iterable[str] = SEARCHED) -> str:
        """Attach vectors to all that waits in these collections; returns a warning, empty where all went well.

        What the model cannot embed now, or the store not write (a full disk must not end reading), waits on and is
        found by keyword meanwhile.
        """
        return await self._warned(scope, lambda: self._flush(scope, dict.fromkeys(collections)))

    async def embed(self, scope: Scope, collection: str, documents: Iterable[Document]) -> str:
        """As `flush` for documents that were written just now, without asking the store what waits."""
        texts = {d.id: text_of(collection, d) for d in documents}
        return await self._warned(scope, lambda: self._embed(scope, {collection: texts})) if texts else ""

    async def _warned(self, scope: Scope, work: Callable[[], Awaitable[None]]) -> str:
        async with self._locks.of(scope):
            try:
                await work()
            except (ModelError, StoreUnavailable) as error:
                return f"New texts wait for their vectors and are found by keyword alone until then: {error.message}"
        return ""

    async def _flush(self, scope: Scope, cursors: Mapping[str, str | None]) -> None:
        """Embed what waits in the collections behind these cursors, a batch of each at a time."""
        store, limit = self._store, self._batch
        while cursors:
            asked = [store.page(scope, name, UNEMBEDDED, limit=limit, cursor=at) for name, at in cursors.items()]
            pages = dict(zip(cursors, await together(asked), strict=True))
            texts = {name: {d.id: text_of(name, d) for d in page.documents} for name, page in pages.items()}
            await self._embed(scope, {name: waiting for name, waiting in texts.items() if waiting})
            cursors = {name: page.cursor for name, page in pages.items() if page.cursor is not None}

    async def _embed(self, scope: Scope, texts: Mapping[str, Mapping[str, str]]) -> None:
        """Attach their vectors to documents; `texts` by collection and id."""
        wanted = list(dict.fromkeys(text for waiting in texts.values() for text in waiting.values()))
        made = {text: vector for text in wanted if (vector := self.embeddings.recall(text)) is not None}
        strange = [text for text in wanted if text not in made]
        held = await self._kept_of(scope, strange) if self._kept and strange else {}
        made |= await self.embeddings.of([text for text in strange if text not in held])
        if self._kept and made:  # what was remembered may be kept already, which an append leaves as it is
            await self._store.append(scope, EMBEDDINGS, [_entry(self.embeddings.model, *one) for one in made.items()])
        vectors = {**held, **made}
        attached = [
            self._store.attach(scope, name, {id_: vectors[text] for id_, text in waiting.items()})
            for name, waiting in texts.items()
        ]
        if sum(await together(attached)) < sum(map(len, texts.values())) and self._kept:
            await self._forget_deleted(scope, texts, made)

    async def _kept_of(self, scope: Scope, texts: Sequence[str]) -> dict[str, Vector]:
        """Those vectors that the store has kept, by text."""
        entries = await self._store.get(scope, EMBEDDINGS, [entry_id(self.embeddings.model, text) for text in texts])
        return {text: _vector(entry) for text, entry in zip(texts, entries, strict=True) if entry is not None}

    async def _forget_deleted(self, scope: Scope, texts: Mapping[str, Mapping[str, str]], made: Iterable[str]) -> None:
        """Keep no new vector of a text whose last document was deleted while it was embedded."""
        there = set[str]()
        for name, waiting in texts.items():
            found = await self._store.get(scope, name, list(waiting))
            there |= {text for text, document in zip(waiting.values(), found, strict=True) if document is not None}
        gone = [text for text in made if text not in there]
        if gone:
            await forget(self._store, scope, self.embeddings.model, gone, self._clock.now())


def text_of(collection: str, document: Document) -> str:
    """The text of a message's or a memory's document that is embedded."""
    return embedded_text(message_of(document) if collection == MESSAGES else memory_of(document))


def entry_id(model: str, text: str) -> str:
    """The id under which the vector of a text is kept: forty hex digits of the model and the text."""
    return blake2b(f"{model}\x1f{text}".encode("utf-8", "replace"), digest_size=20).hexdigest()


async def entries_of(store: Store, scope: Scope, model: str, texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What is kept of these texts, for a commit to delete it, and all that other models have made."""
    ids = sorted({entry_id(model, text) for text in texts})
    found = [d.id for d in await store.get(scope, EMBEDDINGS, ids) if d is not None] if ids else []
    cursor: str | None = None
    while ids:
        page = await store.page(scope, EMBEDDINGS, Not(Is("model", model)), limit=1000, cursor=cursor)
        found += [d.id for d in page.documents]
        cursor = page.cursor
        if cursor is None:
            break
    return tuple((EMBEDDINGS, id_) for id_ in found)


async def forget(store: Store, scope: Scope, model: str, texts: Sequence[str], at: datetime) -> None:
    """Delete what is kept of these texts, in a commit of its own where there is something."""
    while True:
        revision = await store.revision(scope)
        gone = await entries_of(store, scope, model, texts)
        if not gone:
            return
        with suppress(Moved):
            await store.commit(scope, Writes(delete=gone, entry={"at": at.isoformat()}), expect=revision)
            return


def _entry(model: str, text: str, vector: Vector) -> Document:
    id_ = entry_id(model, text)
    return Document(id_, {"model": model}, {"vector": encoded(vector)}, digest=id_)


def encoded(vector: Vector) -> str:
    """A vector as base64 of its numbers as little-endian float32."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return b64encode(numbers.tobytes()).decode("ascii")


def _vector(entry: Document) -> Vector:
    numbers = array("f", b64decode(entry.body["vector"]))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
