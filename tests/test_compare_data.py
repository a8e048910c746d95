"""The data of scripts/compare_mem0.py is what its description says, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
from compare_data import DIMENSIONS, EN, ZH, Texts, Vectors

SCRIPTS = Path(__file__).parent.parent / "scripts"


def print_of() -> str:
    texts = Texts(3)
    made = [texts.next() for _ in range(20)] + [texts.question()]
    return sha256("\n".join(made).encode() + Vectors().of(made).round(5).tobytes()).hexdigest()


def test_the_same_seed_gives_the_same_everywhere() -> None:
    command = "import test_compare_data as t; print(t.print_of())"
    folders = f"import sys; sys.path[:0] = [{str(SCRIPTS)!r}, {str(Path(__file__).parent)!r}]; "
    told = subprocess.run([sys.executable, "-c", folders + command], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == print_of()
    assert Texts(4).next() != Texts(3).next()


def test_texts_are_of_both_languages_and_full_of_function_words() -> None:
    texts = Texts(5)
    made = [texts.next() for _ in range(2_000)]
    english = [text for text in made if text.isascii()]
    assert len(english) == 1_000
    words = Counter(word for text in english for word in text.split())
    assert {word for word, _ in words.most_common(10)} <= set(EN.split())
    assert sum(words[word] for word in EN.split()) > words.total() / 3
    assert sum(ZH[0] in text for text in made if not text.isascii()) > 500
    assert 8 <= min(len(text.split()) for text in english) <= max(len(text.split()) for text in english) <= 24


def test_vectors_lie_in_clusters() -> None:
    texts = Texts(6)
    vectors = Vectors().of([texts.next() for _ in range(1_000)])
    cosines = (vectors @ vectors.T)[np.triu_indices(1_000, 1)]
    assert vectors.shape == (1_000, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    near = cosines > 0.4
    assert 1 / 512 < near.mean() < 1 / 128
    assert 0.5 < cosines[near].mean() < 0.7
    assert abs(cosines[~near].mean()) < 0.02
