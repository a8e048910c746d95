"""Each text of a user is embedded once, and what is kept of it goes when the text is deleted."""

from __future__ import annotations

import asyncio
import gc
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine
from memoryengine.assembly import build_store, vector_space
from memoryengine.embedding import Embeddings, encoded, entry_id
from memoryengine.errors import ModelRefused, StoreError
from memoryengine.models.lexical import lexical_vector
from memoryengine.models.metered import MeteredChat, MeteredEmbedder
from memoryengine.models.scripted import ScriptedChat, ScriptedEmbedder
from memoryengine.ports import Document, Reply, Turn, Vector
from memoryengine.records import COLLECTIONS, EMBEDDINGS, MEMORIES, MESSAGES, message_of
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock
from memoryengine.upkeep import Kept

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
TEA, BERLIN = "I like green tea.", "I live in Berlin."


def engine_with(
    embedder: ScriptedEmbedder, chat: type[ScriptedChat] = ScriptedChat, **config: Any
) -> AsyncMemoryEngine:
    engine = AsyncMemoryEngine({"models": {"chat": {"use": "offline"}}, **config}, clock=ManualClock(START))
    models = engine._engine.models.__dict__
    models["chat"], models["embedder"] = MeteredChat(chat(answer_turns)), MeteredEmbedder(embedder)
    return engine


def asked(embedder: ScriptedEmbedder) -> list[str]:
    return [text for call in embedder.calls for text in call]


async def kept(engine: AsyncMemoryEngine, user: str = "ann") -> set[str]:
    return {d.id for d in (await engine._engine.store.page(engine.user(user).scope, EMBEDDINGS)).documents}


def bytes_of(home: Path) -> bytes:
    return b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file())


def ids(*texts: str, model: str = "scripted") -> set[str]:
    return {entry_id(f"{model}/64", text) for text in texts}


def said(*texts: str, start: int = 0) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text, "id": f"m{n}"} for n, text in enumerate(texts, start)]


async def test_a_text_is_embedded_once_however_often_and_in_whatever_process_it_is_said() -> None:
    embedder = ScriptedEmbedder()
    async with engine_with(embedder) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA, TEA, "Thanks!", TEA))
        assert (await ann.retrieve("tea")).hits
        assert sorted(asked(embedder)) == sorted([TEA, "Thanks!", "tea"])
        assert await kept(engine) == ids(TEA, "Thanks!")
    again = ScriptedEmbedder()
    async with engine_with(again) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA, "Thanks!", "Bye!", start=4))
        hits = (await ann.retrieve("tea")).hits
        assert asked(again) == ["tea", "Bye!"]
        assert [hit.item.content for hit in hits if hit.channels["vector"] == 1.0] == [TEA], "once, though said often"


async def test_a_question_asked_again_and_a_memory_compared_before_it_is_kept_cost_no_call() -> None:
    embedder = ScriptedEmbedder()
    async with engine_with(embedder) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA, BERLIN))
        await ann.consolidate()
        told = asked(embedder)
        assert {"User likes green tea.", "User lives in Berlin."} <= set(told)
        assert set(ids("User likes green tea.", "User lives in Berlin.")) <= set(await kept(engine))
        assert len(told) == len(set(told))
        await ann.retrieve("Where do I live?")
        count = len(embedder.calls)
        assert (await ann.retrieve("Where do I live?")).hits
        assert len(embedder.calls) == count


async def test_messages_are_embedded_while_the_chat_model_is_waited_for() -> None:
    embedded = asyncio.Event()

    class Telling(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
            embedded.set()
            return await super().embed(texts, query=query)

    class Waiting(ScriptedChat):
        async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
            await asyncio.wait_for(embedded.wait(), 10)
            return await super().chat(turns, max_tokens=max_tokens)

    embedder = Telling()
    async with engine_with(embedder, Waiting) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA, BERLIN))
        result = await ann.consolidate()
        assert (result.consolidated, result.warnings) == (2, ())
        assert embedder.calls[0] == (TEA, BERLIN)
        assert len(asked(embedder)) == len(set(asked(embedder)))


@pytest.mark.parametrize("broken", [None, StoreError("It is full.")], ids=["slow", "failing"])
async def test_a_run_that_fails_leaves_no_embedding_behind(
    broken: StoreError | None, caplog: pytest.LogCaptureFixture
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
            begun.set()
            try:
                if broken is not None:
                    raise broken
                await asyncio.sleep(60)
            finally:
                ended.set()
            return await super().embed(texts, query=query)

    class Failing(ScriptedChat):
        async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
            await begun.wait()
            raise ModelRefused("The key is wrong.")

    async with engine_with(Slow(), Failing) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA))
        with pytest.raises(ModelRefused, match="The key is wrong"):
            await asyncio.wait_for(ann.consolidate(), 10)
        assert ended.is_set()
        gc.collect()
        assert not [one for one in caplog.messages if "never retrieved" in one]


