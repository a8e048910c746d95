"""Convert the configs of MemoryScope's own wheel and run the walk-through with each, on the shipped local server.

    pip download memoryscope==0.1.1.0 --no-deps
    python scripts/memoryscope_configs.py memoryscope-0.1.1.0-py3-none-any.whl [--elasticsearch URL]

converts its two demo files, and the Chinese one with SiliconFlow's models put in as its users do, with the command
that a person would use, checks each result, and shows what the walk-through prints. Without --elasticsearch memory lies
in a file instead of the index that the configs name.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml

from memoryengine import MemoryEngine
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import SiliconFlowServer

DEMOS = ("demo_config.yaml", "demo_config_zh.yaml")
FOLDER = "memoryscope/core/config"
TALES = {"en": ("My hobby is playing the guitar.", "Do you know what my musical hobby is?"),
         "zh": ("我的爱好是吉他。", "你知道我的乐器爱好是什么?")}  # fmt: skip
SILICONFLOW = """
memory_chat: {api_memory_chat: {class: core.chat.api_memory_chat, memory_service: memoryscope_service,
  generation_model: generation_model, stream: false}}
model:
  generation_model: {class: core.models.llama_index_generation_model, module_name: like_generation,
    model_name: Qwen/Qwen2.5-7B-Instruct, model: Qwen/Qwen2.5-7B-Instruct, api_key: xxx,
    api_base: https://api.siliconflow.cn/v1, max_tokens: 2000, temperature: 0.01}
  embedding_model: {class: core.models.llama_index_embedding_model, module_name: bge_embedding,
    model_name: BAAI/bge-m3, base_url: https://api.siliconflow.cn/v1/embeddings, api_key: xxx}
  rank_model: {class: core.models.llama_index_rank_model, module_name: bge_rank,
    model_name: BAAI/bge-reranker-v2-m3, api_key: xxx, api_base: https://api.siliconflow.cn/v1/rerank, top_n: 500}
"""
DIMENSIONS = {
    "demo_config": (1536, ("gpt-4o", "text-embedding-3-small")),
    "demo_config_zh": (1536, ("qwen-max", "text-embedding-v2")),
    "siliconflow": (1024, ("Qwen/Qwen2.5-7B-Instruct", "BAAI/bge-m3", "BAAI/bge-reranker-v2-m3")),
}


def unpack(wheel: Path, folder: Path) -> list[Path]:
    """The two demo configs of the wheel, and the SiliconFlow one made of the Chinese."""
    files = []
    with zipfile.ZipFile(wheel) as held:
        for name in DEMOS:
            (folder / name).write_bytes(held.read(f"{FOLDER}/{name}"))
            files.append(folder / name)
    whole = yaml.safe_load(files[1].read_text(encoding="utf-8")) | yaml.safe_load(SILICONFLOW)
    files.append(folder / "siliconflow.yaml")
    files[-1].write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return files


def convert(file: Path) -> Path:
    """The converted file, made by the command, whose lines are shown."""
    out = file.with_name(f"{file.stem}_ours.yaml")
    command = [sys.executable, "-m", "memoryengine", "convert-config", str(file), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, end="")
    return out


def walk(config: Path, elasticsearch: str) -> None:
    """The walk-through with one converted config."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    told, asked = TALES[settings["language"]]
    if not elasticsearch:
        settings["store"] = {"use": "sqlite", "path": str(config.with_suffix(".db"))}
    with MemoryEngine(settings) as engine:
        chat = engine.default_memory_chat
        first = chat.chat_with_memory(query=told)
        made = chat.run_service_operation("consolidate_memory")
        second = chat.chat_with_memory(query=asked)
        print(told, first.meta_data["memories"], made, second.meta_data["memories"], sep="\n")
        assert len(made.actions) == 1, made
        assert made.actions[0].memory.content in str(second.meta_data["memories"])
        engine.user().delete_all(with_messages=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--elasticsearch", default="", metavar="URL")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for file in unpack(given.wheel, Path(folder)):
            print(f"== {file.name}")
            size, models = DIMENSIONS[file.stem]
            with SiliconFlowServer(answer=answer, dimensions=size, models=models) as server:
                for name in ("OPENAI", "DASHSCOPE", "SILICONFLOW"):
                    os.environ |= {f"{name}_API_BASE": server.url, f"{name}_API_KEY": server.key}
                os.environ["ELASTICSEARCH_URL"] = given.elasticsearch
                os.environ["MEMORYENGINE_INDEX_PREFIX"] = f"converted-{secrets.token_hex(4)}"
                walk(convert(file), given.elasticsearch)


if __name__ == "__main__":
    main()
