"""The part of the store contract on searching: scores, order, filters, `top_k`, and the walls between scopes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ..errors import StoreError
from ..filters import EVERYTHING, Filter, Is, matches
from ..ports import Document, FilterQuery, KeywordQuery, Match, Patch, Query, VectorQuery, Writes
from ..values import Scope
from .store_samples import (
    ALICE,
    BOB,
    ENTRY,
    FILTERS,
    StoreChecks,
    entry,
    ids_of,
    mixed_notes,
    note,
    put,
    reference_bm25,
    reference_cosine,
    reference_most,
)

WORDS = ("吉他", "吉", "他", "guitar", "music", "play", "去年", "春天", "rare", "😀")


def texts(count: int, seed: int) -> dict[str, str]:
    """Made-up texts over few words, some of them the same, by id."""
    chance = random.Random(seed)
    return {f"t{i:04d}": " ".join(chance.choices(WORDS[:9], k=chance.randint(1, 12))) for i in range(count)}


def assert_scores(found: Sequence[Match], wanted: dict[str, float], top_k: int | None = None) -> None:
    """The matches are the best of `wanted`, with these scores to 1e-6, best first and then by id."""
    best = sorted(wanted.values(), reverse=True)[:top_k]
    assert [one.score for one in found] == pytest.approx(best, abs=1e-6)
    assert {one.document.id: one.score for one in found} == pytest.approx(
        {one.document.id: wanted[one.document.id] for one in found}, abs=1e-6
    )
    keys = [(-one.score, one.document.id) for one in found]
    assert keys == sorted(keys)


@pytest.mark.asyncio
class StoreSearching(StoreChecks):
    """Scores are exactly the formulas, over exactly the documents of the scope that pass the filter."""

    async def test_keyword_scores_are_bm25(self, tmp_path: Path) -> None:
        """In both languages, to 1e-6; a repeated query term counts once, an unknown one not at all."""
        held = texts(60, 1)
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note(id_, text) for id_, text in held.items()])
            for query in (("吉他",), ("guitar", "春天", "guitar"), ("play", "never", "吉", "他", "去年"), WORDS):
                wanted = reference_bm25({id_: text.split() for id_, text in held.items()}, query)
                (found,) = await store.search(ALICE, [KeywordQuery("note", query)])
                assert len(found) == len(wanted)
                assert_scores(found, wanted)
                (few,) = await store.search(ALICE, [KeywordQuery("note", query, top_k=5)])
                assert list(few) == list(found[:5])
            same = note(found[0].document.id, held[found[0].document.id])
            assert replace(found[0].document, terms=same.terms) == same

    async def test_a_match_tells_which_share_of_the_question_it_covers(self, tmp_path: Path) -> None:
        """The score by the sum of the terms' weights, unknown terms counted; 0 for what is no question of words."""
        held = texts(60, 4)
        terms = {id_: text.split() for id_, text in held.items()}
        async with self.opened(tmp_path) as store:
            notes = [note(id_, text, rank=i % 2) for i, (id_, text) in enumerate(held.items())]
            await store.append(ALICE, "note", [*notes, note("full", " ".join(["rare"] * 1000), rank=0)])
            await store.attach(ALICE, "note", {"t0001": [1, 0, 0, 0]})
            odd = {one.id: one.terms for one in notes if one.fields["rank"] == 1}
            for query in (("吉他",), ("guitar", "never", "guitar"), ("play", "never", "again", "吉"), WORDS):
                for where, passing in (
                    (EVERYTHING, {**terms, "full": ["rare"] * 1000}),
                    (Is("rank", 1), odd),
                ):
                    (found,) = await store.search(ALICE, [KeywordQuery("note", query, where)])
                    most = reference_most(passing, query)
                    assert [one.share for one in found] == pytest.approx([one.score / most for one in found], abs=1e-6)
                    assert len(found) > 9
                    assert all(0 < one.share <= 1 for one in found)
            (rare,) = await store.search(ALICE, [KeywordQuery("note", ("rare",), top_k=1)])
            assert 0.9 < rare[0].share <= 1
            other: list[Query] = [VectorQuery("note", [1, 0, 0, 0]), FilterQuery("note")]
            assert {one.share for found in await store.search(ALICE, other) for one in found} == {0.0}

    async def test_statistics_are_those_of_the_documents_that_pass(self, tmp_path: Path) -> None:
        """Count, length and frequencies under the filter; documents without terms count too."""
        held = texts(40, 2)
        async with self.opened(tmp_path) as store:
            notes = [note(id_, text, rank=i % 3) for i, (id_, text) in enumerate(held.items())]
            await store.append(ALICE, "note", [*notes, note("empty", rank=1)])
            wanted = reference_bm25({one.id: one.terms for one in notes[1::3]} | {"empty": ()}, ("guitar", "rare"))
            (found,) = await store.search(ALICE, [KeywordQuery("note", ("guitar", "rare"), Is("rank", 1))])
            assert len(found) == len(wanted) > 3
            assert_scores(found, wanted)

    async def test_searches_that_find_nothing(self, tmp_path: Path) -> None:
        """No terms, unknown terms, nothing that passes, nobody of that name, no room."""
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note("a", "guitar"), note("b")])
            queries: list[Query] = [
                KeywordQuery("note", ()),
                KeywordQuery("note", ("piano",)),
                KeywordQuery("note", ("guitar",), Is("status", "valid")),
                KeywordQuery("note", ("guitar",), top_k=0),
                VectorQuery("note", [1, 0, 0, 0]),
            ]
            assert await store.search(ALICE, queries) == ((), (), (), (), ())
            assert await store.search(Scope("nobody"), queries) == ((), (), (), (), ())
            assert await store.search(ALICE, []) == ()
            with pytest.raises(StoreError):
                await store.search(ALICE, [KeywordQuery("job", ("guitar",))])
            with pytest.raises(StoreError):
                await store.search(ALICE, [KeywordQuery("note", ("guitar",), Is("colour", "red"))])

    async def test_vector_scores_are_cosines(self, tmp_path: Path) -> None:
        """(1 + cosine) / 2 in [0, 1], whatever the lengths of the vectors; without a vector nothing is found."""
        chance = random.Random(3)
        vectors = {f"v{i:02d}": [chance.gauss(0, 1) * 10 ** (i % 5 - 2) for _ in range(4)] for i in range(50)}
        vectors["v50"], vectors["v51"] = [0.5, 0, 0, 0], [-2.0, 0, 0, 0]
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [*map(note, vectors), note("bare", "guitar")])
            assert await store.attach(ALICE, "note", vectors) == 52
            for query in ([1.0, 0, 0, 0], [0.001, -0.002, 0.003, 0.001]):
                wanted = {id_: reference_cosine(vector, query) for id_, vector in vectors.items()}
                (found,) = await store.search(ALICE, [VectorQuery("note", query)])
                assert len(found) == 52
                assert_scores(found, wanted)
                assert all(0 <= one.score <= 1 for one in found)
                (few,) = await store.search(ALICE, [VectorQuery("note", query, top_k=7)])
                assert ids_of(few) == ids_of(found[:7])

    async def test_searches_under_every_filter(self, tmp_path: Path) -> None:
        """Both kinds of search find exactly what passes."""
        notes = mixed_notes()
        vectors = {one.id: [1.0, i, i * i, 1] for i, one in enumerate(notes) if i % 4 == 0}
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", notes)
            await store.attach(ALICE, "note", vectors)
            for where in FILTERS:
                passing = {
                    one.id: one.terms for one in notes if matches(where, one.fields, has_vector=one.id in vectors)
                }
                keyword, vector = await store.search(ALICE, _both(where))
                assert_scores(keyword, reference_bm25(passing, ("apple", "梨")) if passing else {})
                wanted = {id_: reference_cosine(vectors[id_], [1, 1, 0, 0]) for id_ in passing if id_ in vectors}
                assert len(vector) == len(wanted)
                assert_scores(vector, wanted)

    async def test_filters_beside_searches(self, tmp_path: Path) -> None:
        """The first that pass by id, with the score 0, also of a collection without search."""
        notes = mixed_notes()
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", notes)
            await store.append(ALICE, "job", [Document(f"j{i}", {"state": "ab"[i % 2]}, {}) for i in range(5)])
            for where in FILTERS[:20]:
                wanted = [one for one in notes if matches(where, one.fields)]
                both: list[Query] = [FilterQuery("note", where), FilterQuery("note", where, 3)]
                every, first, _ = await store.search(ALICE, [*both, KeywordQuery("note", ("apple",))])
                assert ids_of(every) == ids_of(wanted), where
                assert ids_of(first) == ids_of(wanted)[:3]
                assert {one.score for one in every} <= {0.0}
            jobs, none = await store.search(ALICE, [FilterQuery("job", Is("state", "b")), FilterQuery("note", top_k=0)])
            assert (ids_of(jobs), none) == (["j1", "j3"], ())
            with pytest.raises(StoreError):
                await store.search(ALICE, [FilterQuery("note", Is("colour", "red"))])

    async def test_equal_scores_are_ordered_by_id(self, tmp_path: Path) -> None:
        """Also where the cut of `top_k` goes through them."""
        async with self.opened(tmp_path) as store:
            names = [f"n{i:02d}" for i in range(30)]
            random.Random(4).shuffle(names)
            await store.append(ALICE, "note", [note(name, "same words") for name in names])
            await store.attach(ALICE, "note", {name: [1, 2, 3, 4] for name in names})
            found = await store.search(
                ALICE, [KeywordQuery("note", ("same",), top_k=11), VectorQuery("note", [4, 3, 2, 1], top_k=11)]
            )
            assert [ids_of(one) for one in found] == [sorted(names)[:11]] * 2
            assert len({one.score for one in found[0]}) == 1

    async def test_top_k_has_no_hidden_cap(self, tmp_path: Path) -> None:
        """1,203 documents are found when as many are asked for, each once."""
        async with self.opened(tmp_path) as store:
            notes = [note(f"n{i:04d}", "word " * (i % 7 + 1)) for i in range(1203)]
            for start in range(0, len(notes), 401):
                await store.append(ALICE, "note", notes[start : start + 401])
            await store.attach(ALICE, "note", {one.id: [1, i, 0, 1] for i, one in enumerate(notes)})
            found = await store.search(
                ALICE,
                [KeywordQuery("note", ("word",), top_k=5000), VectorQuery("note", [0, 1, 0, 0], top_k=1202)],
            )
            assert sorted(ids_of(found[0])) == ids_of(notes)
            assert len(set(ids_of(found[1]))) == 1202
            assert "n0000" not in ids_of(found[1])

    async def test_other_scopes_change_no_score(self, tmp_path: Path) -> None:
        """Not by what they hold, nor by what they add or delete."""
        held = texts(20, 6)
        queries: list[Query] = [KeywordQuery("note", ("guitar", "rare")), VectorQuery("note", [1, 1, 0, 0])]
        async with self.opened(tmp_path) as store:
            await store.append(ALICE, "note", [note(id_, text) for id_, text in held.items()])
            await store.attach(ALICE, "note", {id_: [1, i, 2, 3] for i, id_ in enumerate(held)})
            alone = await store.search(ALICE, queries)
            for other in (BOB, Scope("alice "), Scope("alice", namespace="other"), Scope("Alice")):
                await store.append(other, "note", [note(f"t{i:04d}", "guitar rare " * 50) for i in range(30)])
                await store.attach(other, "note", {"t0001": [1, 1, 0, 0]})
                assert await store.search(ALICE, queries) == alone
            await store.purge(BOB, [("note", Is("rank")), ("note", FILTERS[0])], entry=entry())
            assert await store.search(ALICE, queries) == alone
            assert await store.search(BOB, queries) == ((), ())

    async def test_searches_follow_every_write(self, tmp_path: Path) -> None:
        """Append, put, patch, attach, delete and purge through another store: the next search knows."""
        async with self.opened(tmp_path) as store, self.opened(tmp_path) as other:
            texts_now = {"a": "guitar music", "b": "guitar", "c": "rare"}
            await other.append(ALICE, "note", [note(id_, text) for id_, text in texts_now.items()])

            async def check(texts_now: dict[str, str], query: tuple[str, ...]) -> None:
                wanted = reference_bm25({id_: text.split() for id_, text in texts_now.items()}, query)
                (found,) = await store.search(ALICE, [KeywordQuery("note", query)])
                assert len(found) == len(wanted)
                assert_scores(found, wanted)

            await check(texts_now, ("guitar",))
            await put(other, ALICE, note("b", "piano piano"), note("d", "guitar guitar"))
            texts_now |= {"b": "piano piano", "d": "guitar guitar"}
            await check(texts_now, ("guitar", "piano"))
            patch = Writes(patch=(Patch("note", "a", {"status": "valid"}),), delete=(("note", "c"),), entry=ENTRY)
            await other.commit(ALICE, patch, expect=1)
            del texts_now["c"]
            await check(texts_now, ("guitar", "rare", "music"))
            (found,) = await store.search(ALICE, [KeywordQuery("note", ("guitar",), Is("status", "valid"))])
            assert ids_of(found) == ["a"]
            await other.purge(ALICE, [("note", Is("status", "valid"))], entry=entry())
            del texts_now["a"]
            await check(texts_now, ("guitar", "music"))
            await other.attach(ALICE, "note", {"b": [0, 0, 0, 1], "a": [0, 0, 0, 1]})
            (found,) = await store.search(ALICE, [VectorQuery("note", [0, 0, 0, 1])])
            assert ids_of(found) == ["b"]


def _both(where: Filter) -> list[Query]:
    return [KeywordQuery("note", ("apple", "梨"), where), VectorQuery("note", [1, 1, 0, 0], where)]
