"""`scripts/evaluate.py` on a small set made here: what it counts, compares, keeps and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from evaluation_data import Question, query_of
from evaluation_scores import SIMPLE, Bm25, mean, rrf, score, without_repeats

from memoryengine.values import Message

SCRIPT = Path(__file__).parents[2] / "scripts" / "evaluate.py"
SAID = {
    "ann": [
        ("My hobby is playing the guitar.", "guitar"),
        ("I have a dog named Rex.", "dog"),
        ("I am allergic to peanuts.", "peanuts"),
        ("I work as a nurse in Oslo.", "nurse"),
        ("What a fine morning it is!", ""),
    ],
    "李雷": [
        ("我养了一只叫豆包的猫。", "猫"),
        ("我对花生过敏。", "花生"),
        ("我在上海当老师。", "老师"),
        ("今天天气真好。", ""),
    ],
}
EMBEDDER = '''
class Letters:
    """Counts letters: one number for each of 64 hash buckets."""

    name = "letters"
    dimensions = 64

    async def embed(self, texts, *, query=False):
        vectors = []
        for text in texts:
            vector = [0.0] * 64
            for letter in text.lower():
                vector[ord(letter) % 64] += 1.0
            vectors.append(vector)
        return vectors

    async def close(self):
        pass
'''


def question(evidence: set[str], any_is_enough: bool = False) -> Question:
    return Question("q", "?", "", frozenset(evidence), any_is_enough, None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with the set `small`: two users, a question for each fact, one question without evidence."""
    messages: list[dict[str, Any]] = []
    questions: list[dict[str, Any]] = []
    for user, lines in SAID.items():
        for number, (content, word) in enumerate(lines):
            id_ = f"{user}:{number}"
            said = f"2024-10-{number + 1:02}T09:00:00"
            messages.append(
                {"conversation_id": user, "message_id": id_, "role": "user", "content": content, "created_at": said}
            )
            if word:
                asked = f"你记得{word}吗?" if user == "李雷" else f"What about the {word}?"
                questions.append(
                    {"question_id": f"q{id_}", "conversation_id": user, "question": asked, "category": word[:1],
                     "evidence": [id_]}
                )  # fmt: skip
    questions.append({**questions[0], "question_id": "none", "evidence": [], "adversarial": True})
    folder = tmp_path / "data"
    folder.mkdir()
    for name, lines_ in (("messages", messages), ("questions", questions)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines_)
        (folder / f"small.{name}.jsonl").write_text(text, "utf-8")
    return folder


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_scores_are_those_of_the_definition() -> None:
    ranking = [f"m{n}" for n in range(1, 31)]
    two = score(ranking, question({"m3", "m15"}))
    assert two.recall == (0.5, 0.5, 1.0)
    assert two.reciprocal_rank == pytest.approx(1 / 3)
    assert score(ranking, question({"m3", "m99"}, any_is_enough=True)).recall == (1.0, 1.0, 1.0)
    assert score(ranking, question({"m99"})) == score([], question({"m1"}))
    assert mean([two, score([], question({"m1"}))]).recall == (0.25, 0.25, 0.5)


def test_plain_rankings() -> None:
    moment = datetime(2024, 10, 26, tzinfo=UTC)
    texts = ["a red cat", "a red dog", "a bird"]
    said = [
        Message(id=f"m{n}", role="user", content=text, said_at=moment, recorded_at=moment)
        for n, text in enumerate(texts)
    ]
    assert Bm25(said).rank("red dog") == ["m1", "m0"]
    assert Bm25(said).rank("nothing here") == []
    assert rrf(["m0", "m1"], ["m1", "m2"]) == ["m1", "m0", "m2"]
    assert without_repeats(["b", "a", "b"]) == ["b", "a"]


def test_the_query_stands_after_the_last_turns_before_it() -> None:
    assert query_of({"question": "and now?"}) == "and now?"
    assert query_of({"question": "six", "context": ["one", "two", "three", "four", "five"]}) == (
        "two\nthree\nfour\nfive\nsix"
    )
    assert query_of({"question": "q", "context": []}) == "q"


