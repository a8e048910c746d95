"""One evaluation set through the engine: its messages imported, or found where an earlier run put them, and asked.

Each question is asked with the moment and the asker that the set knows; plain methods rank for it too.
"""

from __future__ import annotations

import asyncio
import copyreg
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType, ModuleType

import evaluation_scores as scores_module
from evaluation_data import Conversation, EvaluationSet, Question, read_set
from evaluation_embedder import VectorFile, embedder_of
from evaluation_parts import changed, without
from evaluation_scores import DEPTH, plain_rankings, plain_text, without_repeats
from stores import Stores

from memoryengine import AsyncMemoryEngine
from memoryengine import ranking as ranking_module
from memoryengine import records as records_module
from memoryengine import text as text_module
from memoryengine.clock import SystemClock
from memoryengine.models.metered import MeteredEmbedder
from memoryengine.ports import Embedder, Vector
from memoryengine.records import MESSAGES, message_document, searched_text
from memoryengine.results import Result
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Hit, Memory
from memoryengine.workflow import Plan

IMPORT_BATCH = 500
SHOWN_HITS = 20
SAMPLE = 100
OFF = "off"
RETRIEVE = "retrieve_memory"
copyreg.pickle(
    MappingProxyType, lambda held: (MappingProxyType, (dict(held),))
)  # a message without metadata has such a mapping

Tell = Callable[[str], None]
Rankings = Mapping[str, tuple[tuple[str, ...], ...]]
Sources = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Bench:
    """How a run is made: the data, the config, where its stores are, which modes it measures.

    `embedder` is that of the config where it is empty, none where it is `off`, else FILE:CLASS. `without` are parts of
    the workflow that retrieves which are taken out, `changes` its settings that are changed.
    """

    data: Path
    stores: Stores
    config: str = "embedded"
    modes: tuple[str, ...] = ("messages",)
    embedder: str = ""
    vectors: Path | None = None
    reflect: bool = False
    limit: int | None = None
    kept: bool = False
    without: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def engine(self, data: EvaluationSet) -> AsyncMemoryEngine:
        """An engine on a store of the set, with the embedder of this bench."""
        config: dict[str, object] = {"extends": self.config, "time_zone": "UTC"}
        if self.embedder == OFF:
            config["models"] = {"embedder": None}
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
        """The set's name; of a store that stays, with a hash of what fills it, and older fillings are taken away."""
        if not self.kept or self.stores.url:
            return data.name
        led = f"{data.name}.{blake2b(self.embedder.encode(), digest_size=3).hexdigest()}."
        name = f"{led}{filling(data)}"
        again = self.modes != ("messages",)  # a consolidation changes what is there
        for file in self.stores.folder.glob(f"{led}*"):
            if again or not file.name.startswith(f"{name}."):
                file.unlink()
        return name


