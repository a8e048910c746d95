"""Models named by class: a user's file, our port, and any LlamaIndex class."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from memoryengine.errors import ConfigError, ModelAnswerError, ModelRefused, ModelUnavailable
from memoryengine.models.build import build_chat, build_embedder, build_reranker, check_spec
from memoryengine.models.llama_index import LlamaIndexChat, LlamaIndexEmbedder, LlamaIndexReranker
from memoryengine.ports import Embedder, Turn
from memoryengine.testing.siliconflow_server import SiliconFlowServer, too_many

from .conftest import Slept

PORT = """
class MyEmbedder:
    def __init__(self, size=8, api_key=""):
        self.size = size
    name = "mine"
    @property
    def dimensions(self):
        return self.size
    async def embed(self, texts, *, query=False):
        return [[1.0] * self.size for _ in texts]
    async def close(self):
        pass

class Half:
    name = "half"

class Odd:
    name = None
    dimensions = "8"
    def embed(self, texts, *, query=False):
        return [[1.0] * 8 for _ in texts]
    async def close(self):
        pass

class Fussy:
    def __init__(self, api_key):
        raise ValueError(f"no good: {api_key}")
"""

LLAMA = '''
import httpx
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore

class Hashed(BaseEmbedding):
    """Vectors of character counts."""
    letters: str = "abcdefgh"
    trouble: str = ""
    def _get_text_embedding(self, text):
        if self.trouble == "length":
            return [1.0]
        if self.trouble == "timeout":
            raise httpx.ReadTimeout("slow")
        if self.trouble == "odd":
            raise RuntimeError("broken inside")
        return [float(text.count(letter)) + 0.01 for letter in self.letters]
    def _get_query_embedding(self, query):
        return self._get_text_embedding("a" + query)
    async def _aget_query_embedding(self, query):
        return self._get_query_embedding(query)

class ByLength(BaseNodePostprocessor):
    top: int = 2
    def _postprocess_nodes(self, nodes, query_bundle=None):
        ranked = sorted(nodes, key=lambda n: -len(n.node.get_content()))[: self.top]
        return [NodeWithScore(node=n.node, score=float(len(n.node.get_content()))) for n in ranked]
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(PORT)
    (tmp_path / "llama.py").write_text(LLAMA)
    return tmp_path


async def test_a_port_in_a_users_file(folder: Path) -> None:
    spec = {"class": "./mine.py:MyEmbedder", "size": 5}
    assert check_spec("embedder", spec, folder=folder) == []
    embedder = build_embedder(spec, folder=folder)
    assert isinstance(embedder, Embedder)
    assert (embedder.name, embedder.dimensions) == ("mine", 5)
    assert await embedder.embed(["a", "b"]) == [[1.0] * 5] * 2
    assert type(build_embedder(spec, folder=folder)) is type(embedder)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"class": "./mine.py:MyEmbedder", "sise": 5}, "Did you mean 'size'?"),
        ({"class": "./mine.py:MyEmbedder", "dimensions": 9}, "gives 8"),
        ({"class": "./mine.py:Half"}, "close, dimensions, embed"),
        ({"class": "./mine.py:Fussy", "api_key": "sk-secret-1"}, "no good: ***"),
        ({"class": "./llama.py:Hashed"}, "dimensions is missing"),
        ({"class": "./llama.py:Hashed", "dimensions": 8, "leters": "ab"}, "Did you mean 'letters'?"),
        ({"class": "./llama.py:Hashed", "dimensions": 8, "letters": 7}, "letters: Input should be a valid string"),
        ({"class": "./mine.py:Odd"}, "models.embedder.class: Odd.embed must be an `async def`."),
        ({"class": "./mine.py:Odd"}, "models.embedder.class: Odd.name must be a text, not None."),
        ({"class": "./mine.py:Odd"}, "models.embedder.class: Odd.dimensions must be a whole number from 1, not '8'."),
        ({"class": "json:JSONDecoderr"}, "Did you mean 'JSONDecoder'?"),
        ({"class": "memoryengine.models.offline_chat.OfflineChat"}, "neither a LlamaIndex embedding model"),
    ],
)
def test_what_a_class_cannot_be(folder: Path, spec: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_embedder(spec, folder=folder)
    assert said in str(caught.value)
    assert "models.embedder" in str(caught.value)
    assert "sk-secret-1" not in str(caught.value)


def test_a_file_that_fails_on_import(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("class Mine: pass\nraise OSError('no disk')\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match="no disk") as caught:
            build_chat({"class": "./bad.py:Mine"}, folder=tmp_path)
        assert "OSError" in str(caught.value)
        assert isinstance(caught.value.__cause__, OSError)


async def test_any_llama_index_embedding(folder: Path) -> None:
    embedder = build_embedder({"class": "./llama.py:Hashed", "dimensions": 8}, folder=folder)
    assert isinstance(embedder, LlamaIndexEmbedder)
    assert (embedder.name, embedder.dimensions) == ("Hashed", 8)
    texts = await embedder.embed([f"abc {'b' * i}" for i in range(25)])
    assert len(texts) == 25
    assert texts[24][1] == pytest.approx(25.01)
    assert (await embedder.embed(["b"], query=True))[0][:2] == pytest.approx([1.01, 1.01])


async def test_its_troubles_become_our_errors(folder: Path, slept: Slept) -> None:
    def make(trouble: str) -> Embedder:
        spec = {"class": "./llama.py:Hashed", "dimensions": 8, "trouble": trouble, "limits": {"retries": 2}}
        return build_embedder(spec, folder=folder, effects=slept.effects)

    with pytest.raises(ModelAnswerError, match="dimensions: 1"):
        await make("length").embed(["a"])
    with pytest.raises(ModelUnavailable, match="3 times"):
        await make("timeout").embed(["a"])
    with pytest.raises(ModelAnswerError, match="RuntimeError") as caught:
        await make("odd").embed(["a"])
    assert caught.value.excerpt == "broken inside"
    assert len(slept.seconds) == 2


async def test_any_llama_index_reranker(folder: Path) -> None:
    reranker = build_reranker({"class": "./llama.py:ByLength", "top": 2}, folder=folder)
    assert isinstance(reranker, LlamaIndexReranker)
    assert reranker.name == "ByLength"
    scores = await reranker.rerank("q", ["a", "aaaa", "aa", "aaaa"])
    assert scores[1] == scores[3] > scores[2] > 0.5
    assert scores[0] == 0.0
    assert await reranker.rerank("q", []) == []


async def test_any_llama_index_llm(server: SiliconFlowServer, slept: Slept) -> None:
    spec = {
        "class": "llama_index.llms.openai_like.OpenAILike",
        "model": "Qwen/Qwen2.5-7B-Instruct",
        "api_base": server.url,
        "api_key": server.key,
        "is_chat_model": True,
        "max_retries": 0,
    }
    chat = build_chat(spec, effects=slept.effects)
    server.answer = lambda messages: f"<think>hm</think>heard {messages[-1]['content']}"
    server.fail_next(too_many("4"))
    assert isinstance(chat, LlamaIndexChat)
    reply = await chat.chat([Turn("user", "you")], max_tokens=9)
    assert (chat.name, reply.text, reply.input_tokens) == ("Qwen/Qwen2.5-7B-Instruct", "heard you", 3)
    assert slept.seconds == [4.25]
    assert server.requests[-1].body["max_tokens"] == 9
    assert "".join([piece async for piece in chat.stream([Turn("user", "you")])]) == "heard you"
    await chat.close()


async def test_a_refused_key_of_an_llm_is_not_shown(server: SiliconFlowServer) -> None:
    spec = {
        "class": "llama_index.llms.openai_like.OpenAILike",
        "model": "m",
        "api_base": server.url,
        "api_key": "sk-bad-key-000",
        "is_chat_model": True,
        "max_retries": 0,
    }
    chat = build_chat(spec)
    with pytest.raises(ModelRefused, match=r"models\.chat\.api_key") as caught:
        await chat.chat([Turn("user", "you")])
    assert "sk-bad-key-000" not in str(caught.value)
    assert "sk-bad-key-000" not in repr(chat)
    await asyncio.wait_for(chat.close(), 1)


async def test_streams_of_a_llama_index_class_share_its_places(server: SiliconFlowServer) -> None:
    spec = {"class": "llama_index.llms.openai_like:OpenAILike", "api_base": server.url, "api_key": server.key}
    named = {"model": "Qwen/Qwen2.5-7B-Instruct", "is_chat_model": True}
    chat = build_chat({**spec, **named, "limits": {"concurrency": 1}})
    first = chat.stream([Turn("user", "you")])
    begun = await anext(first)
    second = asyncio.ensure_future(anext(chat.stream([Turn("user", "me")])))
    await asyncio.sleep(0.1)
    assert not second.done()
    assert server.count("chat") == 1
    rest = [piece async for piece in first]
    assert begun + "".join(rest) == "[test server] You said: you"
    assert await second == begun
    assert server.count("chat") == 2
    await chat.close()
