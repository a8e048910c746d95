"""The part of the store contract on writing: append, commit, attach, purge, history, opening and closing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ..errors import IdConflict, Moved, StoreError, VectorMismatch
from ..filters import EVERYTHING, Is
from ..ports import HISTORY, Document, Patch, Store, VectorQuery, VectorSpace, Writes
from ..values import Scope
from .store_samples import (
    ALICE,
    BOB,
    COLLECTIONS,
    ENTRY,
    NOON,
    SPACE,
    StoreChecks,
    all_pages,
    entry,
    fields_of,
    ids_of,
    note,
    put,
)


@pytest.mark.asyncio
class StoreWriting(StoreChecks):
    """Nothing is lost, nothing is half written, and nothing deleted comes back."""

    async def test_append_says_what_is_new_known_and_deleted(self, tmp_path: Path) -> None:
        """An id names one document for good, also after it was deleted."""
        async with self.opened(tmp_path) as store:
            first = await store.append(ALICE, "note", [note("a", "one"), note("b", "two")])
            assert (first.new, first.known, first.deleted) == (("a", "b"), (), ())
            await store.commit(ALICE, Writes(delete=(("note", "b"),), entry=ENTRY), expect=0)
            second = await store.append(ALICE, "note", [note("a", "one"), note("b", "two"), note("c"), note("c")])
            assert (second.new, second.known, second.deleted) == (("c",), ("a",), ("b",))
            assert await store.get(ALICE, "note", ["b"]) == (None,)
            assert await store.append(ALICE, "note", []) == replace(first, new=())

    async def test_append_refuses_other_content_under_a_known_id(self, tmp_path: Path) -> None:
        """The error names the ids, and the call can be repeated without them."""
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note("a", "one")])
            with pytest.raises(IdConflict) as caught:
                await store.append(ALICE, "note", [note("new", "x"), note("a", "other")])
            assert caught.value.ids == ("a",)
            with pytest.raises(IdConflict) as twice:
                await store.append(ALICE, "note", [note("d", "one"), note("e"), note("d", "other")])
            assert twice.value.ids == ("d",)
            assert (await store.get(ALICE, "note", ["a"]))[0] == note("a", "one")
            again = await store.append(ALICE, "note", [note("new", "x")])
            assert {*again.new, *again.known} == {"new"}

    async def test_what_was_written_comes_back(self, tmp_path: Path) -> None:
        """Every kind of field, moments to the microsecond, any JSON as body, terms with repetitions."""
        west = timezone(timedelta(hours=-7, minutes=-30))
        body: dict[str, Any] = {"text": "你好 😀\u2028 \ud800", "list": [1, 2.5, None, True, {"a": []}], "": ""}
        fields: dict[str, Any] = {
            "status": "valid",
            "tags": ("b", "a", "b"),
            "rank": -(2**53),
            "at": datetime(1931, 5, 17, 23, 59, 59, 999_999, tzinfo=west),
            "open": False,
            "metadata": {"k.d": "v", "地方": "上海", "": "e", 'q"\\': "'"},
        }
        document = Document("a", fields, body, ("猫", "猫", "cat", "😀"), "d" * 64)
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [document, note("b", rank=0.1, open=None, tags=())])
            held, other, none = await store.get(ALICE, "note", ["a", "b", "c"])
            assert held == document
            at = fields_of(held)["at"]
            assert isinstance(at, datetime)
            assert at.utcoffset() == timedelta(0)
            assert fields_of(other) == {"rank": 0.1, "tags": ()}
            assert none is None
            assert await store.get(ALICE, "note", ["b", "a", "b"]) == (other, held, other)
        async with self.opened(tmp_path) as store:
            assert (await store.get(ALICE, "note", ["a"]))[0] == document

    @pytest.mark.parametrize(
        "broken",
        [
            Document("", {}, {}),
            Document("a\0b", {}, {}),
            Document("\ud800", {}, {}),
            note("a", status=5),
            note("a", status="\0"),
            note("a", tags="red"),
            note("a", rank="5"),
            note("a", rank=True),
            note("a", rank=float("nan")),
            note("a", rank=2**53 + 2),
            note("a", at=datetime(2026, 1, 1)),
            note("a", at="2026-01-01"),
            note("a", open=1),
            note("a", metadata=("a",)),
            note("a", colour="red"),
            Document("a", {}, {}, ("two words",)),
        ],
    )
    async def test_what_cannot_be_stored_is_refused_whole(self, tmp_path: Path, broken: Document) -> None:
        """A document that breaks the contract is an error, and nothing of the call is written."""
        async with self.opened(tmp_path) as store:
            with pytest.raises(StoreError) as caught:
                await store.append(ALICE, "note", [note("good"), broken])
            assert len(str(caught.value)) > 20
            with pytest.raises(StoreError):
                await put(store, ALICE, note("good"), broken)
            assert await store.revision(ALICE) == 0
            assert await store.count(ALICE, HISTORY) == 0

    async def test_names_that_were_not_declared(self, tmp_path: Path) -> None:
        """A collection that was not declared is an error everywhere, terms in one that is not searchable too."""
        async with self.opened(tmp_path) as store:
            with pytest.raises(StoreError):
                await store.append(ALICE, "notes", [note("a")])
            with pytest.raises(StoreError):
                await store.get(ALICE, "notes", ["a"])
            with pytest.raises(StoreError):
                await store.commit(ALICE, Writes(delete=(("notes", "a"),), entry=ENTRY), expect=0)
            with pytest.raises(StoreError):
                await store.append(ALICE, "job", [Document("a", {}, {}, ("term",))])
            for scope in (Scope(""), Scope("a", namespace=""), Scope("\ud800")):
                with pytest.raises(StoreError):
                    await store.append(scope, "note", [note("a")])

    async def test_commit_writes_puts_patches_deletes_and_history(self, tmp_path: Path) -> None:
        """In this order; the revision rises by one and stands on what was touched; history keeps the entry."""
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note("a", "one", rank=1, open=True), note("b", "two")])
            assert await store.revision(ALICE) == 0
            writes = Writes(
                put=(("note", note("c", "three", rank=3)), ("job", Document("j", {"state": "done"}, {"n": 1}))),
                patch=(
                    Patch("note", "a", {"rank": 2, "open": None, "tags": ("x",)}),
                    Patch("note", "a", {"status": "valid"}),
                    Patch("note", "c", {"rank": 4}),
                ),
                delete=(("note", "b"), ("note", "b")),
                entry=entry(ids=["a", "b", "c"], cause="原因"),
            )
            assert await store.commit(ALICE, writes, expect=0) == 1
            assert await store.revision(ALICE) == 1
            a, b, c = await store.get(ALICE, "note", ["a", "b", "c"])
            assert fields_of(a) == {"rank": 2, "tags": ("x",), "status": "valid"}
            assert a == replace(note("a", "one"), fields=fields_of(a), revision=1)
            assert b is None
            assert (fields_of(c), c and c.revision) == ({"rank": 4}, 1)
            assert await store.get(ALICE, "job", ["j"]) == (Document("j", {"state": "done"}, {"n": 1}, revision=1),)
            history = (await store.page(ALICE, HISTORY)).documents
            assert [(one.id, dict(one.fields), one.body) for one in history] == [
                ("000000000001", {"revision": 1, "at": NOON}, writes.entry)
            ]

    async def test_commit_at_another_revision_is_refused(self, tmp_path: Path) -> None:
        """`Moved` says both numbers, comes before other errors, and nothing is written."""
        async with self.opened(tmp_path) as store:
            assert await put(store, ALICE, note("a")) == 1
            for expect in (0, 2):
                with pytest.raises(Moved) as caught:
                    await store.commit(ALICE, Writes(delete=(("note", "nowhere"),), entry=ENTRY), expect=expect)
                assert (caught.value.expected, caught.value.found) == (expect, 1)
            assert await put(store, BOB, note("a"), expect=0) == 1
            assert await store.revision(ALICE) == 1

    @pytest.mark.parametrize(
        "bad",
        [
            Writes(patch=(Patch("note", "nowhere", {"rank": 1}),), entry=ENTRY),
            Writes(delete=(("note", "nowhere"),), entry=ENTRY),
            Writes(delete=(("note", "gone"),), entry=ENTRY),
            Writes(patch=(Patch("note", "gone", {"rank": 1}),), entry=ENTRY),
            Writes(put=(("note", note("gone")),), entry=ENTRY),
            Writes(patch=(Patch("note", "a", {"colour": "red"}),), entry=ENTRY),
            Writes(entry={"run": "without a moment"}),
        ],
    )
    async def test_commit_is_whole_or_not_at_all(self, tmp_path: Path, bad: Writes) -> None:
        """One part that cannot be done undoes the others."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, note("a", rank=1), note("gone"))
            await store.commit(ALICE, Writes(delete=(("note", "gone"),), entry=ENTRY), expect=1)
            rest = Writes(put=(("note", note("new")),), patch=(Patch("note", "a", {"rank": 9}),))
            both = replace(bad, put=rest.put + bad.put, patch=rest.patch + bad.patch)
            with pytest.raises(StoreError) as caught:
                await store.commit(ALICE, both, expect=2)
            assert not isinstance(caught.value, Moved)
            a, new = await store.get(ALICE, "note", ["a", "new"])
            assert (fields_of(a), new) == ({"rank": 1}, None)
            assert await store.revision(ALICE) == 2
            assert await store.count(ALICE, HISTORY) == 2

    async def test_concurrent_committers_take_turns(self, tmp_path: Path) -> None:
        """Twelve writers through two stores at one place: each write happens once, none overwrites another's."""
        async with self.opened(tmp_path) as one, self.opened(tmp_path) as two:
            await put(one, ALICE, note("counter", rank=0))

            async def add_one(store: Store, name: str) -> int:
                while True:
                    revision = await store.revision(ALICE)
                    (held,) = await store.get(ALICE, "note", ["counter"])
                    count = fields_of(held)["rank"]
                    assert isinstance(count, int | float)
                    writes = Writes(
                        put=(("note", note(name)),), patch=(Patch("note", "counter", {"rank": count + 1}),), entry=ENTRY
                    )
                    try:
                        return await store.commit(ALICE, writes, expect=revision)
                    except Moved:
                        await asyncio.sleep(0)

            revisions = await asyncio.gather(*(add_one((one, two)[i % 2], f"w{i:02d}") for i in range(12)))
            assert sorted(revisions) == list(range(2, 14))
            (held,) = await two.get(ALICE, "note", ["counter"])
            assert fields_of(held)["rank"] == 12
            assert await one.count(ALICE, "note") == 13
            assert ids_of(await all_pages(two, ALICE, collection=HISTORY)) == [f"{i:012d}" for i in range(1, 14)]

    async def test_concurrent_appends_lose_nothing(self, tmp_path: Path) -> None:
        """The same and other ids from two stores at one place: each is new for exactly one of them."""
        async with self.opened(tmp_path) as one, self.opened(tmp_path) as two:
            calls = [
                (one, two)[i % 2].append(ALICE, "note", [note(f"shared{j}") for j in range(5)] + [note(f"own{i}")])
                for i in range(10)
            ]
            answers = await asyncio.gather(*calls)
            new = [id_ for answer in answers for id_ in answer.new]
            assert sorted(new) == sorted([f"shared{j}" for j in range(5)] + [f"own{i}" for i in range(10)])
            assert await one.count(ALICE, "note") == 15
            assert await two.revision(ALICE) == 0

    async def test_put_takes_the_vector_away_and_patch_keeps_it(self, tmp_path: Path) -> None:
        """A vector belongs to the text it was made of."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, note("a", "one"), note("b", "two"))
            assert await store.attach(ALICE, "note", {"a": [1, 0, 0, 0], "b": [0, 1, 0, 0], "c": [1, 1, 1, 1]}) == 2
            assert await store.revision(ALICE) == 1
            patch = Writes(
                put=(("note", note("a", "new")),), patch=(Patch("note", "b", {"status": "valid"}),), entry=ENTRY
            )
            await store.commit(ALICE, patch, expect=1)
            (found,) = await store.search(ALICE, [VectorQuery("note", [0, 1, 0, 0])])
            assert ids_of(found) == ["b"]
            assert await store.attach(ALICE, "note", {"a": [0, 1, 0, 0], "b": [0, -1, 0, 0]}) == 2
            (found,) = await store.search(ALICE, [VectorQuery("note", [0, 1, 0, 0])])
            assert [(one.document.id, round(one.score, 5)) for one in found] == [("a", 1.0), ("b", 0.0)]

    async def test_vectors_that_cannot_be(self, tmp_path: Path) -> None:
        """Another length, no direction, no number, a collection without search: each is an error, none is kept."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, note("a"), note("b"))
            with pytest.raises(VectorMismatch):
                await store.attach(ALICE, "note", {"b": [1, 0, 0, 0], "a": [1, 0, 0]})
            for vector in ([0.0] * 4, [1, 0, 0, float("nan")], [1, 0, 0, float("inf")]):
                with pytest.raises(StoreError):
                    await store.attach(ALICE, "note", {"a": vector})
            with pytest.raises(StoreError):
                await store.attach(ALICE, "job", {"a": [1, 0, 0, 0]})
            assert (await store.search(ALICE, [VectorQuery("note", [1, 0, 0, 0])])) == ((),)
            assert await store.attach(BOB, "note", {"a": [1, 0, 0, 0]}) == 0
            with pytest.raises(VectorMismatch):
                await store.search(ALICE, [VectorQuery("note", [1, 0, 0])])

    async def test_purge_deletes_counts_and_keeps_tombstones(self, tmp_path: Path) -> None:
        """Whatever the revision; of the scope alone; nothing late can bring it back."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, *(note(f"n{i}", f"word{i}", rank=i) for i in range(10)))
            await store.append(ALICE, "job", [Document("j", {"state": "x"}, {})])
            await store.append(BOB, "note", [note("n1", "word1")])
            counts = await store.purge(ALICE, [("note", Is("rank", 1, 2, 77)), ("job", EVERYTHING)], entry=entry())
            assert counts == (2, 1)
            assert await store.revision(ALICE) == 2
            assert await store.count(ALICE, "note") == 8
            assert (await store.append(ALICE, "note", [note("n1", "word1")])).deleted == ("n1",)
            assert await store.purge(ALICE, [("note", EVERYTHING), ("note", EVERYTHING)], entry=entry()) == (8, 0)
            assert await store.attach(ALICE, "note", {"n1": [1, 0, 0, 0]}) == 0
            assert (await store.page(ALICE, "note")).documents == ()
            assert await store.count(BOB, "note") == 1
            assert await store.purge(Scope("nobody"), [("note", EVERYTHING)], entry=entry()) == (0,)

    async def test_purge_of_history_keeps_its_own_entry(self, tmp_path: Path) -> None:
        """The revision goes on from where it was, and old commits stay refused."""
        async with self.opened(tmp_path) as store:
            for i in range(3):
                await put(store, ALICE, note(f"n{i}"))
            assert await store.purge(ALICE, [(HISTORY, EVERYTHING)], entry=entry(cause="all")) == (3,)
            assert ids_of(await all_pages(store, ALICE, collection=HISTORY)) == ["000000000004"]
            for expect in range(4):
                with pytest.raises(Moved):
                    await put(store, ALICE, note("late"), expect=expect)
            assert await put(store, ALICE, note("next"), expect=4) == 5

    async def test_reopening_keeps_everything(self, tmp_path: Path) -> None:
        """A store is what lies at its place, with the vectors of one embedder; without an embedder it opens too."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, note("a", "one"))
            await store.attach(ALICE, "note", {"a": [1, 0, 0, 0]})
        for other in (VectorSpace("other-embedder", 4), VectorSpace(SPACE.model, 5)):
            store = await self.make_store(tmp_path / "store")
            with pytest.raises(VectorMismatch) as caught:
                await store.open(COLLECTIONS, other)
            await store.close()
            assert SPACE.model in str(caught.value)
            assert str(other.dimensions) in str(caught.value)
        async with self.opened(tmp_path, vectors=None) as store:
            assert await store.revision(ALICE) == 1
            assert ids_of(await all_pages(store, ALICE)) == ["a"]
        async with self.opened(tmp_path) as store:
            (found,) = await store.search(ALICE, [VectorQuery("note", [1, 0, 0, 0])])
            assert ids_of(found) == ["a"]

    async def test_a_space_without_vectors_may_change(self, tmp_path: Path) -> None:
        """Until the first vector is attached no embedder is settled."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, note("a", "one"))
        async with self.opened(tmp_path, vectors=VectorSpace("other", 2)) as store:
            assert await store.attach(ALICE, "note", {"a": [1, 1]}) == 1
        store = await self.make_store(tmp_path / "store")
        with pytest.raises(VectorMismatch):
            await store.open(COLLECTIONS, SPACE)
        await store.close()

    async def test_use_before_open_and_after_close(self, tmp_path: Path) -> None:
        """Each is a clear error; closing twice is none."""
        store = await self.make_store(tmp_path / "store")
        for _ in range(2):
            with pytest.raises(StoreError):
                await store.revision(ALICE)
            with pytest.raises(StoreError):
                await store.append(ALICE, "note", [note("a")])
            with pytest.raises(StoreError):
                await store.search(ALICE, [])
            await store.open(COLLECTIONS, SPACE)
            assert await store.revision(ALICE) == 0
            described = await store.describe()
            assert {"kind", "location", "schema"} <= described.keys()
            await store.close()
            await store.close()
