"""Reindexing in Elasticsearch while others read and write, and when it is killed at any of its requests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from elastic_transport import AiohttpHttpNode, BaseAsyncNode
from elasticsearch import AsyncElasticsearch

from memoryengine.errors import StoreError, StoreUnavailable, VectorMismatch
from memoryengine.filters import EVERYTHING, Has
from memoryengine.ports import HISTORY, Document, KeywordQuery, Patch, Vector, VectorQuery, VectorSpace, Writes
from memoryengine.stores.elasticsearch import ElasticsearchStore, reindex
from memoryengine.testing.store_samples import ALICE, BOB, ENTRY, NOTES, SPACE, note, put
from memoryengine.testing.upkeep_contract import OTHER, embed_notes, vector_of

from .elasticsearch_stores import remove

pytestmark = pytest.mark.elasticsearch

COUNT = 40
Request = Callable[[], Awaitable[Any]]


class Killed(BaseException):
    """The process is dead: no request of it goes out any more."""


def node(gate: Callable[[str, str, bytes, Request], Awaitable[Any]]) -> type[BaseAsyncNode]:
    """A node that passes each request through a gate."""

    class Gated(AiohttpHttpNode):
        async def perform_request(  # type: ignore[override]  # of the rest this need know nothing
            self, method: str, target: str, body: bytes | None = None, *rest: Any, **more: Any
        ) -> Any:
            request = super().perform_request
            return await gate(method, target, body or b"", lambda: request(method, target, body, *rest, **more))

    return Gated


class Death:
    """Lets so many requests through, and then none."""

    def __init__(self, after: int) -> None:
        self.left, self.names = after, list[str]()

    async def __call__(self, method: str, target: str, body: bytes, request: Request) -> Any:
        if self.left <= 0:
            raise Killed
        self.left -= 1
        self.names.append(f"{method} {target.partition('?')[0]}")
        return await request()


class Pause:
    """Holds the first request that fits until it is let go."""

    def __init__(self, fits: bytes) -> None:
        self.fits, self.reached, self.go = fits, asyncio.Event(), asyncio.Event()

    async def __call__(self, method: str, target: str, body: bytes, request: Request) -> Any:
        if self.fits in body and not self.reached.is_set():
            self.reached.set()
            await self.go.wait()
        return await request()


class Place:
    """Stores under one prefix, each like a process of its own."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url, self.prefix = url, prefix

    @asynccontextmanager
    async def opened(self, vectors: VectorSpace | None = None, **settings: Any) -> AsyncIterator[ElasticsearchStore]:
        store = ElasticsearchStore(self.url, **{"index_prefix": self.prefix, "patience": 5, **settings})
        try:
            await store.open([NOTES], vectors)
            yield store
        finally:
            await store.close()

    async def indices(self) -> dict[str, tuple[set[str], bool]]:
        """Of each index of notes its aliases, and whether it is blocked."""
        async with AsyncElasticsearch(self.url) as client:
            found = (await client.indices.get(index=f"{self.prefix}-note-*")).body
        return {
            name.removeprefix(f"{self.prefix}-"): (
                {alias.removeprefix(f"{self.prefix}-") for alias in one["aliases"]},
                "write" in one["settings"]["index"].get("blocks", {}),
            )
            for name, one in found.items()
        }

    async def check_at_rest(self) -> str:
        """One index of notes, with both aliases, that takes writes; its name."""
        ((name, held),) = (await self.indices()).items()
        assert held == ({"note", f"{name}-writer"}, False)
        return name


