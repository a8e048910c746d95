"""What workers may read, over a store: one round trip for a search, and the rule of who stands for whom.

The rule: a message from which memories came gives its place to those that are valid; once one of them was expired or
deleted the message is hidden, or a raw "I live in Beijing" would outlive its correction.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from .beliefs import Then, is_shown, known, memories_then, messages_then, said_by
from .embedding import SEARCHED, UNEMBEDDED, EmbeddingQueue
from .errors import ModelUnavailable
from .filters import EVERYTHING, AllOf, Filter, Has, Is, Not, matches
from .ports import (
    Document,
    FilterQuery,
    KeywordQuery,
    Match,
    Query,
    Search,
    Sort,
    Store,
    Vector,
    VectorQuery,
)
from .records import MEMORIES, MESSAGES, memory_of, message_of
from .replies import Heard
from .text import language, terms
from .values import KINDS, Hit, Memory, Message, Scope

PAGE = 1000
MOST_SPEAKERS = 100
"""Where more than these speak, a name in a question is sought as a word."""
Item = TypeVar("Item", Memory, Message)
Channels = dict[str, float]
Found = dict[str, tuple[Document, Channels]]


class StoreReader:
    """The `Reader` of one run: reads one scope of a store, and embeds what a search needs."""

    def __init__(self, store: Store, scope: Scope, queue: EmbeddingQueue | None, heard: Heard | None = None) -> None:
        self._store, self._scope, self._queue = store, scope, queue
        self._heard = heard or Heard()
        self.then = Then()
        self.warnings: list[str] = []

    @property
    def scope(self) -> Scope:
        """Whose memory it is."""
        return self._scope

    async def search(self, *queries: Search) -> tuple[tuple[Hit, ...], ...]:
        """See `Reader.search`."""
        vectors = await self._embed(queries)
        asked: list[Query] = []
        spans = []
        for query, vector in zip(queries, vectors, strict=True):
            wanted = store_queries(query, vector, self._then(query.expired))
            spans.append((len(asked), len(asked) + len(wanted)))
            asked += wanted
        answers = await self._answers(asked, searched(queries))
        memory, message = _once(memory_of), _once(message_of)
        return tuple(
            [
                await self._hits(query, asked[a:b], answers[a:b], memory, message)
                for query, (a, b) in zip(queries, spans, strict=True)
            ]
        )

    async def _answers(self, asked: Sequence[Query], collections: Sequence[str]) -> Sequence[Sequence[Match]]:
        """The answers; asked along: who else speaks, and whether texts wait for a vector, which are embedded first."""
        waiting = [FilterQuery(name, UNEMBEDDED, top_k=1) for name in collections] if self._queue else []
        known = self._heard.known(self._scope)
        looks = MESSAGES in collections and known is not None and len(known) <= MOST_SPEAKERS
        new = [_others_than(known or frozenset())] if looks else []
        found = await self._store.search(self._scope, [*asked, *waiting, *new])
        if new and found[-1]:
            await self._look_for_speakers((known or frozenset()) | _speakers_of(found[-1]))
        names = [query.collection for query, held in zip(waiting, found[len(asked) :], strict=False) if held]
        if names and await self.embed_waiting(names):
            found = await self._store.search(self._scope, asked)
        return found[: len(asked)]

    async def memories(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Sort] = (),
        limit: int | None = None,
        expired: bool = True,
    ) -> tuple[Memory, ...]:
        """See `Reader.memories`."""
        then = self._then(expired)
        where = AllOf(where, memories_then(then))
        if then.known_at is None:
            return tuple(map(memory_of, await read_all(self._store, self._scope, MEMORIES, where, order, limit)))
        # More may pass the store's filter than stood so then, so the limit counts what is left.
        found = [known(d, then) for d in await read_all(self._store, self._scope, MEMORIES, where, order)]
        return tuple([memory_of(d) for d in found if d is not None][:limit])

    async def messages(
        self, where: Filter = EVERYTHING, *, order: Sequence[Sort] = (), limit: int | None = None
    ) -> tuple[Message, ...]:
        """See `Reader.messages`."""
        where = where if self.then.is_now else AllOf(where, said_by(self.then))
        return tuple(map(message_of, await read_all(self._store, self._scope, MESSAGES, where, order, limit)))

    async def speakers(self) -> tuple[str, ...]:
        """See `Reader.speakers`; looked for once, then each search brings along who is new, for the next question."""
        known = self._heard.known(self._scope)
        if known is None:
            known = await self._look_for_speakers(frozenset())
        return tuple(sorted(known)) if len(known) <= MOST_SPEAKERS else ()

    async def _look_for_speakers(self, known: frozenset[str]) -> frozenset[str]:
        """All speakers, beginning with those that are known."""
        while len(known) <= MOST_SPEAKERS:
            (found,) = await self._store.search(self._scope, [_others_than(known)])
            if not found:
                break
            known |= _speakers_of(found)
        return self._heard.learn(self._scope, known)

    async def replies(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """See `Reader.replies`; both directions are asked for at the same time."""
        if not messages:
            return ()
        before = sorted({message.answers for message in messages} - {""})
        where = AllOf(Is("answers", *(message.id for message in messages)), messages_then(self.then))
        first, (behind,) = await gather(
            self._store.get(self._scope, MESSAGES, before),
            self._store.search(self._scope, [FilterQuery(MESSAGES, where, top_k=4 * len(messages))]),
        )
        there = [d for d in first if d is not None and matches(messages_then(self.then), d.fields)]
        there += [one.document for one in behind]
        return tuple([message_of(d) for d in there if is_shown(d, self.then) and not _ids(d)])

    async def embed_waiting(self, collections: Iterable[str] = SEARCHED) -> bool:
        """Embed the texts of this scope that wait for it; False, and a warning, if some could not be embedded."""
        return self._went_well(await self._queue.flush(self._scope, collections) if self._queue else "")

    async def embed(self, collection: str, documents: Iterable[Document]) -> bool:
        """As `embed_waiting` for documents that were written just now."""
        return self._went_well(await self._queue.embed(self._scope, collection, documents) if self._queue else "")

    def _went_well(self, warning: str) -> bool:
        self.warnings += [warning] if warning else []
        return not warning

    async def _embed(self, queries: Sequence[Search]) -> list[Vector | None]:
        """The vectors of what is sought; None without an embedder, for no words, or where the model is not there."""
        if self._queue is None:
            return [None] * len(queries)
        found: dict[tuple[bool, str], Vector] = {}
        try:
            for alike in (True, False):
                texts = [q.text for q in queries if q.alike == alike and await self._is_known(q.text)]
                made = await self._queue.embeddings.of(texts, query=not alike) if texts else {}
                found |= {(alike, text): vector for text, vector in made.items()}
        except ModelUnavailable as error:
            self.warnings.append(f"This search was by keyword alone: {error.message}")
        return [found.get((q.alike, q.text)) for q in queries]

    async def _is_known(self, text: str) -> bool:
        """Whether there is something to embed, in a language that the embedder knows."""
        return self._queue is not None and bool(text.strip()) and await self._queue.embeddings.knows(language(text))

    async def _hits(
        self,
        query: Search,
        asked: Sequence[Query],
        answers: Sequence[Sequence[Match]],
        memory: Callable[[Document], Memory],
        message: Callable[[Document], Message],
    ) -> tuple[Hit, ...]:
        memories, messages = merge(asked, answers)
        for id_ in query.window:
            messages.pop(id_, None)
        then = self._then(query.expired)
        if then.known_at is not None:
            stood = {id_: (known(d, then), channels) for id_, (d, channels) in memories.items()}
            memories = {id_: (d, channels) for id_, (d, channels) in stood.items() if d is not None}
        await self._promote(query, memories, messages)
        items: list[tuple[Memory | Message, Channels]] = [(memory(d), channels) for d, channels in memories.values()]
        items += [(message(d), channels) for d, channels in messages.values() if is_shown(d, then)]
        ranks = _ranks({item.id: channels for item, channels in items})
        hits = [Hit(item, max(found.values(), default=0.0), found, {}, ranks[item.id]) for item, found in items]
        return tuple(sorted(hits, key=lambda h: (-h.score, h.item.id)))

    def _then(self, expired: bool) -> Then:
        return self.then if self.then.expired == expired else replace(self.then, expired=expired)

    async def _promote(self, query: Search, memories: Found, messages: Found) -> None:
        """Give the place of each message that memories came from to those memories.

        A message whose memories were all made after `known_at` stood for itself then.
        """
        parents = {id_: _ids(d) for id_, (d, _) in messages.items() if _ids(d)}
        unseen = sorted({m for ids in parents.values() for m in ids} - memories.keys())
        fetched = [d for d in await self._store.get(self._scope, MEMORIES, unseen) if d] if unseen else []
        wanted, then = _kinds_and_where(query), self._then(query.expired)
        for document in fetched:
            stood = known(document, then) if matches(wanted, document.fields) else None
            if stood is not None:
                memories[document.id] = (stood, {})
        later = {d.id for d in fetched if then.known_at and memory_of(d).recorded_at > then.known_at}
        for id_, children in parents.items():
            if children <= later:
                continue
            _, channels = messages.pop(id_)
            for child in children & memories.keys():
                own = memories[child][1]
                own.update({name: max(score, own.get(name, 0.0)) for name, score in channels.items()})


def _once(read: Callable[[Document], Item]) -> Callable[[Document], Item]:
    """What is read from documents of which several searches find the same."""
    held: dict[int, tuple[Document, Item]] = {}  # with the document, or its number would become that of another

    def of(document: Document) -> Item:
        found = held.get(id(document)) or (document, read(document))
        return held.setdefault(id(document), found)[1]

    return of


def _others_than(known: frozenset[str]) -> FilterQuery:
    """A query for messages of speakers that are not known."""
    where = AllOf(Has("speaker"), Not(Is("speaker", *sorted(known)))) if known else Has("speaker")
    return FilterQuery(MESSAGES, where, top_k=MOST_SPEAKERS)


def _speakers_of(found: Sequence[Match]) -> frozenset[str]:
    return frozenset(str(one.document.fields["speaker"]) for one in found)


async def read_all(
    store: Store,
    scope: Scope,
    collection: str,
    where: Filter = EVERYTHING,
    order: Sequence[Sort] = (),
    limit: int | None = None,
) -> list[Document]:
    """The documents of a scope that pass, page by page until the end or until `limit`."""
    found: list[Document] = []
    cursor: str | None = None
    while limit is None or len(found) < limit:
        size = PAGE if limit is None else min(PAGE, limit - len(found))
        page = await store.page(scope, collection, where, order=order, limit=size, cursor=cursor)
        found += page.documents
        cursor = page.cursor
        if cursor is None:
            break
    return found


def searched(queries: Sequence[Search]) -> list[str]:
    """The collections in which these queries search."""
    kinds = {kind for query in queries for kind in query.kinds}
    return [c for c, held in ((MEMORIES, set(KINDS)), (MESSAGES, {"message"})) if kinds & held]


def memory_filter(query: Search, then: Then) -> Filter:
    """Which memories a search may find."""
    return AllOf(_kinds_and_where(query), memories_then(then))


def _kinds_and_where(query: Search) -> Filter:
    return AllOf(Is("kind", *(k for k in query.kinds if k in KINDS)), query.where)


def store_queries(query: Search, vector: Vector | None, then: Then) -> list[Query]:
    """The store's queries for one search: keyword and vector, over memories and over messages.

    Messages get room for those in the window, which are taken out again.
    """
    found: list[Query] = []
    words = tuple(dict.fromkeys(terms(query.text) if query.words is None else query.words))
    sides = [(MEMORIES, memory_filter(query, then), query.top_k)] if set(query.kinds) & set(KINDS) else []
    if "message" in query.kinds:
        sides.append((MESSAGES, messages_then(then), query.top_k + len(query.window)))
    for collection, where, top_k in sides:
        found.append(KeywordQuery(collection, words, where, top_k))
        if vector is not None:
            found.append(VectorQuery(collection, vector, where, top_k))
    return found


def merge(asked: Sequence[Query], answers: Sequence[Sequence[Match]]) -> tuple[Found, Found]:
    """The memories and the messages found, each with its channels.

    BM25 has no upper end, so keyword scores are divided by the best of the query; a cosine below 0 counts as 0.
    """
    found: dict[str, Found] = {MEMORIES: {}, MESSAGES: {}}
    scores = [m.score for q, a in zip(asked, answers, strict=True) if isinstance(q, KeywordQuery) for m in a]
    best = max(scores, default=0.0) or 1.0
    for query, matched in zip(asked, answers, strict=True):
        for match in matched:
            _, channels = found[query.collection].setdefault(match.document.id, (match.document, {}))
            if isinstance(query, KeywordQuery):
                channels["keyword"], channels["coverage"] = match.score / best, match.share
            else:
                channels["vector"] = max(0.0, 2.0 * match.score - 1.0)
    return found[MEMORIES], found[MESSAGES]


def _ranks(found: Mapping[str, Channels]) -> dict[str, dict[str, int]]:
    """The place of each item in each search that found it."""
    ranks: dict[str, dict[str, int]] = {id_: {} for id_ in found}
    for name in ("keyword", "vector"):
        scores = [(-channels[name], id_) for id_, channels in found.items() if name in channels]
        for place, (_, id_) in enumerate(sorted(scores), start=1):
            ranks[id_][name] = place
    return ranks


def _ids(document: Document) -> set[str]:
    held = document.fields.get("memories")
    return set(held) if isinstance(held, tuple) else set()
