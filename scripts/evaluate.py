"""Measure retrieval on evaluation sets: recall@5/10/20 and MRR, beside BM25, the embedder and their plain fusion.

    python scripts/evaluate.py --data DIR [--set NAME ...] [--config FILE] [--mode messages|consolidated|both]
                               [--store sqlite|elasticsearch] [--no-embedder]

Each conversation becomes one user. Its messages are imported and its questions asked, with the messages alone
(`messages`), and after a consolidation (`consolidated`); a memory that is found counts for the messages it came from,
in rank order without repeats. Questions without evidence are left out and counted. A question whose moment is not
known is asked when the last message was said. See evaluation_data.py for the format, and stores.py for where the
Elasticsearch is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation_data import Conversation, EvaluationSet, Question, read_set, set_names
from evaluation_scores import CUTS, DEPTH, Score, mean, plain_rankings, score, without_repeats
from rich.console import Console
from rich.progress import Progress, TaskID
from stores import KINDS, Stores, stores

import memoryengine
from memoryengine import AsyncMemoryEngine, ConfigError
from memoryengine.clock import SystemClock
from memoryengine.ports import Embedder, Vector
from memoryengine.user_memory import AsyncUserMemory
from memoryengine.values import Hit, Memory

DATA = "MEMORYENGINE_EVAL_DATA"
MODES = ("messages", "consolidated", "both")
IMPORT_BATCH = 500
Rankings = dict[str, list[list[str]]]


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
class Bench:
    """How a run is made: the config, where its stores are, and which modes it measures."""

    config: str
    stores: Stores
    modes: tuple[str, ...]
    embedder: bool
    reflect: bool

    def engine(self, name: str) -> AsyncMemoryEngine:
        """An engine on a store of its own for the set `name`."""
        config: dict[str, object] = {
            "extends": self.config,
            "time_zone": "UTC",
            "store": self.stores.spec(name),
        }
        if not self.embedder:
            config["models"] = {"embedder": None}
        return AsyncMemoryEngine(config)


async def measure(bench: Bench, data: EvaluationSet, progress: Progress) -> dict[str, Any]:
    """Everything measured on one set."""
    task = progress.add_task(data.name, total=len(data.conversations))
    found: Rankings = {}
    began = time.perf_counter()
    async with bench.engine(data.name) as engine:
        # The engine has one embedder; what is put in its place here asks that one.
        models = engine._engine.models
        embedder = EachTextOnce(models.embedder) if models.embedder is not None else None
        models.__dict__["embedder"] = embedder
        for conversation in data.conversations:
            plain = await plain_rankings(conversation.messages, conversation.questions, embedder)
            ours = await ask_all(bench, engine.user(conversation.id), conversation, progress, task)
            for method, rankings in {**ours, **plain}.items():
                found.setdefault(method, []).extend(rankings)
            progress.advance(task)
    questions = [q for c in data.conversations for q in c.questions]
    return {
        "conversations": len(data.conversations),
        "messages": data.messages,
        "questions": data.questions,
        "left_out": data.left_out,
        "embedder": embedder.name if embedder else None,
        "seconds": round(time.perf_counter() - began, 1),
        "methods": {method: by_category(rankings, questions) for method, rankings in found.items()},
    }


async def ask_all(
    bench: Bench, memory: AsyncUserMemory, conversation: Conversation, progress: Progress, task: TaskID
) -> Rankings:
    """What the engine ranks for each question of a conversation, in each mode."""
    found: Rankings = {}
    for start in range(0, len(conversation.messages), IMPORT_BATCH):
        await memory.add_messages(conversation.messages[start : start + IMPORT_BATCH])
    for mode in bench.modes:
        if mode == "consolidated":
            progress.update(task, description=f"{task_name(progress, task)} (consolidating)")
            await memory.consolidate()
            if bench.reflect:
                await memory.reflect()
        progress.update(task, description=task_name(progress, task))
        sources = await sources_of_memories(memory)
        found[mode] = [await ask(memory, q, conversation, sources) for q in conversation.questions]
    return found


def task_name(progress: Progress, task: TaskID) -> str:
    """The set that a task stands for, without what it is doing."""
    return progress.tasks[progress.task_ids.index(task)].description.partition(" ")[0]


async def ask(
    memory: AsyncUserMemory, question: Question, conversation: Conversation, sources: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """The messages that the engine finds, best first."""
    result = await memory.retrieve(question.query, asked_at=question.asked_at or conversation.end, limit=DEPTH)
    return without_repeats(id_ for hit in result.hits for id_ in messages_of(hit, sources))


async def sources_of_memories(memory: AsyncUserMemory) -> dict[str, tuple[str, ...]]:
    """The messages behind each memory; an insight rests on those of the memories that it cites."""
    memories = (await memory.list()).memories
    own = {m.id: m.sources for m in memories}
    return {m.id: m.sources or tuple(s for e in m.evidence for s in own.get(e, ())) for m in memories}


def messages_of(hit: Hit, sources: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The messages that a hit stands for."""
    return sources.get(hit.item.id, ()) if isinstance(hit.item, Memory) else (hit.item.id,)


