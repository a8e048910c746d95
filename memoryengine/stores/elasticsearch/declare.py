"""Making the indices of a store, or checking those that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from elastic_transport import ApiError

from ...errors import StoreError, StoreUnreadable, VectorMismatch
from ...ports import HISTORY, Collection, VectorSpace
from ..checks import HISTORY_COLLECTION
from .layout import (
    SCHEMA,
    SCOPES,
    Names,
    Shape,
    mapping,
    meta,
    scopes_mapping,
    vector_field,
    vector_property,
    writer_of,
)
from .server import RealServer

STARTING = 5.0
"""Seconds that opening waits for a server which cannot be reached."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there: its name, and what it says of itself."""

    name: str
    said: Mapping[str, Any]

    @property
    def space(self) -> VectorSpace | None:
        """Which embedder made its vectors; None if none was named yet."""
        return VectorSpace(self.said["model"], self.said["dimensions"]) if "model" in self.said else None


@dataclass(frozen=True, slots=True)
class Declared:
    """The collections as they are kept, and the space of their vectors."""

    collections: Mapping[str, Collection]
    space: VectorSpace | None


async def declare(
    server: RealServer,
    names: Names,
    shape: Shape,
    wanted: Sequence[Collection],
    space: VectorSpace | None,
    *,
    create: bool,
) -> Declared:
    """Make what is missing and check what is there.

    Raises `StoreUnreadable` if a field is kept as another kind, if the schema is newer, or if indices are missing and
    `create` is false; `VectorMismatch` if the vectors inside are of another space.
    """
    wanted = (*wanted, HISTORY_COLLECTION)
    for collection in wanted:
        if "vector" in collection.fields:
            raise StoreError(f"The collection {collection.name!r} cannot have a field 'vector': filters use that word.")
    found = await find_indices(server, names)
    missing = [name for name in (SCOPES, *(c.name for c in wanted)) if name not in found]
    if missing and not create:
        raise StoreUnreadable(
            f"Elasticsearch at {server.where} has no {', '.join(map(names.alias, missing))}, and `create` is false. "
            "Make them as a user who may: memoryengine store init"
        )
    mappings = {one.name: mapping(one, space, shape) for one in wanted} | {SCOPES: scopes_mapping()}
    await asyncio.gather(*(_create(server, names, name, mappings[name], shape) for name in missing))
    found = await find_indices(server, names) if missing else found
    held = [await _checked(server, shape, collection, found[collection.name], space) for collection in wanted]
    spaces = [one for name, index in found.items() if name != HISTORY and (one := index.space)]
    return Declared({one.name: one for one in held}, space or next(iter(spaces), None))


async def find_indices(server: RealServer, names: Names) -> dict[str, Index]:
    """The indices of a store by collection; raises `StoreUnreadable` for one that was not made by memoryengine."""
    try:
        answer = await server.ask(
            lambda client: client.indices.get(index=f"{names.prefix}-*", features=["aliases", "mappings"]), STARTING
        )
    except StoreUnreadable:
        return {}  # nothing of that name
    found = {}
    for name, index in answer.items():
        said = index["mappings"].get("_meta", {}).get("memoryengine", {})
        collection = said.get("collection", SCOPES)
        if names.alias(collection) not in index["aliases"]:
            continue  # an index that is being built, or was replaced, or is no business of ours
        if not said:
            raise StoreUnreadable(f"The index {name} was not made by memoryengine: choose another index_prefix.")
        if said["schema"] > SCHEMA:
            raise StoreUnreadable(
                f"The index {name} was written by a newer version (schema {said['schema']}, this one knows {SCHEMA}): "
                "install that version, or choose another index_prefix."
            )
        found[collection] = Index(name, said)
    return found


async def _create(server: RealServer, names: Names, name: str, mappings: Mapping[str, Any], shape: Shape) -> None:
    index = names.index(name, 1)
    aliases: Mapping[str, Mapping[str, Any]] = {names.alias(name): {}, writer_of(index): {}}
    try:
        await server.ask(
            lambda client: client.indices.create(
                index=index, aliases=aliases, mappings=mappings, settings=shape.settings
            )
        )
    except StoreError as error:
        cause = error.__cause__
        if not isinstance(cause, ApiError) or "resource_already_exists" not in cause.message:
            raise


async def _checked(
    server: RealServer, shape: Shape, wanted: Collection, index: Index, space: VectorSpace | None
) -> Collection:
    """The collection as it is kept, with new fields and the space of vectors added to its mapping."""
    held: Mapping[str, Any] = index.said["fields"]
    for name, kind in wanted.fields.items():
        if held.get(name, kind) != kind:
            raise StoreUnreadable(
                f"The index {index.name} keeps the field {name!r} as {held[name]!r}, and this program wants it as "
                f"{kind!r}: choose another index_prefix, or give the field another name."
            )
    whole = replace(wanted, fields={**held, **wanted.fields})
    kept = index.space if wanted.searchable else None
    change = wanted.searchable and space is not None and space != kept
    if change and kept is not None and space is not None and await _holds_vectors(server, index.name, kept):
        raise mismatch(index.name, kept, space)
    if change or wanted.fields.keys() - held.keys():
        await _extend(server, shape, whole, index.name, space if change else kept)
    return whole


async def _holds_vectors(server: RealServer, index: str, space: VectorSpace) -> bool:
    await server.refresh([index])
    query = {"exists": {"field": vector_field(space)}}
    answer = await server.ask(lambda client: client.search(index=index, query=query, size=0, terminate_after=1))
    return bool(answer["hits"]["total"]["value"])


async def _extend(
    server: RealServer, shape: Shape, collection: Collection, index: str, space: VectorSpace | None
) -> None:
    whole = mapping(collection, space, shape)
    new = {"fields": whole["properties"]["fields"]}
    if collection.searchable:
        new |= vector_property(space, shape)
    said = meta(collection, space)
    await server.ask(lambda client: client.indices.put_mapping(index=index, properties=new, meta=said))


def mismatch(index: str, found: VectorSpace, wanted: VectorSpace) -> VectorMismatch:
    """The error of an index whose vectors were made by another embedder."""
    return VectorMismatch(
        f"The index {index} holds vectors made by {found.model!r} ({found.dimensions} dimensions), and the config "
        f"names {wanted.model!r} ({wanted.dimensions} dimensions): name the old embedder again, or make new vectors "
        "with: memoryengine store reindex"
    )
