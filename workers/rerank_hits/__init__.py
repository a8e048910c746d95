"""A second look at the best hits, by a rerank model that reads question and text together."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.hits import by_score
from memoryengine.ports import Reranker
from memoryengine.reranking import relevances, text_of
from memoryengine.values import Hit
from memoryengine.worker import Hits, worker

RERANK = "rerank"
BY_TIME = frozenset({"time", "order"})


@dataclass(frozen=True)
class Reranked:
    """The hits, best first."""

    hits: Hits


@worker("rerank_hits")
@dataclass(frozen=True)
class RerankHits:
    """Give the best hits the channel `rerank`, a rerank model's word, and order by it; without a model change nothing.

    score = (1 - weight) * score / best score + weight * rerank. What a rerank model cannot know (the time that was
    asked for, who speaks, of which kind a memory is) stays in the score so, and it settles the order of all that the
    model finds equally beside the point. Only the best `top_n` hits are sent; the others have no such channel and
    follow, for their own score was lower and nothing is added to it.

    Hits that were found by a time alone (with no channel but `time` and `order`) stay in its order without a call.

    Texts are sent once each, with at most `longest` characters. If there is no answer within `seconds`, a refusal or an
    answer that cannot be used, the hits stay as they are and a warning in the result says why.
    """

    reranker: Reranker | None = None
    top_n: int = 50
    weight: float = 0.8
    longest: int = 2_000
    seconds: float = 5.0

    async def run(self, query: str, hits: Hits) -> Reranked:
        """Ask the model once; hits of equal score keep their order."""
        head = by_score(hits)[: max(0, self.top_n)]
        if self.reranker is None or not query.strip() or all(map(_by_time, head)):
            return Reranked(hits)
        texts = [text_of(hit.item) for hit in head]
        found = await relevances(self.reranker, query, texts, seconds=self.seconds, longest=self.longest)
        if not found:
            return Reranked(hits)
        scores = {id(hit): score for hit, score in zip(head, found, strict=True)}
        best = head[0].score
        kept = (1.0 - self.weight) / best if best > 0 else 0.0
        return Reranked(by_score(self._scored(hit, kept, scores.get(id(hit))) for hit in hits))

    def _scored(self, hit: Hit, kept: float, rerank: float | None) -> Hit:
        parts = {name: kept * part for name, part in hit.parts.items()}
        if rerank is None:
            return hit.but(score=kept * hit.score, parts=parts)
        told = self.weight * rerank
        parts = {**parts, RERANK: told} if parts else {}
        return hit.but(score=kept * hit.score + told, channels={**hit.channels, RERANK: rerank}, parts=parts)


def _by_time(hit: Hit) -> bool:
    return bool(hit.channels) and hit.channels.keys() <= BY_TIME
