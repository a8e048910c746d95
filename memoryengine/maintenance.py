"""Keeping a store: making it, embedding it anew, copying it whole into another one, comparing two by hash.

A copy takes every scope with its documents, revisions, history and what was deleted, and vectors where both stores
name the same embedder (else the copies wait to be embedded, as new texts do). Afterwards each scope is read back and
its hash compared. The source must be quiet meanwhile; whether it was is seen by `Copyable.stamp`, taken before a scope
is copied and looked at again at the end.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from .assembly import Models, build_store, vector_space
from .errors import ConfigError, InputError, StoreError
from .ports import Document, Embedder, Store, Vector
from .records import COLLECTIONS, MESSAGES, embedded_text, memory_of, message_of
from .settings import Settings, load_settings
from .upkeep import Carried, Copyable, Kept, Part, Reindexable, Step, Told
from .values import Scope

Config = str | Path | Mapping[str, object] | None


@dataclass(frozen=True)
class Site:
    """The store that a config names, and its models; not opened."""

    settings: Settings
    store: Store
    models: Models

    @property
    def kept(self) -> Kept:
        """The store as one that can be kept; raises `InputError` if it cannot."""
        if not isinstance(self.store, Kept):
            name = type(self.store).__name__
            raise InputError(f"The store {name} cannot do this: it is no `memoryengine.upkeep.Kept`.")
        return self.store

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Kept]:
        """The open store, made if it is not there, for the embedder of the config."""
        kept = self.kept
        try:
            await self.store.open(COLLECTIONS, vector_space(self.models.embedder))
            yield kept
        finally:
            await self.models.close()
            await self.store.close()

    @asynccontextmanager
    async def found(self) -> AsyncIterator[Kept]:
        """The open store, which must be there, whoever made the vectors inside."""
        kept = self.kept
        try:
            if not await kept.parts():
                raise InputError(f"There is no store yet where the config {self.settings.file} names one.")
            await self.store.open(COLLECTIONS, None)
            yield kept
        finally:
            await self.models.close()
            await self.store.close()


def site(config: Config, environ: Mapping[str, str], *, create: bool = False) -> Site:
    """What a config names; `create` overrules a store that is told to make nothing. Raises `ConfigError`."""
    settings = load_settings(config, environ=environ)
    if settings.missing:
        raise ConfigError(settings.missing)
    spec = {**settings.store, "create": True} if create and "create" in settings.store else settings.store
    return Site(settings, build_store(spec), Models(settings.models))


# --- making, and embedding anew ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """The parts of a store: those that were made now, and those that were there."""

    made: tuple[str, ...]
    there: tuple[str, ...]


async def make(where: Site) -> Made:
    """Make what is missing of a store."""
    before = await where.kept.parts()
    async with where.opened() as store:
        after = await store.parts()
    return Made(tuple(one for one in after if one not in before), tuple(one for one in after if one in before))


async def reindex(where: Site, told: Told, batch: int | None = None) -> None:
    """Embed everything with the embedder that the config names, `batch` texts at a time; see `upkeep.Reindexable`."""
    embedder = where.models.embedder
    async with where.found() as store:
        if embedder is not None:
            await embedder.embed(["memoryengine"])  # before anybody has to wait for a model that does not answer
        work: Reindexable = store.reindexing()
        count = batch or where.settings.limits.embed_batch
        await work.reindex(vector_space(embedder), _Embedding(embedder), told, batch=count)


async def abandon(where: Site) -> str:
    """Take a reindexing back; returns what was done."""
    async with where.found() as store:
        return await store.reindexing().abandon()


async def erase(where: Site, seconds: float) -> bool:
    """Have the server clean its files; True if no deleted byte is left, as in a store that does so by itself."""
    async with where.found():
        clean = getattr(where.store, "erase", None)
        return clean is None or bool(await clean(seconds))


@dataclass(frozen=True)
class _Embedding:
    """Documents to vectors, by the texts that a search sees."""

    embedder: Embedder | None

    async def __call__(self, collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
        assert self.embedder is not None, "without an embedder nothing is embedded"
        read = message_of if collection == MESSAGES else memory_of
        return await self.embedder.embed([embedded_text(read(one)) for one in documents])


# --- what a scope holds -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Content:
    """What a scope holds, as counts (history and runs included) and one hash over all of it."""

    scope: Scope
    revision: int
    documents: int
    deleted: int
    vectors: int
    hash: str


Each = Callable[[Part], Awaitable[None]]


async def content_of(
    store: Store, copying: Copyable, scope: Scope, *, vectors: bool, each: Each | None = None
) -> Content:
    """Read all that a scope holds, pass it to `each`, and say what it was.

    The hash is SHA-256 over the sorted hashes of the single things, each over its canonical JSON, so the order in
    which a store gives them makes no difference.
    """
    revision = await store.revision(scope)
    digests: list[bytes] = []
    documents = embedded = 0
    async with aclosing(copying.dump(scope, vectors=vectors)) as parts:
        async for part in parts:
            if each is not None:
                await each(part)
            documents += len(part.documents)
            embedded += sum(bool(one.vector) for one in part.documents)
            digests += [_digest(part.collection, *_plain(one)) for one in part.documents]
            digests += [_digest(part.collection, key, at) for key, at in part.deleted]
    whole = sha256(_canonical([scope.namespace, scope.user, revision]))
    for digest in sorted(digests):
        whole.update(digest)
    return Content(scope, revision, documents, len(digests) - documents, embedded, whole.hexdigest())


def _plain(one: Carried) -> list[Any]:
    held = one.document
    return [held.id, held.fields, held.body, held.terms, held.digest, held.revision, one.vector.hex()]


def _digest(*said: Any) -> bytes:
    return sha256(_canonical(said)).digest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_as_json).encode()


def _as_json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else dict(value)


# --- copying ----------------------------------------------------------------------------------------------------


async def contents(where: Site, told: Told, *, vectors: bool = True) -> list[Content]:
    """What each scope of a store holds."""
    async with where.found() as store:
        copying = store.copying()
        scopes = [scope async for scope in copying.scopes()]
        found = []
        for scope in scopes:
            found.append(await content_of(where.store, copying, scope, vectors=vectors))
            told(Step("users read", len(found), len(scopes)))
        return found


async def migrate(source: Site, target: Site, told: Told) -> list[Content]:
    """Copy all of a store into another one, which must be empty or hold the half of the same copy.

    Raises `StoreError` if the source was written to meanwhile, or if a hash differs afterwards; the same call then
    goes on with the copy.
    """
    async with _both(source, target) as (held, taken):
        label = (await source.store.describe())["location"]
        if label == (await target.store.describe())["location"]:
            raise InputError(f"Both configs name the same store, {label}: name another one with --to.")
        await taken.begin(label)
        work = _Copy(source.store, target.store, held, taken)
        return await work.all(told)


@asynccontextmanager
async def _both(source: Site, target: Site) -> AsyncIterator[tuple[Copyable, Copyable]]:
    async with source.found() as one, target.opened() as other:
        yield one.copying(), other.copying()


@dataclass(frozen=True)
class _Copy:
    """A copy under way between two open stores."""

    source: Store
    target: Store
    held: Copyable
    taken: Copyable

    @property
    def vectors(self) -> bool:
        """Whether vectors go along."""
        return self.held.space is not None and self.held.space == self.taken.space

    async def all(self, told: Told) -> list[Content]:
        """Copy what is not there yet, scope by scope, and look whether the source was quiet."""
        scopes = [scope async for scope in self.held.scopes()]
        there = {scope async for scope in self.taken.scopes()}
        stamps, done = {}, []
        for scope in scopes:
            stamps[scope] = await self.held.stamp(scope)
            whole = await self._whole(scope) if scope in there else None
            done.append(whole or await self._one(scope))
            told(Step("users copied", len(done), len(scopes)))
        now = {scope: await self.held.stamp(scope) async for scope in self.held.scopes()}
        if now != stamps:
            moved = next(scope for scope in {**now, **stamps} if now.get(scope) != stamps.get(scope))
            raise _not_quiet(moved)
        await self.taken.end()
        return done

    async def _whole(self, scope: Scope) -> Content | None:
        """What a scope holds, if both hold the same."""
        there = await self._read(self.target, self.taken, scope)
        here = await self._read(self.source, self.held, scope)
        return here if here == there else None

    async def _one(self, scope: Scope) -> Content:
        stamp = await self.held.stamp(scope)
        here = await self._read(self.source, self.held, scope, lambda part: self.taken.load(scope, part))
        await self.taken.settle(scope, here.revision)
        if stamp != await self.held.stamp(scope):
            raise _not_quiet(scope)
        there = await self._read(self.target, self.taken, scope)
        if here != there:
            raise StoreError(
                f"The copy of {scope.namespace}/{scope.user} holds {there.documents} documents and {there.deleted} "
                f"deleted ones, the source {here.documents} and {here.deleted}, with the hashes {there.hash[:16]} and "
                f"{here.hash[:16]}: somebody writes to the copy. Begin again with an empty one."
            )
        return here

    async def _read(self, store: Store, copying: Copyable, scope: Scope, each: Each | None = None) -> Content:
        return await content_of(store, copying, scope, vectors=self.vectors, each=each)


def _not_quiet(scope: Scope) -> StoreError:
    return StoreError(
        f"Something was written for {scope.namespace}/{scope.user} while the store was being copied: stop all programs "
        "that use it, and run this again, which goes on where it was."
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """What two stores hold of one scope; None where a store does not know it."""

    scope: Scope
    here: Content | None
    there: Content | None

    @property
    def equal(self) -> bool:
        """Whether both hold the same."""
        return self.here == self.there


async def compare(source: Site, target: Site, told: Told) -> list[Pair]:
    """What both stores hold, scope by scope; vectors count where both name the same embedder."""
    vectors = await _space_of(source) == await _space_of(target)
    here = {one.scope: one for one in await contents(source, told, vectors=vectors)}
    there = {one.scope: one for one in await contents(target, told, vectors=vectors)}
    return [Pair(scope, here.get(scope), there.get(scope)) for scope in {**here, **there}]


async def _space_of(where: Site) -> Any:
    async with where.found() as store:
        return store.copying().space
