"""The offline embedder: a deterministic hashed bag of terms, which knows words and no meanings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from ..ports import Vector
from ..text import content_terms, terms
from ..values import LANGUAGES, Language

FUNCTION_WORD_WEIGHT = 0.2


def lexical_vector(text: str, dimensions: int) -> tuple[float, ...]:
    """The unit vector of a text: every term adds its sublinear count, 1 + ln n, to one place with one sign.

    Place and sign come from a hash of the term (the hashing trick, Weinberger et al. 2009), the same in every process.
    Function words weigh a fifth. A text without terms counts as a single one, so no vector is zero.
    """
    carrying = set(content_terms(text))
    vector = [0.0] * dimensions
    for term, count in Counter(terms(text) or (text,)).items():
        place, sign = _place(term, dimensions)
        weight = 1.0 if term in carrying or not carrying else FUNCTION_WORD_WEIGHT
        vector[place] += sign * weight * (1 + math.log(count))
    length = math.hypot(*vector)
    if length < 1e-9:  # the terms met in one place with opposite signs
        place, sign = _place(text, dimensions)
        vector[place], length = sign, 1.0
    return tuple(value / length for value in vector)


def _place(term: str, dimensions: int) -> tuple[int, float]:
    number = int.from_bytes(blake2b(term.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return (number >> 1) % dimensions, 1.0 if number & 1 else -1.0


class LexicalEmbedder:
    """An `Embedder` without a model: texts are near where they share words. Offline and deterministic."""

    def __init__(self, dimensions: int = 512) -> None:
        self._dimensions = dimensions

    def __repr__(self) -> str:
        return f"LexicalEmbedder(dimensions={self._dimensions})"

    @property
    def name(self) -> str:
        """`offline-lexical-1`; the number changes when the vectors of the same text do."""
        return "offline-lexical-1"

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._dimensions

    @property
    def languages(self) -> Sequence[Language]:
        """Every one: it compares words, whatever they mean."""
        return LANGUAGES

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:  # noqa: ARG002
        """The unit vectors of `texts`; questions are embedded as any text."""
        return [lexical_vector(text, self._dimensions) for text in texts]

    async def close(self) -> None:
        """Nothing to give back."""
