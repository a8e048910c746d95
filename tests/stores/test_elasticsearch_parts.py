"""Names, documents and changes of the store on Elasticsearch, without a server."""

from __future__ import annotations

import random
from base64 import b64decode
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from memoryengine.errors import StoreError
from memoryengine.filters import Value
from memoryengine.ports import Document, Patch, Writes
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
from memoryengine.stores.elasticsearch.keys import (
    SLOTS,
    TermKeys,
    document_key,
    read_counts,
    scope_key,
    slot_of,
)
from memoryengine.stores.elasticsearch.server import Got
from memoryengine.testing.store_extremes import LONG
from memoryengine.testing.store_reading import HOSTILE
from memoryengine.testing.store_samples import ALICE, BOB, ENTRY, JOBS, NOON, NOTES, note
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
    fields: dict[str, Value] = {"rank": -0.0, "at": east, "tags": ("b", "a", "b"), "metadata": {}, "open": False}
    indexed = CODECS["note"].source("scope", Document("a", fields, {}), 1)["fields"]
    assert str(indexed["rank"]) == "0.0"
    assert indexed["at"] == microseconds(NOON)
    assert indexed["metadata"] == [{}]  # in a list, so that a partial update replaces it
    assert (indexed["tags"], indexed["open"]) == (["b", "a", "b"], False)
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
    numbers = [1.5, 2**60, 2**80, 2**90, 1e-07, 1e22, float("inf")]
    for value in ("\ud800", {"\udfff": ["好\u2028\0"]}, [None, True], numbers, {}, ""):
        assert repr(unpacked(packed(value))) == repr(value)
        assert decompressed(compressed([value, 1, value])) == [value, 1, value]
        assert isinstance(as_json(value), bytes)
    with pytest.raises(StoreError, match="JSON"):
        as_json({"x": object()})


def test_packed_documents_hold_no_plain_text() -> None:
    """A word of a text stands in an index as base64 alone, which `document` gives back."""
    source = CODECS["note"].source("scope", note("a", "geheim"), 1)
    assert "geheim" not in repr({name: value for name, value in source.items() if name != "fields"})
    assert b"geheim" in b64decode(source["document"])
    assert "geheim" not in source["terms"]


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
