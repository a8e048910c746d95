"""MemoryScope's workers as ours: which does what, and which of their settings are which of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .source import Source

Instances = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Twin:
    """What stands for one class of theirs: our worker ("" where the engine does it), and settings by their names.

    `settings` maps a name to our workers with their names for it: the separate stage, and the one of the stock workflow
    that does its work. `reasons` says of others why there is nothing to set.
    """

    ours: str
    settings: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


READ_ALL = "has no counterpart: all that are valid are read."
NEAR_AND_NEW = "has no counterpart: new memories are compared with all that are near, and with the newest."
EXPIRED = "has no counterpart: expired memories are listed where they are asked for (expired=true), all of them."

TODAY = "load_today"  # load_memory_worker with `retrieve_today_top_k`
# By the last part of `class`; update_memory_worker is known by its `method`.
TWINS: Mapping[str, Twin] = {
    "set_query_worker": Twin(""),
    "dummy_worker": Twin(""),
    "extract_time_worker": Twin("extract_time"),
    "retrieve_memory_worker": Twin("search_memories", reasons={"retrieve_expired_top_k": EXPIRED}),
    "semantic_rank_worker": Twin("semantic_rank"),
    "fuse_rerank_worker": Twin(
        "fuse_hits",
        {
            "fuse_score_threshold": (("fuse_hits", "least"),),
            "fuse_time_ratio": (("fuse_hits", "time_ratio"),),
        },
    ),
    "print_memory_worker": Twin("print_memories"),
    "read_message_worker": Twin("read_messages"),
    "info_filter_worker": Twin("filter_messages", {"info_filter_msg_max_size": (("filter_messages", "longest"),)}),
    "get_observation_worker": Twin("write_observations"),
    "get_observation_with_time_worker": Twin("write_timed_observations"),
    TODAY: Twin("load_today", {"retrieve_today_top_k": (("load_today", "limit"),)}),
    "load_memory_worker": Twin(
        "load_observations",
        {"retrieve_not_reflected_top_k": (("load_observations", "limit"),)},
        {
            "retrieve_not_updated_top_k": READ_ALL,
            "retrieve_insight_top_k": READ_ALL,
        },
    ),
    "contra_repeat_worker": Twin(
        "compare_with_today",
        {"contra_repeat_max_count": (("compare_with_today", "most"), ("find_conflicts", "most"))},
        {"retrieve_top_k": NEAR_AND_NEW},
    ),
    "long_contra_repeat_worker": Twin(
        "review_observations",
        {
            "long_contra_repeat_threshold": (("review_observations", "like"),),
            "long_contra_repeat_top_k": (("review_observations", "near_each"),),
        },
    ),
    "get_reflection_subject_worker": Twin(
        "reflect_subjects",
        {
            "reflect_obs_cnt_threshold": (("load_observations", "threshold"),),
            "reflect_num_questions": (("reflect_subjects", "most"),),
        },
    ),
    "update_insight_worker": Twin(
        "update_insights",
        {"update_insight_max_count": (("update_insights", "most_known"),)},
        {
            "update_insight_threshold": "has no counterpart: the model is shown the newest observations, and cites.",
            "enable_parallel": "has no counterpart: all subjects are summed up in one call.",
        },
    ),
    "from_memory_key": Twin(""),
    "from_query": Twin("add_custom_memory"),
    "delete_memory": Twin("delete_one_memory"),
    "delete_all": Twin("delete_all_memories"),
}
KINDS = {"conversation": "message", "observation": "observation", "obs_customized": "custom", "insight": "insight"}
REFERENCES = ("class", "generation_model", "embedding_model", "rank_model", "method", "memory_key", "module_name")
MODEL_ARGUMENTS = "has no counterpart: what a model is sent is set at models.chat, for all workers."


def twin_of(source: Source, name: str) -> Twin | None:
    """What stands for one entry of `worker`; None for a class that is not MemoryScope's."""
    held = str(source.take("worker", name, "class") or "").rpartition(".")[2]
    method = str(source.take("worker", name, "method") or "")
    if held == "load_memory_worker" and source.has("worker", name, "retrieve_today_top_k"):
        return TWINS[TODAY]
    return TWINS.get(method if held == "update_memory_worker" else held)


def instances(source: Source) -> Instances:
    """Our instances with the settings of theirs; every setting that has no counterpart gets its line."""
    found: Instances = {}
    for name in source.names("worker"):
        twin = twin_of(source, name)
        if twin is None:
            source.note(("worker", name), "is no worker of MemoryScope: rewrite it as a worker of yours (README).")
            continue
        _settings(source, name, twin, found)
    return found


def _settings(source: Source, name: str, twin: Twin, found: Instances) -> None:
    path = ("worker", name)
    for key in REFERENCES:
        source.take(*path, key)
    source.note((*path, "generation_model_kwargs"), MODEL_ARGUMENTS)
    for theirs, ours in twin.settings.items():
        value = source.take(*path, theirs)
        for worker, setting in ours if value is not None else ():
            found.setdefault(worker, {})[setting] = value
    for theirs, why in twin.reasons.items():
        source.note((*path, theirs), why)
    if twin.ours == "search_memories":
        _searched(source, path, found)
    if twin.ours == "fuse_hits" and (ratios := source.take(*path, "fuse_ratio_dict")):
        if isinstance(ratios, Mapping):
            kinds = {KINDS[kind]: ratio for kind, ratio in ratios.items() if kind in KINDS}
            found.setdefault("fuse_hits", {})["kind_ratios"] = kinds
        else:
            source.note((*path, "fuse_ratio_dict"), "names no kinds with their ratios: those of ours stay.")
    if twin.ours == "filter_messages" and (scores := source.take(*path, "preserved_scores")):
        given = re.findall(r"\d+", str(scores))
        if not given:
            source.note((*path, "preserved_scores"), "names no scores: 2 and 3 stay.")
        for worker in ("filter_messages", "extract_observations") if given else ():
            found.setdefault(worker, {})["least"] = min(map(int, given))


def _searched(source: Source, path: tuple[str, ...], found: Instances) -> None:
    """One search brings observations and insights together; lists and deletions need no number."""
    wanted = sum(int(source.number(*path, key) or 0) for key in ("retrieve_obs_top_k", "retrieve_ins_top_k"))
    if wanted and not source.has(*path, "retrieve_expired_top_k"):
        search = found.setdefault("search_memories", {})
        search["top_k"] = max(wanted, int(str(search.get("top_k", 0))))
