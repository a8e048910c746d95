"""Whether memory answers a question at all: an honest "I do not know"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from memoryengine.text import content_terms
from memoryengine.trace import cut
from memoryengine.worker import Hits, worker

from .details import asks_for_details, standing_alone
from .owners import elsewhere

LOOKED_AT = 40
"""How many of the best hits are read."""


@dataclass(frozen=True)
class Judged:
    """The hits, whether memory answers the question, and how sure that is, from 0 to 1."""

    hits: Hits
    found: Hits
    answerable: bool = True
    certainty: float = 1.0


@worker("judge_hits")
@dataclass(frozen=True)
class JudgeHits:
    """Say whether what was found answers the question; by rule, and without a model.

    certainty = 1 / (1 + exp(against - 3)), where against is the strongest of three reasons, and 0 without one:

    8 elsewhere: how much better another person's words about himself fit than all that is said by or of the person
    whom the question names ("What did Ann's necklace cost?", where it is Bob who has a necklace). 10 weak: 1 where no
    word of the question and nothing near its meaning was found, 0 from a cosine of 0.3 or a coverage of 0.15 on.
    2 + 5 alone, where the question asks for details: how far the fourth hit is behind the best, for what is mentioned
    once is seldom told in detail.

    The question counts as unanswerable where `certainty` is below `least`, and always where nothing was found. The
    hits stay, unless `drop` is set. The weights are round numbers near those of a logistic regression on LoCoMo.
    """

    least: float = 0.45
    drop: bool = False

    async def run(self, query: str, hits: Hits, *, found: Hits = (), only: bool = False) -> Judged:
        """Judge the best hits; with `only` a time was all that the question named, and what was `found` answers it."""
        if only:
            return Judged(hits, found, bool(found), float(bool(found)))
        certainty = certainty_of(query, hits[:LOOKED_AT]) if hits else 0.0
        answerable = bool(hits) and certainty >= self.least
        if self.drop and not answerable:
            cut("no answer in memory", len(hits))
            return Judged((), (), answerable, certainty)
        return Judged(hits, found, answerable, certainty)


def certainty_of(query: str, hits: Hits) -> float:
    """How likely the hits answer the question."""
    reasons = [8.0 * elsewhere(query, hits), 10.0 * weakness(query, hits)]
    if asks_for_details(query):
        reasons.append(2.0 + 5.0 * standing_alone(hits))
    return 1.0 / (1.0 + math.exp(max(reasons) - 3.0))


NEAR = 0.3
COVERED = 0.15
COVERED_ALONE = 0.07
WORDS = 0.7


def weakness(query: str, hits: Hits) -> float:
    """How little of the question was found, from 0 to 1; 0 where a reranker has scored, for no search tells then.

    Of answers the best cosine is seldom below 0.25 and the best coverage below 0.1. Without cosines a long question may
    share few of its words with its answer, so some 0.7 of a word is enough.
    """
    words = len(set(content_terms(query)))
    if not words or any("rerank" in hit.channels for hit in hits):
        return 0.0
    coverage = max((hit.channels.get("coverage", 0.0) for hit in hits), default=0.0)
    cosines = [hit.channels["cosine"] for hit in hits if "cosine" in hit.channels]
    if cosines:
        return max(0.0, 1.0 - max(max(cosines) / NEAR, coverage / COVERED))
    return max(0.0, 1.0 - max(coverage / COVERED_ALONE, coverage * words / WORDS))
