"""What `memoryengine init` writes: a config, a worker and a workflow to begin from, which load as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from memoryengine.errors import InputError

CONFIG = """\
# Memory for this folder: everything on this machine, no service and no key. What is not said here is as in `embedded`.
# To use models of a service, write `extends: siliconflow` (or `openai_like`) and set its key in the environment.
extends: embedded

# language: auto            # zh, en, or auto: each text speaks for itself
# time_zone: Asia/Shanghai  # else the machine's own
# human_name: ""            # what observations call the person; empty: 用户 / user
# assistant_name: ""        # empty: 助手 / assistant

# Where memory lies; else in the folder that MEMORYENGINE_HOME names, or in ~/.memoryengine.
# store: {use: sqlite, path: ./memory.db}

# Models can be switched or switched off one by one.
# models:
#   embedder: null          # search by keyword alone

# Your own workers and workflows, beside those that are shipped. A workflow here takes the place of a shipped one
# that has the same `operation`.
workers: [./workers]
workflows: [./workflows]

# A name in a workflow is a worker, or an instance from here: a worker with settings of its own.
instances:
  keep_last_month: {use: keep_recent, days: 30}
"""

WORKER = '''\
"""Only what was said lately."""

from dataclasses import dataclass
from datetime import timedelta

from memoryengine.ports import Clock
from memoryengine.worker import Hits, worker


@dataclass(frozen=True)
class Kept:
    """The hits that are recent enough, in the order they came."""

    hits: Hits


@worker("keep_recent")
@dataclass(frozen=True)
class KeepRecent:
    """Keep the hits that were said in the last days."""

    clock: Clock  # a port: the engine fills it
    days: int = 7  # a setting: a config or a workflow may change it

    async def run(self, hits: Hits) -> Kept:
        """The parameters are the inputs, the fields of what is returned are the outputs."""
        since = self.clock.now() - timedelta(days=self.days)
        return Kept(tuple(hit for hit in hits if hit.item.said_at >= since))
'''

WORKFLOW = """\
# Try it with:  memoryengine run recall_lately query="guitar"
operation: recall_lately
description: Find what fits a question and was said in the last month.
inputs: [query, window, kinds, asked_at, asker, limit]   # all but query may be left out
outputs: [hits]
steps:
  - include: retrieve_memory    # -> hits, the steps of the shipped operation
  - keep_last_month             # hits -> hits, an instance of keep_recent from memoryengine.yaml
"""

FILES: Mapping[str, str] = {
    "memoryengine.yaml": CONFIG,
    "workers/keep_recent/__init__.py": WORKER,
    "workflows/recall_lately.yaml": WORKFLOW,
}


def write_starter(folder: Path) -> list[Path]:
    """Write the files and return their paths; raises `InputError` if one is there, and then writes none."""
    targets = {folder / name: text for name, text in FILES.items()}
    taken = [str(path) for path in targets if path.exists()]
    if taken:
        raise InputError(f"Nothing was written: {', '.join(taken)} is there already. Choose another folder.")
    for path, text in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(targets)