def test_both_modes_beside_the_plain_methods_with_a_class_of_the_users_own(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(EMBEDDER)
    config = tmp_path / "mine.yaml"
    config.write_text('extends: embedded\nmodels:\n  embedder: {class: "./mine.py:Letters"}\n')
    out = tmp_path / "out.json"
    done = evaluate("--data", data, "--config", config, "--mode", "both", "--out", out)
    assert done.returncode == 0, done.stderr
    small = json.loads(out.read_text("utf-8"))["sets"]["small"]
    assert (small["questions"], small["left_out"], small["messages"]) == (7, 1, 9)
    assert small["embedder"] == "letters"
    assert set(small["methods"]) == {"messages", "consolidated", *SIMPLE}
    assert small["methods"]["messages"]["all"]["recall@5"] == 100
    assert small["methods"]["consolidated"]["all"]["recall@5"] == 100
    assert "1 without evidence left out" in done.stdout
    assert "consolidated" in done.stdout


def test_without_an_embedder_there_is_bm25_alone_beside_the_engine_and_a_finished_set_is_not_run_again(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    arguments = ("--data", data, "--set", "small", "--no-embedder", "--out", out)
    assert evaluate(*arguments).returncode == 0
    held = json.loads(out.read_text("utf-8"))
    methods = held["sets"]["small"]["methods"]
    assert set(methods) == {"messages", "bm25", "bm25 +previous", "bm25 +date"}
    assert methods["messages"]["all"]["mrr"] >= methods["bm25"]["all"]["mrr"] > 0.5
    held["sets"]["small"]["seconds"] = 12345.0
    out.write_text(json.dumps(held), "utf-8")
    assert "12345.0 s" in evaluate(*arguments, "--resume").stdout
    other = evaluate(*arguments, "--resume", "--limit", "1")
    assert other.returncode != 0
    assert "other options" in other.stderr


PLAIN_EMBEDDER = """
class Letters:
    dimensions = 8

    def embed(self, texts):
        return [[1.0 + sum(ord(letter) % 8 == n for letter in text) for n in range(8)] for text in texts]
"""
NO_MORE = "raise AssertionError('a text was embedded again')"


def test_a_second_run_embeds_and_imports_nothing_and_writes_its_page(data: Path, tmp_path: Path) -> None:
    for file in list(data.glob("small.*")):
        (data / file.name.replace("small", "more")).write_text(file.read_text("utf-8"), "utf-8")
    mine = tmp_path / "mine.py"
    mine.write_text(PLAIN_EMBEDDER)
    chosen = ("--data", data, "--embedder", f"{mine}:Letters", "--vectors", tmp_path / "v", "--keep", tmp_path / "kept")
    first = evaluate(*chosen, "--summary", "--parallel", "2")
    assert first.returncode == 0, first.stderr
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["recall@10", "more", "small", "mean"]
    held = {file.name for file in (tmp_path / "kept").glob("small.*.db")}
    mine.write_text(PLAIN_EMBEDDER.replace("return [[", f"{NO_MORE}; [["))
    second = evaluate(*chosen, "--set", "small", "--traps", "--report", tmp_path / "page")
    assert second.returncode == 0, second.stderr
    assert {file.name for file in (tmp_path / "kept").glob("small.*.db")} == held
    assert "the shipped cut" in second.stdout
    page = (tmp_path / "page" / "report.html").read_text("utf-8")
    assert "small" in page
    assert "mine.Letters" in page
    assert page.count("<svg") == 3


def test_what_is_not_there_is_a_sentence(data: Path, tmp_path: Path) -> None:
    assert "no set 'big'" in evaluate("--data", data, "--set", "big").stderr
    assert "must be 1 or more" in evaluate("--data", data, "--every", "0").stderr
    assert "must name a folder" in evaluate("--data", tmp_path / "nowhere").stderr
    with (data / "small.questions.jsonl").open("a") as questions:
        questions.write("{broken\n")
    assert "small.questions.jsonl:9: this line is no JSON" in evaluate("--data", data).stderr
