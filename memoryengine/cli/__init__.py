"""The command line: thin edges that parse, call the api and print.

Nothing here loads the engine, a model or a store before a command needs it, so that `--help` is quick.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line with the arguments of this process, and end it with an exit code of `edge`."""
    from .app import app
    from .edge import run

    run(app)
