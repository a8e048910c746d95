"""Which places of a text stand inside of brackets, told without reading what the brackets hold."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

_BRACKET = re.compile(r"[\[\]{}［］【】｛｝]")
_OPENING = frozenset("[{［【｛")


class Brackets:
    """The brackets of one text, ASCII and full-width, each kind taken for the same.

    A mark that means something to a chat's template (`</think>`, `<|im_end|>`) means nothing inside of JSON, where it
    is a part of what somebody said. Taking as long as the text is, and once.
    """

    def __init__(self, text: str) -> None:
        found = [(match.start(), 1 if match[0] in _OPENING else -1) for match in _BRACKET.finditer(text)]
        self._places = [place for place, _ in found]
        self._depths = [*accumulate((step for _, step in found), lambda at, step: max(at + step, 0), initial=0)]
        # the lowest depth from each place on
        self._lowest = [*accumulate(reversed(self._depths), min)][::-1]

    def hold(self, place: int) -> bool:
        """Whether a bracket is open before a place and closed behind it."""
        passed = bisect_left(self._places, place)
        return self._depths[passed] > self._lowest[passed]

    def hold_mark(self, mark: re.Match[str]) -> bool:
        """Whether a mark stands inside of brackets, and not alone on a line, where no text of JSON can put it."""
        before, behind = mark.string[max(mark.start() - 1, 0) : mark.start()], mark.string[mark.end() : mark.end() + 1]
        return self.hold(mark.start()) and not (before in ("", "\n") and behind in ("", "\n"))
