"""Work in forked processes, which may be killed; the fork finds everything imported already."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any


def in_child(work: Callable[[], Any]) -> tuple[int, int]:
    """Do work in a forked process; its id, and the end of a pipe that will hold what it returned, as JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        _running.add(child)
        return child, reading
    os.close(reading)
    _running.clear()  # those are its siblings
    try:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    except BaseException:  # noqa: BLE001  # a fork must never return into the caller's stack
        traceback.print_exc()
    finally:
        os._exit(1)


def outcome(child: int, reading: int) -> Any:
    """What a child returned, or KILLED if it was; any other end is an error."""
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    _running.discard(child)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return KILLED
    if status:
        raise SystemExit(f"A child process ended with {status}; see its traceback above.")
    return json.loads(told)


def end_children() -> None:
    """Kill the children whose end nobody waited for, as happens when the script fails."""
    for child in _running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    _running.clear()


KILLED = object()
_running: set[int] = set()


def call(work: Callable[[], Any]) -> Any:
    """Do work in a forked process and wait for what it returns."""
    return outcome(*in_child(work))
