"""Tables for people."""

from __future__ import annotations

import sys
from shutil import get_terminal_size


def terminal_width() -> int | None:
    """The columns of the terminal on stdout; None where there is none, so that nothing is cut in a file or pipe."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def print_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table that is as wide as it needs to be where no terminal sets a width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=terminal_width() or 10_000, highlight=False)
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
