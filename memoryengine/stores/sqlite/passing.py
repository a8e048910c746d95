"""Which rows pass a filter, and what is worked out of that once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .columns import Array, Mask


class Passing:
    """The rows of a collection that pass a filter; its mask never changes."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.count = int(np.count_nonzero(mask))
        self.whole = self.count == len(mask)

    @cached_property
    def rows(self) -> Array:
        """Their numbers, ascending."""
        return np.flatnonzero(self.mask)
