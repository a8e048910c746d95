"""The contract as the author of a store uses it: in a folder of their own, with pytest's own defaults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .children import command

GOOD = """
from pathlib import Path
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.store_contract import StoreContract

class TestMine(StoreContract):
    async def make_store(self, where: Path):
        return SqliteStore(where)
"""
FORGETFUL = """
class Forgetful(SqliteStore):
    async def append(self, scope, collection, documents):
        return await super().append(scope, collection, documents[:1])

class TestForgetful(StoreContract):
    async def make_store(self, where: Path):
        return Forgetful(where)
"""


def outcome(folder: Path, tests: str) -> str:
    """The last line of pytest, run in a folder that knows nothing of this project."""
    (folder / "test_mine.py").write_text(tests)
    _, environment = command("")
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-k", "append or scores", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment)
    return done.stdout.strip().splitlines()[-1]


def test_a_store_of_ones_own_is_checked(tmp_path: Path) -> None:
    said = outcome(tmp_path, GOOD)
    assert "passed" in said
    assert "failed" not in said
    assert "error" not in said


def test_a_store_that_forgets_is_found_out(tmp_path: Path) -> None:
    said = outcome(tmp_path, GOOD + FORGETFUL)
    assert "1 failed" in said
    assert "error" not in said
    assert "passed" in said
