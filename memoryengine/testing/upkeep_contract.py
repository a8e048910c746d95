"""What the docstrings of `memoryengine.upkeep` promise, checked; used as `memoryengine.testing.store_contract` is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from ..errors import DeletionPending, StoreError, VectorMismatch
from ..filters import EVERYTHING, Has, Is
from ..maintenance import content_of
from ..ports import HISTORY, Document, KeywordQuery, Patch, Query, Store, Vector, VectorQuery, VectorSpace, Writes
from ..upkeep import Copyable, Kept, Step
from ..values import Scope
from .store_samples import ALICE, BOB, COLLECTIONS, ENTRY, SPACE, StoreChecks, ids_of, mixed_notes, note

CAROL = Scope("carol 卡罗尔", "other namespace")
SCOPES = (ALICE, BOB, CAROL)
OTHER = VectorSpace("another embedder", 3)


class KeptStore(Store, Kept):
    """A store that can be kept, for the type checker."""


def vector_of(document: Document, dimensions: int) -> list[float]:
    """A vector that depends on the text."""
    text = str(document.body["text"])
    return [1.0 + (len(text) * 7 + n * (len(document.id) + 3)) % 11 for n in range(dimensions)]


async def embed_notes(_: str, documents: Sequence[Document]) -> list[Vector]:
    """Vectors of the space `OTHER`."""
    await asyncio.sleep(0)
    return [vector_of(document, OTHER.dimensions) for document in documents]


async def fill(store: Store) -> None:
    """Three users with documents of every kind, some deleted, patched, purged, with and without vectors."""
    for scope in SCOPES:
        notes = mixed_notes()
        await store.append(scope, "note", notes)
        body = {"n": 1.5, "list": [None, {"你": "\ud800"}]}
        await store.append(scope, "job", [Document("j1", {"state": "done"}, body)])
        changes = Writes(
            put=(("note", note("put", "a text of a commit", status="valid")),),
            patch=(Patch("note", "n03", {"status": "patched", "rank": None}),),
            delete=(("note", "n04"), ("note", "n05")),
            entry=ENTRY,
        )
        await settled(store.commit(scope, changes, expect=0))
        vectors = {one.id: vector_of(one, SPACE.dimensions) for one in notes[:20]}
        await store.attach(scope, "note", vectors)
    await settled(store.purge(BOB, [("note", Is("status", "valid"))], entry=ENTRY))
    await settled(store.purge(CAROL, [("note", EVERYTHING), (HISTORY, EVERYTHING)], entry=ENTRY))


async def settled(call: Any) -> None:
    """Await a deletion; that bytes wait to be cleaned is no failure."""
    with suppress(DeletionPending):
        await call


async def copy(held: Copyable, taken: Copyable, source: Store, *, scopes: Sequence[Scope] = SCOPES) -> None:
    """Copy these scopes and end."""
    for scope in scopes:
        async with aclosing(held.dump(scope, vectors=True)) as parts:
            async for part in parts:
                await taken.load(scope, part)
        await taken.settle(scope, await source.revision(scope))
    await taken.end()


async def hash_of(store: KeptStore, scope: Scope) -> str:
    """The hash over all that a scope holds."""
    return (await content_of(store, store.copying(), scope, vectors=True)).hash


@pytest.mark.asyncio
class UpkeepContract(StoreChecks):
    """A copy is whole and goes on as the source would have; new vectors cost nobody a document."""

    @asynccontextmanager
    async def kept(self, where: Path, vectors: VectorSpace | None = SPACE) -> AsyncIterator[KeptStore]:
        """The open store at a place."""
        store = cast(KeptStore, await self.make_store(where))
        await store.open(COLLECTIONS, vectors)
        try:
            yield store
        finally:
            await store.close()

    async def make_other(self, where: Path) -> Store:
        """The store that copies are made into; override it to copy into another kind."""
        return await self.make_store(where)

    @asynccontextmanager
    async def other(self, where: Path, vectors: VectorSpace | None = SPACE) -> AsyncIterator[KeptStore]:
        """The open store for copies, at a place."""
        store = cast(KeptStore, await self.make_other(where))
        await store.open(COLLECTIONS, vectors)
        try:
            yield store
        finally:
            await store.close()

    async def test_a_copy_is_whole_and_goes_on(self, tmp_path: Path) -> None:
        """Equal hashes, equal answers, what was deleted stays so, and the next commit has the next revision."""
        async with self.kept(tmp_path / "one") as source, self.other(tmp_path / "two") as target:
            await fill(source)
            assert [scope async for scope in source.copying().scopes()] == list(SCOPES)
            taken = target.copying()
            await taken.begin("one")
            await copy(source.copying(), taken, source)
            assert [scope async for scope in target.copying().scopes()] == list(SCOPES)
            for scope in SCOPES:
                assert await hash_of(target, scope) == await hash_of(source, scope)
                assert await target.revision(scope) == await source.revision(scope)
                queries: list[Query] = [KeywordQuery("note", ("apple", "苹果")), VectorQuery("note", (1, 2, 3, 4))]
                for here, there in zip(
                    await source.search(scope, queries), await target.search(scope, queries), strict=True
                ):
                    assert ids_of(here) == ids_of(there)
                    assert [m.score for m in there] == pytest.approx([m.score for m in here], abs=2e-6)
                for where in (EVERYTHING, Has("vector"), Is("status", "valid"), Has("metadata.place")):
                    assert await target.count(scope, "note", where) == await source.count(scope, "note", where)
            await self.check_deleted(target)

    async def check_deleted(self, store: Store) -> None:
        """What `fill` deleted is deleted here too, and commits go on."""
        again = await store.append(ALICE, "note", [note("n04", "apple"), note("n06", "apple pear"), note("new", "x")])
        assert (again.deleted, again.known, again.new) == (("n04",), ("n06",), ("new",))
        assert await store.get(ALICE, "note", ["n04", "n05"]) == (None, None)
        for writes in (
            Writes(put=(("note", note("n05")),), entry=ENTRY),
            Writes(patch=(Patch("note", "n05", {"rank": 1}),), entry=ENTRY),
            Writes(delete=(("note", "n05"),), entry=ENTRY),
        ):
            with pytest.raises(StoreError, match="was deleted"):
                await store.commit(ALICE, writes, expect=1)
        assert await store.commit(ALICE, Writes(put=(("note", note("q")),), entry=ENTRY), expect=1) == 2
        assert await store.count(ALICE, HISTORY) == 2

    async def test_a_copy_of_a_copy_is_the_same(self, tmp_path: Path) -> None:
        """What was carried twice is what it was."""
        async with self.kept(tmp_path / "one") as source:
            await fill(source)
            hashes = [await hash_of(source, scope) for scope in SCOPES]
            async with self.other(tmp_path / "two") as middle, self.kept(tmp_path / "three") as last:
                for one, two in ((source, middle), (middle, last)):
                    taken = two.copying()
                    await taken.begin("one")
                    await copy(one.copying(), taken, one)
                assert [await hash_of(last, scope) for scope in SCOPES] == hashes
                assert len(set(hashes)) == len(SCOPES)
                await self.check_deleted(last)

    async def test_half_a_copy_is_gone_on_with_and_no_other_is_begun(self, tmp_path: Path) -> None:
        """What is there of it is replaced, also after the source was written to."""
        async with self.kept(tmp_path / "one") as source, self.other(tmp_path / "two") as target:
            await fill(source)
            taken = target.copying()
            await taken.begin("one")
            parts = [part async for part in source.copying().dump(ALICE, vectors=True)]
            for part in parts[:2]:
                await taken.load(ALICE, part)
            await settled(source.commit(ALICE, Writes(delete=(("note", "n10"),), entry=ENTRY), expect=1))
            with pytest.raises(StoreError, match="half a copy of one"):
                await target.copying().begin("another")
            again = target.copying()
            await again.begin("one")
            await copy(source.copying(), again, source)
            for scope in SCOPES:
                assert await hash_of(target, scope) == await hash_of(source, scope)
            with pytest.raises(StoreError, match="holds something already"):
                await target.copying().begin("one")

    async def test_a_hash_and_a_stamp_see_every_write(self, tmp_path: Path) -> None:
        """Each kind of write gives another stamp and another hash; reading gives neither."""
        async with self.kept(tmp_path / "one") as store:
            copying = store.copying()
            await store.append(ALICE, "note", [note("a", "one"), note("b", "two")])
            seen = {(await copying.stamp(ALICE), await hash_of(store, ALICE))}
            writes: list[Callable[[], Awaitable[object]]] = [
                lambda: store.append(ALICE, "note", [note("c", "three")]),
                lambda: store.append(ALICE, "job", [Document("j", {}, {})]),
                lambda: store.attach(ALICE, "note", {"a": (1, 2, 3, 4)}),
                lambda: store.attach(ALICE, "note", {"a": (1, 2, 3, 5)}),
                lambda: store.commit(ALICE, Writes(patch=(Patch("note", "a", {"rank": 1}),), entry=ENTRY), expect=0),
                lambda: settled(store.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1)),
                lambda: settled(store.purge(ALICE, [("note", EVERYTHING)], entry=ENTRY)),
            ]
            for write in writes:
                await write()
                seen.add((await copying.stamp(ALICE), await hash_of(store, ALICE)))
                await store.get(ALICE, "note", ["a"])
                await store.count(ALICE, "note")
                seen.add((await copying.stamp(ALICE), await hash_of(store, ALICE)))
            assert len({stamp for stamp, _ in seen}) == len(writes) + 1
            assert len({hash_ for _, hash_ in seen}) == len(writes) + 1

    async def test_vectors_stay_behind_where_they_are_of_no_use(self, tmp_path: Path) -> None:
        """A copy for another embedder holds all documents, and all wait for a vector."""
        async with self.kept(tmp_path / "one") as source, self.other(tmp_path / "two", OTHER) as target:
            await fill(source)
            taken = target.copying()
            await taken.begin("one")
            for scope in SCOPES:
                async for part in source.copying().dump(scope, vectors=False):
                    assert not any(one.vector for one in part.documents)
                    await taken.load(scope, part)
            await taken.end()
            assert await target.count(ALICE, "note") == await source.count(ALICE, "note") > 20
            assert await target.count(ALICE, "note", Has("vector")) == 0
            assert await target.attach(ALICE, "note", {"n01": (1, 2, 3)}) == 1

    async def test_reindexing_embeds_all_and_changes_nothing_else(self, tmp_path: Path) -> None:
        """Afterwards each document has a vector of the new embedder, and the old one is refused by name."""
        async with self.kept(tmp_path / "one") as old:
            await fill(old)
            without = [(await content_of(old, old.copying(), scope, vectors=False)).hash for scope in SCOPES]
            told: list[Step] = []
            async with self.kept(tmp_path / "one", None) as keeper:
                await keeper.reindexing().reindex(OTHER, embed_notes, told.append, batch=7)
            assert told
            with pytest.raises(VectorMismatch, match="another embedder"):
                await old.search(ALICE, [VectorQuery("note", (1, 2, 3, 4))])
            with pytest.raises(VectorMismatch, match="another embedder"):
                await old.attach(ALICE, "note", {"n01": (1, 2, 3, 4)})
            (found,) = await old.search(ALICE, [KeywordQuery("note", ("apple",))])
            assert len(found) > 10
            async with self.kept(tmp_path / "one", OTHER) as new:
                for scope, before in zip(SCOPES, without, strict=True):
                    now = await content_of(new, new.copying(), scope, vectors=False)
                    assert now.hash == before
                    assert await new.count(scope, "note", Has("vector")) == await new.count(scope, "note")
                (near,) = await new.search(ALICE, [VectorQuery("note", vector_of(note("n01", "apple"), 3), top_k=50)])
                assert len(near) == await new.count(ALICE, "note")
                assert near[0].score == pytest.approx(1)
                await self.check_deleted(old)
                assert await new.revision(ALICE) == 2

    async def test_reindexing_without_a_new_embedder_keeps_the_vectors(self, tmp_path: Path) -> None:
        """Nothing is embedded, and all is as it was."""

        async def never(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            raise AssertionError(f"{len(documents)} documents of {collection} were embedded again")

        async with self.kept(tmp_path / "one") as store:
            await fill(store)
            before = [await hash_of(store, scope) for scope in SCOPES]
            async with self.kept(tmp_path / "one", None) as keeper:
                await keeper.reindexing().reindex(None, never, lambda _: None, batch=7)
                assert [await hash_of(keeper, scope) for scope in SCOPES] == before
            await self.check_deleted(store)
            assert (await keeper_says(self, tmp_path / "one")).count(".") == 1

    async def test_the_parts_of_a_store_are_named_before_and_after_it_is_made(self, tmp_path: Path) -> None:
        """There is none before, and there are the same as often as one asks."""
        unopened = cast(KeptStore, await self.make_store(tmp_path / "one"))
        assert await unopened.parts() == ()
        await unopened.close()
        async with self.kept(tmp_path / "one") as store:
            made = await store.parts()
            assert made
            assert await store.parts() == made == tuple(sorted(set(made)))


async def keeper_says(suite: UpkeepContract, where: Path) -> str:
    """What a reindexing that is not under way says when it is to be taken back."""
    async with suite.kept(where, None) as keeper:
        return await keeper.reindexing().abandon()
