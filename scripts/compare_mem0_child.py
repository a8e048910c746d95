"""The other side of compare_mem0.py, run by the Python of mem0's own virtual environment: it imports nothing of ours.

Each line of its input is one request as JSON, each line of its output the answer. A time is that of mem0's own call.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from compare_data import DIMENSIONS, Texts, Vectors

PART = 1_000


class Stub:
    """An embedder as mem0 calls one, without a model."""

    def __init__(self) -> None:
        self._vectors = Vectors()

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:  # noqa: ARG002
        """The vector of a text."""
        vector: list[float] = self._vectors.of([text])[0].tolist()
        return vector

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:  # noqa: ARG002
        """The vectors of texts."""
        vectors: list[list[float]] = self._vectors.of(texts).tolist()
        return vectors


class Other:
    """The memories of mem0 that are open, by name."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def version(self) -> str:
        """Which mem0 it is."""
        return version("mem0ai")

    def open(self, name: str, provider: str, config: dict[str, Any], history: str) -> str:
        """Open a memory on a kind of store; returns what that is called there."""
        from mem0 import Memory  # type: ignore[import-not-found,unused-ignore]  # it lives in its own environment

        nobody = {"provider": "openai", "config": {"api_key": "never used"}}
        held = {"provider": provider, "config": {**config, "embedding_model_dims": DIMENSIONS}}
        whole = {"vector_store": held, "embedder": nobody, "llm": nobody, "history_db_path": history}
        self._held[name] = memory = Memory.from_config(whole)
        memory.embedding_model = Stub()
        return type(memory.vector_store).__name__

    def fill(self, name: str, user: str, size: int, seed: int, patience: float) -> tuple[float, int]:
        """Memories through the vector store's own insert, in batches, with the payload that `add` makes.

        Returns the seconds and how many were inserted: less than `size` where all would take longer than `patience`.
        """
        from mem0.utils.lemmatization import (  # type: ignore[import-not-found,unused-ignore]
            lemmatize_for_bm25,
        )

        memory, texts, now = self._held[name], Texts(seed), datetime.now(UTC).isoformat()
        began = time.perf_counter()
        for start in range(0, size, PART):
            if start and (time.perf_counter() - began) * size / start > patience:
                return time.perf_counter() - began, start
            some = [texts.next() for _ in range(start, min(start + PART, size))]
            memory.vector_store.insert(
                vectors=memory.embedding_model.embed_batch(some),
                ids=[str(uuid.uuid4()) for _ in some],
                payloads=[
                    {"user_id": user, "role": "user", "data": text, "hash": str(hash(text)), "created_at": now,
                     "updated_at": now, "text_lemmatized": lemmatize_for_bm25(text)}
                    for text in some
                ],
            )  # fmt: skip
        return time.perf_counter() - began, size

    def search(self, name: str, user: str, query: str) -> tuple[float, float, int]:
        """The seconds that a search takes, those of the processor, and how many memories it finds."""
        began, worked = time.perf_counter(), time.process_time()
        found = self._held[name].search(query, filters={"user_id": user})
        return time.perf_counter() - began, time.process_time() - worked, len(found["results"])

    def add(self, name: str, user: str, text: str) -> float:
        """The seconds that one message takes."""
        began = time.perf_counter()
        self._held[name].add([{"role": "user", "content": text}], user_id=user, infer=False)
        return time.perf_counter() - began


def main() -> None:
    other, answers = Other(), sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: Any = {"result": getattr(other, request.pop("do"))(**request)}
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
