"""The order of hits by meaning: a reranker's scores, or a documented fusion of the search's own channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memoryengine.hits import by_score
from memoryengine.ports import Reranker
from memoryengine.reranking import relevances, text_of
from memoryengine.values import Hit
from memoryengine.worker import Hits, worker

RERANK = "rerank"
COSINE = "cosine"


@dataclass(frozen=True)
class Ranked:
    """The hits with new scores, best first."""

    hits: Hits


@worker("semantic_rank")
@dataclass(frozen=True)
class SemanticRank:
    """Order hits by meaning: by the reranker where one is configured, else by the search's own channels.

    Without a reranker the score is the weighted mean of the channels, each divided by the best of this search:
    (keyword_weight * keyword + vector_weight * vector) / (keyword_weight + vector_weight), where a channel that did
    not find a hit counts as 0 and a channel that found nothing at all does not count. With keyword search alone the
    order is therefore BM25's own. The weights are those of a measurement on thirteen sets of conversations.

    With a reranker its score is the score of the best `top_n` hits by that mean; the others follow in their order,
    below the last of them. Where it gives none within `seconds`, or none that can be used, the order is as without it
    and a warning says why; it reads `longest` characters of a text. With `rerank` off it is not asked here: in the
    stock workflow `rerank_hits` asks it once everything is found.
    """

    reranker: Reranker | None = None
    keyword_weight: float = 1.0
    vector_weight: float = 0.8
    rerank: bool = True
    top_n: int = 100
    longest: int = 2_000
    seconds: float = 5.0

    async def run(self, query: str, hits: Hits) -> Ranked:
        """Score and sort; hits of equal score keep their order."""
        fused = fuse_channels(hits, {"keyword": self.keyword_weight, "vector": self.vector_weight})
        if self.reranker is None or not self.rerank or not fused:
            return Ranked(fused)
        head, rest = fused[: self.top_n], fused[self.top_n :]
        texts = [text_of(hit.item) for hit in head]
        scores = await relevances(self.reranker, query, texts, seconds=self.seconds, longest=self.longest)
        return Ranked(_reranked(head, scores, rest) if scores else fused)


def fuse_channels(hits: Sequence[Hit], weights: Mapping[str, float]) -> Hits:
    """The hits by the weighted mean of their channels, each channel divided by its best."""
    best = {name: max((hit.channels.get(name, 0.0) for hit in hits), default=0.0) for name in weights}
    counting = {name: weight for name, weight in weights.items() if best[name] > 0 and weight > 0}
    total = sum(counting.values())
    if not total:
        return tuple(hits)

    def fused(hit: Hit) -> Hit:
        channels = {name: hit.channels[name] / best[name] for name in counting if name in hit.channels}
        parts = {name: counting[name] * channel / total for name, channel in channels.items()}
        raw = {COSINE: hit.channels["vector"]} if "vector" in hit.channels else {}
        return hit.but(score=sum(parts.values()), channels={**hit.channels, **raw, **channels}, parts=parts)

    return by_score(map(fused, hits))


def _reranked(head: Sequence[Hit], scores: Sequence[float], rest: Sequence[Hit]) -> Hits:
    scored = by_score(
        hit.but(score=score, channels={**hit.channels, RERANK: score}, parts={RERANK: score})
        for hit, score in zip(head, scores, strict=True)
    )
    floor = min(scores)
    return scored + tuple(_times(hit, floor) for hit in rest)


def _times(hit: Hit, factor: float) -> Hit:
    parts = {name: part * factor for name, part in hit.parts.items()}
    return hit.but(score=hit.score * factor, parts=parts)
