"""The pure parts of the store on Elasticsearch, without a server: names, documents, filters, changes, scores."""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from memoryengine.errors import StoreError
from memoryengine.filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, Value, matches
from memoryengine.ports import Document, KeywordQuery, Patch, Sort, VectorQuery, Writes
from memoryengine.stores.checks import microseconds
from memoryengine.stores.elasticsearch.changes import check_documents, fold
from memoryengine.stores.elasticsearch.codec import (
    GONE,
    LIVE,
    Codec,
    as_json,
    check_user,
    compressed,
    decompressed,
    packed,
    unpacked,
)
from memoryengine.stores.elasticsearch.dsl import DEEPEST, MOST_TERMS, NOTHING, living, plainer, query_of, sort_of
from memoryengine.stores.elasticsearch.keys import (
    SLOTS,
    TermKeys,
    document_key,
    read_counts,
    scope_key,
    slot_of,
)
from memoryengine.stores.elasticsearch.search import (
    MOST_TERMS as MOST_WEIGHED,
)
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
from memoryengine.stores.elasticsearch.server import Got
from memoryengine.testing.store_extremes import LONG, nested
from memoryengine.testing.store_reading import HOSTILE
from memoryengine.testing.store_samples import ALICE, BOB, ENTRY, JOBS, NOON, NOTES, note, reference_bm25
from memoryengine.values import Scope

from .draws import Draws

CODECS = {"note": Codec(NOTES), "job": Codec(JOBS)}


# --- keys -------------------------------------------------------------------------------------------------------


def test_no_two_scopes_and_no_two_documents_have_one_key() -> None:
    texts = (*HOSTILE, *LONG, "\ud800", "\udfff", "a\0b", "")
    scopes = [Scope(user, namespace=name) for user in texts[:26] for name in ("a", "b", "a b", "默认")]
    keys = {scope_key(scope) for scope in scopes}
    assert len(keys) == len(scopes)
    assert all(len(key) == 24 and key.isascii() and key.isalnum() and key == key.lower() for key in keys)
    documents = {document_key(scope, text) for scope in sorted(keys)[:5] for text in texts}
    assert len(documents) == 5 * len(texts)
    assert all(len(key.encode()) <= 512 for key in documents)
    assert scope_key(ALICE) == scope_key(Scope("alice")) != scope_key(BOB)


def test_slots_are_even() -> None:
    counts = Counter(slot_of(document_key("scope", f"id{i}")) for i in range(50_000))
    assert set(counts) <= set(range(SLOTS))
    assert len(counts) == SLOTS
    assert max(counts.values()) < 100  # about 49 each
    halves = sum(count for slot, count in counts.items() if slot < SLOTS // 2)
    assert 24_000 < halves < 26_000


def test_terms_become_tokens_of_one_scope() -> None:
    terms = ("吉他", "guitar", "Guitar", "a/b", "\ud800", "\0", "x" * 10_000, "-", "'")
    one, other = TermKeys("one"), TermKeys("other")
    tokens = one.tokens(terms).split(" ")
    assert tokens == [one.token(term) for term in terms]
    assert len(set(tokens)) == len(terms)
    assert all(len(token) == 10 and token.isascii() and not token.isspace() for token in tokens)
    assert not set(tokens) & set(other.tokens(terms).split(" "))
    assert all(0 <= one.number(term) < 2**56 for term in terms)


def test_counts_come_back_however_often_a_term_occurs() -> None:
    keys = TermKeys("scope")
    wanted = {"once": 1, "most": 255, "more": 256, "twice most": 510, "many": 70_000, "吉他": 3}
    terms = [term for term, count in wanted.items() for _ in range(count)]
    numbers, counts = read_counts(keys.counts(terms))
    held: Counter[int] = Counter()
    for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
        assert 1 <= count <= 255
        held[number] += count
    assert held == {keys.number(term): count for term, count in wanted.items()}
    assert keys.counts(()) == b""
    assert read_counts(b"")[0].size == 0


# --- documents --------------------------------------------------------------------------------------------------


def test_documents_come_back_from_what_is_indexed() -> None:
    draws = Draws(random.Random(1))
    for id_ in (*HOSTILE, *LONG):
        document = draws.document(id_)
        source = CODECS["note"].source("scope", document, 7, "call")
        held = CODECS["note"].document(source["document"])
        fields = {name: value for name, value in document.fields.items() if value is not None}
        assert (held.id, held.body, held.terms, held.digest, held.revision) == (
            id_, document.body, document.terms, document.digest, 7
        )  # fmt: skip
        assert held.fields == fields
        assert (source["state"], source["length"], source["call"]) == (LIVE, len(document.terms), "call")
        assert ("terms" in source) == bool(document.terms) == ("counts" in source)
        assert 0 <= source["slot"] < SLOTS


def test_fields_are_indexed_as_the_server_compares_them() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=8)))
    fields: dict[str, Value] = {"rank": -0.0, "at": east, "tags": ("b", "a", "b"), "metadata": {}, "open": False, "status": ""}
    indexed = CODECS["note"].source("scope", Document("a", fields, {}), 1)["fields"]
    assert str(indexed["rank"]) == "0.0"
    assert indexed["at"] == microseconds(NOON)
    assert indexed["metadata"] == [{}]  # in a list, so that a partial update replaces it
    assert (indexed["tags"], indexed["open"], indexed["status"]) == (["b", "a", "b"], False, "")
    whole = CODECS["note"].source("scope", note("a", status="x", rank=1, metadata={"k": "v"}), 1)
    patched = CODECS["note"].patched(whole, CODECS["note"].plain({"rank": None, "metadata": {"l": "w"}}), 2)
    assert patched["fields"] == {"rank": None, "metadata": [{"l": "w"}]}
    held = CODECS["note"].document(patched["document"])
    assert (held.fields, held.revision) == ({"status": "x", "metadata": {"l": "w"}}, 2)