@pytest_asyncio.fixture
async def place(es_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Any:
    monkeypatch.setattr(reindex, "LINGER", 0.05)
    place = Place(es_url, f"r-{abs(hash(tmp_path_factory.mktemp('r'))):x}")
    try:
        async with place.opened(SPACE) as store:
            notes = [note(f"n{i:02}", f"apple pear{i}", rank=i) for i in range(COUNT)]
            await store.append(ALICE, "note", notes)
            await store.attach(ALICE, "note", {one.id: vector_of(one, SPACE.dimensions) for one in notes})
            await put(store, ALICE, note("put", "apple of a commit"))
        yield place
    finally:
        await remove(es_url, place.prefix)


async def look(store: ElasticsearchStore) -> None:
    """Reads of every kind; each sees everything."""
    (found,) = await store.search(ALICE, [KeywordQuery("note", ("apple",))])
    assert len(found) == COUNT + 1
    assert await store.count(ALICE, "note") == COUNT + 1
    page = await store.page(ALICE, "note", limit=10)
    assert [one.id for one in page.documents] == [f"n{i:02}" for i in range(10)]
    assert None not in await store.get(ALICE, "note", ["n00", "put"])


async def test_readers_go_on_and_writers_are_told_to_wait(place: Place) -> None:
    async with place.opened(SPACE) as user, place.opened() as keeper:
        calls = 0

        async def embed(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            nonlocal calls
            calls += 1
            await look(user)
            (near,) = await user.search(ALICE, [VectorQuery("note", (1, 2, 3, 4))])
            assert len(near) == COUNT
            assert await user.revision(ALICE) == 1
            for write in (
                user.append(ALICE, "note", [note("late")]),
                user.attach(ALICE, "note", {"n01": (4, 3, 2, 1)}),
                put(user, ALICE, note("late"), expect=1),
            ):
                with pytest.raises(StoreUnavailable, match="reindex"):
                    await write
            assert await user.count(ALICE, HISTORY) == 1
            return await embed_notes(collection, documents)

        await keeper.reindexing().reindex(OTHER, embed, lambda _: None, batch=20)
        assert calls == 3
        await look(user)
        with pytest.raises(VectorMismatch, match="another embedder"):
            await user.search(ALICE, [VectorQuery("note", (1, 2, 3, 4))])
        assert (await user.append(ALICE, "note", [note("late")])).new == ("late",)
        assert await put(user, ALICE, note("later"), expect=1) == 2
        assert await user.count(ALICE, "note") == COUNT + 3
    assert await place.check_at_rest() == "note-000002"


async def test_no_read_fails_while_the_indices_change_hands(place: Place) -> None:
    async with place.opened(SPACE) as user, place.opened() as keeper:
        ended = asyncio.Event()

        async def read_on() -> int:
            reads = 0
            while not ended.is_set():
                await look(user)
                reads += 1
            return reads

        reading = asyncio.create_task(read_on())
        try:
            for space in (OTHER, SPACE, OTHER):
                dimensions = space.dimensions

                async def embed(_: str, documents: Sequence[Document], dimensions: int = dimensions) -> list[Vector]:
                    return [vector_of(one, dimensions) for one in documents]

                await keeper.reindexing().reindex(space, embed, lambda _: None, batch=50)
        finally:
            ended.set()
        assert await reading > 5
    assert await place.check_at_rest() == "note-000004"


async def test_killed_at_any_request_it_goes_on_or_is_taken_back(place: Place) -> None:
    """Some request is the first that is not sent; in between, reads go on and nothing is lost.

    It is every fifth, one of them right behind the switch; or each in turn with MEMORYENGINE_TEST_ALL_POINTS set.
    """
    first, step = (0, 1) if os.environ.get("MEMORYENGINE_TEST_ALL_POINTS") else (3, 5)
    async with place.opened() as reader:
        spaces, at, names = [SPACE, OTHER], first, list[str]()
        while True:
            death = Death(at)
            now, wanted = spaces[0], spaces[1]
            died = await killed(place, death, wanted)
            names = death.names
            await look(reader)
            if at % 2 and died:
                taken_back = await abandoned(place)
                spaces = spaces if taken_back else spaces[::-1]
            else:
                await finished(place, wanted)
                spaces = [wanted, now]
            await place.check_at_rest()
            async with place.opened(spaces[0]) as user:
                assert await user.count(ALICE, "note", Has("vector")) >= COUNT
                assert await user.append(ALICE, "note", [note("n00", "apple pear0")]) is not None
                revision = await user.revision(ALICE)
                patch = Writes(patch=(Patch("note", "n01", {"rank": at}),), entry=ENTRY)
                assert await user.commit(ALICE, patch, expect=revision) == revision + 1 == (at - first) // step + 2
            if not died:
                break
            at += step
        assert at > 20
        assert "POST /_aliases" in names
        assert any(name.startswith(f"DELETE /{place.prefix}-note-") for name in names)


async def killed(place: Place, death: Death, space: VectorSpace) -> bool:
    """Reindex until death; whether it came."""
    left, death.left = death.left, 1_000
    try:
        async with place.opened(node_class=node(death)) as keeper:
            death.left, death.names = left, []
            await reindexed(keeper, space)
    except Killed:
        return True
    return False


async def reindexed(keeper: ElasticsearchStore, space: VectorSpace) -> int:
    """Reindex; how many documents were embedded."""
    count = 0

    async def embed(_: str, documents: Sequence[Document]) -> list[Vector]:
        nonlocal count
        count += len(documents)
        return [vector_of(one, space.dimensions) for one in documents]

    await keeper.reindexing().reindex(space, embed, lambda _: None, batch=11)
    return count


async def finished(place: Place, space: VectorSpace) -> int:
    async with place.opened() as keeper:
        return await reindexed(keeper, space)


async def abandoned(place: Place) -> bool:
    """Take it back; False if it was finished instead, being done."""
    async with place.opened() as keeper:
        return "finished instead" not in await keeper.reindexing().abandon()


async def test_what_was_embedded_is_not_embedded_again(place: Place) -> None:
    async with place.opened() as keeper:

        async def fail_late(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            if documents[0].id > "n15":
                raise StoreError("The model has gone.")
            return await embed_notes(collection, documents)

        with pytest.raises(StoreError, match="The model has gone"):
            await keeper.reindexing().reindex(OTHER, fail_late, lambda _: None, batch=5)
    assert set(await place.indices()) == {"note-000001", "note-000002"}
    assert await finished(place, OTHER) == COUNT + 1 - 20
    assert await place.check_at_rest() == "note-000002"
    assert await finished(place, SPACE) == COUNT + 1


async def test_half_a_copy_is_of_no_use_once_the_block_was_lifted(place: Place) -> None:
    async with place.opened(SPACE) as user:
        death = Death(1_000)

        async def die(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            if documents[0].id > "n15":
                death.left = 0
            return await embed_notes(collection, documents)

        async with place.opened(node_class=node(death)) as keeper:
            with pytest.raises(Killed):
                await keeper.reindexing().reindex(OTHER, die, lambda _: None, batch=5)
        async with AsyncElasticsearch(place.url) as client:
            await client.indices.put_settings(index=f"{place.prefix}-note", settings={"index.blocks.write": None})
        await user.attach(ALICE, "note", {"n01": (9, 9, 9, 9)})
        assert await finished(place, OTHER) == COUNT + 1
        assert await place.check_at_rest() == "note-000003"


async def test_a_write_in_spite_of_the_block_is_noticed_before_the_switch(place: Place) -> None:
    async with place.opened(SPACE) as user, place.opened() as keeper:

        async def lift(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            async with AsyncElasticsearch(place.url) as client:
                await client.indices.put_settings(index=f"{place.prefix}-note", settings={"index.blocks.write": None})
            await user.append(ALICE, "note", [note("late", "apple")])
            return await embed_notes(collection, documents)

        with pytest.raises(StoreError, match="Something was written"):
            await keeper.reindexing().reindex(OTHER, lift, lambda _: None, batch=50)
        assert await finished(place, OTHER) == COUNT + 2
        assert await user.count(ALICE, "note") == COUNT + 2


async def test_a_commit_that_saw_the_gate_open_is_applied_after_the_switch(place: Place) -> None:
    pause = Pause(b'"payload"')
    async with place.opened(SPACE, node_class=node(pause)) as writer, place.opened() as keeper:
        writes = Writes(
            put=(("note", note("late", "apple")),),
            patch=(Patch("note", "n01", {"rank": 77}),),
            delete=(("note", "n02"),),
            entry=ENTRY,
        )
        late = asyncio.create_task(writer.commit(ALICE, writes, expect=1))
        await pause.reached.wait()

        async def let_go(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
            pause.go.set()
            with pytest.raises(StoreUnavailable, match="reindex"):
                await late
            assert (await keeper.get(ALICE, "note", ["late"])) == (None,)
            return await embed_notes(collection, documents)

        await keeper.reindexing().reindex(OTHER, let_go, lambda _: None, batch=50)
        async with place.opened(OTHER) as user:
            assert await user.revision(ALICE) == 2
            put_, patched, deleted = await user.get(ALICE, "note", ["late", "n01", "n02"])
            assert (put_ is not None, patched and patched.fields["rank"], deleted) == (True, 77, None)
            assert await user.count(ALICE, "note", EVERYTHING) == COUNT + 1


async def test_a_vector_for_an_index_that_was_replaced_is_refused(place: Place) -> None:
    pause = Pause(b"-writer")
    async with place.opened(SPACE, node_class=node(pause)) as writer:
        late = asyncio.create_task(writer.attach(ALICE, "note", {"n01": (9, 9, 9, 9)}))
        await pause.reached.wait()
        await finished(place, OTHER)
        pause.go.set()
        with pytest.raises(StoreError, match="reindex"):
            await late
    async with place.opened(OTHER) as user:
        assert await user.count(ALICE, "note", Has("vector")) == COUNT + 1
    assert await place.check_at_rest() == "note-000002"


async def test_a_pending_commit_is_finished_first(place: Place) -> None:
    death = Death(1_000)

    async def die_at_apply(method: str, target: str, body: bytes, request: Request) -> Any:
        if b'"payload"' in body:
            answer = await death(method, target, body, request)
            death.left = 0
            return answer
        return await death(method, target, body, request)

    async with place.opened(SPACE, node_class=node(die_at_apply)) as writer:
        with pytest.raises(Killed):
            await put(writer, ALICE, note("pending", "apple"), expect=1)
    assert await finished(place, OTHER) == COUNT + 2
    async with place.opened(OTHER) as user:
        assert await user.count(ALICE, "note", Has("vector")) == COUNT + 2
        assert await user.revision(ALICE) == 2


async def test_the_user_of_a_first_commit_is_known_though_its_process_died(place: Place) -> None:
    """Whoever finishes the commit sees a hash where the name should be; so the name comes with the entry."""
    death = Death(1_000)

    async def die_after_the_entry(method: str, target: str, body: bytes, request: Request) -> Any:
        answer = await death(method, target, body, request)
        death.left = 0 if b'"payload"' in body else death.left
        return answer

    async with place.opened(SPACE, node_class=node(die_after_the_entry)) as writer:
        with pytest.raises(Killed):
            await put(writer, BOB, note("first", "apple"), expect=0)
    async with place.opened(SPACE) as other:
        assert await other.scopes("default") == ("alice", "bob")
        assert await other.revision(BOB) == 1
        assert await other.count(BOB, "note") == 1


async def test_settings_of_new_indices_are_those_of_the_config(place: Place) -> None:
    async with place.opened(shards=3, vector_index="flat") as keeper:
        await keeper.reindexing().reindex(None, embed_notes, lambda _: None, batch=50)
    name = await place.check_at_rest()
    async with AsyncElasticsearch(place.url) as client:
        index = f"{place.prefix}-{name}"
        held = (await client.indices.get(index=index)).body[index]
    vectors = [one for field, one in held["mappings"]["properties"].items() if field.startswith("vector_")]
    assert held["settings"]["index"]["number_of_shards"] == "3"
    assert [one["index_options"]["type"] for one in vectors] == ["flat"]
    async with place.opened(SPACE) as user:
        assert await user.count(ALICE, "note", Has("vector")) == COUNT
        await look(user)
