"""What a search finds: memories stand for their messages, hidden ones stay hidden, and nobody else has a say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memoryengine.embedding import EmbeddingQueue
from memoryengine.errors import ModelRefused, ModelUnavailable
from memoryengine.filters import Is
from memoryengine.models.scripted import ScriptedEmbedder
from memoryengine.ports import Patch, Search, Sort, VectorSpace, Writes
from memoryengine.reader import StoreReader, read_all
from memoryengine.records import COLLECTIONS, MEMORIES, MESSAGES, memory_document, message_document
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.values import Hit, Memory, Message, Scope

NOW = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
ANN = Scope("ann")


def message(id_: str, content: str, **fields: Any) -> Message:
    return Message(id=id_, role="user", content=content, said_at=NOW, recorded_at=NOW, **fields)


def memory(id_: str, content: str, **fields: Any) -> Memory:
    return replace(Memory(id=id_, kind="observation", content=content, said_at=NOW, recorded_at=NOW), **fields)


class Shelf:
    """A real store with a reader for each scope."""

    def __init__(self, store: SqliteStore, embedder: ScriptedEmbedder) -> None:
        self.store, self.embedder = store, embedder
        self.queue = EmbeddingQueue(store, embedder)

    def reader(self, scope: Scope = ANN, *, vectors: bool = True) -> StoreReader:
        queue = self.queue if vectors else None
        return StoreReader(self.store, scope, queue)

    async def keep(self, *items: Memory | Message, scope: Scope = ANN) -> None:
        await self.store.append(scope, MESSAGES, [message_document(i) for i in items if isinstance(i, Message)])
        await self.store.append(scope, MEMORIES, [memory_document(i, "run") for i in items if isinstance(i, Memory)])

    async def patch(self, id_: str, **fields: Any) -> None:
        writes = Writes(patch=(Patch(MESSAGES, id_, fields),), entry={"at": NOW.isoformat()})
        await self.store.commit(ANN, writes, expect=await self.store.revision(ANN))

    async def found(self, text: str, *, scope: Scope = ANN, vectors: bool = False, **asked: Any) -> dict[str, Hit]:
        (hits,) = await self.reader(scope, vectors=vectors).search(Search(text, **asked))
        assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
        return {hit.item.id: hit for hit in hits}


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    store, embedder = SqliteStore(tmp_path / "reader.db"), ScriptedEmbedder()
    await store.open(COLLECTIONS, VectorSpace(embedder.name, embedder.dimensions))
    yield Shelf(store, embedder)
    await store.close()


async def test_a_message_gives_its_place_to_the_valid_memories_that_came_from_it(shelf: Shelf) -> None:
    await shelf.keep(message("m1", "I adore marimba music"), memory("a", "User has a musical hobby.", sources=("m1",)))
    await shelf.keep(memory("b", "User was a drummer.", status="expired", sources=("m1",)))
    assert set(await shelf.found("marimba")) == {"m1"}
    await shelf.patch("m1", memories=("a", "b", "gone"))
    found = await shelf.found("marimba")
    assert set(found) == {"a"}
    assert found["a"].channels == {"keyword": 1.0, "coverage": pytest.approx(0.4)}
    assert set(await shelf.found("marimba", kinds=("insight", "message"))) == set()
    assert set(await shelf.found("marimba", expired=True)) == {"a", "b"}


async def test_a_hidden_message_is_not_found_and_still_read(shelf: Shelf) -> None:
    await shelf.keep(message("m1", "I live in Beijing"), message("m2", "Beijing is far away"))
    await shelf.patch("m1", hidden=True)
    assert set(await shelf.found("Beijing")) == {"m2"}
    assert set(await shelf.found("Beijing", vectors=True)) == {"m2"}
    assert [m.id for m in await shelf.reader().messages()] == ["m1", "m2"]


async def test_the_window_takes_no_room_and_is_not_found(shelf: Shelf) -> None:
    await shelf.keep(*(message(f"m{n}", f"tea number {n}") for n in range(6)))
    window = ("m0", "m1", "m2", "unknown")
    found = await shelf.found("tea number", window=window, top_k=3)
    assert set(found) == {"m3", "m4", "m5"}
    assert len(await shelf.found("tea number", top_k=3)) == 3
    assert len(await shelf.found("tea number", window=window, vectors=True)) == 3


async def test_no_other_user_or_namespace_changes_a_score_or_is_found(shelf: Shelf) -> None:
    mine = (message("m1", "tea with milk"), message("m2", "tea and cake and biscuits"), memory("a", "User likes milk."))
    await shelf.keep(*mine)
    before = await shelf.found("tea with milk and cake", vectors=True)
    for scope in (Scope("bob"), Scope("ann", "elsewhere"), Scope("an"), Scope("ann2")):
        await shelf.keep(*(message(f"x{n}", "milk cake tea " * n) for n in range(1, 60)), *mine, scope=scope)
        await shelf.found("tea", scope=scope, vectors=True)
    after = await shelf.found("tea with milk and cake", vectors=True)
    assert {id_: (h.score, h.channels) for id_, h in after.items()} == {
        id_: (h.score, h.channels) for id_, h in before.items()
    }
    assert set(after) == {"m1", "m2", "a"}


async def test_kinds_and_filters_narrow_what_is_found(shelf: Shelf) -> None:
    await shelf.keep(
        message("m", "tea"),
        memory("o", "tea", speaker="ann"),
        memory("c", "tea", kind="custom", speaker="bob"),
        memory("i", "tea", kind="insight"),
        memory("e", "tea", status="expired"),
    )
    assert set(await shelf.found("tea")) == {"m", "o", "c", "i"}
    assert set(await shelf.found("tea", kinds=("custom", "insight"))) == {"c", "i"}
    assert set(await shelf.found("tea", kinds=("message",))) == {"m"}
    assert set(await shelf.found("tea", where=Is("speaker", "bob"))) == {"m", "c"}
    assert set(await shelf.found("tea", expired=True)) == {"m", "o", "c", "i", "e"}
    assert await shelf.found("", vectors=True) == {}


async def test_channels_lie_between_nothing_and_one_and_each_text_is_embedded_once(shelf: Shelf) -> None:
    await shelf.keep(*(memory(f"o{n}", f"tea {'and cake ' * n}") for n in range(5)), message("m", "tea and cake"))
    reader = shelf.reader()
    one, two = await reader.search(Search("tea and cake"), Search("tea and cake", kinds=("message",)))
    assert {h.item.id for h in two} == {"m"}
    assert all(0 <= score <= 1 for h in one for score in h.channels.values())
    assert max(h.channels["keyword"] for h in one) == 1.0
    assert all(h.score == max(h.channels.values()) for h in one)
    waiting, question = sorted(shelf.embedder.calls, key=len, reverse=True)
    assert question == ("tea and cake",)
    assert len(waiting) == len(set(waiting)) == 6, "memories and messages in one call"
    await reader.search(Search("tea and cake"))
    assert len(shelf.embedder.calls) == 2, "nothing a second time"


async def test_without_the_embedder_a_search_goes_by_keyword_and_says_so(shelf: Shelf) -> None:
    await shelf.keep(memory("o", "User likes tea."))
    shelf.embedder.failure = ModelUnavailable("It is down.")
    reader = shelf.reader()
    ((hit,),) = await reader.search(Search("tea"))
    assert hit.channels == {"keyword": 1.0, "coverage": pytest.approx(0.4)}
    assert sorted(reader.warnings) == [
        "New texts wait for their vectors and are found by keyword alone until then: It is down.",
        "This search was by keyword alone: It is down.",
    ]
    shelf.embedder.failure = ModelRefused("The key is wrong.")
    with pytest.raises(ModelRefused):
        await shelf.reader().search(Search("tea"))
    shelf.embedder.failure = None
    assert "vector" in (await shelf.found("tea", vectors=True))["o"].channels


async def test_all_pages_are_read_up_to_the_limit_and_in_order(shelf: Shelf) -> None:
    made = [message(f"m{n:04d}", f"text {n}") for n in range(2300)]
    await shelf.keep(*(replace(m, said_at=NOW - timedelta(minutes=n)) for n, m in enumerate(made)))
    everything = await shelf.reader().messages(order=(Sort("said_at"),))
    assert [m.id for m in everything] == [m.id for m in reversed(made)]
    assert len(await shelf.reader().messages(limit=1500)) == 1500
    assert await shelf.reader().messages(limit=0) == ()
    assert len(await read_all(shelf.store, ANN, MESSAGES, Is("role", "assistant"))) == 0


async def test_the_speakers_of_a_scope_are_known_with_the_next_search(shelf: Shelf) -> None:
    reader = shelf.reader()
    assert await reader.speakers() == ()
    await shelf.keep(message("a", "hello", speaker="Ann"), message("n", "nobody"))
    await reader.search(Search("anything"))
    assert await reader.speakers() == ("Ann",)
    await shelf.keep(message("b", "hello", speaker="Bob"), message("c", "hi", speaker="Ann"))
    assert await shelf.reader().speakers() == ("Ann", "Bob"), "whoever never looked, looks"
    await reader.search(Search("anything", kinds=("message",)))
    assert await reader.speakers() == ("Ann", "Bob")
    assert await shelf.reader(Scope("else")).speakers() == ()
    await shelf.keep(*(message(f"s{n}", "hi", speaker=f"s{n}") for n in range(120)))
    await reader.search(Search("anything"))
    assert await reader.speakers() == ()


async def test_replies_are_what_is_answered_and_what_answers_where_it_may_be_shown(shelf: Shelf) -> None:
    asked, answer, third = (
        message("q", "your dog?"),
        message("r", "Luna", answers="q"),
        message("t", "nice", answers="r"),
    )
    await shelf.keep(asked, answer, third, message("h", "hidden", answers="r"), message("k", "known", answers="r"))
    await shelf.patch("h", hidden=True)
    await shelf.patch("k", memories=("some",))
    assert {m.id for m in await shelf.reader().replies([answer])} == {"q", "t"}
    assert {m.id for m in await shelf.reader().replies([asked, third])} == {"r"}
    assert await shelf.reader().replies([]) == ()


async def test_a_hit_has_its_place_in_each_search(shelf: Shelf) -> None:
    await shelf.keep(message("a", "marimba music"), message("b", "marimba marimba"), message("c", "weather"))
    found = await shelf.found("marimba", vectors=True)
    assert found["b"].ranks["keyword"] == 1
    assert found["a"].ranks["keyword"] == 2
    assert "keyword" not in found["c"].ranks
    assert sorted(hit.ranks["vector"] for hit in found.values()) == [1, 2, 3]
    assert set(await shelf.found("marimba", words=("weather",))) == {"c"}
