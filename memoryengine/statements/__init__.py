"""What in a text is a statement: sentences cut into clauses, each weighed from 0 to 3 by rules of structure.

The rules know Chinese and English and no topic: they ask who the subject is and whether something is stated of it,
asked, ordered, imagined or quoted. Time grows with the length of the text and no faster.
"""

from .clause import Clause
from .read import clauses, introduced, is_small_talk, weigh

__all__ = ["Clause", "clauses", "introduced", "is_small_talk", "weigh"]
