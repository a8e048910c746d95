from __future__ import annotations

import asyncio
import math
import pickle
from typing import Any

import pytest
from llama_index.core import Document, VectorStoreIndex

from memoryengine.errors import ModelAnswerError, ModelRefused
from memoryengine.models.retry import Limits
from memoryengine.models.siliconflow_embedding import SiliconFlowEmbedding
from memoryengine.ranking import cosine
from memoryengine.testing.siliconflow_server import MALFORMED, OTHER_ORDER, Fault, SiliconFlowServer, changed, too_many

from .conftest import Build, Slept


@pytest.fixture
def model(server: SiliconFlowServer, slept: Slept) -> SiliconFlowEmbedding:
    return SiliconFlowEmbedding(api_key=server.key, api_base=server.url, effects=slept.effects)


async def test_130_texts_are_three_requests(build: Build, server: SiliconFlowServer) -> None:
    texts = [f"text number {i}" for i in range(130)]
    vectors = await build.embedder().embed(texts)
    assert sorted(len(each.body["input"]) for each in server.requests) == [2, 64, 64]
    assert len(vectors) == 130
    assert list(vectors[129]) == list((await build.embedder().embed([texts[129]]))[0])


async def test_a_smaller_batch_size_is_kept_to(build: Build, server: SiliconFlowServer) -> None:
    await build.embedder(batch_size=10).embed([f"text {i}" for i in range(25)])
    assert sorted(len(each.body["input"]) for each in server.requests) == [5, 10, 10]
    assert server.count("embeddings") == 3
    assert server.count() == 3


async def test_dimensions_are_sent_only_when_asked(build: Build, server: SiliconFlowServer) -> None:
    plain = await build.embedder().embed(["a"])
    asked = await build.embedder(send_dimensions=True, dimensions=256).embed(["a"])
    assert "dimensions" not in server.requests[0].body
    assert server.requests[1].body["dimensions"] == 256
    assert (len(plain[0]), len(asked[0])) == (1024, 256)


@pytest.mark.parametrize("tail", ["", "/", "/embeddings", "/embeddings/"])
async def test_base_and_full_address_are_both_taken(build: Build, server: SiliconFlowServer, tail: str) -> None:
    assert len(await build.embedder(api_base=server.url + tail).embed(["a"])) == 1
    assert len(await build.embedder(api_base=server.url.removesuffix("/v1")).embed(["a"])) == 1
    assert server.count("embeddings") == 2


async def test_results_are_put_in_order_by_index(build: Build, server: SiliconFlowServer) -> None:
    texts = ["guitar", "北京", "tea"]
    expected = await build.embedder().embed(texts)
    server.fail_next(OTHER_ORDER)
    assert await build.embedder().embed(texts) == expected
    assert expected[0] != expected[2]
    assert server.count() == 2


def spoiled(place: int, value: object) -> Fault:
    def change(data: dict[str, Any]) -> dict[str, Any]:
        entries = [dict(entry) for entry in data["data"]]
        entries[0]["embedding"] = [*entries[0]["embedding"]]
        entries[0]["embedding"][place] = value
        return {**data, "data": entries}

    return changed(change)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (spoiled(3, math.nan), "not finite"),
        (spoiled(3, math.inf), "not finite"),
        (spoiled(3, "1"), "no vector"),
        (changed(lambda d: {"data": [{"index": 0, "embedding": [0.0] * 1024}]}), "all zero"),
        (changed(lambda d: {"data": [{"index": 0, "embedding": [1.0] * 768}]}), "dimensions: 768"),
        (changed(lambda d: {"data": [{"index": 5, "embedding": [1.0] * 1024}]}), "each index must come once"),
        (changed(lambda d: {"data": [{"index": [0], "embedding": [1.0] * 1024}]}), "each index must come once"),
        (changed(lambda d: {"data": "none"}), "no list"),
    ],
    ids=range(8),
)
async def test_every_vector_is_checked(build: Build, server: SiliconFlowServer, fault: Fault, said: str) -> None:
    server.fail_next(fault)
    with pytest.raises(ModelAnswerError, match=said) as caught:
        await build.embedder().embed(["one"])
    assert "BAAI/bge-m3" in caught.value.message
    assert server.count() == 1


async def test_a_long_text_is_the_mean_of_its_parts(build: Build, server: SiliconFlowServer) -> None:
    embedder = build.embedder(max_chars=12)
    (whole,) = await embedder.embed(["guitar music" + "stock prices"])
    parts = await embedder.embed(["guitar music", "stock prices"])
    assert server.requests[0].body["input"] == ["guitar music", "stock prices"]
    assert math.isclose(math.hypot(*whole), 1.0)
    assert cosine(whole, parts[0]) == pytest.approx(cosine(whole, parts[1]))
    assert cosine(whole, parts[0]) > 0.6


