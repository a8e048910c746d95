"""Whether an embedder knows a language."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from memoryengine.embedding import Embeddings
from memoryengine.models.lexical import lexical_vector
from memoryengine.models.scripted import ScriptedEmbedder
from memoryengine.ports import Vector
from memoryengine.probing import PAIRS, is_known, sentences
from memoryengine.values import LANGUAGES, Language


def meanings(language: Language, noise: float) -> list[Vector]:
    """Vectors of an embedder that knows each pair's meaning, but for some noise."""
    chance = random.Random(7)
    numbers = range(len(PAIRS[language]))
    return [[float(n == number) + chance.gauss(0, noise) for n in numbers] for number in numbers for _ in range(2)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_embedder_that_knows_the_meaning_is_told_from_one_that_does_not(language: Language) -> None:
    assert is_known(meanings(language, 0.1))
    assert is_known([[*vector, 1.0] for vector in meanings(language, 0.1)])
    assert not is_known([[*vector, 5.0] for vector in meanings(language, 2.0)])
    assert not is_known([[1.0, 0.0]] * len(sentences(language)))
    assert is_known([lexical_vector(sentence, 512) for sentence in sentences(language)])
    assert len(set(sentences(language))) == 20


class OneLanguage(ScriptedEmbedder):
    """Knows the pairs of English and maps everything else to one place."""

    languages = None  # type: ignore[assignment]

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        self.asked = [*getattr(self, "asked", []), list(texts)]
        known = dict(zip(sentences("en"), meanings("en", 0.05), strict=True))
        return [known.get(text, [1.0] * 10) for text in texts]


async def test_an_embedder_is_tried_once_a_language() -> None:
    embedder = OneLanguage()
    embeddings = Embeddings(embedder)
    assert [await embeddings.knows("en"), await embeddings.knows("zh")] == [True, False]
    assert [await embeddings.knows("en"), await embeddings.knows("zh")] == [True, False]
    assert embedder.asked == [sentences("en"), sentences("zh")]
    assert await Embeddings(ScriptedEmbedder()).knows("zh")
