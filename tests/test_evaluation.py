"""What the scripts that measure retrieval count, on small questions made here: halves, table, curve, ablation, page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ablation import is_worth, losses, rows, shown
from evaluation_charts import line_chart
from evaluation_curves import Asked, best, curve, families, shipped, told_curves
from evaluation_data import Question
from evaluation_embedder import ClassEmbedder, VectorFile, embedder_of
from evaluation_parts import changed, parts, setting, weights, without
from evaluation_report import page, write_page
from evaluation_scores import precision, recall_at
from evaluation_summary import summary
from evaluation_table import Row, line, lines, table, with_interval
from evaluation_worst import worst_of

from memoryengine import AsyncMemoryEngine, ConfigError
from memoryengine.workflow import Plan

HOSTILE = "<script>alert('1')</script> & \"so\" 你好"
VOID = {"meta", "br", "rect", "line", "circle", "polyline"}


def question(id_: str = "q", evidence: Sequence[str] = ("m1",), any_is_enough: bool = False) -> Question:
    return Question(id_, "?", "", frozenset(evidence), any_is_enough, None)


def measured(each: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A set as `told` keeps it."""
    recall = [one["recall"] for one in each.values()]
    scores = {
        method: {
            "questions": len(recall),
            **{f"recall@{k}": 100 * float(np.mean([one[method] for one in recall])) for k in (5, 10, 20)},
            "mrr": 0.5,
        }
        for method in recall[0]
    }
    return {
        "conversations": 2,
        "messages": 20,
        "questions": len(recall),
        "left_out": 1,
        "embedder": None,
        "seconds": 1.0,
        "milliseconds": 2.0,
        "methods": {method: {"all": one, "tuned on": one, "held out": one} for method, one in scores.items()},
        "each": each,
        **more,
    }


def asked(
    recall: float, plain: float, *, tuned_on: bool, category: str = "fact", at_ten: float = 0.0
) -> dict[str, Any]:
    return {
        "category": category,
        "tuned_on": tuned_on,
        "recall": {"messages": recall, "bm25": plain, "rrf": 0.0},
        "precision": {"messages": at_ten, "bm25": 0.1, "rrf": 0.2},
    }


def detail(**more: Any) -> dict[str, Any]:
    held: dict[str, Any] = {
        "over_k": {"messages": [50.0] * 50, "bm25": [40.0] * 50},
        "milliseconds": [1.0, 2.0, 30.0],
        "answerable": [
            {"signals": {"score": 0.9}, "recall": 1.0, "marked": False},
            {"signals": {"score": 0.4}, "recall": 0.0, "marked": True},
        ],
        "traps": [{"signals": {"score": 0.5}, "marked": True}, {"signals": {"score": 0.95}, "marked": False}],
        "worst": [],
    }
    return {**held, **more}


def bad_question(set_: str, id_: str) -> dict[str, Any]:
    found = {"id": "m9", "text": HOSTILE, "when": "2024-10-26 09:00", "kind": "message", "score": 0.5, "right": False}
    numbers = {"channels": {"keyword": 0.4}, "parts": {"<b>": 0.5}, "ranks": {"keyword": 3}}
    return {
        "set": set_,
        "id": id_,
        "category": HOSTILE,
        "tuned_on": True,
        "query": HOSTILE,
        "asked_at": "",
        "recall": 0.0,
        "plain": {"bm25": 1.0},
        "evidence": [{"id": "m1", "text": HOSTILE, "when": "", "rank": None}],
        "found": [{**found, **numbers}],
    }


