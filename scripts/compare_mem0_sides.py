"""Both sides of compare_mem0.py: ours in this process, mem0 in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from compare_data import DIMENSIONS, Vectors
from stores import Stores

from memoryengine import AsyncMemoryEngine
from memoryengine.ports import Vector

HERE = Path(__file__).resolve().parent
PACKAGES = ("mem0ai", "faiss-cpu", "elasticsearch>=8,<9")
LABELS = {"sqlite": "ours, embedded", "elasticsearch": "ours, Elasticsearch"}


class Stub:
    """The embedder without a model, for ours."""

    name = "stub"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._vectors = Vectors()

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """Look the vectors up."""
        found: list[Vector] = self._vectors.of(texts).tolist()
        return found

    async def close(self) -> None:
        """Nothing is open."""


class Child:
    """mem0 in a process of its own."""

    def __init__(self, python: Path, folder: Path) -> None:
        env = {**os.environ, "MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder), "PYTHONHASHSEED": "0"}
        command = [str(python), str(HERE / "compare_mem0_child.py")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
        )

    def ask(self, do: str, **more: Any) -> Any:
        """The answer to one request; raises `RuntimeError` with what went wrong there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"mem0: {do}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def installed(folder: Path) -> Path:
    """The Python of an environment with mem0, which is made if it is not there."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        print(f"installing {', '.join(PACKAGES)} into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--upgrade", *PACKAGES], check=True)
    return python


@dataclass
class Bench:
    """The stores of both sides."""

    stores: Stores
    stack: AsyncExitStack
    child: Child
    folder: Path
    vectors: Vectors

    def kinds(self) -> tuple[str, ...]:
        """The kinds of store that ours is measured on."""
        return ("sqlite", "elasticsearch") if self.stores.url else ("sqlite",)

    async def engine(self, name: str, kind: str) -> AsyncMemoryEngine:
        """An engine of ours, open until the end."""
        models = {"embedder": {"class": f"{HERE / 'compare_mem0_sides.py'}:Stub"}}
        spec = self.stores.spec(name, kind)
        engine = AsyncMemoryEngine({"extends": "embedded", "models": models, "store": spec})
        return await self.stack.enter_async_context(engine)

    def others(self, name: str) -> dict[str, str]:
        """Memories of mem0 on each kind of store, opened under these names."""
        made = {f"mem0, {label}": (provider, config) for label, provider, config in self._configs(name)}
        for label, (provider, config) in made.items():
            history = str(self.folder / f"{name}-{provider}-history.db")
            self.child.ask("open", name=f"{label}-{name}", provider=provider, config=config, history=history)
        return {label: f"{label}-{name}" for label in made}

    def _configs(self, name: str) -> list[tuple[str, str, dict[str, Any]]]:
        where = self.folder / f"mem0-{name}"
        found: list[tuple[str, str, dict[str, Any]]] = [
            ("default local store", "qdrant", {"path": f"{where}-qdrant", "on_disk": True}),
            ("FAISS", "faiss", {"path": f"{where}-faiss"}),
        ]
        if self.stores.url:
            parts = urlsplit(self.stores.url)
            config: dict[str, Any] = {"host": f"{parts.scheme}://{parts.hostname}", "port": parts.port or 9200}
            config |= {"user": parts.username or "nobody", "password": parts.password or "nothing"}
            found.append(("Elasticsearch", "elasticsearch", config))
        return [
            (label, provider, {**config, "collection_name": self._collection(name)})
            for label, provider, config in found
        ]

    def _collection(self, name: str) -> str:
        return f"{self.stores.prefix or 'compare'}-mem0-{name}".lower()
