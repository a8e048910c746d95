"""Whether an observation stands in the messages that it cites: its language, numbers, times and names.

A model that is unsure makes things up, or answers for other messages than it was shown. What can be checked without
another model is checked here, and what fails is dropped with its cause. Wording is left alone: a false drop costs a
memory, so each check lets through what it cannot judge.
"""

from __future__ import annotations

from .check import DENIAL, LANGUAGE, NAME, NUMBER, TIME, Source, grounded, sources, ungrounded
from .rows import standing

__all__ = ["DENIAL", "LANGUAGE", "NAME", "NUMBER", "TIME", "Source", "grounded", "sources", "standing", "ungrounded"]
