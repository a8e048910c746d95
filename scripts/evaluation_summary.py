"""The numbers of a run: what `--out` keeps of a set, and the tables that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from evaluation_data import Question
from evaluation_details import details
from evaluation_runs import SetRun
from evaluation_scores import CUTS, SIMPLE, Score, mean, precision, score

K = 10
HALVES = ("tuned on", "held out", "all")


def told(run: SetRun, detail: bool = False) -> dict[str, Any]:
    """Everything that is kept of a set: scores by method and category, and those of each question at ten.

    With `detail` what the page shows of it too.
    """
    questions = run.questions
    seconds = [a.seconds for held in run.answers.values() for a in held]
    return {
        "conversations": len(run.data.conversations),
        "messages": run.data.messages,
        "questions": run.data.questions,
        "left_out": run.data.left_out,
        "embedder": run.embedder or None,
        "seconds": round(run.seconds, 1),
        "milliseconds": round(1000 * median(seconds), 2),
        "warnings": sorted({w for held in run.answers.values() for a in held for w in a.warnings}),
        "methods": {method: by_category(rankings, questions) for method, rankings in run.rankings.items()},
        "each": {q.id: each(run, place, q) for place, q in enumerate(questions)},
        **({"detail": details(run, list(run.answers)[-1])} if detail else {}),
    }


def by_category(rankings: Sequence[Sequence[str]], questions: Sequence[Question]) -> dict[str, dict[str, Any]]:
    """The mean score of all questions, of both halves and of each category, with their counts."""
    scores: dict[str, list[Score]] = {"all": [], "tuned on": [], "held out": []}
    for ranking, question in zip(rankings, questions, strict=True):
        one = score(ranking, question)
        for group in ("all", "tuned on" if question.tuned_on else "held out", question.category):
            scores.setdefault(group, []).append(one)
    return {group: {"questions": len(held), **mean(held).shown()} for group, held in scores.items() if held}


def each(run: SetRun, place: int, question: Question) -> dict[str, Any]:
    """recall@10 and precision@10 of one question by method, so that two runs can be compared question by question."""
    rankings = {method: held[place] for method, held in run.rankings.items()}
    at = CUTS.index(K)
    return {
        "category": question.category,
        "tuned_on": question.tuned_on,
        "recall": {method: round(score(found, question).recall[at], 4) for method, found in rankings.items()},
        "precision": {method: round(precision(found, question, K), 4) for method, found in rankings.items()},
    }


def set_table(name: str, measured: Mapping[str, Any]) -> str:
    """What a person reads of one set."""
    cuts = "".join(f"{f'R@{k}':>8}" for k in CUTS)
    head = (
        f"{name}: {measured['messages']} messages of {measured['conversations']} users, {measured['questions']} "
        f"questions ({measured['left_out']} without evidence left out), embedder {measured['embedder'] or 'off'}, "
        f"{measured['milliseconds']} ms a question, {measured['seconds']} s"
    )
    lines = [head, f"  {'category':<28}{'n':>6}  {'method':<14}{cuts}{'MRR':>8}"]
    methods = measured["methods"]
    for category in next(iter(methods.values())):
        for method, scores in methods.items():
            one = scores[category]
            numbers = "".join(f"{one[f'recall@{k}']:>8.1f}" for k in CUTS)
            lines.append(f"  {category:<28}{one['questions']:>6}  {method:<14}{numbers}{one['mrr']:>8.3f}")
    return "\n".join(lines)


def summary(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each set and mode: recall@10 on the half tuned on, the one held out and all, and the best plain."""
    head = "".join(f"{half:>10}" for half in HALVES)
    lines = [f"recall@{K} in %{'':<20}{'n':>6}{head}{'plain':>10}  best plain method, on all{'':<4}{'ms':>8}{'s':>8}"]
    totals: list[list[float]] = []
    for name, measured in sets.items():
        methods = measured["methods"]
        plain = {m: methods[m]["all"][f"recall@{K}"] for m in SIMPLE if m in methods}
        best = max(plain, key=lambda method: plain[method])
        for mode in (m for m in methods if m not in SIMPLE):
            halves = [methods[mode].get(half, {}).get(f"recall@{K}", float("nan")) for half in HALVES]
            shown = "".join(f"{value:>10.1f}" for value in halves)
            label = name if mode == "messages" else f"{name} ({mode})"
            lines.append(
                f"{label:<34}{measured['questions']:>6}{shown}{plain[best]:>10.1f}  {best:<29}"
                f"{measured['milliseconds']:>8}{measured['seconds']:>8}"
            )
            totals.append([*halves, plain[best]])
    if len(totals) > 1:
        means = "".join(f"{fmean(column):>10.1f}" for column in zip(*totals, strict=True))
        lines.append(f"{'mean over the sets':<40}{means}")
    return "\n".join(lines)
