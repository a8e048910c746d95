"""The whole of a MemoryScope config turned into ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem
from ..yaml_tree import Node
from . import models, workers, workflows
from .source import Source

LANGUAGES = {"cn": "zh", "zh": "zh", "en": "en"}
OWN_WORDS = {"用户", "user", ""}  # what a person without a name is called anyway
LEFT = "is not carried over: there is nothing like it."


@dataclass(frozen=True)
class Converted:
    """A config of ours, the workflows that go with it by operation, and a line for whatever was not carried over."""

    config: Mapping[str, Any]
    workflows: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


def convert(root: Node) -> Converted:
    """Turn the tree of a MemoryScope config into ours; nothing is read but the tree."""
    source = Source(root)
    service = _only(source, "memory_service")
    chat = _only(source, "memory_chat")
    at_once = source.take("global", "thread_pool_max_workers")
    config: dict[str, Any] = {"language": _language(source), **_names(source, service)}
    config["store"] = _store(source)
    config["models"] = _models(source, at_once)
    instances = workers.instances(source)
    found = workflows.operations(source, service)
    config["instances"] = _tuned(source, instances)
    config["chat"] = {"memories": source.take("global", "output_memory_max_count") or 20}
    config["schedule"] = _schedule(source, service)
    _explain(source, service, chat)
    for path in list(source.rest()):
        source.note(path, LEFT)
    notes = sorted(source.notes, key=lambda note: (note.line, note.column))
    return Converted({key: value for key, value in config.items() if value != {}}, found, tuple(notes))


def _only(source: Source, part: str) -> str:
    """The one entry of a part that is used; the others are named."""
    names = source.names(part)
    for name in names[1:]:
        source.note((part, name), f"is not carried over: a config has one, and that is `{names[0]}`.")
    return names[0] if names else ""


def _language(source: Source) -> str:
    given = str(source.take("global", "language") or "en")
    if given not in LANGUAGES:
        source.note(("global", "language"), f"is {given!r}; each text speaks for itself now.")
    return LANGUAGES.get(given, "auto")


def _names(source: Source, service: str) -> dict[str, str]:
    human = str(source.take("memory_service", service, "human_name") or "")
    assistant = str(source.take("memory_service", service, "assistant_name") or "")
    source.take("memory_service", service, "class")
    named = {} if human in OWN_WORDS else {"human_name": human}
    return {**named, **({"assistant_name": assistant} if assistant else {})}


def _store(source: Source) -> dict[str, object]:
    path = ("memory_store",)
    held = str(source.take(*path, "class") or "")
    if not held.endswith("llama_index_es_memory_store"):
        if held:
            source.note((*path, "class"), "is no store on Elasticsearch: memory goes into a file of its own.")
        return {"use": "sqlite"}
    url = source.take(*path, "es_url") or "http://localhost:9200"
    index = re.sub(r"[^a-z0-9_-]", "-", str(source.take(*path, "index_name") or "memory_index").lower()).lstrip("_-")
    store: dict[str, object] = {
        "use": "elasticsearch",
        "url": f"${{ELASTICSEARCH_URL:-{url}}}",
        "index_prefix": f"${{MEMORYENGINE_INDEX_PREFIX:-{index}}}",
    }
    for theirs, ours in (("es_user", "user"), ("es_password", "password"), ("es_api_key", "api_key")):
        if source.take(*path, theirs):
            store[ours] = f"${{ELASTICSEARCH_{ours.upper()}}}"
            if ours != "user":
                source.note((*path, theirs), f"is not copied: export ELASTICSEARCH_{ours.upper()}=...")
    source.note((*path, "index_name"), "names the new indices only: memories in MemoryScope's own index stay there.")
    source.note((*path, "retrieve_mode"), "is not carried over: keyword and vector are searched at once, always.")
    source.note((*path, "hybrid_alpha"), "is not carried over: `semantic_rank` has weights for the two searches.")
    return store


def _models(source: Source, at_once: int | None) -> dict[str, object]:
    held = {name: source.peek("worker", name) or {} for name in source.names("worker")}
    named = models.names_of(source, held)
    ranked = source.take("global", "enable_ranker")
    found: dict[str, object] = {
        "chat": models.chat(source, named["chat"], at_once),
        "embedder": models.embedder(source, named["embedder"], at_once),
        "reranker": models.reranker(source, named["reranker"], at_once) if ranked is not False else None,
    }
    if ranked is False and named["reranker"]:
        source.note(("global", "enable_ranker"), f"is false: the model `{named['reranker']}` is left out.")
        source.take("model", named["reranker"])
    return found


def _tuned(source: Source, instances: workers.Instances) -> workers.Instances:
    """The instances with what the global settings and the rank model say of them."""
    most = source.take("global", "output_memory_max_count")
    if most:
        instances.setdefault("limit_hits", {})["top_k"] = most
    for name in source.names("model"):
        top = source.take("model", name, "top_n")
        if top:
            for reranking in ("semantic_rank", "rerank_hits"):  # of a line of theirs, and of the stock workflow
                instances.setdefault(reranking, {})["top_n"] = top
    source.take("global", "enable_long_contra_repeat")
    if source.take("global", "enable_today_contra_repeat") is False:
        source.note(("global", "enable_today_contra_repeat"), workers.NEAR_AND_NEW)
    return {name: {"use": name, **settings} for name, settings in instances.items()}


def _schedule(source: Source, service: str) -> dict[str, object]:
    """What ran in loops of so many seconds runs on the schedule, at most once a minute and where there is work."""
    jobs: dict[str, object] = {}
    for name in source.names("memory_service", service, "memory_operations"):
        path = ("memory_service", service, "memory_operations", name, "interval_time")
        seconds = source.number(*path)
        if seconds is None:
            continue
        minutes = max(1, math.ceil(seconds / 60))
        if name == "consolidate_memory":
            jobs["consolidate"] = {"operation": name, "idle_minutes": minutes, "messages": 40}
            source.note(path, f"was a loop of {seconds} s: now {minutes} min after a talk, or when 40 messages wait.")
        else:
            short = "reflect" if name == "reflect_and_reconsolidate" else name
            jobs[short] = {"operation": name, "every_minutes": minutes}
            source.note(path, f"was a loop of {seconds} s: now every {minutes} min, which asks no model without need.")
    return jobs


def _explain(source: Source, service: str, chat: str) -> None:
    """The lines for what a call or a program says with us, and not the config."""
    source.take("memory_chat", chat, "class")
    source.take("memory_chat", chat, "memory_service")
    source.take("memory_chat", chat, "generation_model")
    source.note(
        ("memory_chat", chat, "stream"),
        "is said by the call: stream_with_memory() streams, chat_with_memory() does not; `memoryengine chat` streams.",
    )
    source.note(("memory_chat", chat, "generation_model_kwargs"), workers.MODEL_ARGUMENTS)
    source.note(("monitor",), "is not carried over: what each worker did and cost is kept (`memoryengine runs`).")
    for name in source.names("memory_service", service, "memory_operations"):
        source.take("memory_service", service, "memory_operations", name, "class")
