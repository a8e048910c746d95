"""Filters and questions as Elasticsearch gets them, and scores from its answers, without a server."""

from __future__ import annotations

import random
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from memoryengine.errors import StoreError
from memoryengine.filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, matches
from memoryengine.ports import Document, KeywordQuery, Sort, VectorQuery
from memoryengine.ranking import idf
from memoryengine.stores.elasticsearch.codec import Codec
from memoryengine.stores.elasticsearch.dsl import DEEPEST, MOST_TERMS, NOTHING, living, plainer, query_of, sort_of
from memoryengine.stores.elasticsearch.keys import SLOTS, TermKeys
from memoryengine.stores.elasticsearch.search import MOST_TERMS as MOST_WEIGHED
from memoryengine.stores.elasticsearch.search import (
    Asking,
    crowded,
    hidden,
    keyword_bodies,
    keyword_scores,
    vector_body,
    vector_parts,
    vector_scores,
)
from memoryengine.testing.store_extremes import nested
from memoryengine.testing.store_samples import NOON, NOTES, reference_bm25

from .draws import Draws

# --- filters ----------------------------------------------------------------------------------------------------


def run(query: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """What a server makes of a query, for a document of these indexed fields; a map is a list of one map."""
    ((verb, body),) = query.items()
    if verb == "bool":
        should = body.get("should", [])
        every = all(run(one, fields) for one in body.get("filter", []))
        none = not any(run(one, fields) for one in body.get("must_not", []))
        return every and none and (not should or any(run(one, fields) for one in should))
    if verb == "match_none":
        return False
    ((path, wanted),) = body.items()
    path = wanted if verb == "exists" else path
    name, _, key = path.removeprefix("fields.").partition(".")
    held = fields.get(name)
    held = [one[key] for one in held if key in one] if key and held else held
    values = [] if held is None else held if isinstance(held, list) else [held]
    match verb:
        case "exists" | "prefix":
            return bool(values) and values != [{}]
        case "terms":
            return any(type(one) in (str, bool, int, float) and one in wanted for one in values)
        case "range":
            return any(wanted.get("gte", one) <= one and ("lt" not in wanted or one < wanted["lt"]) for one in values)
    raise AssertionError(f"an unknown query: {query}")


def test_queries_mean_what_matches_says() -> None:
    """Many random filters over random documents, read by a small model of the server."""
    draws, passed = Draws(random.Random(2)), 0
    for _ in range(1_500):
        where = draws.filter(5)
        document = Document("a", draws.fields(none=0.1), {})
        indexed = Codec(NOTES).source("scope", document, 1)["fields"]
        held = {name: value for name, value in document.fields.items() if value is not None}
        vector = draws.chance.random() < 0.5
        indexed |= {"vector": 1} if vector else {}
        wanted = matches(where, held, has_vector=vector)
        assert run(query_of(NOTES, where, "fields.vector"), indexed) == wanted, (where, held)
        assert matches(plainer(where), held, has_vector=vector) == wanted
        assert matches(plainer(where, wanted=False), held, has_vector=vector) != wanted
        passed += wanted
    assert 300 < passed < 1_200


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (Is("rank"), NOTHING),
        (Is("rank", "1", float("nan"), float("inf"), 2**53 + 1, 10**400, NOON), NOTHING),
        (Is("rank", True, 0), {"terms": {"fields.rank": [1.0, 0.0]}}),
        (Is("rank", -0.0), {"terms": {"fields.rank": [0.0]}}),
        (Is("open", 1, 0.0, 2, "true"), {"terms": {"fields.open": [True, False]}}),
        (Is("status", "\ud800", "😀", 5), {"terms": {"fields.status": ["😀"]}}),
        (Is("at", datetime(2026, 1, 1), 5), NOTHING),
        (Is("metadata", "x"), NOTHING),
        (Is("metadata.", "x"), NOTHING),
        (Is("metadata.a.b", "x"), {"terms": {"fields.metadata.a.b": ["x"]}}),
        (Has("metadata"), NOTHING),
        (Has("metadata.k"), {"exists": {"field": "fields.metadata.k"}}),
        (Has("metadata.*"), {"prefix": {"fields.metadata.*": {"value": ""}}}),
        (Has("vector"), NOTHING),
        (Between("rank", float("nan")), NOTHING),
        (Between("rank", None, float("nan")), NOTHING),
        (Between("rank", float("-inf"), 10**400), {"range": {"fields.rank": {"gte": -(2.0**54), "lt": 2.0**54}}}),
        (Between("rank"), {"exists": {"field": "fields.rank"}}),
        (Between("open", 0.5), {"terms": {"fields.open": [True]}}),
        (Between("open", float("nan")), NOTHING),
        (Between("open", 2), NOTHING),
        (Between("status", 1), NOTHING),
        (Between("metadata.k", 1), NOTHING),
        (Between("at", datetime(1, 1, 1, tzinfo=UTC)), {"range": {"fields.at": {"gte": -62135596800000000}}}),
        (AnyOf(), NOTHING),
        (Not(EVERYTHING), NOTHING),
        (AnyOf(Is("status", "a"), AnyOf(Is("status", "b"))), {"terms": {"fields.status": ["a", "b"]}}),
        (Not(Not(Is("status", "a"))), {"terms": {"fields.status": ["a"]}}),
    ],
)
def test_filters_of_a_special_shape(where: Filter, wanted: Mapping[str, Any]) -> None:
    found = query_of(NOTES, where, None)
    assert found == wanted
    assert repr(found) == repr(wanted)  # so that 1.0 is not True
    assert living("scope", found)["bool"]["filter"][2] is found


