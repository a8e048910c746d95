"""What the rules make of a piece of text: a clause with its weight."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.values import Language


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that stands for itself, and how much it is worth remembering.

    `weight` is 0 for nothing to remember, 1 for what is imagined or quoted, 2 for what is general or of the moment,
    3 for what is clearly said about the speaker, the speaker's people and things, or asked to be remembered. `why`
    names the rule. `text` is in the first person, without opening words ("by the way"), and has its subject put back
    where the speaker left it out.
    """

    text: str
    weight: int
    why: str
    language: Language