class Balanced(HTMLParser):
    """Refuses a tag that closes another than the one that is open, and counts what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


# --- scores and halves --------------------------------------------------------------------------------------------


def test_half_of_the_questions_is_tuned_on_and_an_id_stays_in_its_half() -> None:
    ids = [f"set-{n}:q{n}" for n in range(1000)]
    tuned = [id_ for id_ in ids if question(id_).tuned_on]
    assert 430 < len(tuned) < 570
    assert all(sha1(id_.encode(), usedforsecurity=False).hexdigest()[0] in "01234567" for id_ in tuned)
    assert tuned == [id_ for id_ in ids if question(id_).tuned_on]


def test_precision_counts_what_little_evidence_there_is_as_all_of_it() -> None:
    ranking = [f"m{n}" for n in range(1, 21)]
    assert precision(ranking, question(evidence=["m1", "m2"])) == 1
    assert precision(ranking, question(evidence=[f"m{n}" for n in range(6, 36)])) == 0.5
    assert precision([], question()) == 0
    assert recall_at(ranking, question(evidence=["m1", "m30"]), 10) == 0.5
    assert recall_at(ranking, question(evidence=["m1", "m30"], any_is_enough=True), 10) == 1


# --- the table ----------------------------------------------------------------------------------------------------


def test_a_line_is_the_mean_over_the_questions_of_its_sets_together() -> None:
    one = measured({"a": asked(1, 0, tuned_on=True), "b": asked(0, 1, tuned_on=False)})
    other = measured({"c": asked(1, 1, tuned_on=False), "d": asked(1, 1, tuned_on=False)})
    held = line(Row("both", ("one", "other"), 70, 90), [one, other], "messages")
    assert (held.questions, held.plain) == (4, ("bm25", 75.0))
    assert (held.tuned_on, held.all[0]) == (100, 75)
    assert held.held_out[0] == pytest.approx(200 / 3)
    assert not held.reached, "the half held out reaches 67 of 70"
    assert "both" in table([held])
    assert "*" in table([held]).splitlines()[1]


def test_a_line_may_be_of_some_categories_and_of_precision() -> None:
    each = {
        "a": asked(0, 0, tuned_on=False, category="time_day", at_ten=1.0),
        "b": asked(1, 1, tuned_on=False, category="fact"),
    }
    row = Row("time", ("one",), 97, 99, "time_", "precision")
    held = line(row, [measured(each)], "messages")
    assert (held.questions, held.plain, held.all[0], held.reached) == (1, ("rrf", 20.0), 100, True)
    assert np.isnan(held.tuned_on)


def test_only_lines_whose_sets_were_all_measured_are_shown() -> None:
    one = measured({"a": asked(1, 0, tuned_on=True), "b": asked(1, 0, tuned_on=False)})
    assert [held.row.label for held in lines({"realtalk": one, "beam_1m": one}, {})] == ["realtalk"]
    both = lines({"locomo": one}, {"locomo": one})
    assert [held.row.embedder for held in both] == [True, False]
    assert lines({}, {}) == []


def test_intervals_are_the_same_in_each_run_and_hold_the_mean() -> None:
    values = [1.0] * 30 + [0.0] * 70
    mean, low, high = with_interval(values)
    assert mean == pytest.approx(30)
    # the normal approximation: 1.96 * sqrt(0.3 * 0.7 / 100) = 9.0 points
    assert low == pytest.approx(21, abs=1.5)
    assert high == pytest.approx(39, abs=1.5)
    assert with_interval(values) == (mean, low, high)
    assert with_interval([1.0, 1.0]) == (100, 100, 100)
    assert all(map(np.isnan, with_interval([])))


def test_the_summary_has_a_line_a_set_with_both_halves() -> None:
    one = measured({"a": asked(1, 0, tuned_on=True), "b": asked(0, 1, tuned_on=False)})
    text = summary({"first": one, "second": one}).splitlines()
    assert len(text) == 4
    assert text[1].startswith("first")
    assert text[1].count("50.0") == 4  # three halves and the best plain method
    assert text[3].startswith("mean over the sets")


# --- unanswerable questions ---------------------------------------------------------------------------------------


def test_the_curve_weighs_what_a_threshold_rejects_against_the_recall_it_costs() -> None:
    held = [
        Asked({"score": 0.1}, 0.0),  # found nothing: it costs nothing
        Asked({"score": 0.5}, 1.0),
        Asked({"score": 0.9}, 1.0),
        Asked({"score": 0.9}, 1.0),
        Asked({"score": 0.2}),
        Asked({"score": 0.6}),
        Asked({"score": 0.95}),
    ]
    points = curve(held, "score")
    assert (points[0].rejected, points[0].lost) == (0, 0)
    assert (points[-1].rejected, points[-1].lost) == (100, 75)
    assert best(points, 2.0).rejected == pytest.approx(100 / 3)
    assert best(points, 25.0).rejected == pytest.approx(200 / 3)
    assert best(points, 25.0).lost == 25
    assert curve(held[:4], "score") == [], "without unanswerable questions there is nothing to tell"
    assert {p.rejected for p in curve(held, "unknown")} == {0, 100}


def test_the_shipped_cut_is_counted_by_what_the_engine_marks() -> None:
    point = shipped([Asked({}, 1.0, marked=True), Asked({}, 0.5), Asked({}, None, marked=True), Asked({}, None)])
    assert (point.rejected, point.lost) == (50, 50)
    assert shipped([Asked({}, 1.0)]).rejected == 0
    sets = {"chat_1": {"detail": detail()}, "chat_2": {"detail": detail()}, "other": {"detail": detail(traps=[])}}
    assert {name: len(held) for name, held in families(sets).items()} == {"chat": 8}
    assert "chat" in told_curves(sets)
    assert told_curves({}) == "No set holds unanswerable questions."


# --- parts and ablation -------------------------------------------------------------------------------------------


@pytest.fixture
def plan() -> Plan:
    return AsyncMemoryEngine({"extends": "embedded"}).plan("retrieve_memory")


def test_parts_are_read_from_the_workflow_and_can_be_taken_out(plan: Plan) -> None:
    names = parts(plan)
    assert {"search_memories", "fuse_hits", "limit_hits"} <= set(names)
    assert any("." in name for name in names)
    assert "add_replies" not in parts(without(plan, "add_replies"))
    weight = next(name for name in names if "." in name)
    assert weight not in parts(without(plan, weight))
    assert parts(plan) == names, "the plan itself stays as it is"
    with pytest.raises(SystemExit, match="no part 'nothing'"):
        without(plan, "nothing")


def test_a_setting_is_changed_by_its_path(plan: Plan) -> None:
    fuse = next(step for step in plan.bound_steps() if step.instance == "fuse_hits")
    ratios = setting(fuse, "kind_ratios")
    later = changed(plan, "fuse_hits.kind_ratios.message=0.77")
    moved = next(step for step in later.bound_steps() if step.instance == "fuse_hits")
    assert setting(moved, "kind_ratios") == {**ratios, "message": 0.77}
    assert setting(fuse, "kind_ratios") == ratios
    assert set(weights(moved)) == set(weights(fuse))
    limit = next(s for s in changed(plan, "limit_hits.top_k=3").bound_steps() if s.instance == "limit_hits")
    assert setting(limit, "top_k") == 3
    for wrong in ("limit_hits.top_k", "nobody.top_k=3", "limit_hits.nothing=3", "limit_hits=3"):
        with pytest.raises(SystemExit, match="must be like worker"):
            changed(plan, wrong)


def test_what_a_part_is_worth() -> None:
    whole = {"one": 80.0, "two": 50.0, "three": 60.0}
    assert losses(whole, {"one": 79.0, "two": 51.0, "three": 60.0}) == {"one": 1.0, "two": -1.0, "three": 0.0}
    assert is_worth({"one": 0.5, "two": 0.6, "three": -9.0})
    assert is_worth({"one": 5.0, "two": -1.0})
    assert not is_worth({"one": 4.9, "two": 0.4})
    assert shown("part", whole, {"one": 79.0, "two": 51.0, "three": 60.0}).endswith("*")
    assert "cannot be taken out: why" in shown("part", whole, "why")
    assert [row.label for row in rows(["realtalk", "own"])] == ["realtalk", "own"]


# --- embedders ----------------------------------------------------------------------------------------------------


@dataclass
class Counting:
    """A model that counts the texts it is given."""

    texts: int = 0

    def embed(self, texts: list[str]) -> Any:
        self.texts += len(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32)


async def test_a_text_is_embedded_once_for_all_runs(tmp_path: Path) -> None:
    model = Counting()
    one = VectorFile(ClassEmbedder("mine", 2, model), tmp_path / "vectors" / "kept")
    assert [list(v) for v in await one.embed(["a", "bb", "a"])] == [[1, 1], [2, 1], [1, 1]]
    assert model.texts == 2
    await one.close()
    again = VectorFile(ClassEmbedder("mine", 2, model), tmp_path / "vectors" / "kept")
    assert [list(v) for v in await again.embed(["bb", "ccc"])] == [[2, 1], [3, 1]]
    assert model.texts == 3
    await again.close()
    other = VectorFile(ClassEmbedder("another", 2, model), tmp_path / "vectors" / "kept")
    await other.embed(["bb"])
    await other.close()
    assert model.texts == 4, "another model's vectors are its own"


async def test_any_class_of_a_file_is_an_embedder(tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(
        "class Two:\n    dimensions = 2\n    def embed(self, texts):\n        return [[1, 2] for _ in texts]\n"
    )
    made = embedder_of(f"{file}:Two")
    assert (made.name, made.dimensions) == ("small.Two", 2)
    assert await made.embed(["a", "b"]) == [[1.0, 2.0]] * 2
    assert await made.embed([]) == []
    with pytest.raises(ConfigError, match="no class 'Three'"):
        embedder_of(f"{file}:Three")
    file.with_name("other.py").write_text("class None_:\n    pass\n")
    with pytest.raises(SystemExit, match="no `dimensions`"):
        embedder_of(f"{file.with_name('other.py')}:None_")


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_is_whole_and_takes_every_text_for_text(tmp_path: Path) -> None:
    each = {"a": asked(1, 0, tuned_on=True), "b": asked(0, 1, tuned_on=False)}
    name = "realtalk"
    sets = {
        name: measured(each, detail=detail(worst=[bad_question(name, "a")])),
        HOSTILE: measured(each, detail=detail(traps=[], worst=[bad_question(HOSTILE, "b")])),
    }
    goals = lines(sets, {})
    file = write_page(tmp_path / "new" / "folder", page(sets, goals, {"config": HOSTILE}))
    text = file.read_text("utf-8")
    seen = read(text)
    assert "<script" not in text
    assert "script" not in seen.seen
    assert seen.addresses == [], "the page asks for no other file"
    assert any(HOSTILE in piece for piece in seen.text)
    assert seen.seen.count("svg") == 4, "bars, two sets over k, one family of unanswerable questions"
    assert seen.seen.count("details") == 4
    assert "prefers-color-scheme: dark" in text
    assert "检索评测" in text


def test_the_worst_questions_are_taken_from_each_set_in_turn() -> None:
    held = {
        name: {"detail": {"worst": [bad_question(name, f"{name}{n}") for n in range(40)]}} for name in ("x", "y", "z")
    }
    chosen = [one["id"] for one in worst_of(held)]
    assert len(chosen) == 50
    assert chosen[:4] == ["x0", "y0", "z0", "x1"]
    assert worst_of({}) == []


def test_a_chart_keeps_to_its_frame() -> None:
    drawn = line_chart({"a<b": [(1, 10), (60, 500)]}, title="t&t", x_label="k", x_end=50, marks=[(999, 999, "far")])
    assert read(drawn).seen.count("polyline") == 1
    assert "a&lt;b" in drawn
    assert "t&amp;t" in drawn
    assert 'cx="330.0" cy="22.0"' in drawn
