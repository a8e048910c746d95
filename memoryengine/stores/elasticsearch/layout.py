"""How the store is laid down in Elasticsearch: indices, aliases, mappings, and what they say of themselves.

One index a collection, `{prefix}-{collection}-000001`, with two aliases: `{prefix}-{collection}`, which all reads and
new documents go through and which a reindexing moves to the next index, and `{index}-writer`, through which a document
is changed in the very index it was read from. `{prefix}-history` holds the commits (see `log`), `{prefix}-scopes` the
names of the users.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from ...errors import StoreError
from ...ports import HISTORY, Collection, FieldKind, VectorSpace

SCHEMA = 1
SCOPES = "scopes"
VectorIndex = Literal["hnsw", "int8_hnsw", "flat"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,100}")
_TYPES: Mapping[FieldKind, Mapping[str, Any]] = {
    "keyword": {"type": "keyword"},
    "keywords": {"type": "keyword"},
    "number": {"type": "double"},
    "moment": {"type": "long"},  # microseconds from 1970: `date_nanos` does not reach back before that year
    "flag": {"type": "boolean"},
    "map": {"type": "flattened"},
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an index its owner may choose."""

    shards: int = 1
    replicas: int | None = None
    vector_index: VectorIndex = "hnsw"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a new index."""
        copies = {"auto_expand_replicas": "0-1"} if self.replicas is None else {"number_of_replicas": self.replicas}
        # Reads refresh what they must see by themselves; this is for other programs that look into the index.
        return {"index": {"number_of_shards": self.shards, **copies, "refresh_interval": "30s", **_SETTINGS}}


_SETTINGS = {
    "similarity": {"default": {"type": "BM25", "k1": 1.5, "b": 0.75}},
    "merge.policy.expunge_deletes_allowed": 0,  # a merge that is asked for drops every deleted document
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the aliases and indices of one prefix."""

    prefix: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.prefix):
            raise ValueError(f"index_prefix is {self.prefix!r}: it must be small letters, digits, _ and -.")

    def alias(self, collection: str) -> str:
        """The name under which a collection is read."""
        if not _NAME.fullmatch(collection):
            raise StoreError(f"A collection cannot be called {collection!r} here: use small letters, digits, _ and -.")
        return f"{self.prefix}-{collection}"

    def index(self, collection: str, version: int) -> str:
        """The index of a collection; the version counts from 1."""
        return f"{self.alias(collection)}-{version:06d}"


def writer_of(index: str) -> str:
    """The alias through which the documents of one very index are changed.

    With `require_alias` a late write to an index that was replaced is refused, instead of making that index anew.
    """
    return f"{index}-writer"


def vector_field(space: VectorSpace) -> str:
    """The name of the field that holds vectors of this space.

    A process whose embedder is not that of the index any more names a field that is not there, and is refused.
    """
    return "vector_" + blake2b(f"{space.model}\0{space.dimensions}".encode(), digest_size=6).hexdigest()


def mapping(collection: Collection, space: VectorSpace | None, shape: Shape) -> dict[str, Any]:
    """The mapping of a collection's index, with what it says of itself in `_meta`."""
    properties: dict[str, Any] = {
        "scope": {"type": "keyword"},
        "state": {"type": "keyword"},
        "id": {"type": "keyword"},
        "slot": {"type": "short"},
        "revision": {"type": "long"},
        "call": {"type": "keyword", "index": False, "doc_values": False},
        "document": {"type": "binary", "doc_values": True},
        "fields": {"properties": {name: _TYPES[kind] for name, kind in collection.fields.items()}},
    }
    if collection.searchable:
        properties |= {
            "terms": {"type": "text", "analyzer": "whitespace", "index_options": "freqs"},
            "counts": {"type": "binary", "doc_values": True},
            "length": {"type": "integer"},
        }
        properties |= vector_property(space, shape)
    if collection.name == HISTORY:
        properties |= {"payload": {"type": "binary"}}
    return {"dynamic": "strict", "_meta": meta(collection, space), "properties": properties}


def scopes_mapping() -> dict[str, Any]:
    """The mapping of the index of users."""
    properties = {
        "namespace": {"type": "keyword"},
        "user": {"type": "keyword"},
        "scope": {"type": "keyword"},
        "revision": {"type": "long"},
        "gate": {"type": "keyword"},
    }
    return {"dynamic": "strict", "_meta": {"memoryengine": {"schema": SCHEMA}}, "properties": properties}


def vector_property(space: VectorSpace | None, shape: Shape) -> dict[str, Any]:
    """The field for vectors of a space; none without an embedder."""
    if space is None:
        return {}
    held = {
        "type": "dense_vector",
        "dims": space.dimensions,
        "index": True,
        "similarity": "cosine",
        "index_options": {"type": shape.vector_index},
    }
    return {vector_field(space): held}


def meta(collection: Collection, space: VectorSpace | None) -> dict[str, Any]:
    """What an index says of itself: schema, fields by kind, and the embedder of its vectors."""
    said: dict[str, Any] = {"schema": SCHEMA, "collection": collection.name, "fields": dict(collection.fields)}
    if collection.searchable and space is not None:
        said |= {"model": space.model, "dimensions": space.dimensions}
    return {"memoryengine": said}
