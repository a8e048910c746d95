"""When one text says nothing that another does not say too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from memoryengine.values import Hit, Message

ALIKE = 0.9
LONGEST = 600
"""Longer texts repeat each other where they are equal."""
_DENIALS = frozenset(("not", "no", "never", "nobody", "none", "nothing", "cannot", "without", "t"))  # as in "don't"
_ZH_DENIAL = re.compile(r"[不没无非别未]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Text:
    """What of a text is compared: its words in order, and all by which equal words say something else."""

    words: tuple[str, ...]
    letters: str
    speaker: tuple[str, ...]
    denials: int
    questions: int


def text_of(hit: Hit) -> Text:
    """The text of a hit for comparison."""
    item = hit.item
    speaker = (item.role, item.speaker) if isinstance(item, Message) else ("", item.speaker)
    words, letters, denials, questions = _read(item.content)
    return Text(words, letters, speaker, denials, questions)


def repeats(text: Text, other: Text) -> bool:
    """Whether `text` says nothing that `other` does not say: its words in order make up nearly all of the other's."""
    if (text.speaker, text.denials, text.questions) != (other.speaker, other.denials, other.questions):
        return False
    if not text.words:
        return text.letters == other.letters
    if 2 * len(text.words) < ALIKE * (len(text.words) + len(other.words)):
        return False
    rest = iter(other.words)
    return all(word in rest for word in text.words)


@lru_cache(maxsize=16_384)
def _read(content: str) -> tuple[tuple[str, ...], str, int, int]:
    """Words as they are written, for here equal means equal; a stem or a word left out may change what is said."""
    text = content.casefold()
    if len(text) > LONGEST:
        return (), "".join(text.split()), 0, 0
    words = tuple(_WORD.findall(text))
    denials = sum(word in _DENIALS for word in words) + len(_ZH_DENIAL.findall(text))
    return words, "".join(text.split()), denials, text.count("?") + text.count("？")
