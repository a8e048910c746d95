"""`memoryengine convert-config` writes what the engine then takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Invoke

THEIRS = """
global: {language: cn}
memory_service:
  s:
    class: core.service.memory_scope_service
    memory_operations:
      consolidate_memory: {class: core.operation.consolidate_memory_op, workflow: "info,obs,save", interval_time: 1}
model:
  talker: {class: core.models.llama_index_generation_model, module_name: openai_generation, model_name: gpt-4o}
worker:
  info: {class: core.worker.backend.info_filter_worker}
  obs: {class: core.worker.backend.get_observation_worker, generation_model: talker}
  save: {class: core.worker.backend.update_memory_worker, method: from_memory_key}
"""


@pytest.fixture
def theirs(folder: Path) -> str:
    (folder / "theirs.yaml").write_text(THEIRS, encoding="utf-8")
    return "theirs.yaml"


def test_it_writes_a_config_and_its_workflows_that_check_accepts(
    invoke: Invoke, folder: Path, theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    done = invoke("convert-config", theirs, "-o", "ours.yaml")
    assert done.code == 0
    assert done.err == ""
    assert "wrote ours.yaml" in done.out
    assert "theirs.yaml:7:" in done.out
    workflow = (folder / "ours_workflows/consolidate_memory.yaml").read_text(encoding="utf-8")
    assert "- write_observations\n- compare_with_today:\n    in: {timed: null, today: null}\n" in workflow
    assert invoke("--config", "ours.yaml", "check").code == 0
    shown = invoke("--config", "ours.yaml", "workflow", "consolidate_memory").out
    assert "filter_messages" in shown
    assert "compare_with_today" in shown


def test_it_prints_without_a_file_and_overwrites_none(invoke: Invoke, folder: Path, theirs: str) -> None:
    printed = invoke("convert-config", theirs)
    assert printed.out.startswith("# Converted from a config of MemoryScope")
    assert "language: zh" in printed.out
    assert "Its own workflows are written with --out alone: consolidate_memory." in printed.err
    (folder / "ours.yaml").write_text("mine", encoding="utf-8")
    refused = invoke("convert-config", theirs, "-o", "ours.yaml")
    assert refused.code == 2
    assert "nothing is overwritten" in refused.err
    assert (folder / "ours.yaml").read_text(encoding="utf-8") == "mine"
    assert not (folder / "ours_workflows").exists()


def test_another_file_is_refused_and_the_engine_names_the_command(invoke: Invoke, folder: Path, theirs: str) -> None:
    (folder / "ours.yaml").write_text("language: en\n", encoding="utf-8")
    refused = invoke("convert-config", "ours.yaml")
    assert refused.code == 2
    assert "This is no config of MemoryScope." in refused.err
    assert invoke("convert-config", "gone.yaml").code == 2
    told = invoke("--config", theirs, "status")
    assert told.code == 2
    assert "memoryengine convert-config" in told.err
