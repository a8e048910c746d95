"""How well a ranking finds the evidence, and the plain rankings that an engine must be compared with.

The rankings use the terms and the formula of the engine, over all messages of one conversation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt
from evaluation_data import Question

from memoryengine.ports import Embedder, Vector
from memoryengine.ranking import bm25, idf
from memoryengine.records import GENERIC_SPEAKERS
from memoryengine.text import terms
from memoryengine.values import Message

CUTS = (5, 10, 20)
DEPTH = 100
RRF_K = 60
SIMPLE = ("bm25", "bm25 +previous", "bm25 +date", "dense", "rrf")
"""The plain methods: by words (alone, with the message before, with its date), by the embedder, and fused by rank."""

Ranking = Sequence[str]
Terms = tuple[str, ...]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Score:
    """Recall at each of `CUTS` and the reciprocal rank, of one question or as the mean of several; all in [0, 1]."""

    recall: tuple[float, ...]
    reciprocal_rank: float

    def shown(self) -> dict[str, float]:
        """The numbers by name, in percent but for the reciprocal rank."""
        cuts = {f"recall@{k}": round(100 * value, 2) for k, value in zip(CUTS, self.recall, strict=True)}
        return {**cuts, "mrr": round(self.reciprocal_rank, 4)}


def score(ranking: Ranking, question: Question) -> Score:
    """`recall_at` each of `CUTS`, and 1 / the rank of the first evidence."""
    first = next((rank for rank, id_ in enumerate(ranking[:DEPTH], start=1) if id_ in question.evidence), None)
    return Score(tuple(recall_at(ranking, question, k) for k in CUTS), 1 / first if first else 0.0)


def recall_at(ranking: Ranking, question: Question, k: int) -> float:
    """The share of the evidence among the first `k`; where one is enough, 1 if one is there."""
    wanted = 1 if question.any_is_enough else len(question.evidence)
    return min(1.0, len(question.evidence.intersection(ranking[:k])) / wanted)


def mean(scores: Sequence[Score]) -> Score:
    """The mean of some scores."""
    columns = zip(*(s.recall for s in scores), strict=True)
    return Score(tuple(map(fmean, columns)), fmean(s.reciprocal_rank for s in scores))


def precision(ranking: Ranking, question: Question, k: int = 10) -> float:
    """The share of the first `k` that is evidence; of a question with less evidence than `k`, of so many as it has."""
    return len(question.evidence.intersection(ranking[:k])) / min(k, len(question.evidence))


def plain_text(message: Message) -> str:
    """What the plain methods see of a message: its text, led by the speaker's name where that says who."""
    named = message.speaker.lower() not in GENERIC_SPEAKERS
    return f"{message.speaker}: {message.content}" if named else message.content


def without_repeats(ids: Iterable[str]) -> list[str]:
    """Each id once, where it came first."""
    return list(dict.fromkeys(ids))


class Bm25:
    """BM25 over messages by their terms, with the statistics of these messages alone."""

    def __init__(self, messages: Sequence[Message], texts: Sequence[Terms] | None = None) -> None:
        self._ids = [m.id for m in messages]
        counted = [Counter(held) for held in texts or [terms(plain_text(m)) for m in messages]]
        self._lengths = [sum(c.values()) for c in counted]
        self._average = fmean(self._lengths)
        self._holding: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, counts in enumerate(counted):
            for term, frequency in counts.items():
                self._holding[term].append((row, frequency))

    def rank(self, query: str) -> list[str]:
        """The best messages, those of equal score by id."""
        scores: dict[int, float] = defaultdict(float)
        for term in dict.fromkeys(terms(query)):
            held = self._holding.get(term, ())
            weight = idf(len(self._ids), len(held))
            for row, frequency in held:
                scores[row] += bm25(weight, frequency, self._lengths[row], self._average)
        best = sorted(scores.items(), key=lambda pair: (-pair[1], self._ids[pair[0]]))
        return [self._ids[row] for row, _ in best[:DEPTH]]


class Dense:
    """Cosine over messages, by one embedder."""

    def __init__(self, messages: Sequence[Message], vectors: Sequence[Vector]) -> None:
        self._ids = np.array([m.id for m in messages])
        self._matrix = _unit(vectors)

    def rank(self, query: Vector) -> list[str]:
        """The best messages, those of equal score by id."""
        cosines = self._matrix @ _unit([query])[0]
        return [str(id_) for id_ in self._ids[np.lexsort((self._ids, -cosines))[:DEPTH]]]


def rrf(*rankings: Ranking) -> list[str]:
    """Reciprocal rank fusion: the sum of 1 / (60 + rank) (Cormack, Clarke and Büttcher 2009)."""
    scores: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        for rank, id_ in enumerate(ranking, start=1):
            scores[id_] += 1 / (RRF_K + rank)
    return sorted(scores, key=lambda id_: (-scores[id_], id_))[:DEPTH]


async def plain_rankings(
    messages: Sequence[Message], questions: Sequence[Question], embedder: Embedder | None
) -> Mapping[str, list[list[str]]]:
    """What each plain method ranks for each question; without an embedder those by words alone."""
    cut = [terms(plain_text(m)) for m in messages]
    texts = {
        "bm25": cut,
        "bm25 +previous": [(*before, *own) for before, own in zip([(), *cut], cut, strict=False)],
        "bm25 +date": [(*terms(f"{m.said_at:%Y-%m-%d} {m.said_at.day} {m.said_at:%B %Y}"), *own)
                       for m, own in zip(messages, cut, strict=True)],
    }  # fmt: skip
    found = {method: _ranked(Bm25(messages, held), questions) for method, held in texts.items()}
    if embedder is None:
        return found
    dense = Dense(messages, await embedder.embed([plain_text(m) for m in messages]))
    vectors = await embedder.embed([q.query for q in questions], query=True)
    by_vector = [dense.rank(v) for v in vectors]
    both = [rrf(a, b) for a, b in zip(found["bm25"], by_vector, strict=True)]
    return {**found, "dense": by_vector, "rrf": both}


def _ranked(keyword: Bm25, questions: Sequence[Question]) -> list[list[str]]:
    return [keyword.rank(q.query) for q in questions]


def _unit(vectors: Sequence[Vector]) -> Matrix:
    matrix = np.asarray(vectors, np.float32)
    unit: Matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return unit
