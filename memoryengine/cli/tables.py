"""Tables for people."""

from __future__ import annotations


def print_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table that is as wide as it needs to be where no terminal sets a width."""
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
