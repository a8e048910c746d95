"""What a question asks about time: which period or which sittings, the first or last of something, and whether no more.

`read_time_asked` reads Chinese and English by rule, against the moment of asking.
"""

from __future__ import annotations

from .read import read_time_asked
from .values import Order, Sessions, TimeAsked

__all__ = ["Order", "Sessions", "TimeAsked", "read_time_asked"]
