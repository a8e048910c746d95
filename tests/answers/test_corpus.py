"""A thousand malformed answers, each with what must come of it: no crash, no silent drop, no false success."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from malformed_answers import BY_HAND, FORMS, Case, by_json_repair, cases, judge, judge_twice, main, meant, mutated

from memoryengine.answers import Numbering
from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.values import Locale
from memoryengine.workers.extract_observations import ExtractObservations

from ..workers.fakes import FakeClock, message
from ..workers.model_fakes import prompt_of

CASES = tuple(cases())
GROUPS = sorted({case.name.partition(": ")[0].rpartition(" ")[0] or case.name for case in CASES})


def group(case: Case) -> str:
    return case.name.partition(": ")[0].rpartition(" ")[0] or case.name


@pytest.mark.parametrize("name", GROUPS)
async def test_each_answer_has_its_expected_outcome(name: str) -> None:
    chosen = [case for case in CASES if group(case) == name]
    for case in chosen:
        verdict = await judge(case)
        assert verdict.outcome in case.outcomes, (case.name, case.answer[:300], verdict)
        assert (await judge_twice(case) == "failed") == (verdict.outcome == "retried"), case.name
    assert len(chosen) > 20


def test_the_corpus_is_as_large_as_it_says() -> None:
    told = Counter(outcome for case in CASES for outcome in case.outcomes[:1])
    assert len(CASES) >= 1_000
    assert len([case for case in CASES if case.name.startswith(BY_HAND.stem)]) >= 80
    assert min(told[outcome] for outcome in ("read", "repaired", "retried")) > 100
    assert told["nothing"] > 10
    assert len({case.answer for case in CASES}) > 900


def test_it_reads_what_the_library_alone_does_not() -> None:
    """The library is used where it wins: behind our own reading of marks and quotes, and never unchecked."""
    sure = [case for case in CASES if case.outcomes in (("read",), ("repaired",))]
    alone = Counter(by_json_repair(case) for case in sure)
    assert alone["right"] < 0.75 * len(sure)
    assert alone["wrong"] > 0


async def test_no_error_tells_what_the_answer_said() -> None:
    for case in CASES:
        if case.outcomes == ("retried",):
            told = (await judge(case)).error
            assert not any(word in told for word in ("Oslo", "豆包", "peanuts", "tea", "爱好"))
            assert len(told) < 500


async def test_the_worker_that_extracts_takes_each_answer_or_refuses_it() -> None:
    form = FORMS["memories"]
    texts = [str(row["memory"]) for good in form.goods for row in good]
    batch = tuple(message(" / ".join(texts), id_=f"m{n}") for n in range(6))
    numbers = Numbering.of(told.id for told in batch)
    goods = tuple([{**row, "ids": [*map(numbers.shown, row["ids"])]} for row in good] for good in form.goods)
    prompt = prompt_of("extract_observations")
    for case in [*mutated({"memories": replace(form, goods=goods)})][::5]:
        worker = ExtractObservations(ScriptedChat([case.answer] * 2), prompt, Locale(), FakeClock())
        try:
            made = len((await worker.run(batch)).observations)
        except ModelAnswerError:
            assert "retried" in case.outcomes, case.name
        else:
            assert made == len(case.rows), (case.name, case.answer[:300])
            assert case.outcomes != ("retried",), case.name


def test_a_file_of_ones_own_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.yaml"
    entry = {"answer": "[]", "outcome": "nothing"}
    own.write_text(json.dumps([entry, {"answer": "[1]", "outcome": "read", "name": "wrong"}]), encoding="utf-8")
    assert main([str(own)]) == 1
    shown = capsys.readouterr().out
    assert "2 answers, 1 with another outcome than expected" in shown
    assert "BAD own 2: wrong" in shown
    assert meant("memories", [{"ids": 1, "memory": "x"}]) == [{"ids": (1,), "memory": "x", "time": ""}]
