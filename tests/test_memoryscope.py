"""A config of MemoryScope becomes ours, and nothing of it is lost without a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from memoryengine import ConfigError, MemoryEngine
from memoryengine.memoryscope import Converted, convert, written, written_workflow
from memoryengine.memoryscope.workers import TWINS
from memoryengine.memoryscope.workflows import read_line
from memoryengine.settings import load_settings
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import SiliconFlowServer
from memoryengine.yaml_tree import parse_yaml

CHAT = "Qwen/Qwen2.5-7B-Instruct"
# Keys and classes as MemoryScope reads them; the values are ours.
SMALL = """
global: {language: en, thread_pool_max_workers: 3, enable_ranker: true, output_memory_max_count: 7}
memory_chat:
  my_chat: {class: core.chat.api_memory_chat, memory_service: main, generation_model: talker, stream: false}
memory_service:
  main:
    class: core.service.memory_scope_service
    human_name: Sam
    assistant_name: Jarvis
    memory_operations:
      read_message: {class: core.operation.frontend_operation, workflow: read_message, description: read}
      retrieve_memory: {class: core.operation.frontend_operation, workflow: "set_query,[when|find,rank],fuse"}
      consolidate_memory:
        class: core.operation.consolidate_memory_op
        workflow: info,[obs|obs_time|today],contra,store
        interval_time: 90
worker:
  read_message: {class: core.worker.frontend.read_message_worker}
  set_query: {class: core.worker.frontend.set_query_worker}
  when: {class: core.worker.frontend.extract_time_worker, generation_model: talker}
  find: {class: core.worker.frontend.retrieve_memory_worker, retrieve_obs_top_k: 30, retrieve_ins_top_k: 20}
  rank: {class: core.worker.frontend.semantic_rank_worker, rank_model: ranker}
  fuse:
    class: core.worker.frontend.fuse_rerank_worker
    fuse_score_threshold: 0.05
    fuse_ratio_dict: {conversation: 0.4, observation: 1, obs_customized: 1.5, insight: 1.8}
    fuse_time_ratio: 3.0
  info: {class: core.worker.backend.info_filter_worker, preserved_scores: "3", info_filter_msg_max_size: 300}
  obs: {class: core.worker.backend.get_observation_worker, generation_model: talker}
  obs_time: {class: core.worker.backend.get_observation_with_time_worker, generation_model: talker}
  today: {class: core.worker.backend.load_memory_worker, retrieve_today_top_k: 50}
  contra: {class: core.worker.backend.contra_repeat_worker, contra_repeat_max_count: 40}
  store: {class: core.worker.backend.update_memory_worker, method: from_memory_key, memory_key: all}
model:
  talker: {class: core.models.llama_index_generation_model, module_name: like_generation, model_name: ignored,
           model: Qwen/Qwen2.5-7B-Instruct, api_key: sk-secret, api_base: "https://api.siliconflow.cn/v1",
           max_tokens: 1500, temperature: 0.2, top_p: 0.9, strange: 1}
  embedder: {class: core.models.llama_index_embedding_model, module_name: bge_embedding, model_name: BAAI/bge-m3,
             base_url: "https://api.siliconflow.cn/v1/embeddings", api_key: sk-secret}
  ranker: {class: core.models.llama_index_rank_model, module_name: bge_rank, model_name: BAAI/bge-reranker-v2-m3,
           api_base: "https://api.siliconflow.cn/v1/rerank", top_n: 50}
memory_store: {class: core.storage.llama_index_es_memory_store, embedding_model: embedder, index_name: My_Index,
               es_url: "http://es:9200", retrieve_mode: dense}
