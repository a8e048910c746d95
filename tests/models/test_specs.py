"""What the config may say of a model, and what is said about what it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine.errors import ConfigError
from memoryengine.models.build import build_chat, build_embedder, build_reranker, check_spec
from memoryengine.models.specs import ModelKind
from memoryengine.ports import ChatModel, Embedder, Reranker

KEY = {"api_key": "sk-1"}
BUILD: dict[str, Callable[[dict[str, object]], ChatModel | Embedder | Reranker]] = {
    "chat": build_chat,
    "embedder": build_embedder,
    "reranker": build_reranker,
}


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("chat", {"use": "offline"}),
        ("chat", {"use": "siliconflow", **KEY}),
        (
            "chat",
            {
                "use": "openai_like",
                "model": "Qwen/Qwen2.5-7B-Instruct",
                "api_base": "https://api.siliconflow.cn/v1",
                "max_tokens": 2000,
                "temperature": 0.01,
                "timeout": 60,
                "retries": 4,
                "concurrency": 8,
                "extra": {"enable_thinking": False},
                **KEY,
            },
        ),
        ("embedder", {"use": "lexical"}),
        ("embedder", {"use": "lexical", "dimensions": 512}),
        ("embedder", {"use": "siliconflow", "model": "BAAI/bge-m3", "dimensions": 1024, **KEY}),
        ("embedder", {"use": "openai_like", "model": "m", "api_base": "http://[::1]:8080", "dimensions": 3, **KEY}),
        ("reranker", {"use": "siliconflow", "scores": "logit", **KEY}),
    ],
)
def test_good_specs(kind: ModelKind, spec: dict[str, object]) -> None:
    assert check_spec(kind, spec) == []
    built = BUILD[kind](spec)
    assert built.name
    assert "sk-1" not in repr(built)


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("chat", {}, ["names no model", "offline, openai_like, siliconflow"]),
        ("chat", None, ["must be a mapping"]),
        ("chat", {"use": "ofline"}, ["no chat model 'ofline'", "Did you mean 'offline'?"]),
        ("chat", {"use": 3}, ["no chat model 3"]),
        ("chat", {"use": "offline", "class": "a.b.C"}, ["both use: and class:"]),
        ("chat", {"use": "offline", "modle": "x"}, ["no setting 'modle'"]),
        ("chat", {"use": "siliconflow", "modle": "x", **KEY}, ["no setting 'modle'", "Did you mean 'model'?"]),
        ("chat", {"use": "siliconflow"}, ["models.chat.api_key is missing or empty", "${SILICONFLOW_API_KEY}"]),
        ("chat", {"use": "siliconflow", "api_key": ""}, ["api_key is missing or empty", "environment variable"]),
        ("chat", {"use": "siliconflow", "api_key": None}, ["api_key is missing or empty"]),
        ("chat", {"use": "siliconflow", "api_key": "sk-1\n"}, ["a character that no key has"]),
        ("chat", {"use": "siliconflow", "api_key": 12345}, ["api_key must be a text."]),
        ("chat", {"use": "openai_like", **KEY}, ["models.chat.model is missing", "models.chat.api_base is missing"]),
        ("chat", {"use": "siliconflow", "model": " ", **KEY}, ["model is blank"]),
        ("chat", {"use": "siliconflow", "api_base": "api.siliconflow.cn", **KEY}, ["http:// or https://"]),
        ("chat", {"use": "siliconflow", "api_base": "http://[bad", **KEY}, ["http:// or https://"]),
        ("chat", {"use": "siliconflow", "timeout": "60", **KEY}, ["timeout must be a number, not '60'"]),
        ("chat", {"use": "siliconflow", "timeout": -1, **KEY}, ["between 0.01 and 3600"]),
        ("chat", {"use": "siliconflow", "timeout": float("nan"), **KEY}, ["between 0.01 and 3600"]),
        ("chat", {"use": "siliconflow", "retries": True, **KEY}, ["retries must be a whole number, not True"]),
        ("chat", {"use": "siliconflow", "extra": [1], **KEY}, ["extra must be a mapping, not [1]"]),
        ("embedder", {"use": "siliconflow", "batch_size": 65, **KEY}, ["between 1 and 64; it is 65"]),
        ("embedder", {"use": "siliconflow", "send_dimensions": "yes", **KEY}, ["must be true or false, not 'yes'"]),
        ("embedder", {"use": "openai_like", "model": "m", "api_base": "http://h", **KEY}, ["dimensions is missing"]),
        ("embedder", {"use": "lexical", "dimensions": 0}, ["between 16 and 4096"]),
        ("reranker", {"use": "siliconflow", "scores": "odds", **KEY}, ["one of 'probability', 'logit', not 'odds'"]),
        ("reranker", {"use": "siliconflow", "top_n": 5, **KEY}, ["no setting 'top_n'"]),
        ("embedder", {"class": "nonsense"}, ["must be like package.module:Class"]),
        ("embedder", {"class": 5}, ["must be like package.module:Class", "not 5"]),
        ("embedder", {"class": "no.such.module:Thing"}, ["no module 'no.such.module'"]),
        (
            "embedder",
            {"class": "llama_index.embeddings.nowhere.NowhereEmbedding"},
            ["Install its package (llama-index-embeddings-nowhere)"],
        ),
        ("embedder", {"class": "./missing.py:Mine"}, ["there is no file", "missing.py"]),
        ("embedder", {"class": "json:X", "dimensions": "8"}, ["dimensions must be a whole number from 1, not '8'"]),
        ("embedder", {"class": "json:X", "api_key": ""}, ["api_key is empty"]),
        ("embedder", {"class": "json:X", "limits": {"retry": 2}}, ["Did you mean 'retries'?"]),
        ("embedder", {"class": "json:X", "limits": 3}, ["limits must be a mapping"]),
    ],
)
def test_bad_specs(kind: ModelKind, spec: dict[str, object], said: list[str]) -> None:
    problems = check_spec(kind, spec)
    text = "\n".join(problems)
    assert [words for words in said if words not in text] == []
    assert "12345" not in text
    if isinstance(spec, dict):
        with pytest.raises(ConfigError) as caught:
            BUILD[kind](spec)
        assert [problem.message for problem in caught.value.problems] == problems


def test_all_problems_come_at_once_with_their_place() -> None:
    spec = {"use": "siliconflow", "modle": 1, "timeout": "x", "retries": 99, "api_base": "ftp://x"}
    problems = check_spec("chat", spec, place="models.big_chat")
    assert len(problems) == 5
    assert all(problem.startswith("models.big_chat") for problem in problems)
    assert check_spec("chat", {"use": "offline"}, place="models.big_chat") == []


def test_the_place_is_in_the_errors_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "mine.py").write_text("class MyEmbedder:\n    pass\n")
    broken = check_spec("embedder", {"class": "./broken.py:Mine"}, folder=tmp_path)
    other = check_spec("embedder", {"class": "./mine.py:MyEmbeder"}, folder=tmp_path)
    assert "is no Python file" in broken[0]
    assert "line 1" in broken[0]
    assert "Did you mean 'MyEmbedder'?" in other[0]
