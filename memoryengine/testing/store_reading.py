"""The part of the store contract on reading: filters, order, paging, scopes, and what other writers did."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ..errors import Moved, StoreError
from ..filters import Between, Has, Is, Value, matches
from ..ports import HISTORY, Document, Patch, Sort, Store, Writes
from ..values import Scope
from .store_samples import ALICE, BOB, ENTRY, FILTERS, StoreChecks, all_pages, entry, ids_of, mixed_notes, note, put

HOSTILE = (
    "a",
    "a ",
    " a",
    "A",
    "'; DROP TABLE documents; --",
    '"',
    "a\\",
    "%",
    "_",
    "a/b",
    "a:b",
    "a|b",
    '["a","b"]',
    "\n",
    "\u2028",
    "é",
    "e\u0301",
    "猫",
    "😀" * 50,
    "\ue000",
    "\U00010000",
    "x" * 10_000,
    "好" * 10_000,
)


@pytest.mark.asyncio
class StoreReading(StoreChecks):
    """What was written is seen by every later call, whole, in order, and by its own scope alone."""

    async def test_filters_mean_what_matches_says(self, tmp_path: Path) -> None:
        """Of every kind, on fields that are there and that are not, in counts and in pages."""
        notes = mixed_notes()
        with_vector = {one.id for one in notes[::4]}
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", notes)
            await store.attach(ALICE, "note", {id_: [1, 2, 3, 4] for id_ in with_vector})
            await store.append(BOB, "note", notes)
            for where in FILTERS:
                wanted = [one.id for one in notes if matches(where, one.fields, has_vector=one.id in with_vector)]
                assert ids_of(await all_pages(store, ALICE, where, limit=7)) == wanted, where
                assert await store.count(ALICE, "note", where) == len(wanted), where
            for where in FILTERS[::3]:
                counts = await store.purge(Scope("c"), [("note", where)], entry=entry())
                assert counts == (0,)
                wanted = [one.id for one in notes if matches(where, one.fields)]
                assert await store.purge(BOB, [("note", where)], entry=entry()) == (len(wanted),), where
                notes = [one for one in notes if one.id not in wanted]

    async def test_filters_and_orders_that_make_no_sense(self, tmp_path: Path) -> None:
        """An undeclared field, a key of a field without keys, limits of another kind, an order by several values."""
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note("a", rank=1)])
            for where in (
                Is("colour", "red"),
                Has("status.x"),
                Between("rank", datetime(2026, 1, 1, tzinfo=UTC)),
                Between("at", 5),
                Between("at", datetime(2026, 1, 1)),
            ):
                with pytest.raises(StoreError):
                    await store.count(ALICE, "note", where)
                with pytest.raises(StoreError):
                    await store.page(ALICE, "note", where)
            for field in ("colour", "tags", "metadata"):
                with pytest.raises(StoreError):
                    await store.page(ALICE, "note", order=[Sort(field)])
            await store.append(ALICE, "note", [note(f"b{i}", status="x") for i in range(3)])
            other = (await store.page(ALICE, "note", order=[Sort("status")], limit=2)).cursor
            assert other is not None
            for cursor in ("", "nonsense", "bnVsbA==", other):
                for scope in (ALICE, Scope("nobody")):
                    with pytest.raises(StoreError):
                        await store.page(scope, "note", order=[Sort("at")], cursor=cursor)
            with pytest.raises(StoreError):
                await store.page(ALICE, "note", limit=0)

    @pytest.mark.parametrize(
        "order",
        [
            (),
            (Sort("rank"),),
            (Sort("rank", descending=True),),
            (Sort("at", descending=True),),
            (Sort("status"), Sort("rank", descending=True)),
            (Sort("open", descending=True), Sort("status", descending=True), Sort("at")),
        ],
    )
    async def test_pages_come_in_order(self, tmp_path: Path, order: Sequence[Sort]) -> None:
        """Absent last either way, ties by id, the same for every size of page, and the last page says so."""
        notes = mixed_notes()
        random.Random(5).shuffle(notes)
        wanted = ids_of(_sorted(notes, order))
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", notes)
            for limit in (1, 4, 15, 30, 100):
                assert ids_of(await all_pages(store, ALICE, order=order, limit=limit)) == wanted
            exact = await store.page(ALICE, "note", order=order, limit=30)
            assert exact.cursor is None
            assert (await store.page(ALICE, "note", order=order, limit=29)).cursor is not None

    async def test_pages_by_fields_that_nothing_holds(self, tmp_path: Path) -> None:
        """All come last, so they come by id, whichever way."""
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note(id_, rank=1) for id_ in "cab"])
            for order in (
                [Sort("status")],
                [Sort("status", descending=True), Sort("at", descending=True)],
                [Sort("open"), Sort("rank", descending=True), Sort("status")],
            ):
                assert ids_of(await all_pages(store, ALICE, order=order, limit=1)) == ["a", "b", "c"]
                assert ids_of(await all_pages(store, ALICE, Is("rank", 1), order=order, limit=2)) == ["a", "b", "c"]
            assert await all_pages(store, BOB, order=[Sort("status")]) == []

    async def test_paging_while_others_write(self, tmp_path: Path) -> None:
        """What stays as it is appears exactly once, whatever is added, patched and deleted meanwhile."""
        order = (Sort("status"), Sort("rank", descending=True))
        async with self.opened(tmp_path) as store, self.opened(tmp_path) as other:
            notes = [note(f"n{i:02d}", status="ab"[i % 2], rank=i // 4) for i in range(40)]
            await put(store, ALICE, *notes)
            restless = {f"n{i:02d}" for i in range(0, 40, 4)}
            seen: list[str] = []
            cursor = None
            for turn in range(40):
                page = await store.page(ALICE, "note", order=order, limit=3, cursor=cursor)
                seen += ids_of(page.documents)
                cursor = page.cursor
                if cursor is None:
                    break
                writes = Writes(
                    put=(("note", note(f"x{turn}", status="a", rank=turn % 12)),),
                    patch=tuple(Patch("note", one, {"rank": turn % 9}) for one in sorted(restless)[1:3]),
                    delete=(("note", seen[-1]),) if seen[-1] in restless else (),
                    entry=ENTRY,
                )
                restless -= {id_ for _, id_ in writes.delete}
                await other.commit(ALICE, writes, expect=await other.revision(ALICE))
            quiet = [one.id for i, one in enumerate(notes) if i % 4]
            assert cursor is None
            assert sorted(id_ for id_ in seen if id_ in quiet) == quiet

    async def test_a_cursor_outlives_its_document(self, tmp_path: Path) -> None:
        """Paging goes on behind a document that was deleted or changed since."""
        async with self.opened(tmp_path) as store:
            await put(store, ALICE, *(note(f"n{i}", status=f"s{i}") for i in range(6)))
            for order in ((), (Sort("status"),), (Sort("status", descending=True),)):
                page = await store.page(ALICE, "note", order=order, limit=2)
                last = page.documents[-1].id
                behind = {f"n{i}" for i in range(6)} - set(ids_of(page.documents))
                rest = [one for one in sorted(behind) if await _there(store, one)]
                await store.commit(
                    ALICE, Writes(delete=(("note", last),), entry=ENTRY), expect=await store.revision(ALICE)
                )
                following = await store.page(ALICE, "note", order=order, cursor=page.cursor)
                assert sorted(ids_of(following.documents)) == rest
            assert await store.count(ALICE, "note") == 3

    async def test_hostile_ids_and_names(self, tmp_path: Path) -> None:
        """Any text is an id, a user, a namespace and a value, and no two of them are taken for one."""
        async with self.opened(tmp_path) as store:
            await store.append(
                ALICE, "note", [note(one, status=one, metadata={one[:500]: one[:500]}) for one in HOSTILE]
            )
            assert ids_of(await all_pages(store, ALICE, limit=3)) == sorted(HOSTILE)
            assert ids_of(await all_pages(store, ALICE, order=[Sort("status", descending=True)], limit=4)) == sorted(
                HOSTILE, reverse=True
            )
            for one in HOSTILE:
                held = (await store.page(ALICE, "note", Is("status", one))).documents
                assert [(each.id, each.fields["metadata"]) for each in held] == [(one, {one[:500]: one[:500]})]
                assert await store.count(ALICE, "note", Is(f"metadata.{one[:500]}", one[:500])) == 1
                scope = Scope(one, namespace="hostile")
                assert await store.count(scope, "note") == 0
                await store.append(scope, "note", [note("x", one[:5])])
            assert await store.scopes("hostile") == tuple(sorted(HOSTILE))

    async def test_scopes_are_walls(self, tmp_path: Path) -> None:
        """Look-alike scopes share nothing: no document, no revision, no history."""
        scopes = [Scope("a"), Scope("a "), Scope("b", namespace="a"), Scope("a", namespace="b"), Scope("ab", "default")]
        scopes += [Scope("default", namespace="a"), Scope("c", namespace="a|b"), Scope("b|c", namespace="a")]
        async with self.opened(tmp_path) as store:
            for i, scope in enumerate(scopes):
                for _ in range(i):
                    await put(store, scope, note("same", f"text{i}"))
            for i, scope in enumerate(scopes):
                assert await store.revision(scope) == i
                assert await store.count(scope, HISTORY) == i
                (held,) = await store.get(scope, "note", ["same"])
                assert (held.body if held else None) == ({"text": f"text{i}"} if i else None)

    async def test_scopes_lists_users_in_order(self, tmp_path: Path) -> None:
        """Those of one namespace, by name, a part at a time; also those whose documents were deleted."""
        users = [f"user{i}" for i in range(7)]
        async with self.opened(tmp_path) as store:
            for user in reversed(users):
                await store.append(Scope(user, "ns"), "note", [note("a")])
            await store.append(Scope("elsewhere", "other"), "note", [note("a")])
            await store.purge(Scope("user3", "ns"), [("note", Is("status")), ("note", Has("vector"))], entry=entry())
            assert await store.scopes("ns") == tuple(users)
            assert await store.scopes("ns", limit=3) == tuple(users[:3])
            assert await store.scopes("ns", after="user2", limit=3) == tuple(users[3:6])
            assert await store.scopes("ns", after="user6") == ()
            assert await store.scopes("nowhere") == ()

    async def test_a_refused_first_commit_names_nobody(self, tmp_path: Path) -> None:
        """A user is listed from the first write that was done, not from the first that was tried."""
        async with self.opened(tmp_path) as store:
            with pytest.raises(StoreError):
                await store.commit(ALICE, Writes(patch=(Patch("note", "no", {"rank": 2}),), entry=ENTRY), expect=0)
            with pytest.raises(Moved):
                await store.commit(ALICE, Writes(put=(("note", note("a")),), entry=ENTRY), expect=3)
            assert await store.scopes(ALICE.namespace) == ()
            assert await store.commit(ALICE, Writes(put=(("note", note("a")),), entry=ENTRY), expect=0) == 1
            assert await store.scopes(ALICE.namespace) == (ALICE.user,)

    async def test_writes_of_another_store_are_seen(self, tmp_path: Path) -> None:
        """By the next call, in every way of reading, without reopening."""
        async with self.opened(tmp_path) as one, self.opened(tmp_path) as two:
            await one.append(ALICE, "note", [note("a", rank=1)])
            assert await two.count(ALICE, "note", Is("rank", 1)) == 1
            await two.commit(ALICE, Writes(patch=(Patch("note", "a", {"rank": 2}),), entry=ENTRY), expect=0)
            assert await one.count(ALICE, "note", Is("rank", 1)) == 0
            assert await one.revision(ALICE) == 1
            await two.append(ALICE, "note", [note("b", rank=1)])
            assert ids_of(await all_pages(one, ALICE, order=[Sort("rank")])) == ["b", "a"]
            await one.commit(ALICE, Writes(delete=(("note", "a"),), entry=ENTRY), expect=1)
            assert ids_of(await all_pages(two, ALICE, order=[Sort("rank")])) == ["b"]
            await two.attach(ALICE, "note", {"b": [1, 0, 0, 0]})
            assert await one.count(ALICE, "note", Has("vector")) == 1


async def _there(store: Store, id_: str) -> bool:
    return await store.get(ALICE, "note", [id_]) != (None,)


def _sorted(notes: Sequence[Document], order: Sequence[Sort]) -> list[Document]:
    found = sorted(notes, key=lambda one: one.id)
    for sort in reversed(order):
        present = [one for one in found if one.fields.get(sort.field) is not None]
        absent = [one for one in found if one.fields.get(sort.field) is None]
        # sorting is stable, also in reverse, so ties stay in the order of the sorts behind this one
        found = sorted(present, key=lambda one: _key(one.fields[sort.field]), reverse=sort.descending) + absent
    return found


def _key(value: Value) -> Any:
    return value
