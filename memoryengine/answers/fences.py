"""The fenced blocks of an answer, in Markdown's way, also those that are opened and never closed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPEN = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>[^`~]*)")


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of an answer, in a fence or outside of any."""

    text: str
    fenced: bool


def parts_of(said: str) -> list[Part]:
    """The answer's lines in order, without the fences themselves; an empty part is left out.

    A fence is closed by its own mark, alone on a line or behind the text of one, and by a line that opens the next:
    what stands in a block that its model forgot to close, or could not, is not lost.
    """
    found: list[Part] = []
    held: list[str] = []
    mark = ""
    for line in said.split("\n"):
        bare = line.rstrip()
        match = _OPEN.fullmatch(bare)
        begins = match if match and (not mark or match["info"].strip()) else None
        ends = bool(mark) and not begins and bare.endswith(mark)
        if not begins and not ends:
            held.append(line)
            continue
        held += [bare.rstrip("`~")] if ends else []
        found.append(Part("\n".join(held), bool(mark)))
        held, mark = [], begins["mark"] if begins else ""
    found.append(Part("\n".join(held), bool(mark)))
    return [part for part in found if part.text.strip()]
