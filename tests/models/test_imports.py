"""What importing costs: nothing heavy is loaded until a config asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("llama_index", "aiohttp", "requests", "openai", "httpx", "pydantic", "numpy")


def loaded(code: str) -> set[str]:
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return set(json.loads(done.stdout)) & set(HEAVY)


SPEC = "{'use': 'siliconflow', 'api_key': 'k', 'api_base': 'http://localhost:1/v1'}"


@pytest.mark.parametrize(
    "code",
    [
        "import memoryengine.models",
        "import memoryengine.models.build, memoryengine.models.metered, memoryengine.models.scripted",
        "from memoryengine.models.build import *; build_chat({'use': 'offline'}); build_embedder({'use': 'lexical'})",
        f"from memoryengine.models.build import check_spec; assert not check_spec('chat', {SPEC})",
        "from memoryengine.models.build import check_spec\n"
        "assert not check_spec('chat', {'class': 'llama_index.llms.openai_like.OpenAILike'})",
        "import memoryengine.testing.model_contract",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded(code) == set()


@pytest.mark.parametrize(("kind", "heavy"), [("chat", "openai"), ("embedder", "aiohttp"), ("reranker", "requests")])
def test_an_adapter_is_loaded_when_it_is_built(kind: str, heavy: str) -> None:
    found = loaded(f"from memoryengine.models.build import *; build_{kind}({SPEC})")
    assert heavy in found
    assert "llama_index" in found
    assert found <= set(HEAVY)
