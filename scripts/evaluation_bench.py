"""How a measurement is made: the engine with the embedder, the stores and the workflow that the command line asks for.

Stores that are kept go by what fills them, so that a later run finds them as long as a message is laid down the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from hashlib import blake2b
from pathlib import Path
from types import ModuleType

from evaluation_data import EvaluationSet
from evaluation_embedder import VectorFile, embedder_of
from evaluation_parts import changed, without
from stores import Stores

from memoryengine import AsyncMemoryEngine
from memoryengine import records as records_module
from memoryengine import text as text_module
from memoryengine.models.metered import MeteredEmbedder
from memoryengine.ports import Embedder, Vector, languages_of
from memoryengine.records import message_document, searched_text
from memoryengine.values import Language
from memoryengine.workflow import Plan

SAMPLE = 100
OFF = "off"
RETRIEVE = "retrieve_memory"


@dataclass(frozen=True)
class Bench:
    """How a run is made: the data, the config, where its stores are, which modes it measures.

    `embedder` is that of the config where it is empty, none where it is `off`, else FILE:CLASS. `without` are parts of
    the workflow that retrieves which are taken out, `changes` its settings that are changed; with `detail` the
    questions that memory cannot answer are asked too, and all hits kept.
    """

    data: Path
    stores: Stores
    config: str = "embedded"
    modes: tuple[str, ...] = ("messages",)
    embedder: str = ""
    vectors: Path | None = None
    reflect: bool = False
    limit: int | None = None
    every: int = 1
    kept: bool = False
    detail: bool = False
    without: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def engine(self, data: EvaluationSet) -> AsyncMemoryEngine:
        """An engine on a store of the set, with the embedder of this bench."""
        config: dict[str, object] = {"extends": self.config, "time_zone": "UTC"}
        if self.embedder == OFF:
            config["models"] = {"embedder": None}
        self._make_room(data)
        config["store"] = self.stores.spec(self.store_name(data))
        engine = AsyncMemoryEngine(config)
        plans = {**engine._engine.plans, RETRIEVE: self.plan(engine.plan(RETRIEVE))}
        engine._engine = replace(engine._engine, plans=plans)
        models = engine._engine.models
        chosen = self._chosen_embedder() or models.embedder
        # The engine has one embedder; what is put in its place here asks that one.
        models.__dict__["embedder"] = EachTextOnce(chosen) if chosen is not None else None
        return engine

    def plan(self, plan: Plan) -> Plan:
        """The plan with what this bench takes out of it and changes in it."""
        return reduce(changed, self.changes, reduce(without, self.without, plan))

    def _chosen_embedder(self) -> Embedder | None:
        if self.embedder in ("", OFF):
            return None
        made = embedder_of(self.embedder)
        return MeteredEmbedder(made if self.vectors is None else VectorFile(made, self.vectors))

    def store_name(self, data: EvaluationSet) -> str:
        """The set's name; of a store that stays, with a hash of what fills it."""
        if not self.kept or self.stores.url:
            return data.name
        return f"{self._led(data)}{filling(data)}"

    def _led(self, data: EvaluationSet) -> str:
        return f"{data.name}.{blake2b(self.embedder.encode(), digest_size=3).hexdigest()}."

    def _make_room(self, data: EvaluationSet) -> None:
        """Take older fillings of a set away, and every one of a run that consolidates, which changes what is there."""
        if self.kept and not self.stores.url:
            stays = f"{self.store_name(data)}." if self.modes == ("messages",) else "\0"
            for file in self.stores.folder.glob(f"{self._led(data)}*"):
                if not file.name.startswith(stays):
                    file.unlink()


def filling(data: EvaluationSet) -> str:
    """A hash of what a store of this set holds: the questions' conversations, and how a document is made of a message.

    The documents of some messages, spread over the set, and the source of what cuts the terms stand for all.
    """
    messages = [m for c in data.conversations for m in c.messages]
    digest = blake2b(repr([(c.id, len(c.messages)) for c in data.conversations]).encode(), digest_size=6)
    for module in (text_module, records_module):
        digest.update(source(module))
    for message in messages[:: max(1, len(messages) // SAMPLE)]:
        document = message_document(message)
        fields = {name: value for name, value in document.fields.items() if name != "recorded_at"}
        digest.update(repr((document.id, fields, document.terms, searched_text(message))).encode("utf-8", "replace"))
    return digest.hexdigest()


def source(module: ModuleType) -> bytes:
    """The file that a module was read from."""
    return Path(module.__file__ or "").read_bytes()


class EachTextOnce:
    """An embedder that remembers, because the plain ranking and the engine embed the same texts.

    `seconds` is what its model has taken so far.
    """

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._held: dict[tuple[str, bool], Vector] = {}
        self.seconds = 0.0

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self._inner.name

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._inner.dimensions

    @property
    def languages(self) -> Sequence[Language] | None:
        """The languages that the model declares to know, if it does."""
        return languages_of(self._inner)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """The vectors; only new texts reach the model."""
        missing = [t for t in dict.fromkeys(texts) if (t, query) not in self._held]
        if missing:
            began = time.perf_counter()
            vectors = await self._inner.embed(missing, query=query)
            self.seconds += time.perf_counter() - began
            self._held.update(((t, query), v) for t, v in zip(missing, vectors, strict=True))
        return [self._held[t, query] for t in texts]

    async def close(self) -> None:
        """Close the model."""
        await self._inner.close()
