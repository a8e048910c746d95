"""From settings to the objects of an engine: models, a store, checked workflows; all problems before any work.

Adapters are imported only here and only when a config names them, so that the engine itself starts fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import ConfigError, Problem
from .ports import ChatModel, Embedder, Reranker, Store, VectorSpace
from .settings import ModelSettings, Settings, read_settings
from .worker import WorkerSpec
from .workflow import Plan, check_workflows, load_workers, load_workflows, lost_workers, misspelt_instances
from .yaml_tree import NOWHERE, suggestion

OWN_PORTS = frozenset({"reader", "clock", "locale", "patience"})
RETRIEVAL = "retrieve_memory"
CHAT_INPUTS = ("query", "window", "kinds")
"""What a chat gives to the operation that retrieves memories; it may leave out all but the query."""

STORES = {
    "sqlite": "memoryengine.stores.sqlite:SqliteStore",
    "elasticsearch": "memoryengine.stores.elasticsearch:ElasticsearchStore",
}


@dataclass(frozen=True)
class Models:
    """The models of one engine, each built when it is first asked for, so that no unused adapter is loaded."""

    settings: ModelSettings

    @cached_property
    def chat(self) -> ChatModel | None:
        """The chat model, None where it is switched off."""
        from .models import build, metered

        spec = self.settings.chat
        return None if spec is None else metered.MeteredChat(build.build_chat(spec))

    @cached_property
    def embedder(self) -> Embedder | None:
        """The embedder, None where it is switched off."""
        from .models import build, metered

        spec = self.settings.embedder
        return None if spec is None else metered.MeteredEmbedder(build.build_embedder(spec))

    @cached_property
    def reranker(self) -> Reranker | None:
        """The reranker, None where it is switched off."""
        from .models import build, metered

        spec = self.settings.reranker
        return None if spec is None else metered.MeteredReranker(build.build_reranker(spec))

    async def close(self) -> None:
        """Close the models that were built."""
        for name in ("chat", "embedder", "reranker"):
            model = self.__dict__.get(name)
            if model is not None:
                await model.close()


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that was found in a config: its settings, workers and plans, and what is wrong with them."""

    settings: Settings
    workers: Mapping[str, WorkerSpec]
    plans: Mapping[str, Plan]
    problems: tuple[Problem, ...]


def check_config(config: str | Path | Mapping[str, object] | None, environ: Mapping[str, str]) -> Checked:
    """Read a config and all that it names, and report every problem at once; nothing is opened or called."""
    settings, problems = read_settings(config, environ=environ)
    workers, plans, more = check_content(settings)
    return Checked(settings, workers, plans, (*problems, *more))


def check_content(settings: Settings) -> tuple[Mapping[str, WorkerSpec], Mapping[str, Plan], list[Problem]]:
    """The workers and workflows that settings name, checked against each other."""
    base = Path(settings.file).parent if settings.file else Path()
    places = settings.places
    workers, worker_problems = load_workers(
        settings.workers, base, [places[k] for i in range(len(settings.workers)) if (k := f"workers[{i}]") in places]
    )
    workflows, workflow_problems = load_workflows(
        settings.workflows,
        base,
        [places[k] for i in range(len(settings.workflows)) if (k := f"workflows[{i}]") in places],
    )
    lost = lost_workers(settings.workers, base, workers) if worker_problems else frozenset()
    ports = ports_of(settings.models)
    plans, plan_problems = check_workflows(workflows, workers, settings.instances, ports, lost)
    plan_problems += misspelt_instances(settings.instances, workflows, workers)
    plan_problems += _chat_problems(plans.get(RETRIEVAL))
    plan_problems += [] if plan_problems else _schedule_problems(settings, plans)
    return workers, plans, [*worker_problems, *workflow_problems, *plan_problems]


def _chat_problems(plan: Plan | None) -> list[Problem]:
    """Why a chat could not retrieve memories by a workflow that takes the place of the shipped one."""
    if plan is None:
        return []
    more = [name for name, slot in plan.inputs.items() if slot.required and name not in CHAT_INPUTS]
    wrong = [f"it needs {name!r}, which a chat does not give." for name in more]
    wrong += ["it does not take 'query'."] if "query" not in plan.inputs else []
    wrong += ["it does not give 'hits'."] if "hits" not in plan.outputs else []
    hint = f"It may take {', '.join(CHAT_INPUTS)}; give an operation of another kind another name."
    return [plan.place.problem(f"A chat cannot use the operation {RETRIEVAL!r}: {text}", hint) for text in wrong]


def _schedule_problems(settings: Settings, plans: Mapping[str, Plan]) -> list[Problem]:
    """Which jobs name no operation, or one that needs what nobody gives at night."""
    found = []
    for name, job in settings.schedule.items():
        plan = plans.get(job.operation) if job is not None else None
        if job is None or (plan is not None and not any(slot.required for slot in plan.inputs.values())):
            continue
        place = settings.places.get(f"schedule.{name}", NOWHERE)
        if plan is None:
            message = f"The job {name!r} names the operation {job.operation!r}, which there is not."
            found.append(place.problem(message, suggestion(job.operation, plans, there="There is")))
        else:
            needed = ", ".join(key for key, slot in plan.inputs.items() if slot.required)
            message = f"The job {name!r} cannot run {job.operation!r}, which needs {needed}."
            found.append(place.problem(message, "Name an operation that needs no input."))
    return found


def ports_of(models: ModelSettings) -> frozenset[str]:
    """The ports that these models fill, and those that every engine has."""
    named = {"chat": models.chat, "embedder": models.embedder, "reranker": models.reranker}
    return frozenset({name for name, spec in named.items() if spec is not None} | OWN_PORTS)


def vector_space(embedder: Embedder | None) -> VectorSpace | None:
    """What a store must know of an embedder."""
    return None if embedder is None else VectorSpace(embedder.name, embedder.dimensions)


def build_store(spec: Mapping[str, Any]) -> Store:
    """The store that a config names: `{use: sqlite, path: ...}`, or `{class: "package.module:Class", ...}`.

    Raises `ConfigError` where there is no such store, it does not take these settings, or its class is no store.
    """
    from .models.classes import load_class, make_instance

    target = spec.get("class") or STORES.get(str(spec.get("use")))
    if target is None:
        known = ", ".join(STORES)
        raise ConfigError(f"There is no store {spec.get('use')!r}; there is: {known} (or class: package.module:Class).")
    settings = {k: v for k, v in spec.items() if k not in ("use", "class")}
    cls = load_class(str(target), Path(), "store")
    lacking = sorted(name for name in vars(Store) if not name.startswith("_") and not hasattr(cls, name))
    if lacking:
        named = ", ".join(lacking)
        raise ConfigError(f"store.class: {cls.__name__} is no Store of memoryengine.ports: it has no {named}.")
    return make_instance(cls, settings, "store")  # type: ignore[no-any-return]  # the contract suite checks the rest
