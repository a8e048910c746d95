"""One evaluation set through the engine: its messages imported, or found where an earlier run put them, and asked.

Each question is asked with the moment and the asker that the set knows; plain methods rank for it too.
"""

from __future__ import annotations

import asyncio
import copyreg
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType

import evaluation_scores as scores_module
from evaluation_bench import RETRIEVE, Bench, EachTextOnce, source
from evaluation_data import Conversation, EvaluationSet, Question, read_set
from evaluation_scores import DEPTH, plain_rankings, plain_text, without_repeats

from memoryengine import ranking as ranking_module
from memoryengine import text as text_module
from memoryengine.clock import SystemClock
from memoryengine.ports import Embedder
from memoryengine.records import MESSAGES, searched_text
from memoryengine.results import Result
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Hit, Memory

IMPORT_BATCH = 500
SHOWN_HITS = 20
copyreg.pickle(
    MappingProxyType, lambda held: (MappingProxyType, (dict(held),))
)  # a message without metadata has such a mapping

Tell = Callable[[str], None]
Rankings = Mapping[str, tuple[tuple[str, ...], ...]]
Sources = Mapping[str, tuple[str, ...]]


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

    `ranking` is deeper than `hits`; `numbers` are outputs of the workflow; `marked` says that the engine holds the
    question for unanswerable.
    """

    ranking: tuple[str, ...]
    hits: tuple[Seen, ...]
    numbers: Mapping[str, float]
    marked: bool
    seconds: float
    warnings: tuple[str, ...]

    @property
    def signals(self) -> dict[str, float]:
        """Numbers that may tell whether there is an answer: the workflow's own, the best score and of each channel."""
        found = {**self.numbers, "score": max((hit.score for hit in self.hits), default=0.0)}
        for hit in self.hits[:SHOWN_HITS]:
            for name, value in hit.channels.items():
                found[name] = max(value, found.get(name, 0.0))
        return found


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
    def questions(self) -> list[Question]:
        """The questions, in the order of the answers."""
        return [q for c in self.data.conversations for q in c.questions]

    @property
    def rankings(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """Every method's rankings, the engine's modes first."""
        return {**{mode: [a.ranking for a in held] for mode, held in self.answers.items()}, **self.plain}


def run_set(bench: Bench, name: str, tell: Tell = lambda _: None) -> SetRun:
    """Everything measured on one set; `tell` hears what is done now."""
    made: list[SetRun] = []

    async def run() -> None:
        # Not returned: asyncio.run writes the repr of what its task returned when it puts the signal handler back.
        made.append(await measure(bench, read_set(bench.data, name, SystemClock(), bench.limit, bench.every), tell))

    asyncio.run(run())
    return made[0]


async def measure(bench: Bench, data: EvaluationSet, tell: Tell) -> SetRun:
    """As `run_set`, of a set that is read."""
    if not data.questions:
        raise SystemExit(f"The set {data.name!r} has no question with evidence whose conversation has messages.")
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
    said = [(c.id, [(m.id, plain_text(m)) for m in c.messages], [(q.id, q.query) for q in c.questions])
            for c in data.conversations]  # fmt: skip
    digest = blake2b(repr((said, embedder and embedder.name)).encode("utf-8", "replace"), digest_size=4)
    for module in (scores_module, ranking_module, text_module):
        digest.update(source(module))
    file = bench.stores.folder / f"{bench.store_name(data)}.plain.{digest.hexdigest()}.json"
    if bench.kept and file.is_file():
        return {m: tuple(map(tuple, rankings)) for m, rankings in json.loads(file.read_text("utf-8")).items()}
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for conversation in data.conversations:
        for method, rankings in (await plain_rankings(conversation.messages, conversation.questions, embedder)).items():
            found[method] = (*found.get(method, ()), *map(tuple, rankings))
    if bench.kept:
        file.write_text(json.dumps(found), "utf-8")
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
    asked = (*conversation.questions, *(conversation.traps if bench.detail else ()))
    keep = DEPTH if bench.detail else SHOWN_HITS
    return [await answer(memory, q, conversation, sources, keep) for q in asked]


async def answer(
    memory: AsyncUserMemory, question: Question, conversation: Conversation, sources: Sources, keep: int
) -> Answer:
    """What the engine finds for a question, and the first `keep` hits; timed without the embedding of the question."""
    embedder = memory.engine._engine.models.embedder
    model = embedder if isinstance(embedder, EachTextOnce) else None
    began, embedding = time.perf_counter(), model.seconds if model else 0.0
    result = await ask(memory, question, conversation)
    seconds = time.perf_counter() - began - ((model.seconds if model else 0.0) - embedding)
    ranking = without_repeats(id_ for hit in result.hits for id_ in messages_of(hit, sources))
    hits = tuple(map(seen, result.hits[:keep]))
    numbers = {name: float(value) for name, value in result.outputs.items() if isinstance(value, int | float)}
    return Answer(tuple(ranking), hits, numbers, is_marked(result), seconds, result.warnings)


def is_marked(result: Result) -> bool:
    """Whether the engine says that memory holds no answer: it finds nothing, or its output `answerable` is false."""
    return not result.hits or not result.outputs.get("answerable", True)


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