@pytest.mark.parametrize(
    "broken",
    [
        note("好" * 10_667),
        note("a", status="x" * 32_001),
        note("a", tags=("b", "好" * 10_667)),
        note("a", metadata={"k" * 16_001: "v" * 16_000}),
        note("a", at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))),
        note("a", at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2)))),
        Document("a", {}, {"x": {1, 2}}),
    ],
)
def test_what_the_server_would_refuse_is_refused_before(broken: Document) -> None:
    with pytest.raises(StoreError) as caught:
        CODECS["note"].source("scope", broken, 1)
    assert len(str(caught.value)) > 30
    assert "好好" not in caught.value.message
    with pytest.raises(StoreError, match="bytes"):
        check_user(Scope("好" * 10_667))
    with pytest.raises(StoreError, match="bytes"):
        check_user(Scope("a", namespace="x" * 32_001))


def test_json_keeps_what_is_no_unicode() -> None:
    for value in ("\ud800", {"\udfff": ["好\u2028\0"]}, [1.5, None, True, 2**60], {}, ""):
        assert unpacked(packed(value)) == value
        assert decompressed(compressed(value)) == value
        assert isinstance(as_json(value), bytes)
    with pytest.raises(StoreError, match="JSON"):
        as_json({"x": object()})


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
        indexed = CODECS["note"].source("scope", document, 1)["fields"]
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


# --- changes ----------------------------------------------------------------------------------------------------


def test_writes_become_one_change_a_document() -> None:
    writes = Writes(
        put=(("note", note("a", "one", rank=1)), ("note", note("a", "two", rank=2, open=True)), ("job", note("a"))),
        patch=(
            Patch("note", "a", {"rank": 3, "open": None}),
            Patch("note", "b", {"rank": 1, "status": "x"}),
            Patch("note", "b", {"rank": None}),
            Patch("note", "c", {"rank": 5}),
        ),
        delete=(("note", "c"), ("note", "c"), ("note", "d")),
        entry=ENTRY,
    )
    changes, needs = fold(CODECS, ALICE, writes, 4)
    scope = scope_key(ALICE)
    keys = [document_key(scope, id_) for id_ in ("a", "a", "b", "c", "d")]
    assert [one.key for one in changes] == keys
    assert [(one.collection, one.verb) for one in changes] == [
        ("note", "put"), ("job", "put"), ("note", "patch"), ("note", "delete"), ("note", "delete")
    ]  # fmt: skip
    assert needs == [("new", "a"), ("new", "a"), ("there", "b"), ("there", "c"), ("there", "d")]
    assert changes[0].content is not None
    held = CODECS["note"].document(changes[0].content["document"])
    assert (held.fields, held.terms, held.revision) == ({"rank": 3}, ("two",), 4)
    assert changes[0].content["fields"] == {"rank": 3}
    assert changes[2].content == {"rank": None, "status": "x"}
    assert changes[3].content is None


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_documents_must_be_as_the_changes_need_them(verb: str) -> None:
    writes = {
        "put": Writes(put=(("note", note("a")),)),
        "patch": Writes(patch=(Patch("note", "a", {"rank": 1}),)),
        "delete": Writes(delete=(("note", "a"),)),
    }[verb]
    changes, needs = fold(CODECS, ALICE, writes, 1)
    there, gone, absent = Got("i", {"state": LIVE}), Got("i", {"state": GONE}), Got("i", None)
    check_documents(changes, needs, [there])
    with pytest.raises(StoreError, match="deleted"):
        check_documents(changes, needs, [gone])
    if verb == "put":
        check_documents(changes, needs, [absent])
    else:
        with pytest.raises(StoreError, match="not there"):
            check_documents(changes, needs, [absent])


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
    found = keyword_scores(asking(), query, totals, holding, hits)
    wanted = reference_bm25(texts, distinct)
    assert found == pytest.approx(wanted, abs=1e-12)
    assert keyword_scores(asking(), query, totals, holding, []) == {}
    again = keyword_scores(asking(), query, totals, holding, [*hits, *hits[:1]])  # a document that two windows showed
    assert again == pytest.approx(wanted, abs=1e-12)


def test_a_question_of_many_words_weighs_the_first() -> None:
    words = tuple(f"w{i}" for i in range(MOST_WEIGHED + 10))
    _, having, candidates, first = keyword_bodies(asking(), KeywordQuery("note", words, top_k=2_000))
    assert len(having["aggs"]["having"]["filters"]["filters"]) == len(words)
    should = candidates["query"]["bool"]["should"]
    assert len(should) == MOST_WEIGHED + 1
    assert (len(should[-1]["terms"]["terms"]), should[-1]["terms"]["boost"]) == (10, 0)
    assert (candidates["size"], first["size"]) == (2_020, 2_020)
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


def test_packed_documents_hold_no_plain_text() -> None:
    """A word of a text stands in an index as base64 alone, which `document` gives back."""
    source = CODECS["note"].source("scope", note("a", "geheim"), 1)
    assert "geheim" not in repr({name: value for name, value in source.items() if name != "fields"})
    assert b"geheim" in b64decode(source["document"])
    assert "geheim" not in source["terms"]
