"""Every shipped model against the contract that plug-in authors run."""

from __future__ import annotations

import pytest

from memoryengine.models.build import build_chat, build_embedder, build_reranker
from memoryengine.models.metered import MeteredChat, MeteredEmbedder, MeteredReranker
from memoryengine.models.scripted import ScriptedChat, ScriptedEmbedder, ScriptedReranker
from memoryengine.ports import ChatModel, Embedder, Reranker
from memoryengine.testing.model_contract import ChatContract, EmbedderContract, RerankerContract
from memoryengine.testing.siliconflow_server import SiliconFlowServer, overlap


class AtServer:
    spec: dict[str, object]

    @pytest.fixture(autouse=True)
    def use_server(self, server: SiliconFlowServer) -> None:
        self.spec = {"use": "siliconflow", "api_base": server.url, "api_key": server.key}


class TestLexicalEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return build_embedder({"use": "lexical", "dimensions": 512})


class TestScriptedEmbedder(EmbedderContract):
    def make(self) -> Embedder:
        return MeteredEmbedder(ScriptedEmbedder(dimensions=256))


class TestSiliconFlowEmbedder(AtServer, EmbedderContract):
    def make(self) -> Embedder:
        return build_embedder(self.spec)


class TestEmbedderByClass(AtServer, EmbedderContract):
    def make(self) -> Embedder:
        rest = {name: value for name, value in self.spec.items() if name != "use"}
        return build_embedder({"class": "memoryengine.models.siliconflow_embedding:SiliconFlowEmbedding", **rest})


class TestOfflineChat(ChatContract):
    def make(self) -> ChatModel:
        return build_chat({"use": "offline"})


class TestScriptedChat(ChatContract):
    def make(self) -> ChatModel:
        return MeteredChat(ScriptedChat(lambda turns: f"heard {len(turns)}"))


class TestOpenAILikeChat(AtServer, ChatContract):
    def make(self) -> ChatModel:
        return build_chat(self.spec)


class TestSiliconFlowReranker(AtServer, RerankerContract):
    def make(self) -> Reranker:
        return build_reranker(self.spec)


class TestScriptedReranker(RerankerContract):
    def make(self) -> Reranker:
        return MeteredReranker(ScriptedReranker(overlap))
