"""Time expressions of Chinese and English, resolved against a moment into periods.

`find_periods` and `find_period` read a text, `describe` and `stamp` write, `overlaps` and `recurrences` compare. The
rules that decide between readings are listed in `resolve`. The grammar is compiled with the first text that is read.
"""

from __future__ import annotations

from .find import Reading, find_period, find_periods, has_time, read_times
from .recur import overlaps, recurrences
from .show import describe, stamp

__all__ = [
    "Reading",
    "describe",
    "find_period",
    "find_periods",
    "has_time",
    "overlaps",
    "read_times",
    "recurrences",
    "stamp",
]
