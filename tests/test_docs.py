"""The code of both READMEs, run block by block in an empty folder, and its shown output compared.

A `python` block is a program, and an `sh` block a list of commands, of which those that begin with `memoryengine` are
run. A block whose first line is `# file: NAME` is written to that file instead; a `json` block is `talk.jsonl`. A
`text` block shows what the block before it prints, with moments of its own; `...` stands for lines that are left out.
Models are asked on the local server that is shipped for tests, and memory of the configs that name Elasticsearch lies
there under a prefix of its own.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from memoryengine.cli.app import COMMANDS
from memoryengine.testing.answering import answer
from memoryengine.testing.siliconflow_server import SiliconFlowServer

from .stores.elasticsearch_stores import remove

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"\A# file: (\S+)\n")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\w+day|周.)")
ID = re.compile(r"\b[0-9a-f]{20}\b")  # of memories and runs
NOT_RUN = ("pip install .", "export ", "docker run ", "scripts/", "git ")


@dataclass(frozen=True)
class Block:
    """One fenced block with the line it stands in."""

    line: int
    kind: str
    text: str


def blocks(name: str) -> list[Block]:
    text = (ROOT / name).read_text("utf-8")
    return [Block(text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in BLOCK.finditer(text)]


@pytest_asyncio.fixture
async def elasticsearch(es_url: str) -> AsyncIterator[dict[str, str]]:
    """The variables by which the shipped configs find a server, with indices that are gone after the test."""
    prefix = f"t-{secrets.token_hex(6)}"
    yield {"ELASTICSEARCH_URL": es_url, "MEMORYENGINE_INDEX_PREFIX": prefix}
    await remove(es_url, prefix)


@pytest.mark.elasticsearch
@pytest.mark.parametrize("name", READMES)
def test_every_block_runs_and_prints_what_is_shown(
    name: str, tmp_path: Path, home: Path, elasticsearch: dict[str, str]
) -> None:
    found = blocks(name)
    printed = ""
    compared = 0
    with SiliconFlowServer(answer, key="sk-your-key") as server:
        models = {"SILICONFLOW_API_KEY": "sk-your-key", "SILICONFLOW_API_BASE": server.url}
        environ = {**os.environ, **models, **elasticsearch}
        for block in found:
            place = f"{name}:{block.line}"
            if block.kind == "text":
                missing = list(not_printed(block.text, printed))
                assert not missing, f"{place} shows what is not printed: {missing}\n{printed}"
                compared += 1
            else:
                printed = act(block, place, tmp_path, environ)
    assert {block.kind for block in found} <= {"python", "sh", "yaml", "json", "text", "ini"}
    assert compared >= 2
    assert home.is_dir()


@pytest.mark.parametrize("name", READMES)
def test_every_link_and_every_command_of_the_text_is_there(name: str) -> None:
    text = re.sub(BLOCK, "", (ROOT / name).read_text("utf-8"))
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
    assert "scripts/run.sh" in text
    used = set(re.findall(r"`memoryengine ([a-z][\w-]*)", text)) | set(re.findall(r"^\| `(\w+)[ `]", text, re.M))
    configs = {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    words = {"message", "user", "memory", "store", "status", "hit", "worker", "instance", "workflow", "operation"}
    assert used - set(COMMANDS) - configs - words == set()


def test_the_readme_lists_every_command_and_every_config() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in COMMANDS if not re.search(rf"^\| .*`{name}[ `].*\|$", text, re.MULTILINE)] == []
    assert [path.stem for path in (ROOT / "configs").glob("*.yaml") if f"| `{path.stem}`" not in text] == []
    assert "Python 3.11" in "\n".join(text.splitlines()[:4])


def test_the_changelog_tells_of_this_version() -> None:
    from memoryengine import __version__

    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{__version__}]" in text
    assert "### Added" in text
    assert re.search(r"keepachangelog\.com", text)


def act(block: Block, place: str, folder: Path, environ: dict[str, str]) -> str:
    """Write the block, or run it and return what it prints."""
    if (named := FILE.match(block.text)) or block.kind == "json":
        file = folder / (named[1] if named else "talk.jsonl")
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text, "utf-8")
        return ""
    if block.kind == "ini":
        unit = ConfigParser()
        unit.read_string(block.text)
        assert unit["Service"]["ExecStart"].split()[-1] in COMMANDS, place
        return ""
    if block.kind == "yaml":
        assert isinstance(yaml.safe_load(block.text), dict), place
        return ""
    if block.kind == "python":
        return run([sys.executable, "-W", "error", "-c", block.text], place, folder, environ)
    return "".join(
        run([sys.executable, "-m", *shlex.split(command)], place, folder, environ)
        for command in commands(block.text, place)
    )


def commands(text: str, place: str) -> Iterator[str]:
    """The commands of an `sh` block that are run."""
    for line in text.splitlines():
        if line.startswith("memoryengine "):
            yield line
        else:
            assert line.startswith(NOT_RUN), f"{place}: {line!r} is neither run nor known"


def run(command: list[str], place: str, folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, f"{place}: {command[-1]}\n{done.stdout}\n{done.stderr}"
    told = [line for line in done.stderr.splitlines() if not line.startswith("users copied: ")]
    assert told == [], f"{place}: {done.stderr}"
    return done.stdout


def not_printed(shown: str, printed: str) -> Iterator[str]:
    """The lines of `shown` that are not in `printed`, in order and one after the other but for `...`."""
    left = [bare(line) for line in printed.splitlines()]
    skipping = False
    for line in shown.splitlines():
        if line.strip() == "...":
            skipping = True
        elif bare(line) in left and (skipping or left[0] == bare(line)):
            left = left[left.index(bare(line)) + 1 :]
            skipping = False
        else:
            yield line


def bare(line: str) -> str:
    return ID.sub("ID", MOMENT.sub("MOMENT", line))