def test_long_lists_are_cut_and_many_parts_gathered() -> None:
    (first, second) = query_of(NOTES, Is("rank", *range(70_000)), None)["bool"]["should"]
    assert len(first["terms"]["fields.rank"]) == MOST_TERMS
    assert second["terms"]["fields.rank"][-1] == 69_999.0
    either = query_of(NOTES, AnyOf(*(Is("metadata.k", f"m{i}") for i in range(5_000))), None)
    assert len(either["terms"]["fields.metadata.k"]) == 5_000
    (neither,) = query_of(NOTES, AllOf(*(Not(Is("status", f"m{i}")) for i in range(5_000))), None)["bool"]["must_not"]
    assert len(neither["terms"]["fields.status"]) == 5_000


def test_deep_filters_are_made_flat_or_refused() -> None:
    assert query_of(NOTES, nested(20), None)["bool"]
    flat: Filter = Is("status", "a")
    for _ in range(40):
        flat = Not(AllOf(AnyOf(Not(flat), Has("at")), Has("rank")))
    with pytest.raises(StoreError, match=f"{DEEPEST} times.*flatter"):
        query_of(NOTES, flat, None)
    alike: Filter = Is("status", "a")
    for _ in range(90):
        alike = AllOf(Not(Not(alike)), Has("rank"))
    assert len(query_of(NOTES, alike, None)["bool"]["filter"]) == 91


def test_orders_end_with_the_id() -> None:
    assert sort_of(()) == [{"id": "asc"}]
    (by, last) = sort_of([Sort("rank", descending=True)])
    assert by == {"fields.rank": {"order": "desc", "missing": "_last"}}
    assert last == {"id": "asc"}


# --- searches ---------------------------------------------------------------------------------------------------


def asking(**more: Any) -> Asking:
    return Asking(**{"scope": "scope", "collection": NOTES, "vector_field": "vector_x", "candidates": 500, **more})


