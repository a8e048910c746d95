"""New indices for the searchable collections, while readers go on: for another embedder, or other index settings.

Elasticsearch cannot change the vectors' length, the shards or the kind of a vector index in place. So each searchable
collection is copied into the next version of its index (`{alias}-000002`), and the alias is moved there. **The version
numbers are the state**: the index that has the alias is the present one, higher ones are being built, lower ones were
replaced. Nothing else must be remembered, so whoever comes next sees how far the work was. The steps, and why a crash
behind any of them loses nothing:

1. **Close the gate** (see `log`): a commit is refused before its entry is created, so nothing of it has to wait. First,
   for with the block alone a commit would be logged and then hang, half applied, until the end.
2. **Finish pending commits.** A commit that looked at the gate before step 1 may still create its entry later. Either
   it is applied before step 3, or its writes are refused: then it stays pending, readers read on without it, and
   whoever comes first after step 7 applies it to the new index. That is safe whatever part of it was applied before
   the copy, for documents carry the revision that wrote them last, and applying skips those that have it.
3. **Block writes** to the present indices. The server answers when all writes that had begun are done. From here on
   they cannot change; appends and vectors are refused (`StoreUnavailable`), reads go on.
4. **Make the next versions**, which note the highest sequence numbers of the present ones. A later call goes on with
   one only if it was made for the same space and settings and those numbers still hold: had the block been lifted in
   between, what was copied might be old.
5. **Copy** documents and tombstones as they are (by `create`, so a late copier overwrites nothing), with new vectors
   where the space is another. What is there already is neither copied nor embedded again. Marks are not copied: the
   new index is refreshed before anybody can read it, and without a mark nothing of it is taken for dirty (see `view`).
6. **Refresh and block the new indices**, count them, look at the old sequence numbers once more.
7. **Move all aliases in one request**, with the `-writer` aliases of the old indices taken away: a writer that was
   paused since before step 3 names one, and is refused. Until all nodes know of the move the block on the new indices
   keeps one node from writing to what another does not read yet.
8. **Lift the block, open the gate**, wait until no search runs on the old indices, **delete** them: they hold texts.

A crash in 1 to 6 leaves writers waiting, and all content where it was; `reindex` goes on, `abandon` deletes what was
built (in one request with the check that the present index still has the alias), lifts the block and opens the gate. A
crash in 7 or 8 leaves the new indices in use with a lower version beside them: `reindex` and `abandon` both do step 8.
The gate opens before the deletion, so a gate that is closed never stays behind alone after the last step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from elastic_transport import ApiError

from ...errors import StoreError, StoreUnavailable
from ...ports import HISTORY, Collection, Document, VectorSpace
from ...upkeep import Embed, Step, Told
from ..vectors import decimals
from .codec import LIVE, MARKER, PENDING, Codec, Source
from .layout import SCOPES, Names, Shape, mapping, vector_field, vector_property, writer_of
from .log import CLOSED, GATE, OPEN, Log
from .scan import scan
from .server import Action, Ask, RealServer

PAGE = 500
LINGER = 1.0
"""Seconds between looks at whether searches still run on an index that was replaced."""
PATIENT_LOOKS = 60
NOT_MARKS = {"bool": {"must_not": [{"term": {"state": MARKER}}]}}
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """An index of a collection; `present` is the one that has the alias, and `said` is its `_meta`."""

    name: str
    number: int
    present: bool
    said: Json

    @property
    def space(self) -> VectorSpace | None:
        """Which embedder makes its vectors."""
        return VectorSpace(self.said["model"], self.said["dimensions"]) if "model" in self.said else None


@dataclass(frozen=True, slots=True)
class Versions:
    """The indices of one collection: the present one, those that are being built, and those that were replaced."""

    collection: Collection
    present: Version
    built: tuple[Version, ...]
    replaced: tuple[Version, ...]


class ElasticsearchReindexing:
    """The indices of an open store as a `Reindexable`; the new ones get `shape`."""

    def __init__(
        self,
        server: RealServer,
        names: Names,
        shape: Shape,
        log: Log,
        codecs: Mapping[str, Codec],
        space: VectorSpace | None,
    ) -> None:
        self._server, self._names, self._shape, self._log = server, names, shape, log
        self._codecs = {name: codec for name, codec in codecs.items() if codec.collection.searchable}
        self._space = space

    async def reindex(self, space: VectorSpace | None, embed: Embed, told: Told, *, batch: int) -> None:
        """Make the next version of each index and move the aliases there; see the module."""
        found = await self._look()
        if any(one.replaced for one in found):
            await self._finish(found)
            told(Step("An earlier reindexing was done but for its last steps, which are done now."))
            if all(one.present.space == (space or self._space) for one in found):
                return
        wanted = space or self._space
        told(Step("Writers wait from now on, and readers go on."))
        await self._close(found)
        written = {one.collection.name: await self._written(one.present.name) for one in found}
        for one in found:
            new = await self._next(one, wanted, written[one.collection.name])
            await self._copy(one, new, wanted, embed, told, batch)
        await self._switch(await self._look(), written)
        told(Step("The new indices are in use."))
        await self._finish(await self._look())

    async def abandon(self) -> str:
        """Take everything back, unless the new indices are in use already."""
        found = await self._look()
        if any(one.replaced for one in found):
            await self._finish(found)
            return "The new indices are in use already: the reindexing was finished instead."
        if not any(one.built for one in found) and await self._gate() != CLOSED:
            return "No reindexing is under way: nothing was done."
        for one in found:
            await self._discard(one, one.built)
        await self._block([one.present.name for one in found], blocked=False)
        await self._set_gate(OPEN)
        return "The reindexing was taken back: the old indices take writes again."

    # --- what there is ------------------------------------------------------------------------------------------

    async def _look(self) -> list[Versions]:
        """The versions of each searchable collection."""
        answer = await self._server.ask(
            lambda client: client.indices.get(index=f"{self._names.prefix}-*", features=["aliases", "mappings"])
        )
        return [self._versions(codec.collection, answer.body) for codec in self._codecs.values()]

    def _versions(self, collection: Collection, answer: Json) -> Versions:
        alias = self._names.alias(collection.name)
        found = []
        for name, index in answer.items():
            match = re.fullmatch(re.escape(alias) + r"-(\d{6})", name)
            said = index["mappings"].get("_meta", {}).get("memoryengine", {})
            if match and said.get("collection") == collection.name:
                found.append(Version(name, int(match[1]), alias in index["aliases"], said))
        present = next((one for one in found if one.present), None)
        if present is None:
            raise StoreError(f"No index has the alias {alias}: make the store with: memoryengine store init")
        found.sort(key=lambda one: one.number)
        return Versions(
            replace(collection, fields=present.said["fields"]),
            present,
            tuple(one for one in found if one.number > present.number),
            tuple(one for one in found if one.number < present.number),
        )

    async def _gate(self) -> str:
        (got,) = await self._server.mget([Ask(self._names.alias(SCOPES), GATE, GATE, ("gate",))])
        return str(got.source["gate"]) if got.source else OPEN

    async def _set_gate(self, gate: str) -> None:
        await self._server.bulk([Action("index", self._names.alias(SCOPES), GATE, GATE, {"gate": gate})])

    async def _written(self, index: str) -> list[int]:
        """The highest sequence number in each shard, which every write raises."""
        answer = await self._server.ask(lambda client: client.indices.stats(index=index, metric="docs", level="shards"))
        (shards,) = (one["shards"] for one in answer["indices"].values())
        return [max(int(copy["seq_no"]["max_seq_no"]) for copy in shards[number]) for number in sorted(shards, key=int)]

    # --- steps 1 to 3 -------------------------------------------------------------------------------------------

    async def _close(self, found: Sequence[Versions]) -> None:
        """Let writers wait: the gate, what is pending, the block."""
        gate = await self._gate()
        if gate not in (OPEN, CLOSED):
            raise StoreError(f"The store is {gate}: let that end first, then reindex.")
        await self._set_gate(CLOSED)
        with suppress(StoreUnavailable):  # blocked already, by a reindexing that did not end: see step 2
            await self._settle()
        try:
            for one in found:
                await self._server.ask(
                    lambda client, name=one.present.name: client.indices.add_block(index=name, block="write")  # type: ignore[misc]  # the default binds it
                )
        except StoreError:  # the role lacks the right: then nobody has to wait
            if gate == OPEN:
                with suppress(StoreError):
                    await self._set_gate(OPEN)
            raise

    async def _settle(self) -> None:
        history = self._names.alias(HISTORY)
        await self._server.refresh([history])
        body = {"query": {"term": {"state": PENDING}}, "source": ["scope"]}
        async with aclosing(scan(self._server, history, body, PAGE)) as found:
            async for hits in found:
                for scope in {hit["_source"]["scope"] for hit in hits}:
                    await self._log.settled(scope)

    async def _block(self, indices: Sequence[str], *, blocked: bool) -> None:
        settings = {"index.blocks.write": True if blocked else None}
        await self._server.ask(lambda client: client.indices.put_settings(index=list(indices), settings=settings))

    # --- steps 4 and 5 ------------------------------------------------------------------------------------------

    async def _next(self, one: Versions, space: VectorSpace | None, written: Sequence[int]) -> str:
        """The index that is being built: one that a call before this began, if it is of use, else a new one."""
        made_for = {"written": list(written), "shape": asdict(self._shape)}
        usable = [new for new in one.built if new.said.get("building") == made_for and new.space == space]
        await self._discard(one, [new for new in one.built if new not in usable[-1:]])
        if usable:
            await self._block([usable[-1].name], blocked=False)  # if it was on the point of being put into use
            return usable[-1].name
        numbers = [held.number for held in (one.present, *one.built)]
        name = self._names.index(one.collection.name, max(numbers) + 1)
        whole = mapping(one.collection, space, self._shape)
        whole["_meta"]["memoryengine"]["building"] = made_for
        await self._make(name, whole)
        return name

    async def _make(self, name: str, mappings: Json) -> None:
        aliases: Mapping[str, Json] = {writer_of(name): {}}
        settings = self._shape.settings
        try:
            await self._server.ask(
                lambda client: client.indices.create(index=name, aliases=aliases, mappings=mappings, settings=settings)
            )
        except StoreError as error:
            cause = error.__cause__
            if not isinstance(cause, ApiError) or "resource_already_exists" not in cause.message:
                raise

    async def _discard(self, one: Versions, indices: Iterable[Version]) -> None:
        """Delete what was built; refused, all in one, if it is in use by now."""
        alias = self._names.alias(one.collection.name)
        still = [
            {"remove": {"index": one.present.name, "alias": alias, "must_exist": True}},
            {"add": {"index": one.present.name, "alias": alias}},
        ]
        for built in indices:
            actions = [*still, {"remove_index": {"index": built.name}}]
            await self._server.ask(lambda client, actions=actions: client.indices.update_aliases(actions=actions))  # type: ignore[misc]  # the default binds it

    async def _copy(
        self, one: Versions, new: str, space: VectorSpace | None, embed: Embed, told: Told, batch: int
    ) -> None:
        """Step 5 for one collection."""
        old, name = one.present, one.collection.name
        await self._server.refresh([old.name])
        total, done = await self._count(old.name), 0
        kept = vector_field(space) if space is not None and space == old.space else ""
        body = {"query": NOT_MARKS, "source": {"excludes": ["vector_*"]}, "fields": [kept] if kept else []}
        async with aclosing(scan(self._server, old.name, body, PAGE)) as found:
            async for hits in found:
                there = await self._there(new, hits)
                done += len(there)
                told(Step(name, done, total))
                lacking = [hit for hit in hits if hit["_id"] not in there]
                for some in (lacking[start : start + batch] for start in range(0, len(lacking), batch)):
                    vectors = _kept(some, kept) if kept else await self._embedded(name, some, space, embed)
                    await self._write(new, some, vectors)
                    done += len(some)
                    told(Step(name, done, total))

    async def _there(self, new: str, hits: Sequence[Json]) -> set[str]:
        """Which of these were copied before."""
        found = await self._server.mget([Ask(new, hit["_id"], hit["_source"]["scope"], ("state",)) for hit in hits])
        return {hit["_id"] for hit, got in zip(hits, found, strict=True) if got.source is not None}

    async def _embedded(
        self, collection: str, hits: Sequence[Json], space: VectorSpace | None, embed: Embed
    ) -> dict[str, Source]:
        living = [hit for hit in hits if hit["_source"]["state"] == LIVE]
        if space is None or not living:
            return {}
        documents: list[Document] = [self._codecs[collection].document(hit["_source"]["document"]) for hit in living]
        vectors = await embed(collection, documents)
        return {
            hit["_id"]: {vector_field(space): decimals(vector, space)}
            for hit, vector in zip(living, vectors, strict=True)
        }

    async def _write(self, new: str, hits: Sequence[Json], vectors: Mapping[str, Source]) -> None:
        actions = [
            Action("create", writer_of(new), hit["_id"], hit["_source"]["scope"],
                   {**hit["_source"], **vectors.get(hit["_id"], {})})
            for hit in hits
        ]  # fmt: skip
        await self._server.bulk(actions)

    async def _count(self, index: str) -> int:
        answer = await self._server.ask(lambda client: client.count(index=index, query=NOT_MARKS))
        return int(answer["count"])

    # --- steps 6 and 7 ------------------------------------------------------------------------------------------

    async def _switch(self, found: Sequence[Versions], written: Mapping[str, Sequence[int]]) -> None:
        actions: list[Json] = []
        for one in found:
            new, old, alias = one.built[-1].name, one.present.name, self._names.alias(one.collection.name)
            await self._take_over_fields(one, new)
            await self._server.refresh([new])
            await self._check(one, new, written[one.collection.name])
            actions += [
                {"remove": {"index": old, "alias": alias, "must_exist": True}},
                {"remove": {"index": old, "alias": writer_of(old), "must_exist": False}},
                {"add": {"index": new, "alias": alias}},
            ]
        await self._block([one.built[-1].name for one in found], blocked=True)
        try:
            await self._server.ask(lambda client: client.indices.update_aliases(actions=actions))
        except StoreError:  # perhaps the answer was lost, and asking again found it done
            if not all(one.replaced for one in await self._look()):
                raise

    async def _take_over_fields(self, one: Versions, new: str) -> None:
        """Fields that a newer program declared while the copy was made."""
        fields = mapping(one.collection, None, self._shape)["properties"]["fields"]
        said = {**one.built[-1].said, "fields": dict(one.collection.fields)}
        properties = {"fields": fields, **vector_property(one.built[-1].space, self._shape)}
        await self._server.ask(
            lambda client: client.indices.put_mapping(index=new, properties=properties, meta={"memoryengine": said})
        )

    async def _check(self, one: Versions, new: str, written: Sequence[int]) -> None:
        if await self._written(one.present.name) != list(written):
            raise StoreError(
                f"Something was written to {one.present.name} while it was being copied: somebody lifted its block. "
                "Nothing is lost, and the old index is in use. Begin again with: memoryengine store reindex"
            )
        old_count, new_count = await self._count(one.present.name), await self._count(new)
        if old_count != new_count:
            raise StoreError(
                f"The index {new} holds {new_count:,} documents and {one.present.name} {old_count:,}. The old one is "
                "in use. Run `memoryengine store reindex --abandon`, then reindex again."
            )

    # --- step 8 -------------------------------------------------------------------------------------------------

    async def _finish(self, found: Sequence[Versions]) -> None:
        await self._block([one.present.name for one in found], blocked=False)
        await self._set_gate(OPEN)
        replaced = [old.name for one in found for old in one.replaced]
        if not replaced:
            return
        for _ in range(PATIENT_LOOKS):
            await self._server.effects.sleep(LINGER)
            if not await self._searches(replaced):
                break
        await self._server.ask(lambda client: client.indices.delete(index=replaced, ignore_unavailable=True))

    async def _searches(self, indices: Sequence[str]) -> int:
        """How many searches run on these indices.

        Open contexts do not count: a scan that was killed leaves one behind for long.
        """
        answer = await self._server.ask(lambda client: client.indices.stats(index=list(indices), metric="search"))
        running: Json = answer["_all"]["total"]["search"]
        return sum(int(running[name]) for name in ("query_current", "fetch_current"))


def _kept(hits: Sequence[Json], field: str) -> dict[str, Source]:
    """The vectors that came with hits."""
    return {hit["_id"]: {field: hit["fields"][field]} for hit in hits if field in hit.get("fields", {})}
