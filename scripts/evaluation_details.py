"""What the page shows of a set beyond its scores: recall over k, latencies, confidence, and the worst questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation_data import Question
from evaluation_runs import Answer, Seen, SetRun
from evaluation_scores import SIMPLE, recall_at

from memoryengine.values import Message

DEEPEST = 50
WORST = 25
FOUND = 10
K = 10


def details(run: SetRun, mode: str) -> dict[str, Any]:
    """Everything of one mode, as plain values; `worst` holds texts of the data."""
    questions = run.questions
    answers = run.answers[mode]
    return {
        "over_k": {m: over_k(held, questions) for m, held in run.rankings.items() if m in (mode, *SIMPLE)},
        "milliseconds": [round(1000 * a.seconds, 3) for a in (*answers, *run.traps)],
        "answerable": [
            {"signals": a.signals, "recall": recall_at(a.ranking, q, K), "marked": a.marked}
            for a, q in zip(answers, questions, strict=True)
        ],
        "traps": [{"signals": a.signals, "marked": a.marked} for a in run.traps],
        "worst": worst(run, mode),
    }


def over_k(rankings: Sequence[Sequence[str]], questions: Sequence[Question]) -> list[float]:
    """recall@k in percent for k from 1 to 50."""
    sums = [0.0] * DEEPEST
    for ranking, question in zip(rankings, questions, strict=True):
        for k in range(DEEPEST):
            sums[k] += recall_at(ranking, question, k + 1)
    return [round(100 * total / len(questions), 2) for total in sums]


def worst(run: SetRun, mode: str) -> list[dict[str, Any]]:
    """The questions of which most is missed; among equals those that a plain method answers better."""
    scored = []
    for place, (question, answer) in enumerate(zip(run.questions, run.answers[mode], strict=True)):
        plain = {method: recall_at(held[place], question, K) for method, held in run.plain.items()}
        ours = recall_at(answer.ranking, question, K)
        scored.append((ours, ours - max(plain.values()), question.id, question, answer, plain))
    scored.sort(key=lambda one: one[:3])
    said = {m.id: m for c in run.data.conversations for m in c.messages}
    missed = [one for one in scored if one[0] < 1][:WORST]
    return [_told(run.data.name, q, a, ours, plain, said) for ours, _, _, q, a, plain in missed]


def _told(
    name: str, question: Question, answer: Answer, ours: float, plain: Mapping[str, float], said: Mapping[str, Message]
) -> dict[str, Any]:
    ranks = {id_: rank for rank, id_ in enumerate(answer.ranking, start=1)}
    evidence = sorted(question.evidence, key=lambda id_: (ranks.get(id_, len(ranks) + 1), id_))
    numbers = {hit.id: _numbers(hit) for hit in answer.hits}
    return {
        "set": name,
        "id": question.id,
        "category": question.category,
        "tuned_on": question.tuned_on,
        "query": question.query,
        "asked_at": question.asked_at.isoformat(" ", "minutes") if question.asked_at else "",
        "recall": ours,
        "plain": dict(plain),
        "evidence": [{"rank": ranks.get(id_), **_message(id_, said), **numbers.get(id_, {})} for id_ in evidence],
        "found": [_found(hit, question, said) for hit in answer.hits[:FOUND]],
    }


def _found(hit: Seen, question: Question, said: Mapping[str, Message]) -> dict[str, Any]:
    told = _message(hit.id, said) if hit.id in said else {"id": hit.id, "text": hit.text, "when": ""}
    return {
        **told,
        "kind": hit.kind,
        **_numbers(hit),
        "right": hit.id in question.evidence,
    }


def _numbers(hit: Seen) -> dict[str, Any]:
    return {
        "score": round(hit.score, 4),
        "channels": {name: round(value, 3) for name, value in hit.channels.items()},
        "parts": {name: round(value, 3) for name, value in hit.parts.items()},
        "ranks": dict(hit.ranks),
    }


def _message(id_: str, said: Mapping[str, Message]) -> dict[str, Any]:
    if id_ not in said:
        return {"id": id_, "text": "", "when": ""}
    message = said[id_]
    text = f"{message.speaker or message.role}: {message.content}"
    return {"id": id_, "text": text, "when": message.said_at.strftime("%Y-%m-%d %H:%M")}
