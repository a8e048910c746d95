"""The part of the store contract on size: long texts, large commits, and questions of many parts."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ..errors import StoreError
from ..filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, matches
from ..ports import FilterQuery, KeywordQuery, Patch, Query, Sort, VectorQuery, Writes
from ..values import Scope
from .store_samples import (
    ALICE,
    ENTRY,
    StoreChecks,
    all_pages,
    entry,
    fields_of,
    ids_of,
    note,
    put,
    reference_bm25,
    reference_cosine,
)

LONG = ("好" * 10_666, "好" * 10_665 + "号", "x" * 32_000, "x" * 31_999 + "y", "x" * 31_999)


def nested(levels: int) -> Filter:
    """A filter of so many levels, of all kinds in turn."""
    where: Filter = Is("status", "v1")
    for level in range(levels - 1):
        where = (AllOf(Has("rank"), where), Not(where), AnyOf(Is("rank", level), where), AnyOf(where))[level % 4]
    return where


@pytest.mark.asyncio
class StoreExtremes(StoreChecks):
    """What the contract promises to take is taken, and what is larger is an error or is taken too."""

    async def test_long_bodies(self, tmp_path: Path) -> None:
        """A megabyte of text in each of several documents, in every way of writing and reading them."""
        chance = random.Random(1)
        long = ["".join(chance.choices("好的 ab\n", k=1_000_000)) for _ in range(4)]
        notes = [replace(note(f"n{i}", f"word{i}", rank=i), body={"text": text}) for i, text in enumerate(long)]
        async with self.opened(tmp_path) as store:
            assert len((await store.append(ALICE, "note", notes[:2])).new) == 2
            await put(store, ALICE, *notes[2:])
            patches = tuple(Patch("note", one.id, {"status": "valid"}) for one in notes)
            assert await store.commit(ALICE, Writes(patch=patches, entry=ENTRY), expect=1) == 2
            held = await store.get(ALICE, "note", [one.id for one in notes])
            assert [one and one.body for one in held] == [one.body for one in notes]
            assert [one.body for one in await all_pages(store, ALICE, limit=3)] == [one.body for one in notes]
            (found,) = await store.search(ALICE, [KeywordQuery("note", ("word3",))])
            assert [one.document.body for one in found] == [notes[3].body]
            assert await store.purge(ALICE, [("note", EVERYTHING)], entry=entry()) == (4,)

    async def test_the_longest_ids_names_and_values(self, tmp_path: Path) -> None:
        """32,000 bytes each, of look-alikes too; they are found, ordered and paged through by all of them."""
        async with self.opened(tmp_path) as store:
            for long in LONG:
                scope = Scope(long, namespace=long)
                fields = {"status": long, "tags": (long, "b"), "metadata": {"k": long[:-1], long[:-2]: "v"}}
                await store.append(scope, "note", [note(long, "word", **fields), note("short", status=long[:-3])])
                await put(store, ALICE, note(long, status=long))
            assert ids_of(await all_pages(store, ALICE, limit=2)) == sorted(LONG)
            by_status = await all_pages(store, ALICE, order=[Sort("status", descending=True)], limit=1)
            assert ids_of(by_status) == sorted(LONG, reverse=True)
            for long in LONG:
                scope = Scope(long, namespace=long)
                keyed = Is("metadata.k", long[:-1]), Is(f"metadata.{long[:-2]}", "v")
                where = AllOf(Is("status", long), Is("tags", long), *keyed)
                (found,) = (await store.page(scope, "note", where)).documents
                assert (found.id, fields_of(found)["tags"]) == (long, (long, "b"))
                assert await store.attach(scope, "note", {long: [1, 2, 3, 4]}) == 1
                queries = (KeywordQuery("note", ("word",)), VectorQuery("note", [1, 2, 3, 4]))
                assert [ids_of(one) for one in await store.search(scope, queries)] == [[long], [long]]
                assert await store.scopes(long) == (long,)
                assert await store.count(ALICE, "note", Is("status", long)) == 1

    async def test_five_thousand_documents_at_once(self, tmp_path: Path) -> None:
        """In one commit that puts, one that patches, one that deletes, one that purges, and in one append."""
        notes = [note(f"n{i:04d}", f"word{i}", rank=i) for i in range(5_000)]
        patches = tuple(Patch("note", one.id, {"status": "expired"}) for one in notes)
        async with self.opened(tmp_path) as store:
            assert await put(store, ALICE, *notes) == 1
            assert await store.commit(ALICE, Writes(patch=patches, entry=ENTRY), expect=1) == 2
            assert await store.count(ALICE, "note", Is("status", "expired")) == 5_000
            deletes = tuple(("note", one.id) for one in notes[:2_000])
            await store.commit(ALICE, Writes(delete=deletes, entry=ENTRY), expect=2)
            assert ids_of(await all_pages(store, ALICE, limit=2_500)) == ids_of(notes[2_000:])
            assert await store.purge(ALICE, [("note", Between("rank", 2_500))], entry=entry()) == (2_500,)
            added = await store.append(ALICE, "note", notes)
            assert (len(added.new), len(added.known), len(added.deleted)) == (0, 500, 4_500)
            assert await store.count(ALICE, "note") == 500

    async def test_filters_of_many_levels_and_parts(self, tmp_path: Path) -> None:
        """As many as the contract names; beyond it either the right answer or a `StoreError`, in every kind of call."""
        notes = [note(f"n{i:02d}", "word", rank=i, status=f"v{i % 3}", metadata={"k": f"m{i}"}) for i in range(40)]
        wide: list[Filter] = [
            AnyOf(*(Between("rank", i, i + 0.5) for i in range(10, 1_010))),
            AllOf(*(Not(Is("status", f"v{i}")) for i in range(1, 1_001))),
            AnyOf(*(Is("metadata.k", f"m{i}") for i in range(20, 1_020))),
            Is("rank", *range(5, 70_005)),
            Is("metadata.k", *(f"m{i}" for i in range(7, 70_007))),
            Not(Is("status", *(f"v{i}" for i in range(1, 70_001)))),
        ]
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", notes)
            await store.attach(ALICE, "note", {one.id: [1, i, 0, 0] for i, one in enumerate(notes)})
            for where in [*map(nested, (2, 3, 10, 19, 20)), *wide]:
                wanted = [one.id for one in notes if matches(where, one.fields)]
                assert await store.count(ALICE, "note", where) == len(wanted) > 0
                assert ids_of((await store.page(ALICE, "note", where)).documents) == wanted
                queries = (KeywordQuery("note", ("word",), where), VectorQuery("note", [1, 1, 1, 1], where))
                assert [sorted(ids_of(one)) for one in await store.search(ALICE, queries)] == [wanted, wanted]
            for where in (nested(60), AnyOf(*(Between("rank", i, i + 0.5) for i in range(20_000)))):
                with suppress(StoreError):
                    assert await store.count(ALICE, "note", where) == sum(matches(where, one.fields) for one in notes)
            with pytest.raises(StoreError, match="levels"):
                await store.count(ALICE, "note", nested(2_000))

    async def test_many_questions_and_words_at_once(self, tmp_path: Path) -> None:
        """Forty questions in one call, and one of thousands of words."""
        chance = random.Random(2)
        texts = {f"n{i:02d}": [f"w{chance.randrange(3_000)}" for _ in range(60)] for i in range(50)}
        vectors = {id_: [chance.gauss(0, 1) for _ in range(4)] for id_ in texts}
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note(id_, " ".join(words)) for id_, words in texts.items()])
            await store.attach(ALICE, "note", vectors)
            words = [tuple(f"w{n}" for n in chance.sample(range(9_000), size)) for size in (1, 10, 200, 2_000, 9_000)]
            queries: list[Query] = [KeywordQuery("note", terms, top_k=100) for terms in words]
            queries += [VectorQuery("note", [1, i, 2, -i], top_k=7) for i in range(30)]
            queries += [FilterQuery("note", top_k=i) for i in range(5)]
            answers = await store.search(ALICE, queries)
            used = {word for text in texts.values() for word in text}
            for terms, found in zip(words, answers, strict=False):
                scores = {one.document.id: one.score for one in found}
                assert scores == pytest.approx(reference_bm25(texts, used.intersection(terms)), abs=1e-6)
            for i, found in enumerate(answers[5:35]):
                best = sorted((reference_cosine(one, [1, i, 2, -i]) for one in vectors.values()), reverse=True)
                assert [one.score for one in found] == pytest.approx(best[:7], abs=1e-5)
            assert [len(found) for found in answers[35:]] == [0, 1, 2, 3, 4]
