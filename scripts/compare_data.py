"""The data of compare_mem0.py, made with a seed, the same in every process and virtual environment.

Texts are Chinese and English in turns, of 8 to 24 words each, questions of 6. Words are drawn by Zipf's law (the
weight of a word is one by its rank) from real function words, which have the first ranks, and made-up words behind
them: 20,000 in all of each language. So most texts hold "the" or "的", as real ones do.

Vectors have 384 numbers and lie in 256 clusters: to each text belong, by its checksum, a centre and a deviation of
0.8 of the centre's length, which is the sum of two of 4,096 made before. Two texts of a cluster have a cosine of about
0.6, two others of about 0.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

DIMENSIONS = 384
CLUSTERS = 256
WORDS = 20_000
DEVIATION = 0.8
SEED = 20_261_121
EN = (
    "the be to of and a in that have I it for not on with he as you do at this but his by from they we say her she or"
    " an will my one all would there their what so up out if about who get which go me when make can like no just him"
    " know take into your some could them than then now only its over also after how our well even want because any"
    " these us"
)
ZH = "的 了 我 是 在 不 有 他 这 就 也 都 你 和 说 到 要 会 着 那 没有 看 好 自己 上 去 把 还 给 让 很 对 但 她"


class Vectors:
    """The vector of every text, as an embedder without a model gives it."""

    def __init__(self) -> None:
        made = np.random.default_rng(SEED)
        self._centres = _units(made.standard_normal((CLUSTERS, DIMENSIONS)))
        self._deviations = made.standard_normal((4096, DIMENSIONS))

    def of(self, texts: Sequence[str]) -> Any:
        """One row of length 1 for each text, as float32."""
        sums = [crc32(text.encode()) for text in texts]
        both = self._deviations[[one % 4096 for one in sums]] + self._deviations[[one >> 20 for one in sums]]
        centres = self._centres[[(one * 2_654_435_761 >> 12) % CLUSTERS for one in sums]]
        return _units(centres + DEVIATION * _units(both)).astype(np.float32)


class Texts:
    """Texts one after the other, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(SEED)
        han = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]
        en, zh = EN.split(" "), ZH.split(" ")
        made_zh = ["".join(self._rng.choices(han, k=2)) for _ in range(WORDS - len(zh))]
        letters = "aaabcdeeefghiiiklmnnooprrsstttuvwy"
        made_en = ["".join(self._rng.choices(letters, k=self._rng.randint(4, 9))) for _ in range(WORDS - len(en))]
        self._languages = ((zh + made_zh, ""), (en + made_en, " "))
        self._weights = np.cumsum(1 / np.arange(1, WORDS + 1)).tolist()
        self._rng.seed(seed)
        self._count = 0

    def next(self, words: int = 0) -> str:
        """The next text, of `words` words or of 8 to 24."""
        self._count += 1
        known, gap = self._languages[self._count % 2]
        return gap.join(self._rng.choices(known, cum_weights=self._weights, k=words or self._rng.randint(8, 24)))

    def question(self) -> str:
        """The next question."""
        return self.next(6)


def _units(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