monitor: {class: core.storage.dummy_monitor}
"""


def converted(text: str) -> Converted:
    root, problems = parse_yaml(text, "theirs.yaml")
    assert root is not None
    assert problems == []
    return convert(root)


CONSOLIDATION = "memory_service__main__memory_operations__consolidate_memory__workflow"


def changed(**parts: Any) -> str:
    """SMALL with entries replaced, by their paths joined with __."""
    held = yaml.safe_load(SMALL)
    for path, value in parts.items():
        *above, last = path.split("__")
        place = held
        for name in above:
            place = place[name]
        place[last] = value
    return yaml.safe_dump(held, sort_keys=False, allow_unicode=True)


def notes(text: str) -> str:
    return "\n".join(map(str, converted(text).notes))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SiliconFlowServer]:
    models = (CHAT, "BAAI/bge-m3", "BAAI/bge-reranker-v2-m3")
    with SiliconFlowServer(answer=answer, models=models) as running:
        monkeypatch.setenv("SILICONFLOW_API_BASE", running.url)
        monkeypatch.setenv("SILICONFLOW_API_KEY", running.key)
        yield running


def test_every_setting_that_has_a_twin_is_carried_over() -> None:
    config = converted(SMALL).config
    assert (config["language"], config["human_name"], config["assistant_name"]) == ("en", "Sam", "Jarvis")
    chat = config["models"]["chat"]
    assert (chat["model"], chat["max_tokens"], chat["temperature"], chat["concurrency"]) == (CHAT, 1500, 0.2, 3)
    assert chat["extra"] == {"top_p": 0.9}
    assert chat["api_base"] == "${SILICONFLOW_API_BASE:-https://api.siliconflow.cn/v1}"
    assert config["models"]["embedder"]["dimensions"] == 1024
    assert config["models"]["embedder"]["api_base"] == config["models"]["reranker"]["api_base"] == chat["api_base"]
    tuned = config["instances"]
    assert tuned["fuse_hits"]["kind_ratios"] == {"message": 0.4, "observation": 1, "custom": 1.5, "insight": 1.8}
    assert (tuned["fuse_hits"]["least"], tuned["fuse_hits"]["time_ratio"]) == (0.05, 3.0)
    assert (tuned["search_memories"]["top_k"], tuned["semantic_rank"]["top_n"]) == (50, 50)
    assert tuned["rerank_hits"] == {"use": "rerank_hits", "top_n": 50}
    assert (tuned["find_conflicts"]["most"], tuned["extract_observations"]["least"]) == (40, 3)
    assert (tuned["compare_with_today"]["most"], tuned["load_today"]["limit"]) == (40, 50)
    assert tuned["limit_hits"]["top_k"] == config["chat"]["memories"] == 7
    assert config["store"]["index_prefix"] == "${MEMORYENGINE_INDEX_PREFIX:-my_index}"
    assert config["schedule"]["consolidate"] == {
        "operation": "consolidate_memory", "idle_minutes": 2, "messages": 40
    }  # fmt: skip


def test_what_cannot_be_carried_over_has_a_line_with_its_place() -> None:
    held = converted(SMALL)
    shown = "\n".join(map(str, held.notes))
    for name in ("model.talker.strange", "memory_store.retrieve_mode", "monitor",
                 "memory_chat.my_chat.stream", "memory_store.index_name"):  # fmt: skip
        assert f"`{name}` " in shown
    strange = next(note for note in held.notes if "strange" in note.message)
    assert (strange.file, strange.line) == ("theirs.yaml", SMALL[: SMALL.index("strange")].count("\n") + 1)
    assert [note.line for note in held.notes] == sorted(note.line for note in held.notes)
    more = notes(changed(**{"global__nonsense": 1, "worker__own": {"class": "contrib.mine", "x": 1}}))
    assert "`global.nonsense` is not carried over" in more
    assert "`worker.own` is no worker of MemoryScope" in more


@pytest.mark.parametrize("name", [name for name in TWINS if name.endswith("_worker")])
def test_each_setting_of_their_workers_is_carried_over_or_has_its_reason(name: str) -> None:
    twin = TWINS[name]
    given = dict.fromkeys([*twin.settings, *twin.reasons], 2)
    one = {"class": f"core.worker.x.{name}", "generation_model_kwargs": {"top_k": 1}, **given}
    held = converted(changed(worker={"one": one}))
    lines = "\n".join(map(str, held.notes))
    for reason in (*twin.reasons, "generation_model_kwargs"):
        assert f"`worker.one.{reason}` has no counterpart" in lines
    for setting, ours in twin.settings.items():
        assert f"worker.one.{setting}" not in lines
        for worker, named in ours:
            assert held.config["instances"][worker][named] == 2


def test_no_key_is_copied_and_each_is_named() -> None:
    held = converted(SMALL)
    text = written(held)
    assert "sk-secret" not in text + str(held)
    assert "${SILICONFLOW_API_KEY}" in text
    assert sum("export SILICONFLOW_API_KEY" in note.message for note in held.notes) == 2


def test_the_written_file_is_a_config_and_says_what_it_lost(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(written(converted(SMALL)), encoding="utf-8")
    settings = load_settings(file, environ={"SILICONFLOW_API_KEY": "k", "MEMORYENGINE_HOME": str(tmp_path)})
    assert settings.models.chat is not None
    assert settings.models.chat["model"] == CHAT
    assert settings.store["url"] == "http://es:9200"
    assert "#   line 2: " not in file.read_text(encoding="utf-8")
    assert "# What is otherwise now" in file.read_text(encoding="utf-8")


def test_lines_of_the_demo_need_no_workflow_and_others_stay_one_line() -> None:
    assert converted(SMALL).workflows == {}
    own = converted(
        changed(
            **{CONSOLIDATION: "info,obs,store"},
            memory_service__main__memory_operations__retrieve_memory__workflow="set_query,[when|find],fuse",
        )
    ).workflows
    alone = {"compare_with_today": {"in": {"timed": None, "today": None}}}
    assert own["consolidate_memory"]["steps"] == [
        "load_messages", "filter_messages", "write_observations", alone, "mark_consolidated"
    ]  # fmt: skip
    assert own["retrieve_memory"]["steps"] == "[extract_time|search_memories],fuse_hits,limit_hits"
    unfiltered = changed(**{CONSOLIDATION: "[obs|obs_time],contra"})
    steps = converted(unfiltered).workflows["consolidate_memory"]["steps"]
    read = {"in": {"messages": "batch"}}
    assert steps == [
        "load_messages",
        {"parallel": [[{"write_observations": read}], [{"write_timed_observations": read}]]},
        {"compare_with_today": {"in": {"today": None}}},
        "mark_consolidated",
    ]
    whole = changed(**{CONSOLIDATION: "info,[today|obs_time|obs],contra"})
    assert converted(whole).workflows == {}
    assert read_line("a,[b|c,d],e") == ["a", [["b"], ["c", "d"]], "e"]


def test_the_long_comparison_is_a_stage_where_it_is_switched_on() -> None:
    reflect = {"class": "core.operation.backend_operation", "workflow": "load,subject,insight,long,store"}
    classes = {
        "load": {"class": "core.worker.backend.load_memory_worker", "retrieve_not_reflected_top_k": 60},
        "subject": {"class": "core.worker.backend.get_reflection_subject_worker", "reflect_obs_cnt_threshold": 4},
        "insight": {"class": "core.worker.backend.update_insight_worker", "update_insight_max_count": 3},
        "long": {"class": "core.worker.backend.long_contra_repeat_worker", "long_contra_repeat_threshold": 0.4},
    }
    added = {f"worker__{name}": held for name, held in classes.items()}
    path = "memory_service__main__memory_operations__reflect_and_reconsolidate"
    off = converted(changed(**{path: reflect, **added}))
    on = converted(changed(**{path: reflect, **added, "global__enable_long_contra_repeat": True}))
    assert off.workflows == {}
    assert on.workflows["reflect_and_reconsolidate"]["steps"] == (
        "load_observations,reflect_subjects,update_insights,review_observations"
    )
    assert on.config["instances"]["review_observations"]["like"] == 0.4
    assert on.config["instances"]["load_observations"] == {"use": "load_observations", "limit": 60, "threshold": 4}


def test_a_line_with_a_worker_that_nobody_knows_falls_back_with_a_word() -> None:
    text = changed(**{CONSOLIDATION: "info,my_own,store"})
    assert converted(text).workflows == {}
    assert "names 'my_own', which is no worker of MemoryScope" in notes(text)
    both = changed(memory_service__main__memory_operations__read_message__workflow="set_query,read_message,when")
    assert "the stock operation 'read_message' is used" in notes(both)


def test_other_makers_and_models() -> None:
    openai = {"class": "core.models.x_generation", "module_name": "openai_generation", "model_name": "g"}
    dashscope = {"class": "core.models.x_embedding", "module_name": "dashscope_embedding"}
    vectors = {**dashscope, "model_name": "text-embedding-v2"}
    ranker = {"class": "core.models.x_rank", "module_name": "dashscope_rank", "model_name": "gte-rerank"}
    text = changed(model={"talker": openai, "embedder": vectors, "ranker": ranker})
    models = converted(text).config["models"]
    assert models["chat"]["api_base"] == "${OPENAI_API_BASE:-https://api.openai.com/v1}"
    assert models["chat"]["api_key"] == "${OPENAI_API_KEY}"
    assert (models["embedder"]["dimensions"], models["embedder"]["batch_size"]) == (1536, 25)
    assert models["embedder"]["use"] == "openai_like"
    assert models["reranker"] is None
    assert "`model.ranker` is DashScope's rerank model" in notes(text)
    own = changed(model__talker={"class": "core.models.x", "module_name": "mine"}, model__embedder__model_name="odd")
    assert "no `api_base` says where that is" in notes(own)
    assert "whose dimensions are not known here" in notes(own)
    assert converted(changed(global__enable_ranker=False)).config["models"]["reranker"] is None


BROKEN = ("worker: {}\nmemory_chat: {}\n", "memory_service: {a: {}}\n", "worker: {x: {class: 1}}\n")


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_config_still_becomes_one_that_loads(text: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(written(converted(text)), encoding="utf-8")
    settings = load_settings(file, environ={"MEMORYENGINE_HOME": str(tmp_path)})
    assert settings.store["use"] == "sqlite"
    assert settings.language == "en"
    assert settings.models.chat is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (CONSOLIDATION.replace("workflow", "interval_time"), "soon"),
        (CONSOLIDATION.replace("workflow", "interval_time"), float("nan")),
        ("worker__info__preserved_scores", "high"),
        ("worker__find__retrieve_obs_top_k", "lots"),
        ("worker__find__retrieve_ins_top_k", -3),
        ("worker__fuse__fuse_ratio_dict", [1]),
        ("model__embedder__embed_batch_size", "big"),
    ],
)
def test_a_value_of_another_type_gets_a_line_and_leaves_what_is_usual(path: str, value: object, tmp_path: Path) -> None:
    held = converted(changed(**{path: value}))
    (line,) = [str(note) for note in held.notes if f"`{path.replace('__', '.')}` " in str(note)]
    assert line.endswith("stay.") or line.endswith("stays.")
    file = tmp_path / "ours.yaml"
    file.write_text(written(held), encoding="utf-8")
    assert load_settings(file, environ={"SILICONFLOW_API_KEY": "k", "MEMORYENGINE_HOME": str(tmp_path)}).models.chat
    assert converted(changed(worker__info__preserved_scores=[2, 3])).config["instances"]["extract_observations"] == {
        "use": "extract_observations", "least": 2
    }  # fmt: skip


def test_the_engine_says_in_one_sentence_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "theirs.yaml"
    file.write_text(SMALL, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        MemoryEngine(config_path=str(file))
    assert "This is a config of MemoryScope" in str(caught.value)
    assert "memoryengine convert-config" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


LINES = (
    *("info,[obs|obs_time|today],contra,store", "info,obs,store", "obs,contra", "obs_time,[obs|today],store"),
    *("info,obs,obs_time,today,contra", "[info|today],[obs|obs_time],contra"),
)


@pytest.mark.parametrize("line", LINES)
def test_the_walk_through_runs_with_a_converted_config(
    line: str, make_engine: Callable[..., MemoryEngine], server: SiliconFlowServer, tmp_path: Path
) -> None:
    text = changed(**{CONSOLIDATION: line})
    held = converted(text)
    for name, workflow in held.workflows.items():
        (tmp_path / f"{name}.yaml").write_text(written_workflow(workflow), encoding="utf-8")
    config = yaml.safe_load(written(held, str(tmp_path)))
    engine = make_engine({**config, "store": {"use": "sqlite", "path": str(tmp_path / "memory.db")}})
    chat = engine.default_memory_chat
    assert chat.chat_with_memory(query="My hobby is playing the guitar.").meta_data["memories"] is None
    made = chat.run_service_operation("consolidate_memory")
    assert [action.memory.content for action in made.actions] == ["Sam's hobby is playing the guitar."]
    shown = chat.chat_with_memory(query="Do you know what my musical hobby is?").meta_data["memories"]
    assert shown.endswith("Sam's hobby is playing the guitar.")
    assert server.count("rerank") >= 1
