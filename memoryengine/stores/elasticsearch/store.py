"""`ElasticsearchStore`: the store's calls, each a few requests; `log` and `view` say why they are right."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from elastic_transport import BaseAsyncNode
from elasticsearch import AsyncElasticsearch

from ...errors import DeletionPending, Moved, StoreError, VectorMismatch
from ...filters import EVERYTHING, Filter
from ...ports import (
    HISTORY,
    Appended,
    Collection,
    Document,
    FilterQuery,
    Json,
    Match,
    Page,
    Query,
    Sort,
    Vector,
    VectorQuery,
    VectorSpace,
    Writes,
)
from ...upkeep import Copyable, Reindexable
from ...values import Scope
from ..checks import (
    check_filter,
    check_order,
    check_sought,
    check_text,
    collections_of,
    distinct_documents,
)
from ..cursors import read_cursor, write_cursor
from ..vectors import decimals
from .changes import appended, check_documents, fold
from .codec import LIVE, Change, Codec, check_user
from .connect import Connection
from .declare import Declared, declare, find_indices
from .dsl import living, query_of, sort_of
from .erase import erase
from .find import Finder
from .keys import document_key, scope_key
from .layout import SCHEMA, SCOPES, Names, Shape, VectorIndex, vector_field, writer_of
from .log import Log, Recent, mark, user_of
from .search import BARE
from .server import Action, Ask, Got, RealServer
from .spaces import Spaces
from .view import View

PENDING = (
    "The deletion is done and nothing finds it any more, but Elasticsearch keeps deleted bytes in its files until it "
    "merges them, which it does by itself. To have it done now: memoryengine store erase"
)
PAGE = 1_000
ATTACHED = 500


class ElasticsearchStore:
    """The `Store` in Elasticsearch 8.13 or newer; any number of processes and event loops may use it at the same time.

    `url` is one address or several of one cluster; of `user` and `password`, `api_key`, or nothing, one is used.
    `ca_certs` is the file of the authority, `fingerprint` the SHA-256 of the server's certificate. `index_prefix`
    begins the names of all indices. `shards`, `replicas` (None: as many as there are nodes for, up to one) and
    `vector_index` (`hnsw`, `flat`, which is exact, or `int8_hnsw`, whose scores were seen to be wrong by up to 0.01)
    hold for indices that are made; `create` false makes none. `candidates` is how many neighbours a vector search
    weighs in each shard, at least.

    `timeout` is seconds for one request, `patience` seconds for which one is tried again that failed in a way that
    may pass. `erase_seconds` is how long a deletion may wait until no deleted byte is left in the server's files,
    which takes 35 seconds and rewrites parts of the indices; then, and with 0 at once, it raises `DeletionPending`.
    `node_class` is what sends each request, where it is not to be the client's own over aiohttp.
    """

    def __init__(
        self,
        url: str | Sequence[str] = "http://127.0.0.1:9200",
        *,
        user: str = "",
        password: str = "",
        api_key: str = "",
        ca_certs: str = "",
        fingerprint: str = "",
        index_prefix: str = "memoryengine",
        shards: int = 1,
        replicas: int | None = None,
        vector_index: VectorIndex = "hnsw",
        candidates: int = 200,
        create: bool = True,
        timeout: float = 30.0,
        patience: float = 30.0,
        erase_seconds: float = 0.0,
        node_class: type[BaseAsyncNode] | None = None,
    ) -> None:
        self._connection = Connection(url, user, password, api_key, ca_certs, fingerprint, timeout, node_class)
        self._server = RealServer(self._connection.client, self._connection.where, patience, timeout)
        self._names = Names(index_prefix)
        self._shape = Shape(shards, replicas, vector_index)
        self._candidates, self._create, self._erase_seconds = candidates, create, erase_seconds
        self._state = "is not open: call open() first"
        self._codecs: dict[str, Codec] = {}
        self._space: VectorSpace | None = None
        self._users: Recent[str, bool] = Recent()

    @property
    def client(self) -> AsyncElasticsearch:
        """A new client with the store's settings, for one's own requests; whoever asks for it closes it."""
        return self._connection.client()

    # --- opening and closing ------------------------------------------------------------------------------------

    async def open(self, collections: Sequence[Collection], vectors: VectorSpace | None) -> None:
        """Make the indices or check what is there; `vectors` None opens any."""
        if self._codecs:
            raise StoreError(f"The store {self._location} is open already.")
        try:
            held = await declare(self._server, self._names, self._shape, collections, vectors, create=self._create)
        except BaseException:
            await self._server.close()
            raise
        self._begin(held)

    def _begin(self, held: Declared, log: type[Log] = Log, view: type[View] = View) -> None:
        """Work with indices that are there, whatever server they are on."""
        self._space = held.space
        self._codecs = {name: Codec(collection) for name, collection in held.collections.items()}
        self._log = log(self._server, self._names, self._codecs)
        self._view, self._spaces = view(self._server, self._names, self._log), Spaces(self._server, held.space)
        self._finder = Finder(self._server, self._names, self._view, self._codecs, held.space, self._candidates)

    async def close(self) -> None:
        """Close the connections of this event loop; a second call does nothing."""
        if self._codecs:
            self._state = "was closed"
        self._codecs = {}
        await self._server.close()

    # --- writing ------------------------------------------------------------------------------------------------

    async def append(self, scope: Scope, collection: str, documents: Sequence[Document]) -> Appended:
        """Add documents, each by a `create` of its own; durable when it returns."""
        codec, key = self._codec(collection, scope), scope_key(scope)
        new, call, alias = distinct_documents(documents), secrets.token_hex(8), self._names.alias(collection)
        sources = [codec.source(key, one, 0, call) for one in new]
        if not new:
            return Appended()
        actions = [Action("create", alias, document_key(key, source["id"]), key, source) for source in sources]
        user = [] if key in self._users else [Action("create", self._names.alias(SCOPES), key, key, user_of(scope))]
        done = await self._server.bulk([*actions, *user, mark(alias, key)])
        self._users.keep(key, True)
        refused = [action.id for action, one in zip(actions, done, strict=False) if one.status == 409]
        if refused:  # a commit that is not applied yet may be what deletes them
            await self._log.settled(key, patient=True)
        asks = [Ask(alias, id_, key, ("state", "call", "document")) for id_ in refused]
        held = {ask.id: got for ask, got in zip(asks, await self._server.mget(asks, there=True), strict=True)}
        return appended(codec, key, new, held, call)

    async def commit(self, scope: Scope, writes: Writes, *, expect: int) -> int:
        """Write everything or nothing, if the scope is still at `expect`; returns the next revision."""
        check_user(scope)
        changes, needs = fold({name: self._codec(name) for name in collections_of(writes)}, scope, writes, expect + 1)
        revision = await self._log.commit(
            scope, changes, writes.entry, expect, lambda got: check_documents(changes, needs, got)
        )
        if writes.delete:
            await self._erase(revision)
        return revision

    async def attach(self, scope: Scope, collection: str, vectors: Mapping[str, Vector]) -> int:
        """Set the vectors of documents; returns how many were there to take one."""
        self._codec(collection, scope, searchable=True)
        if self._space is None:
            raise VectorMismatch(f"The store {self._location} was opened without an embedder, so it takes no vectors.")
        field, key, alias = vector_field(self._space), scope_key(scope), self._names.alias(collection)
        bodies = {document_key(key, id_): {field: decimals(vector, self._space)} for id_, vector in vectors.items()}
        asks = [Ask(alias, id_, key, ("state",)) for id_ in bodies]
        count = 0
        for start in range(0, len(asks), ATTACHED):
            count += await self._attach(key, asks[start : start + ATTACHED], bodies)
        return count

    async def _attach(self, scope: str, asks: Sequence[Ask], bodies: Mapping[str, Mapping[str, Any]]) -> int:
        """Write some vectors, each to the version of its document that was read."""
        count = 0
        while asks:
            found = (await self._log.settled(scope, asks)).more
            there = [(ask, got) for ask, got in zip(asks, found, strict=True) if _lives(got)]
            if not there:
                break
            actions = [
                Action("update", writer_of(got.index), ask.id, scope, bodies[ask.id], (got.seq_no, got.term))
                for ask, got in there
            ]
            marks = [mark(writer, scope) for writer in {action.alias: None for action in actions}]
            done = await self._server.bulk([*actions, *marks])
            asks = [ask for (ask, _), one in zip(there, done, strict=False) if one.status == 409]
            count += len(there) - len(asks)
        return count

    async def purge(self, scope: Scope, targets: Sequence[tuple[str, Filter]], *, entry: Json) -> tuple[int, ...]:
        """Delete every document that passes, in one commit."""
        check_user(scope)
        for name, where in targets:
            check_filter(self._codec(name).collection, where)
        while True:
            revision = await self.revision(scope)
            doomed: dict[tuple[str, str], None] = {}
            counts = []
            for name, where in targets:
                keys = [(name, key) for key in await self._keys(scope, name, where)]
                counts.append(len(keys) - sum(key in doomed for key in keys))
                doomed |= dict.fromkeys(keys)
            changes = [Change(name, key, "delete") for name, key in doomed]
            try:
                await self._log.commit(scope, changes, entry, revision, lambda _: None)
            except Moved:
                continue
            await self._erase(tuple(counts))
            return tuple(counts)

    async def _keys(self, scope: Scope, collection: str, where: Filter) -> list[str]:
        """The keys of all documents that pass."""
        key = scope_key(scope)
        query = self._passing(scope, collection, where)
        body = {"query": query, "sort": [{"id": "asc"}], "size": PAGE, **BARE}
        found: list[str] = []
        while True:
            (answer,) = await self._view.search(scope, [(collection, body)])
            hits = answer["hits"]["hits"]
            found += [document_key(key, hit["sort"][-1]) for hit in hits]
            if len(hits) < PAGE:
                return found
            body = body | {"search_after": hits[-1]["sort"]}

    async def _erase(self, result: int | tuple[int, ...]) -> None:
        try:
            clean = await self.erase(self._erase_seconds)
        except StoreError as error:  # the deletion stands whatever becomes of its bytes
            raise DeletionPending(f"{PENDING} It could not be done now: {error.message}", result) from error
        if not clean:
            raise DeletionPending(PENDING, result)

    async def erase(self, seconds: float) -> bool:
        """Let the server clean its files of all that was deleted; whether that was done within so many seconds."""
        self._codec(HISTORY)
        return seconds > 0 and await erase(self._server, self._names.prefix, seconds)

    # --- reading ------------------------------------------------------------------------------------------------

    async def revision(self, scope: Scope) -> int:
        """The scope's revision: 0 before its first commit."""
        self._codec(HISTORY, scope)
        return (await self._log.settled(scope_key(scope))).revision

    async def get(self, scope: Scope, collection: str, ids: Sequence[str]) -> tuple[Document | None, ...]:
        """The documents of these ids in this order; None where there is none or it was deleted."""
        codec, key, alias = self._codec(collection, scope), scope_key(scope), self._names.alias(collection)
        wanted = list(dict.fromkeys(check_text(id_, "An id") for id_ in ids))
        asks = [Ask(alias, document_key(key, id_), key, ("state", "document")) for id_ in wanted]
        seen = await self._log.settled(key, asks, patient=True)
        held = {
            id_: codec.document(got.source["document"])
            for id_, got in zip(wanted, seen.more, strict=True)
            if got.source is not None and _lives(got)
        }
        return tuple(map(held.get, ids))

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
        """The documents that pass, by `order` and then by id, `limit` at a time, from `cursor` on."""
        codec = self._codec(collection, scope)
        check_filter(codec.collection, where)
        check_order(codec.collection, order)
        if limit < 1:
            raise StoreError(f"A page of {limit} documents was asked for; ask for 1 or more.")
        after = None if cursor is None else _after(order, cursor)
        body = {
            "query": self._passing(scope, collection, where),
            "sort": sort_of(order),
            "docvalue_fields": ["document"],
            **BARE,
        }
        hits: list[Mapping[str, Any]] = []
        while len(hits) <= limit:  # one more than wanted tells whether there are more
            size = min(PAGE, limit + 1 - len(hits))
            behind = {} if after is None else {"search_after": after}
            (answer,) = await self._view.search(scope, [(collection, body | behind | {"size": size})])
            found = answer["hits"]["hits"]
            hits += found
            if len(found) < size:
                break
            after = found[-1]["sort"]
        documents = tuple(codec.document(hit["fields"]["document"][0]) for hit in hits[:limit])
        last = hits[limit - 1]["sort"] if len(hits) > limit else None
        return Page(documents, None if last is None else write_cursor(order, last[:-1], last[-1]))

    async def count(self, scope: Scope, collection: str, where: Filter = EVERYTHING) -> int:
        """How many documents pass."""
        check_filter(self._codec(collection, scope).collection, where)
        body = {"size": 0, "track_total_hits": True, "query": self._passing(scope, collection, where)}
        (answer,) = await self._view.search(scope, [(collection, body)])
        return int(answer["hits"]["total"]["value"])

    async def search(self, scope: Scope, queries: Sequence[Query]) -> tuple[tuple[Match, ...], ...]:
        """The answers to all queries, in one round trip; each by score, best first, then by id."""
        self._codec(HISTORY, scope)
        for query in queries:
            searchable = not isinstance(query, FilterQuery)
            check_filter(self._codec(query.collection, searchable=searchable).collection, query.where)
            if isinstance(query, VectorQuery):
                check_sought(query.vector, self._space, self._location)
        found = await self._finder.search(scope, queries)
        sought = {self._names.alias(query.collection) for query in queries if isinstance(query, VectorQuery)}
        await self._spaces.check(index for alias, index in self._view.indices.items() if alias in sought)
        return found

    async def scopes(self, namespace: str, *, after: str = "", limit: int = 1000) -> tuple[str, ...]:
        """The users of a namespace that have or had documents, by name, those after `after`."""
        self._codec(HISTORY)
        alias = self._names.alias(SCOPES)
        await self._server.refresh([alias])  # does nothing where nothing was written since
        query = {"term": {"namespace": check_text(namespace, "The namespace")}}
        found: list[str] = []
        while len(found) < limit:
            size, behind = min(PAGE, limit - len(found)), [found[-1] if found else after]
            answer = await self._server.ask(
                lambda client, size=size, behind=behind: client.search(  # type: ignore[misc]  # the defaults bind them
                    index=alias, query=query, sort=[{"user": "asc"}], search_after=behind, size=size, source=["user"]
                )
            )
            users = [hit["_source"]["user"] for hit in answer["hits"]["hits"]]
            found += users
            if len(users) < size:
                break
        return tuple(found)

    async def describe(self) -> Mapping[str, str]:
        """Kind, location, schema version, and the vectors' model."""
        self._codec(HISTORY)
        space = self._space
        return {
            "kind": "elasticsearch",
            "location": self._location,
            "schema": str(SCHEMA),
            "vectors": f"{space.model}, {space.dimensions} dimensions" if space else "none",
        }

    # --- upkeep -------------------------------------------------------------------------------------------------

    async def parts(self) -> tuple[str, ...]:
        """The indices that are there."""
        return tuple(sorted(index.name for index in (await find_indices(self._server, self._names)).values()))

    def copying(self) -> Copyable:
        """The open indices, as something to be copied."""
        from .copying import ElasticsearchCopying

        self._codec(HISTORY)
        return ElasticsearchCopying(self._server, self._names, self._log, self._codecs, self._space)

    def reindexing(self) -> Reindexable:
        """The open indices, as something to be made anew."""
        from .reindex import ElasticsearchReindexing

        self._codec(HISTORY)
        parts = (self._server, self._names, self._shape, self._log, self._codecs, self._space)
        return ElasticsearchReindexing(*parts)

    # --- what is open -------------------------------------------------------------------------------------------

    @property
    def _location(self) -> str:
        return f"{self._connection.where}, indices {self._names.prefix}-*"

    def _codec(self, name: str, scope: Scope | None = None, *, searchable: bool = False) -> Codec:
        if not self._codecs:
            raise StoreError(f"The store {self._location} {self._state}.")
        if scope is not None:
            check_user(scope)
        codec = self._codecs.get(name)
        if codec is None:
            raise StoreError(f"There is no collection {name!r}; there are: {', '.join(sorted(self._codecs))}.")
        if searchable and not codec.collection.searchable:
            raise StoreError(f"The collection {name!r} is not searchable.")
        return codec

    def _passing(self, scope: Scope, collection: str, where: Filter) -> dict[str, Any]:
        field = None if self._space is None else vector_field(self._space)
        return living(scope_key(scope), query_of(self._codec(collection).collection, where, field))


def _lives(got: Got) -> bool:
    return got.source is not None and got.source["state"] == LIVE


def _after(order: Sequence[Sort], cursor: str) -> list[Any]:
    values, id_ = read_cursor(order, cursor)
    return [*values, id_]
