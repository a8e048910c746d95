"""The final score of a hit: how well it fits, and all else that speaks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from memoryengine.hits import by_score
from memoryengine.questions import Question, lasting
from memoryengine.times import overlaps
from memoryengine.trace import cut
from memoryengine.values import PAUSE, Hit, Memory, Message, Period
from memoryengine.worker import Hits, worker

INSTANT = timedelta(microseconds=1)
HALO = timedelta(days=3)

# MemoryScope's ratios are message 0.5, observation 1, custom 1.2, insight 2. Two of them are measured otherwise here.
# Insight: 40 plain questions over 40 observations with 8 insights that sum them up (zh and en): the observation comes
# first for all 40 up to 1.2, for 38 at 1.5 and for 20 at 2, while general questions find their insight first for 3 of
# 8 at 1 and for 7 of 8 at 1.2. Message: LoCoMo with its reference observations, messages without one beside them, 558
# questions by BM25: recall@10 is 64.4 % at 0.5, 65.8 % from 0.7 to 0.8, 64.0 % at 1 and 55.3 % with messages alone.
KIND_RATIOS: Mapping[str, float] = {"message": 0.7, "observation": 1.0, "custom": 1.2, "insight": 1.2}
RERANKED = {"insight": 1.0}

WEIGHTS: Mapping[str, float] = {
    "time": 0.4,
    "near": 0.4,
    "order": 0.1,
    "speaker": 0.4,
    "role": 0.3,
    "reply": 0.4,
    "session": 0.4,
    "part": 0.5,
    "hop": 0.2,
    "rule": 0.6,
    "wish": 0.3,
    "lasting": 0.3,
}
"""What each channel adds at most, where the best match by words and meaning has 1."""

BY_ITSELF = frozenset({"time", "part", "hop", "reply"})
"""The channels for which a hit is worth showing that neither its words nor its meaning speak for."""

REMARK: Mapping[str, float] = {"keyword": 0.5, "reply": 0.0, "session": 0.0}
"""By what a part is multiplied where nothing is asked: what a remark brings to mind shares few words with it."""


@dataclass(frozen=True)
class Fused:
    """The hits with their final scores, best first."""

    hits: Hits


@worker("fuse_hits")
@dataclass(frozen=True)
class FuseHits:
    """Order hits by relevance, kind and all channels that `weights` names, best first.

    score = (relevance + sum of weight * channel) * kind ratio. The channels that are found here:
    `time` 1 for a hit whose event (or, where it has none, the moment it was said) falls into the period that the
    question asks about; `near` falls from 1 to 0 over three days beside it; `order` from 1 to 0 from the first (or
    last) to the other relevant hits, where the question asks for it; `role` 1 for the user's messages among those of
    an assistant, or for the assistant's where the question asks for these; `session` the best relevance in the
    session of the hit, or where no sessions are given in its sitting, which a pause of six hours ends (its own for
    what was never said); `rule` 1 for what the user told an assistant to do always, `wish` and `lasting` 1 for
    messages that state such a thing, where the question is a request (`wish`) or a remark (`lasting`). The others
    come from workers before.

    Hits whose relevance is below `least` are dropped, unless their time, a part of the question, a hop or a reply
    speaks for them, and so are those of a kind with ratio 0. An insight that a reranker has scored counts at most 1:
    the ratio makes up for what a long text loses in BM25, and a reranker takes none. `time_ratio` is a further factor
    for hits in the period, as MemoryScope has one, and `remark` has factors for parts where the question is a remark.
    """

    time_ratio: float = 1.0
    kind_ratios: Mapping[str, float] = field(default_factory=lambda: KIND_RATIOS)
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    remark: Mapping[str, float] = field(default_factory=lambda: REMARK)
    least: float = 0.01

    async def run(
        self,
        hits: Hits,
        period: Period | None = None,
        *,
        question: Question | None = None,
        order: Literal["", "first", "last"] = "",
    ) -> Fused:
        """Score and sort; hits of equal score keep their order."""
        asked = question or Question()
        both = len({hit.item.role for hit in hits if isinstance(hit.item, Message)}) > 1
        sessions, places, stated = _sessions(hits), _places(hits, order), _stated(asked, both)
        scored = []
        for hit in hits:
            item = hit.item
            role = item.role if isinstance(item, Message) else "user"
            channels = {**hit.channels, "session": sessions.get(item.id, hit.score), "order": places.get(item.id, 0.0)}
            if period is not None:
                channels |= _time(hit, period)
            if both and role == (asked.said_by or "user"):
                channels["role"] = 1.0
            if stated and role == "user":
                channels |= dict.fromkeys(lasting(item.content, stated), 1.0)
            scored.append(self._scored(hit, channels, self.remark if asked.remark else {}))
        kept = [hit for hit in scored if hit.parts]
        cut(f"relevance below {self.least:g} or a kind with ratio 0", len(hits) - len(kept))
        return Fused(by_score(kept))

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        return {**WEIGHTS, **self.weights}

    @cached_property
    def _ratios(self) -> Mapping[str, float]:
        return {**KIND_RATIOS, **self.kind_ratios}

    def _scored(self, hit: Hit, found: dict[str, float], factors: Mapping[str, float]) -> Hit:
        """The hit with all the channels that were found and its parts; without parts if it is to be dropped."""
        weights = self._weights
        more = {name: weights[name] * value for name, value in found.items() if value and weights.get(name)}
        ratio = self._ratio(hit) * (self.time_ratio if found.get("time") else 1.0)
        if ratio <= 0 or (hit.score < self.least and BY_ITSELF.isdisjoint(more)):
            return hit.but(parts={})
        channels = {name: value for name, value in found.items() if value or name in hit.channels}
        if not hit.parts and hit.score:
            channels["relevance"] = hit.score
        parts = {**(hit.parts or {"relevance": hit.score}), **more}
        if factors or ratio != 1.0:
            parts = {name: part * ratio * factors.get(name, 1.0) for name, part in parts.items()}
        return hit.but(score=sum(parts.values()), channels=channels, parts=parts)

    def _ratio(self, hit: Hit) -> float:
        ratio = self._ratios[hit.kind]
        return min(ratio, RERANKED.get(hit.kind, ratio)) if "rerank" in hit.channels else ratio


def _sessions(hits: Iterable[Hit]) -> dict[str, float]:
    """The best relevance in the session of each hit that was said in one, by id."""
    held: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.kind in ("message", "observation"):
            held.setdefault(hit.item.session, []).append(hit)
    groups = [*_sittings(held.pop("", [])), *held.values()]
    return {hit.item.id: best for group in groups for best in [max(one.score for one in group)] for hit in group}


def _sittings(hits: Iterable[Hit]) -> list[list[Hit]]:
    found: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda hit: hit.item.said_at):
        if found and hit.item.said_at - found[-1][-1].item.said_at <= PAUSE:
            found[-1].append(hit)
        else:
            found.append([hit])
    return found


def _places(hits: Hits, order: str) -> dict[str, float]:
    """How early (or late) each of the relevant hits was said, from 1 down to 0; nothing where no order is asked for."""
    least = max((hit.score for hit in hits), default=0.0) / 2
    relevant = sorted((hit for hit in hits if order and hit.score >= least), key=lambda hit: hit.item.said_at)
    if order == "last":
        relevant.reverse()
    return {hit.item.id: 1.0 - place / len(relevant) for place, hit in enumerate(relevant)}


def _time(hit: Hit, period: Period) -> dict[str, float]:
    when = _when(hit)
    if overlaps(when, period):
        return {"time": 1.0, "near": 1.0}
    if period.recurs:
        return {}
    gap = period.start - when.end if when.end <= period.start else when.start - period.end
    return {"near": max(0.0, 1.0 - gap / HALO)}


def _stated(question: Question, both: bool) -> tuple[str, ...]:
    """The kinds of lasting statement that speak for a message of the user."""
    rules = ("rule",) if both and not question.remark else ()
    return (*rules, "wish") if question.request else (*rules, "lasting") if question.remark else rules


def _when(hit: Hit) -> Period:
    item = hit.item
    event = item.event if isinstance(item, Memory) else None
    return event or Period(item.said_at, item.said_at + INSTANT)