async def test_what_is_deleted_leaves_no_vector_behind(home: Path) -> None:
    embedder = ScriptedEmbedder()
    async with engine_with(embedder) as engine:
        ann, bob = engine.user("ann"), engine.user("bob")
        for user in (ann, bob):
            await user.add_messages(said(TEA, BERLIN))
            await user.consolidate()
        (tea,) = [m for m in (await ann.list()).memories if "tea" in m.content]
        everything = ids(TEA, BERLIN, "User likes green tea.", "User lives in Berlin.")
        assert await kept(engine) == everything
        await ann.delete(tea.id)
        assert await kept(engine) == everything - ids("User likes green tea.")
        (berlin,) = (await ann.list()).memories
        await ann.delete(berlin.id, with_messages=True)
        assert await kept(engine) == ids(TEA)
        await ann.delete_all()
        assert await kept(engine) == set()
        assert await kept(engine, "bob") == everything
        await bob.delete_all(with_messages=True)
        assert await kept(engine, "bob") == set()
        assert encoded(lexical_vector(TEA, 64)).encode()[:40] not in bytes_of(home)


async def test_a_text_deleted_while_it_is_embedded_is_not_kept() -> None:
    class Deleting(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
            if "User likes green tea." in texts and not query:
                found = (await engine._engine.store.page(ann.scope, MEMORIES)).documents
                if found:
                    await ann.delete(found[0].id, with_messages=True)
            return await super().embed(texts, query=query)

    embedder = Deleting()
    async with engine_with(embedder) as engine:
        ann = engine.user("ann")
        await ann.add("User likes green tea.")
        assert (await ann.list()).memories == ()
        assert await kept(engine) == set()
        assert (await engine._engine.store.page(ann.scope, MESSAGES)).documents == ()


async def test_a_model_set_to_another_length_is_not_given_what_it_made_before(home: Path) -> None:
    store = {"use": "sqlite", "path": str(home / "lengths.db")}
    async with engine_with(ScriptedEmbedder(), store=store) as engine:
        await engine.user("ann").add_messages(said(TEA))
        assert (await engine.user("ann").retrieve("tea")).hits
    longer = ScriptedEmbedder(dimensions=128)
    there = build_store(store)
    await there.open(COLLECTIONS, None)

    async def embed(collection: str, documents: Sequence[Document]) -> Sequence[Vector]:
        assert collection == MESSAGES
        return await longer.embed([message_of(one).content for one in documents])

    assert isinstance(there, Kept)
    await there.reindexing().reindex(vector_space(longer), embed, lambda _: None, batch=10)
    await there.close()
    async with engine_with(longer, store=store) as engine:
        await engine.user("ann").add_messages(said(TEA, start=1))
        result = await engine.user("ann").retrieve("tea")
        assert [hit.item.content for hit in result.hits] == [TEA]
        assert result.warnings == ()
        assert all("vector" in hit.channels for hit in result.hits)


async def test_what_another_model_made_goes_with_the_first_deletion() -> None:
    async with engine_with(ScriptedEmbedder()) as engine:
        ann = engine.user("ann")
        await ann.add("User likes green tea.")
        await ann.add("User lives in Berlin.")
        old = await kept(engine)
        assert old == ids("User likes green tea.", "User lives in Berlin.")
        models = engine._engine.models.__dict__
        models["embedder"] = MeteredEmbedder(ScriptedEmbedder(name="other"))
        del engine._engine.__dict__["queue"]
        await ann.add("User has a dog.")
        assert await kept(engine) == old | ids("User has a dog.", model="other")
        await ann.delete((await ann.list()).memories[0].id)
        assert await kept(engine) == ids("User has a dog.", model="other")


async def test_a_process_remembers_only_so_many_and_tells_questions_from_texts() -> None:
    embedder = ScriptedEmbedder()
    lately = Embeddings(embedder, most=2)
    await lately.of(["a", "b", "a"])
    await lately.of(["a", "c"])
    assert embedder.calls == [("a", "b"), ("c",)]
    await lately.of(["b"])
    assert embedder.calls[-1] == ("b",)
    await lately.of(["b"], query=True)
    assert len(embedder.calls) == 4
    assert lately.recall("c") is None or lately.recall("a") is None
    assert lately.recall("b", query=True) == pytest.approx(lately.recall("b"))


async def test_the_words_of_an_offline_embedder_are_not_kept() -> None:
    async with AsyncMemoryEngine(clock=ManualClock(START)) as engine:
        ann = engine.user("ann")
        await ann.add_messages(said(TEA))
        assert (await ann.retrieve("tea")).hits
        assert await kept(engine, "ann") == set()


def test_a_vector_is_kept_as_little_endian_float32() -> None:
    assert b64decode(encoded([1.0, -0.5])) == b"\x00\x00\x80?\x00\x00\x00\xbf"
    assert len(entry_id("m", "t")) == 40
    assert entry_id("m", "t") != entry_id("n", "t") != entry_id("n", "u")
