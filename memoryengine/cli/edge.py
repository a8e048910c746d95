"""Where errors become a sentence on stderr and an exit code, and where the streams are made safe to print to."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from memoryengine.errors import ConfigError, InputError, MemoryEngineError, NotFound

PROBLEM, WRONG, UNAVAILABLE, FAULT, INTERRUPTED, BROKEN_PIPE = 1, 2, 3, 70, 130, 141

EXIT_CODES = """\b
Exit codes:
  0    done
  1    check found a problem, what was named is not there, or the answer was no
  2    wrong usage, input or config
  3    a model, the store or a worker failed
  70   a fault in memoryengine itself
  130  interrupted
  141  nobody reads the output any more
"""


def exit_code(error: MemoryEngineError) -> int:
    """The exit code that stands for an error of the engine."""
    if isinstance(error, NotFound):
        return PROBLEM
    return WRONG if isinstance(error, InputError | ConfigError) else UNAVAILABLE


def say(message: str) -> None:
    """A sentence for the person, on stderr."""
    print(message, file=sys.stderr, flush=True)


class Edge(TyperGroup):
    """The commands, with every expected error turned into a sentence and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own context class
        """Run the command that was chosen."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except MemoryEngineError as error:
            complain(error)
            raise typer.Exit(exit_code(error)) from None
        except KeyboardInterrupt:
            say("\nInterrupted." if sys.stderr.isatty() else "Interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _let_go_of_stdout()
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            say(f"The system refused: {error.strerror or error}{place}")
            raise typer.Exit(UNAVAILABLE) from None
        return done


def run(app: Callable[[], None]) -> None:
    """Run the app on this process's streams; an error that nobody foresaw shows its traceback and ends with 70."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except BrokenPipeError:
        _let_go_of_stdout()
        sys.exit(BROKEN_PIPE)
    except Exception:  # noqa: BLE001  # the outermost edge
        traceback.print_exc()
        say("This is a fault in memoryengine; please report it with the lines above.")
        sys.exit(FAULT)


def complain(error: MemoryEngineError, whose: str = "") -> None:
    """The error, and with whom it happened; where is told too, unless the input alone is to blame."""
    say(f"memoryengine: {whose}{': ' if whose else ''}{error}")
    if not isinstance(error, InputError):
        for note in getattr(error, "__notes__", ()):
            say(note)


def _let_go_of_stdout() -> None:
    """Nobody reads it: what is still in its buffer must not be tried again when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
