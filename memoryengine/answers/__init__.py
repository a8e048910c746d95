"""What a model answers, read with patience and then held to its word.

A small model fences its JSON, thinks aloud before it, leaves commas standing and writes Chinese quotes; all that is
read. What stays unclear is no answer: a part that broke off, a number that was never given, a field of another type
raise `ModelAnswerError`, because memories that were guessed from half an answer cannot be told from true ones later.
"""

from __future__ import annotations

from .asking import ask, json_lines, memory_rows
from .json_text import EXCERPT, Row, read_numbered, read_objects
from .numbering import Numbering
from .shapes import OneOf, Schema, Shape, Whole, Wholes, Words, held_to, read_rows

__all__ = [
    "EXCERPT",
    "Numbering",
    "OneOf",
    "Row",
    "Schema",
    "Shape",
    "Whole",
    "Wholes",
    "Words",
    "ask",
    "held_to",
    "json_lines",
    "memory_rows",
    "read_numbered",
    "read_objects",
    "read_rows",
]