def filling(data: EvaluationSet) -> str:
    """A hash of what a store of this set holds: the questions' conversations, and how a document is made of a message.

    The documents of some messages, spread over the set, and the source of what cuts the terms stand for all.
    """
    messages = [m for c in data.conversations for m in c.messages]
    digest = blake2b(repr([(c.id, len(c.messages)) for c in data.conversations]).encode(), digest_size=6)
    for module in (text_module, records_module):
        digest.update(_source(module))
    for message in messages[:: max(1, len(messages) // SAMPLE)]:
        document = message_document(message)
        fields = {name: value for name, value in document.fields.items() if name != "recorded_at"}
        digest.update(repr((document.id, fields, document.terms, searched_text(message))).encode("utf-8", "replace"))
    return digest.hexdigest()


def _source(module: ModuleType) -> bytes:
    return Path(module.__file__ or "").read_bytes()


class EachTextOnce:
    """An embedder that remembers, because the plain ranking and the engine embed the same texts."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._held: dict[tuple[str, bool], Vector] = {}

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self._inner.name

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._inner.dimensions

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """The vectors; only new texts reach the model."""
        missing = [t for t in dict.fromkeys(texts) if (t, query) not in self._held]
        if missing:
            vectors = await self._inner.embed(missing, query=query)
            self._held.update(((t, query), v) for t, v in zip(missing, vectors, strict=True))
        return [self._held[t, query] for t in texts]

    async def close(self) -> None:
        """Close the model."""
        await self._inner.close()


@dataclass(frozen=True)
class Seen:
    """A hit as plain values, which one process can hand to another."""

    id: str
    kind: str
    text: str
    score: float
    channels: Mapping[str, float]
    parts: Mapping[str, float]
    ranks: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
    """What the engine found for one question in one mode: messages best first, the first hits, and how long it took.

    `ranking` is deeper than `hits`.
    """

    ranking: tuple[str, ...]
    hits: tuple[Seen, ...]
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SetRun:
    """A set after its run: for each mode the answers in the order of `questions`, and what plain methods rank.

    `traps` are the answers, in the first mode, to the questions that memory cannot answer.
    """

    data: EvaluationSet
    embedder: str
    seconds: float
    answers: Mapping[str, tuple[Answer, ...]]
    plain: Rankings
    traps: tuple[Answer, ...]

    @property
    def rankings(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """Every method's rankings, the engine's modes first."""
        return {**{mode: [a.ranking for a in held] for mode, held in self.answers.items()}, **self.plain}


def run_set(bench: Bench, name: str, tell: Tell = lambda _: None) -> SetRun:
    """Everything measured on one set; `tell` hears what is done now."""
    made: list[SetRun] = []

    async def run() -> None:
        # Not returned: asyncio.run writes the repr of what its task returned when it puts the signal handler back.
        made.append(await measure(bench, read_set(bench.data, name, SystemClock(), bench.limit), tell))

    asyncio.run(run())
    return made[0]


async def measure(bench: Bench, data: EvaluationSet, tell: Tell) -> SetRun:
    """As `run_set`, of a set that is read."""
    began = time.perf_counter()
    answers: dict[str, list[Answer]] = {}
    traps: list[Answer] = []
    engine = bench.engine(data)
    async with engine:
        embedder = engine._engine.models.embedder
        plain = await plain_of(bench, data, embedder)
        for number, conversation in enumerate(data.conversations, start=1):
            tell(f"{data.name} {number}/{len(data.conversations)}")
            await embed_at_once(embedder, conversation)
            memory = engine.user(conversation.id)
            await fill(memory, conversation)
            for mode in bench.modes:
                found = await ask_all(bench, memory, conversation, mode)
                answers.setdefault(mode, []).extend(found[: len(conversation.questions)])
                traps += found[len(conversation.questions) :] if mode == bench.modes[0] else []
    return SetRun(
        data,
        embedder.name if embedder else "",
        time.perf_counter() - began,
        {mode: tuple(held) for mode, held in answers.items()},
        plain,
        tuple(traps),
    )


async def plain_of(bench: Bench, data: EvaluationSet, embedder: Embedder | None) -> Rankings:
    """What plain methods rank for a set's questions; kept beside the stores, for the same code and texts."""
    file = bench.stores.folder / f"{bench.store_name(data)}.plain.json"
    said = [(c.id, [(m.id, plain_text(m)) for m in c.messages], [(q.id, q.query) for q in c.questions])
            for c in data.conversations]  # fmt: skip
    digest = blake2b(repr((said, embedder and embedder.name)).encode("utf-8", "replace"), digest_size=16)
    for module in (scores_module, ranking_module, text_module):
        digest.update(_source(module))
    if bench.kept and file.is_file() and (held := json.loads(file.read_text("utf-8")))["of"] == digest.hexdigest():
        return {method: tuple(map(tuple, rankings)) for method, rankings in held["rankings"].items()}
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for conversation in data.conversations:
        for method, rankings in (await plain_rankings(conversation.messages, conversation.questions, embedder)).items():
            found[method] = (*found.get(method, ()), *map(tuple, rankings))
    if bench.kept:
        file.write_text(json.dumps({"of": digest.hexdigest(), "rankings": found}), "utf-8")
    return found


async def embed_at_once(embedder: Embedder | None, conversation: Conversation) -> None:
    """Embed the questions in one call, so that no model and no file is asked while retrieval is timed."""
    if embedder is not None:
        await embedder.embed([q.query for q in (*conversation.questions, *conversation.traps)], query=True)


async def fill(memory: AsyncUserMemory, conversation: Conversation) -> None:
    """Import the messages, where they are not there already."""
    engine = memory.engine._engine
    if await engine.store.count(memory.scope, MESSAGES) < len(conversation.messages):
        for start in range(0, len(conversation.messages), IMPORT_BATCH):
            await memory.add_messages(conversation.messages[start : start + IMPORT_BATCH])
    await engine.reader(memory.scope).embed_waiting()


async def ask_all(bench: Bench, memory: AsyncUserMemory, conversation: Conversation, mode: str) -> list[Answer]:
    """The answers to the questions and then to the traps of a conversation, in a mode."""
    if mode == "consolidated":
        await memory.consolidate()
        if bench.reflect:
            await memory.reflect()
    sources = await sources_of_memories(memory)
    return [await answer(memory, q, conversation, sources) for q in (*conversation.questions, *conversation.traps)]


async def answer(memory: AsyncUserMemory, question: Question, conversation: Conversation, sources: Sources) -> Answer:
    """What the engine finds for a question, timed without the embedding of the question."""
    began = time.perf_counter()
    result = await ask(memory, question, conversation)
    seconds = time.perf_counter() - began
    ranking = without_repeats(id_ for hit in result.hits for id_ in messages_of(hit, sources))
    return Answer(tuple(ranking), tuple(map(seen, result.hits[:SHOWN_HITS])), seconds, result.warnings)


def seen(hit: Hit) -> Seen:
    """What is kept of a hit."""
    parts = (dict(hit.channels), dict(hit.parts), dict(hit.ranks))
    return Seen(hit.item.id, hit.kind, searched_text(hit.item), hit.score, *parts)


async def ask(memory: AsyncUserMemory, question: Question, conversation: Conversation) -> Result:
    """Ask the engine: when the question was asked, else at the end, and by whom, where that is known."""
    given: dict[str, object] = {"asked_at": question.asked_at or conversation.end, "limit": DEPTH}
    if question.asker and "asker" in memory.engine.plan(RETRIEVE).inputs:
        given["asker"] = question.asker
    return await memory.retrieve(question.query, **given)


async def sources_of_memories(memory: AsyncUserMemory) -> dict[str, tuple[str, ...]]:
    """The messages behind each memory; an insight rests on those of the memories that it cites."""
    memories = (await memory.list()).memories
    own = {m.id: m.sources for m in memories}
    return {m.id: m.sources or tuple(s for e in m.evidence for s in own.get(e, ())) for m in memories}


def messages_of(hit: Hit, sources: Sources) -> tuple[str, ...]:
    """The messages that a hit stands for."""
    return sources.get(hit.item.id, ()) if isinstance(hit.item, Memory) else (hit.item.id,)
