"""Documents as Elasticsearch keeps them, and back; pure functions.

`fields` is what one filters and sorts by; `document` is everything, as JSON in one binary doc value, because reading
that is much cheaper than `_source`, where the vector lies too. What the contract bounds is checked here, before a
commit is logged: a commit that the server could refuse later would hold up its scope for good.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ...errors import StoreError
from ...filters import Value
from ...ports import Collection, Document
from ...values import Scope
from ..checks import check_document, check_scope, check_terms, check_text, maps_of, own, plain_fields, restorer
from .keys import document_key, slot_of, term_keys

MOST_BYTES = 32_000
KEPT = 10_000
LARGE = 200_000
"""Bytes that any server and gateway takes as one request."""
Source = dict[str, Any]
LIVE, GONE, PENDING, MARKER = "live", "gone", "pending", "marker"
"""What an entry of an index is: a document, its tombstone, a commit under way, or the mark of the last write."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does with one document: `put` it whole, `patch` some fields, or `delete` it.

    `content` is the source of a put, and the plain fields of a patch.
    """

    collection: str
    key: str
    verb: Literal["put", "patch", "delete"]
    content: Source | None = None


class Codec:
    """Reads and writes the documents of one collection."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._restore = restorer(collection.fields)
        self._documents: dict[str, Document] = {}
        self._maps = maps_of(collection)

    def source(self, scope: str, document: Document, revision: int, call: str = "") -> Source:
        """A document as it is indexed, without vector; raises `StoreError` for what the contract forbids."""
        check_bytes(check_text(document.id, "The id of a document"), "The id of a document")
        fields = {name: value for name, value in check_document(self.collection, document).items() if value is not None}
        check_terms(document.terms)
        whole = [document.id, fields, document.body, document.digest, " ".join(document.terms), revision]
        key = document_key(scope, document.id)
        held: Source = {"scope": scope, "state": LIVE, "id": document.id, "slot": slot_of(key), "revision": revision}
        held |= {"fields": self._indexed(fields), "document": packed(whole)}
        if call:
            held["call"] = call
        if document.terms:
            keys = term_keys(scope)
            held |= {"terms": keys.tokens(document.terms), "counts": b64encode(keys.counts(document.terms)).decode()}
        if self.collection.searchable:
            held["length"] = len(document.terms)
        return held

    def plain(self, fields: Mapping[str, Value]) -> Source:
        """The fields of a patch as plain JSON, checked; None takes a field away."""
        plain = plain_fields(self.collection, fields)
        self._indexed(plain)
        return plain

    def patched(self, source: Source, fields: Source, revision: int) -> Source:
        """What a partial update must say so that a document gets these plain fields; its vector stays."""
        whole = unpacked(source["document"])
        whole[1] = {name: value for name, value in {**whole[1], **fields}.items() if value is not None}
        whole[5] = revision
        return {"fields": self._indexed(fields), "document": packed(whole), "revision": revision}

    def document(self, data: str) -> Document:
        """The document of a packed `document` value; of those read last it is kept."""
        found = self._documents.get(data)
        if found is None:
            id_, fields, body, digest, terms, revision = unpacked(data)
            found = Document(id_, self._restore(fields), body, tuple(terms.split()), digest, revision)
            if len(self._documents) >= KEPT:
                self._documents.clear()
            self._documents[data] = found
        return own(found, self._maps)

    def _indexed(self, plain: Mapping[str, Any]) -> Source:
        """The fields as they are indexed."""
        for name, value in plain.items():
            _check_size(name, value)
        return {name: _indexed(value) for name, value in plain.items()}


def tombstone(scope: str, revision: int) -> Source:
    """What stays of a deleted document: that it was, and since when."""
    return {"scope": scope, "state": GONE, "revision": revision}


def packed(value: object) -> str:
    """JSON for a binary field; a space stands before what orjson would not read exactly, as a number of 70 bits."""
    data = as_json(value)
    return b64encode(data if _is_plain(data) else b" " + data).decode()


def unpacked(data: str) -> Any:
    """The value that `packed` was given; a search reads hundreds, hence orjson."""
    held = a2b_base64(data)
    return json.loads(held) if held[:1] == b" " else orjson.loads(held)


def _is_plain(data: bytes) -> bool:
    try:
        return orjson.dumps(orjson.loads(data)) == data
    except orjson.JSONDecodeError:
        return False


def compressed(values: Sequence[object]) -> str:
    """JSON for a binary field that is seldom read.

    With a large value in it, it is not made smaller: so what cannot take that value as a request of its own, be it the
    server or a gateway, does not take this one either, and a commit is refused before it stands.
    """
    parts = [as_json(value) for value in values]
    level = 0 if any(len(part) > LARGE for part in parts) else 1
    return b64encode(zlib.compress(b"[" + b",".join(parts) + b"]", level)).decode()


def decompressed(data: str) -> Any:
    """The value that `compressed` was given."""
    return json.loads(zlib.decompress(b64decode(data)))


def as_json(value: object) -> bytes:
    """A value as JSON; raises `StoreError` if it is none."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can write as an escape
        return json.dumps(value, separators=(",", ":"), default=dict).encode()
    except (TypeError, ValueError) as error:
        raise StoreError(f"The body of a document is no JSON: {error}.") from error


def check_bytes(text: str, what: str) -> None:
    """Raise `StoreError` if a text is longer than Elasticsearch takes as one value."""
    if len(text) * 4 > MOST_BYTES and len(text.encode()) > MOST_BYTES:
        raise StoreError(f"{what} has {len(text.encode()):,} bytes of UTF-8; at most {MOST_BYTES:,} can be stored.")


def check_user(scope: Scope) -> Scope:
    """The scope itself; raises `StoreError` if its namespace or user cannot be listed."""
    check_bytes(check_scope(scope).namespace, "The namespace")
    check_bytes(scope.user, "The user")
    return scope


def _indexed(value: Any) -> Any:
    """A map stands in a list, else a partial update would merge it; -0.0 is 0.0, for the server tells them apart."""
    if isinstance(value, Mapping):
        return [value]
    return value + 0.0 if isinstance(value, float) else value


def _check_size(name: str, value: object) -> None:
    what = f"The field {name!r}"
    match value:
        case str():
            check_bytes(value, what)
        case list():
            for one in value:
                check_bytes(one, what)
        case Mapping():
            for key, one in value.items():
                check_bytes(key + one, what)
