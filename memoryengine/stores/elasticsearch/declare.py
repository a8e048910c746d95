"""Making the indices of a store, or checking those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from .server import RealServer, together

STARTING = 5.0
"""Seconds that opening waits for a server which cannot be reached."""
ANSWERING = 10.0
"""Seconds that it waits for the answer to its first request, which a server that is there gives in milliseconds."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there: its name, what it says of itself, its aliases and its mapping."""

    name: str
    said: Mapping[str, Any]
    aliases: frozenset[str] = frozenset()
    mapping: Mapping[str, Any] = field(default_factory=dict)

    @property
    def collection(self) -> str:
        """Which collection it says to hold."""
        return str(self.said.get("collection", SCOPES))

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
            f"Elasticsearch at {server.where} has no {', '.join(map(names.alias, missing))}, or does not show it to "
            "this user, and `create` is false. Make them as a user who may: memoryengine store init"
        )
    mappings = {one.name: mapping(one, space, shape) for one in wanted} | {SCOPES: scopes_mapping()}
    await together(*(_create(server, names, name, mappings[name], shape) for name in missing))
    found = await find_indices(server, names) if missing else found
    unseen = [name for name in missing if name not in found]
    if unseen:
        raise StoreUnreadable(_unseen(server.where, names, unseen[0]))
    check_index(found[SCOPES], scopes_mapping())
    held = [await _checked(server, shape, collection, found[collection.name], space) for collection in wanted]
    spaces = [one for name, index in found.items() if name != HISTORY and (one := index.space)]
    return Declared({one.name: one for one in held}, space or next(iter(spaces), None))


async def find_indices(server: RealServer, names: Names) -> dict[str, Index]:
    """The indices of a store by collection; raises `StoreUnreadable` for one that was not made by memoryengine."""
    answer = await server.ask(
        lambda client: client.options(request_timeout=min(ANSWERING, server.timeout)).indices.get(
            index=f"{names.prefix}-*", features=["aliases", "mappings"]
        ),
        STARTING,
    )
    held: dict[str, list[Index]] = {}
    for name, one in answer.items():
        index = Index(name, _said(one["mappings"]), frozenset(one["aliases"]), one["mappings"])
        if index.said and names.alias(index.collection) in index.aliases:
            held.setdefault(index.collection, []).append(index)
        elif not index.said and any(alias.startswith(f"{names.prefix}-") for alias in index.aliases):
            raise StoreUnreadable(
                f"The index {name} bears the alias {min(index.aliases)} and does not say in its mapping's _meta that "
                "memoryengine made it: take the alias away, restore the index, or choose another index_prefix."
            )
        # else it is being built, or was replaced, or is no business of ours
    for collection, several in held.items():
        _check_one(names.alias(collection), several)
    return {collection: index for collection, (index,) in held.items()}


def _said(mappings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an index says of itself; nothing if that is not as memoryengine writes it."""
    said = mappings.get("_meta", {}).get("memoryengine")
    sound = isinstance(said, Mapping) and isinstance(said.get("schema"), int)
    return said if sound and ("collection" not in said or isinstance(said.get("fields"), Mapping)) else {}


def _check_one(alias: str, indices: Sequence[Index]) -> None:
    """Raise `StoreUnreadable` unless the alias stands for one index that this version can read and write."""
    index = indices[0]
    if len(indices) > 1:
        raise StoreUnreadable(
            f"The alias {alias} stands for several indices ({', '.join(one.name for one in indices)}): take it from "
            "those that are not the store's."
        )
    if index.said["schema"] > SCHEMA:
        raise StoreUnreadable(
            f"The index {index.name} was written by a newer version (schema {index.said['schema']}, this one knows "
            f"{SCHEMA}): install that version, or choose another index_prefix."
        )
    if writer_of(index.name) not in index.aliases:
        raise StoreUnreadable(
            f"The index {index.name} has lost its alias {writer_of(index.name)}: give it back with "
            f"PUT /{index.name}/_alias/{writer_of(index.name)}."
        )


def _unseen(where: str, names: Names, collection: str) -> str:
    """Why an index can neither be made nor be seen."""
    alias, index = names.alias(collection), names.index(collection, 1)
    return (
        f"Elasticsearch at {where} has an index {index} already, which is not under its alias {alias}, is closed, or "
        f"is not shown to this user. Open it, or give it the alias back with PUT /{index}/_alias/{alias}, or give the "
        "role `view_index_metadata`, or choose another index_prefix."
    )


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
        if isinstance(cause, ApiError) and "invalid_alias_name" in cause.message:
            raise StoreUnreadable(
                f"Elasticsearch at {server.where} has an index that is called {names.alias(name)}, where the store "
                "needs an alias of this name: another program made it. Take it away, or choose another index_prefix."
            ) from error
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
    check_index(index, mapping(replace(wanted, fields=held), kept, shape))
    change = wanted.searchable and space is not None and space != kept
    if change and kept is not None and space is not None and await _holds_vectors(server, index.name, kept):
        raise mismatch(index.name, kept, space)
    if change or wanted.fields.keys() - held.keys():
        await _extend(server, shape, whole, index.name, space if change else kept)
    return whole


def check_index(index: Index, wanted: Mapping[str, Any]) -> None:
    """Raise `StoreUnreadable` if somebody changed the mapping of an index, or made it by hand."""
    if str(index.mapping.get("dynamic")) != "strict":
        raise StoreUnreadable(
            f"The index {index.name} takes any field, for somebody changed its mapping: set it back with "
            f'PUT /{index.name}/_mapping {{"dynamic": "strict"}}.'
        )
    found = dict(_types(index.mapping.get("properties", {})))
    for name, kind in _types(wanted["properties"]):
        if found.get(name) != kind:
            raise StoreUnreadable(
                f"The index {index.name} keeps the field {name!r} as {found.get(name, 'nothing')} and not as {kind}, "
                "for somebody changed it or made it by hand: restore it, or choose another index_prefix."
            )


def _types(properties: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each field and its type, with all that makes values of one type differ."""
    for name, one in properties.items():
        if "properties" in one:
            yield from _types(one["properties"], f"{above}{name}.")
        else:
            more = [str(one[key]) for key in ("dims", "similarity", "analyzer") if key in one]
            yield f"{above}{name}", " ".join([one.get("type", "object"), *more])


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