@pytest.mark.parametrize(("count", "length", "words"), [(1, 1, 1), (30, 9, 5), (40, 900, 2), (100, 40, 3_000)])
def test_keyword_scores_are_the_formula(count: int, length: int, words: int) -> None:
    """From what the server sends, to the twelfth digit; also of terms that occur more than 255 times."""
    chance, keys = random.Random(count), TermKeys("scope")
    texts = {f"d{i}": [f"w{chance.randrange(words)}" for _ in range(chance.randint(0, length))] for i in range(count)}
    texts["long"] = ["w0"] * 600 + ["\ud800", "吉他"]
    query = KeywordQuery("note", ("w0", "w1", "w0", "吉他", "\ud800", "absent", *(f"w{i}" for i in range(2, 500, 7))))
    distinct = list(dict.fromkeys(query.terms))
    having = Counter(term for text in texts.values() for term in set(text))
    length_in_all = float(sum(map(len, texts.values())))
    totals = {"hits": {"total": {"value": len(texts)}}, "aggregations": {"length": {"value": length_in_all}}}
    buckets = {str(n): {"doc_count": having[term]} for n, term in enumerate(distinct)}
    holding = {"aggregations": {"having": {"buckets": buckets}}}
    hits = [
        {"fields": {"id": [id_], "counts": [b64encode(keys.counts(text)).decode()]}}
        for id_, text in texts.items()
        if set(text) & set(distinct)
    ]
    found, most = keyword_scores(asking(), query, totals, holding, hits)
    wanted = reference_bm25(texts, distinct)
    assert found == pytest.approx(wanted, abs=1e-12)
    assert most == pytest.approx(sum(idf(len(texts), having[term]) for term in distinct), abs=1e-9)
    assert keyword_scores(asking(), query, totals, holding, []) == ({}, 0.0)
    again, _ = keyword_scores(asking(), query, totals, holding, [*hits, *hits[:1]])  # one that two windows showed
    assert again == pytest.approx(wanted, abs=1e-12)


def test_a_question_of_many_words_weighs_the_first() -> None:
    words = tuple(f"w{i}" for i in range(MOST_WEIGHED + 10))
    _, having, candidates = keyword_bodies(asking(), KeywordQuery("note", words, top_k=2_000))
    assert len(having["aggs"]["having"]["filters"]["filters"]) == len(words)
    should = candidates["query"]["bool"]["should"]
    assert len(should) == MOST_WEIGHED + 1
    assert (len(should[-1]["terms"]["terms"]), should[-1]["terms"]["boost"]) == (10, 0)
    assert candidates["size"] == 2_020
    with pytest.raises(StoreError, match="60,001 different terms"):
        keyword_bodies(asking(), KeywordQuery("note", tuple(f"w{i}" for i in range(60_001))))


def test_vector_searches_are_cut_into_parts_that_cover_all_slots() -> None:
    query = VectorQuery("note", [3.0, 0.0, 4.0, 0.0], top_k=7)
    body = vector_body(asking(), query, 4)
    assert (body["size"], body["knn"]["k"], body["knn"]["num_candidates"]) == (27, 27, 500)
    assert body["knn"]["query_vector"] == pytest.approx([0.6, 0.0, 0.8, 0.0])
    for passing, count in ((0, 1), (4_000, 1), (5_001, 2), (99_000, 20)):
        parts = vector_parts(asking(), query, 4, passing, 50)
        ranges = [one["knn"]["filter"]["bool"]["filter"][-1]["range"]["slot"] for one in parts]
        assert len(parts) == count
        slots = [slot for one in ranges for slot in range(one["gte"], one["lt"])]
        assert slots == list(range(SLOTS))
        assert {(one["size"], one["knn"]["num_candidates"]) for one in parts} == {(50, 10_000)}


def neighbours(scores: Sequence[float]) -> list[dict[str, Any]]:
    return [{"fields": {"id": [f"d{i}"]}, "_score": score} for i, score in enumerate(scores)]


def test_vector_scores_are_cosines_of_six_digits() -> None:
    scores = vector_scores(neighbours([1.0000001, 1.0, 0.75, 0.50000004, 0.0, -0.0000001]))
    assert list(scores.values()) == [1.0, 1.0, 0.75, 0.5, 0.0, 0.0]
    assert not crowded(neighbours([0.9, *[0.8] * 19, 0.7]))
    assert crowded(neighbours([0.9, *[0.8] * 20, 0.7]))
    assert crowded(neighbours([0.9, *(0.8 + i * 1e-9 for i in range(20))]))
    assert not crowded([])


def test_a_full_part_may_hide_ties() -> None:
    one, other = neighbours([0.9, 0.8, 0.8]), neighbours([0.7, 0.6, 0.5])
    assert hidden([one, other], 3, 2)
    assert hidden([one, other], 3, 3)
    assert not hidden([one, other], 4, 3)  # none is full
    assert not hidden([one, other], 3, 1)
    assert hidden([one, other], 3, 7)  # fewer than wanted, and there may be more
    assert not hidden([[], []], 3, 1)