def by_category(rankings: Sequence[Sequence[str]], questions: Sequence[Question]) -> dict[str, dict[str, Any]]:
    """The mean score of all questions and of each category, with their counts."""
    scores: dict[str, list[Score]] = {"all": []}
    for ranking, question in zip(rankings, questions, strict=True):
        one = score(ranking, question)
        scores["all"].append(one)
        scores.setdefault(question.category, []).append(one)
    return {category: {"questions": len(held), **mean(held).shown()} for category, held in scores.items()}


def table(name: str, measured: Mapping[str, Any]) -> str:
    """What a person reads of one set."""
    cuts = "".join(f"{f'R@{k}':>8}" for k in CUTS)
    head = (
        f"{name}: {measured['messages']} messages of {measured['conversations']} users, {measured['questions']} "
        f"questions ({measured['left_out']} without evidence left out), embedder {measured['embedder'] or 'off'}, "
        f"{measured['seconds']} s"
    )
    lines = [head, f"  {'category':<28}{'n':>6}  {'method':<14}{cuts}{'MRR':>8}"]
    methods = measured["methods"]
    for category in next(iter(methods.values())):
        for method, scores in methods.items():
            one = scores[category]
            numbers = "".join(f"{one[f'recall@{k}']:>8.1f}" for k in CUTS)
            lines.append(f"  {category:<28}{one['questions']:>6}  {method:<14}{numbers}{one['mrr']:>8.3f}")
    return "\n".join(lines)


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA), help=f"folder of the sets (else ${DATA})")
    parser.add_argument("--set", action="append", metavar="NAME", help="a set; may be repeated (default: all)")
    parser.add_argument("--config", default="embedded", help="config file or stock name (default: embedded)")
    parser.add_argument("--mode", choices=MODES, default="messages", help="what memory holds (default: messages)")
    parser.add_argument("--no-embedder", action="store_true", help="search by keyword alone")
    parser.add_argument("--reflect", action="store_true", help="reflect after each consolidation")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions of each set")
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="where memory is kept (default: sqlite)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files of the stores here")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all numbers as JSON, after each set")
    parser.add_argument("--resume", action="store_true", help="leave out the sets that --out holds already")
    chosen = parser.parse_args()
    if chosen.data is None or not Path(chosen.data).is_dir():
        parser.error(f"--data (or ${DATA}) must name a folder with evaluation sets; it is {chosen.data}.")
    if chosen.resume and chosen.out is None:
        parser.error("--resume needs --out: the file that says what is done.")
    unknown = set(chosen.set or ()) - set(set_names(chosen.data))
    if unknown:
        parser.error(f"there is no set {min(unknown)!r}; there is: {', '.join(set_names(chosen.data))}.")
    return chosen


def earlier(chosen: argparse.Namespace, options: Mapping[str, Any]) -> dict[str, Any]:
    """The sets that an earlier run with the same options has finished."""
    if not chosen.resume or not chosen.out.is_file():
        return {}
    held = json.loads(chosen.out.read_text("utf-8"))
    if held["options"] != options:
        raise SystemExit(f"{chosen.out} was made with other options: {held['options']}. Choose another --out.")
    sets: dict[str, Any] = held["sets"]
    return sets


def write(path: Path | None, options: Mapping[str, Any], sets: Mapping[str, Any]) -> None:
    """Put the numbers into the file whole or not at all."""
    if path is not None:
        draft = path.with_name(f"{path.name}.part")
        whole = {"memoryengine": memoryengine.__version__, "options": options, "sets": sets}
        draft.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
        draft.replace(path)


def main() -> None:
    """Measure every chosen set and print its table."""
    chosen = read_arguments()
    modes = ("messages", "consolidated") if chosen.mode == "both" else (chosen.mode,)
    options = {
        "config": chosen.config,
        "store": chosen.store,
        "modes": list(modes),
        "embedder": not chosen.no_embedder,
        "reflect": chosen.reflect,
        "limit": chosen.limit,
    }
    sets = earlier(chosen, options)
    console = Console(stderr=True)
    with stores(chosen.store, chosen.keep) as made:
        bench = Bench(chosen.config, made, modes, not chosen.no_embedder, chosen.reflect)
        for name in chosen.set or set_names(chosen.data):
            if name not in sets:
                data = read_set(chosen.data, name, SystemClock(), chosen.limit)
                with Progress(console=console, transient=True) as progress:
                    sets[name] = asyncio.run(measure(bench, data, progress))
                write(chosen.out, options, sets)
            print(table(name, sets[name]), flush=True)


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
