"""The numbers that lines have in a prompt, different ones in each, so that an answer to another prompt is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from .shapes import Whole, Wholes

LOWEST, HIGHEST = 101, 900  # three digits, which small models copy without a slip; examples in prompts have two


@dataclass(frozen=True, slots=True)
class Numbering:
    """The lines of one prompt, numbered on from `first`; what a model cites is read as the place, from 1.

    Were they counted from 1 in every prompt, an answer to one would pass for an answer to any other. With a start of
    their own nearly all such answers name a line that was not given, and one such number makes the whole answer
    unusable: of 800 starts at most as many as there are lines let another answer's numbers through.
    """

    first: int
    count: int

    @classmethod
    def of(cls, ids: Iterable[str]) -> Numbering:
        """The numbers for things with these ids, always the same for the same things in the same order."""
        held = tuple(ids)
        drawn = int.from_bytes(sha256("\n".join(held).encode("utf-8", "surrogatepass")).digest()[:8], "big")
        return cls(LOWEST + drawn % (HIGHEST - LOWEST + 1), len(held))

    @property
    def one(self) -> Whole:
        """The shape of a field that names one line."""
        return Whole(self.first, self.first + self.count - 1, before=self.first - 1)

    def some(self, *, optional: bool = False) -> Wholes:
        """The shape of a field that names lines; `optional` allows none."""
        return Wholes(self.first, self.first + self.count - 1, optional, before=self.first - 1)

    def shown(self, place: int) -> int:
        """The number that the line at a place, from 1, has in the prompt."""
        return self.first + place - 1
