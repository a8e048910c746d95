"""What a question says of time, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..values import Period

Order = Literal["", "first", "last"]
About = Literal["", "said", "happened"]
By = Literal["", "user", "assistant"]


class Sessions(NamedTuple):
    """From the `first` to the `last` sitting, both included; 1 is the first there was, -1 the latest one."""

    first: int
    last: int

    @property
    def order(self) -> Order:
        """Says "first" or "last" where it is that one alone."""
        return "first" if self == (1, 1) else "last" if self == (-1, -1) else ""

    def since(self) -> Sessions:
        """From the first of these on."""
        return Sessions(self.first, -1)

    def after(self) -> Sessions:
        """All that followed; behind the latest there is none but that one itself."""
        return Sessions(self.last + 1, -1) if self.last != -1 else Sessions(-1, -1)

    def before(self) -> Sessions:
        """All that came before; before the first there is none but that one itself."""
        return Sessions(1, self.first - 1) if self.first != 1 else Sessions(1, 1)


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """The time that a question names, and whether it names anything else.

    `sessions` are to be looked for inside `period` where both are given. `order` is "first" or "last" where the
    question is about the first or the last of what it names. `only` is set where no more than a time is asked about
    ("what did we talk about last Friday?"): all else are words of talking and happening, and speakers. `names` are
    the words that would have to be speakers' names for that (or are); empty where other words stand there too.
    `about` tells talking ("said") from happening; `by` is the role whose words are asked for, and `by_name` is set
    where they are those of the one speaker in `names`.
    """

    period: Period | None = None
    only: bool = False
    order: Order = ""
    sessions: Sessions | None = None
    about: About = ""
    names: tuple[str, ...] = ()
    by: By = ""
    by_name: bool = False
