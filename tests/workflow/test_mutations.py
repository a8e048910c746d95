"""Configs and workflows changed at random: whatever comes of it is a problem with a place, never a traceback."""

from __future__ import annotations

from pathlib import Path
from random import Random

from memoryengine.config_files import stock_configs
from memoryengine.errors import Problem
from memoryengine.settings import locale, read_settings
from memoryengine.workflow import check_workflows, load_workers
from memoryengine.workflow.loading import STOCK_WORKFLOWS
from memoryengine.workflow.syntax import read_workflow
from memoryengine.yaml_tree import parse_yaml

BROKEN = Path(__file__).parent / "broken"
PORTS = frozenset({"chat", "embedder", "reranker", "reader", "clock", "locale", "patience"})
BITS = [
    "null", "[]", "{}", "5", "true", "- ", "  ", "\n", ": ", ":", "[", "]", "{", "}", "'", '"', "${X}", "${X:-y}", "~",
    "*a", "!x ", "<<: ", "|", "> ", "#", "in", "out", "use", "parallel", "include", "class", "&a ", "\t", "你", "\x07",
    ".nan", "1e400", "_", ",", "steps", "hits", "query", "? ", "''", "-1",
]  # fmt: skip


def mutated(random: Random, text: str) -> str:
    for _ in range(random.randrange(1, 5)):
        lines, words, at = text.split("\n"), text.split(" "), random.randrange(len(text) + 1)
        match random.randrange(4):
            case 0:
                text = text[:at] + random.choice(BITS) + text[at:]
            case 1:
                text = text[:at] + text[at + random.randrange(1, 12) :]
            case 2:
                one, other = random.randrange(len(lines)), random.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                text = "\n".join(lines)
            case _:
                words[random.randrange(len(words))] = random.choice(BITS)
                text = " ".join(words)
    return text


def told_well(problems: list[Problem], text: str) -> bool:
    last = text.count("\n") + 2
    return all(0 < p.line <= last and p.column > 0 and p.message.endswith((".", "?")) for p in problems)


def test_a_workflow_changed_at_random() -> None:
    specs, _ = load_workers(["memoryengine.workers"], Path())
    files = [*STOCK_WORKFLOWS.glob("*.yaml"), BROKEN / "flows/names.yaml", BROKEN / "flows/workers.yaml"]
    texts, random = [file.read_text(encoding="utf-8") for file in files], Random(7)
    wrong = 0
    for _ in range(400):
        text = mutated(random, random.choice(texts))
        root, problems = parse_yaml(text, "w")
        workflow, more = read_workflow(root) if root is not None else (None, [])
        plans, found = check_workflows([workflow] if workflow else [], specs, {}, PORTS)
        problems += [*more, *found]
        assert told_well(problems, text), text
        assert problems or plans, text
        wrong += bool(problems)
    assert 200 < wrong < 400


def test_a_config_changed_at_random(tmp_path: Path) -> None:
    files = [*stock_configs().values(), BROKEN / "broken.yaml"]
    texts, random = [file.read_text(encoding="utf-8") for file in files], Random(7)
    wrong = 0
    for _ in range(200):
        text = mutated(random, random.choice(texts))
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
        settings, problems = read_settings(tmp_path / "c.yaml", environ={"HOME": str(tmp_path)})
        assert told_well(problems, text), text
        assert locale(settings).zone is not None
        assert settings.store
        wrong += bool(problems)
    assert 100 < wrong < 200
