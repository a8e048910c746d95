"""Of whom the sentences that fit a question tell: of the person it names, or of somebody else.

Whoever says "my necklace" tells of himself, and "your necklace" of the other. So the sentences of the hits are given to
the person named, to others, or to both ("we"), and the better side is compared with the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from memoryengine.questions import named_in
from memoryengine.text import content_terms, terms
from memoryengine.worker import Hits

from .details import relevance

Owner = Literal["named", "other", "both"]
Person = Literal["second", "we", ""]

LONGEST = 1_500
STEM = 4
_SENTENCE = re.compile(r"(?<=[.!?。！？\n])\s*")
_WE = re.compile(r"\b(?:we|our|us|ours|we're|we've|we'd|we'll)\b|我们|咱", re.IGNORECASE)
_SECOND = re.compile(r"\b(?:you|your|yours|you're|you've|you'd|you'll)\b|[你您]|[?？]\s*$", re.IGNORECASE)
_OF_ASKER = re.compile(r"\b(?:i|my|me|mine|i'm|i've|i'd)\b|我", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a sentence is about, and of whom it tells as seen by its speaker."""

    words: frozenset[str]
    person: Person


def elsewhere(query: str, hits: Hits) -> float:
    """How much better others' words about themselves fit the question than those of or about whom it names.

    0 where it names nobody who speaks in the hits, or everybody. The sum of two differences, each 0 at most 1: of the
    best share of the question's words in one sentence, and, by half, of the best relevance of a hit.
    """
    named = _named(query, hits)
    if not named or all(hit.item.speaker in named for hit in hits if hit.item.speaker):
        return 0.0
    names = frozenset(term for name in named for term in terms(name))
    asked = frozenset(content_terms(query)) - names
    read = [_telling(hit.item.content, asked) for hit in hits]
    weights = _weights(asked, read)
    words: dict[Owner, float] = {"named": 0.0, "other": 0.0, "both": 0.0}
    fits: dict[Owner, float] = dict(words)
    for hit, sentences in zip(hits, read, strict=True):
        best = _best_by_owner(sentences, hit.item.speaker, hit.item.speaker in named, names, weights)
        for owner, share in best.items():
            words[owner] = max(words[owner], share)
        if best:
            owner = max(best, key=lambda one: best[one])
            fits[owner] = max(fits[owner], relevance(hit.channels))
    return min(1.0, max(0.0, _lead(words) + 0.5 * _lead(fits)))


def _lead(found: Mapping[Owner, float]) -> float:
    return found["other"] - max(found["named"], found["both"])


def _named(query: str, hits: Hits) -> frozenset[str]:
    """The speakers of whom the question asks, as the channel `speaker` knows them."""
    of_asker = _OF_ASKER.search(query) is not None
    named = {hit.item.speaker for hit in hits if hit.channels.get("speaker")} - {""}
    by_name = named_in(query, {hit.item.speaker for hit in hits})
    return frozenset(by_name or (named if of_asker else ()))


def _weights(words: frozenset[str], read: Sequence[Sequence[_Sentence]]) -> dict[str, float]:
    """How much each word of the question tells, by how few hits hold it; the sum is 1."""
    held = [frozenset().union(*(sentence.words for sentence in sentences)) for sentences in read]
    raw = {word: math.log1p((len(held) + 1) / (0.5 + sum(word in one for one in held))) for word in words}
    total = sum(raw.values())
    return {word: weight / total for word, weight in raw.items()} if total else {}


def _best_by_owner(
    sentences: Iterable[_Sentence], speaker: str, own: bool, names: frozenset[str], weights: Mapping[str, float]
) -> dict[Owner, float]:
    """The best share of the question's words in one sentence, for each owner of sentences."""
    best: dict[Owner, float] = {}
    for sentence in sentences:
        owner = _owner(sentence, own, names) if speaker else "both"
        share = sum(weights[word] for word in weights.keys() & sentence.words)
        best[owner] = max(best.get(owner, 0.0), share)
    return best


def _owner(sentence: _Sentence, own: bool, names: frozenset[str]) -> Owner:
    if sentence.person == "we":
        return "both"
    if sentence.person == "second":
        return "other" if own else "named"
    return "named" if own or names & sentence.words else "other"


def _telling(content: str, asked: frozenset[str]) -> list[_Sentence]:
    """The sentences that may hold a word of the question: a stem and its word begin alike."""
    heads = [term[:STEM] for term in asked]
    cut = [(one, one.lower()) for one in _SENTENCE.split(content[:LONGEST])]
    return [_sentence(one) for one, folded in cut if any(head in folded for head in heads)]


@lru_cache(maxsize=16_384)
def _sentence(text: str) -> _Sentence:
    return _Sentence(frozenset(content_terms(text)), _person(text))


def _person(sentence: str) -> Person:
    if _WE.search(sentence):
        return "we"
    return "second" if _SECOND.search(sentence) else ""