async def test_a_megabyte_of_text(build: Build, server: SiliconFlowServer) -> None:
    vectors = await build.embedder().embed(["short", "长文本 " * 250_000])
    assert len(vectors) == 2
    assert server.count() == math.ceil((1 + math.ceil(1_000_000 / 6_000)) / 64)
    assert all(len(text) <= 6_000 for each in server.requests for text in each.body["input"])


async def test_a_question_gets_its_prefix(build: Build, server: SiliconFlowServer) -> None:
    embedder = build.embedder(query_prefix="Instruct: find\nQuery: ")
    await embedder.embed(["hobby"], query=True)
    await embedder.embed(["hobby"])
    assert server.requests[0].body["input"] == ["Instruct: find\nQuery: hobby"]
    assert server.requests[1].body["input"] == ["hobby"]
    assert server.count() == 2


async def test_one_bad_batch_stops_the_others(build: Build, server: SiliconFlowServer) -> None:
    server.fail_next(MALFORMED)
    with pytest.raises(ModelAnswerError):
        await build.embedder(concurrency=1).embed([f"text {i}" for i in range(64 * 20)])
    assert server.count() < 20
    assert server.most_at_once == 1


def test_alone_in_llama_index_sync(model: SiliconFlowEmbedding, server: SiliconFlowServer, slept: Slept) -> None:
    server.fail_next(too_many("2"))
    texts = [f"text {i}" for i in range(130)]
    vectors = model.get_text_embedding_batch(texts)
    assert len(vectors) == 130
    assert server.count() == 4
    assert slept.seconds == [2.25]
    assert model.get_text_embedding("text 7") == pytest.approx(vectors[7])
    assert model.get_query_embedding("text 7") == pytest.approx(vectors[7])


def test_sync_calls_outside_the_batch_limit_are_split(model: SiliconFlowEmbedding, server: SiliconFlowServer) -> None:
    model.embed_batch_size = 500  # pydantic does not check an assignment
    assert len(model.get_text_embedding_batch([f"text {i}" for i in range(100)])) == 100
    assert [len(each.body["input"]) for each in server.requests] == [64, 36]
    assert server.count() == 2


async def test_alone_in_llama_index_async(model: SiliconFlowEmbedding, server: SiliconFlowServer) -> None:
    vectors = await model.aget_text_embedding_batch([f"text {i}" for i in range(130)])
    assert len(vectors) == 130
    assert server.count() == 3
    assert await model.aget_text_embedding("text 7") == pytest.approx(vectors[7])
    assert await model.aget_query_embedding("text 7") == pytest.approx(vectors[7])
    await model.close()


def test_in_a_vector_store_index(model: SiliconFlowEmbedding, server: SiliconFlowServer) -> None:
    documents = [Document(text=text) for text in ("I play the guitar", "我住在北京", "Tea is my favourite drink")]
    index = VectorStoreIndex.from_documents(documents, embed_model=model)
    found = index.as_retriever(similarity_top_k=1).retrieve("which drink is the favourite")
    assert found[0].node.get_content() == "Tea is my favourite drink"
    assert server.count("embeddings") == 2
    assert server.requests[0].body["input"] == [document.text for document in documents]


def test_the_sync_way_raises_our_errors_too(server: SiliconFlowServer, slept: Slept) -> None:
    wrong = SiliconFlowEmbedding(api_key="sk-no", api_base=server.url, effects=slept.effects)
    with pytest.raises(ModelRefused, match="api_key"):
        wrong.get_text_embedding("a")
    right = SiliconFlowEmbedding(api_key=server.key, api_base=server.url, limits=Limits(max_bytes=1_000))
    with pytest.raises(ModelAnswerError, match="more than 1,000 bytes"):
        right.get_text_embedding("a")
    assert server.count() == 2


def test_it_survives_pickling(server: SiliconFlowServer) -> None:
    model = SiliconFlowEmbedding(api_key=server.key, api_base=server.url, dimensions=1024)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.get_text_embedding("guitar") == model.get_text_embedding("guitar")
    assert copy.api_key.get_secret_value() == server.key
    assert server.count() == 2


def test_a_sync_user_who_never_closes_leaves_no_warning(server: SiliconFlowServer) -> None:
    async def use() -> int:
        model = SiliconFlowEmbedding(api_key=server.key, api_base=server.url)
        return len(await model.embed(["a", "b"]))

    assert asyncio.run(use()) == 2
    assert asyncio.run(use()) == 2
    assert server.count() == 2
