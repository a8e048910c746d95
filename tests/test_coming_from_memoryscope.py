"""The table of the README for those who come from MemoryScope: every row names a test, and every test is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from memoryengine.memoryscope.workers import TWINS
from memoryengine.memoryscope.workflows import SHAPES

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (?P<theirs>[^|]+) \| (?P<ours>[^|]*) \| (?P<test>[^|]*) \|$", re.MULTILINE)
NOT_ROWS = ("MemoryScope", "---")


def rows() -> list[re.Match[str]]:
    text = (ROOT / "README.md").read_text("utf-8")
    section = text[text.index("## Coming from MemoryScope") :]
    section = section[: section.index("\n## ", 3)]
    found = [row for row in ROW.finditer(section) if row["theirs"] not in NOT_ROWS]
    return [row for row in found if not row["theirs"].startswith("**")]


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_names_a_test_that_is_there() -> None:
    assert len(rows()) >= 40
    for row in rows():
        file, _, name = row["test"].partition("::")
        assert (ROOT / file).is_file(), row[0]
        assert name in names_in(ROOT / file), row[0]
        assert row["ours"].strip(), row[0]


def test_the_table_tells_of_every_worker_operation_and_part() -> None:
    told = " ".join(row["theirs"] for row in rows())
    for worker in (name.removesuffix("_worker") for name in TWINS if name.endswith("_worker")):
        assert re.search(rf"\b{worker}\b", told), worker
    assert [name for name in SHAPES if not re.search(rf"\b{name}\b", told)] == []
    parts = ("memory_chat", "memory_operations", "generation_model", "embedding_model", "rank_model", "memory_store")
    assert [part for part in parts if part not in told] == []


def test_what_stands_on_our_side_is_there() -> None:
    workers = {path.name for path in (ROOT / "workers").iterdir()}
    operations = {yaml.safe_load(path.read_text("utf-8"))["operation"] for path in (ROOT / "workflows").glob("*.yaml")}
    ours = {twin.ours for twin in TWINS.values() if twin.ours}
    settings = {worker for twin in TWINS.values() for held in twin.settings.values() for worker, _ in held}
    assert ours | settings <= workers
    assert set(SHAPES) <= operations
    assert len(operations) >= 8
