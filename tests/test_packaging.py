"""The package as it is installed: a wheel, a wheel made from the sdist, a folder and an editable install.

Nothing is fetched: the builds are not isolated, and each environment borrows the third-party packages of this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
SKIPPED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
WALK_THROUGH = """
import importlib.util
import sys
import memoryengine
from memoryengine import MemoryEngine

engine = MemoryEngine(config_path="configs/embedded.yaml")
memory_chat = engine.default_memory_chat
response = memory_chat.chat_with_memory(query="我的爱好是吉他。")
print(response.meta_data["memories"])
print(memory_chat.run_service_operation("consolidate_memory"))
response = memory_chat.chat_with_memory(query="你知道我的乐器爱好是什么?")
print(response.meta_data["memories"].partition("] ")[2])
print(memoryengine.__file__)
print(memoryengine.__version__)
print([n for n in ("workers", "workflows", "configs") if sys.prefix in str(importlib.util.find_spec(n))])
"""
SHOWN = ["None", "[MEMORY ACTIONS]:", "new observation: 用户爱好是吉他。 (valid)", "用户爱好是吉他。"]


def run(command: Sequence[object], folder: Path, **environ: str) -> str:
    """What a command prints; fails with all it said."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))} | environ
    done = subprocess.run(
        [str(c) for c in command], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, links as links, because building leaves files in the folder."""
    copy = tmp_path_factory.mktemp("project") / "checkout"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=SKIPPED)
    return copy


# Python 3.11.4 brought the filter; later versions warn without it.
SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@pytest.fixture(scope="module")
def sdist(project: Path) -> Path:
    run([sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", "dist"], project)
    (made,) = (project / "dist").glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel_of_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, **SAFELY)
    (unpacked,) = folder.iterdir()
    return build_wheel(unpacked)


def build_wheel(project: Path) -> Path:
    run([sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", "wheels"], project)
    (made,) = (project / "wheels").glob("*.whl")
    return made


def install(folder: Path, *what: object) -> Path:
    """The Python of a new environment in `folder` that holds `what` and borrows everything else."""
    run([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (site,) = folder.glob(f"lib/{version}/site-packages")
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    run([*pip, "--ignore-installed", "--no-build-isolation", "--disable-pip-version-check", *what], folder.parent)
    return python


def walk_through(python: Path, folder: Path) -> list[str]:
    """The lines that the walk-through prints with `folder` as the current folder."""
    script = folder / "walk_through.py"
    script.write_text(WALK_THROUGH, "utf-8")
    printed = run([python, "-W", "error", script], folder, MEMORYENGINE_HOME=str(folder / "home"), PYTHONUTF8="1")
    return printed.splitlines()


def names_in(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_holds_the_content_and_owns_one_global_name(project: Path, wheel_of_sdist: Path) -> None:
    names = names_in(wheel_of_sdist)
    assert {n.partition("/")[0].partition("-")[0] for n in names} == {"memoryengine"}
    for folder, pattern in (("workflows", "*.yaml"), ("configs", "*.yaml"), ("workers", "**/*.py")):
        there = {f"memoryengine/{folder}/{p.relative_to(ROOT / folder)}" for p in (ROOT / folder).glob(pattern)}
        assert there
        assert there <= names
    prompts = {f"memoryengine/workers/{p.relative_to(ROOT / 'workers')}" for p in (ROOT / "workers").rglob("*.yaml")}
    shipped = {f"memoryengine/{p.relative_to(ROOT / 'memoryengine')}" for p in (ROOT / "memoryengine").rglob("*.yaml")}
    assert prompts | shipped | {"memoryengine/py.typed"} <= names
    assert names == names_in(build_wheel(project))


def test_the_wheel_of_the_sdist_runs_far_from_the_checkout(wheel_of_sdist: Path, tmp_path: Path) -> None:
    python = install(tmp_path / "venv", wheel_of_sdist)
    *shown, file, version, global_names = walk_through(python, tmp_path)
    assert shown == SHOWN
    assert Path(file).is_relative_to(tmp_path / "venv")
    assert version in wheel_of_sdist.name
    assert global_names == "[]"
    command = [python.parent / "memoryengine", "workers"]
    assert "fuse_hits" in run(command, tmp_path, MEMORYENGINE_HOME=str(tmp_path / "home"))


def test_an_editable_install_runs_inside_and_outside_of_the_checkout(project: Path, tmp_path: Path) -> None:
    python = install(tmp_path / "venv", "--editable", project)
    inside, outside = walk_through(python, project), walk_through(python, tmp_path)
    assert inside[:4] == outside[:4] == SHOWN
    assert inside[4] == outside[4] == str(project / "memoryengine" / "__init__.py")


def test_a_plain_install_runs(project: Path, tmp_path: Path) -> None:
    python = install(tmp_path / "venv", project)
    *shown, file, _, global_names = walk_through(python, tmp_path)
    assert shown == SHOWN
    assert Path(file).is_relative_to(tmp_path / "venv")
    assert global_names == "[]"
