"""The lines of a chat that begin with a slash: every operation by its name, and what steers the chat itself."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from memoryengine.spellings import known_name

from .edge import say

if TYPE_CHECKING:
    from memoryengine import MemoryEngine
    from memoryengine.workflow import Plan

OWN = {
    "help": "lists the commands",
    "exit": "ends the chat, as /quit and Ctrl-D do",
    "clear": "clears the screen",
    "stream": "switches between answers piece by piece and as a whole",
    "memories": "switches the memories on and off that an answer was given",
}
ENDS = ("exit", "quit")
REFRESH = "refresh_time"
LONGEST_PAUSE = 3_600
DANGEROUS = "delete_all"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chat answers: piece by piece, and with the memories that were shown to the model."""

    stream: bool = True
    memories: bool = False


def is_command(said: str) -> bool:
    """Whether a line is a command; `//` begins a message that begins with a slash."""
    return said.startswith("/") and not said.startswith("//")


def obey(engine: MemoryEngine, user: str | None, said: str, manner: Manner) -> Manner | None:
    """Do what a command says; how the chat goes on, None where it ends.

    Raises `InputError` for a command or an input that there is not.
    """
    name, _, rest = said[1:].strip().partition(" ")
    name = name.lower()
    if name in ENDS:
        return None
    if name == "help" or not name:
        print(_help(engine))
    elif name == "clear":
        _clear()
    elif name == "stream":
        manner = Manner(not manner.stream, manner.memories)
        say(f"Answers come {'piece by piece' if manner.stream else 'as a whole'}.")
    elif name == "memories":
        manner = Manner(manner.stream, not manner.memories)
        say(f"Memories are {'shown' if manner.memories else 'not shown'}.")
    else:
        _run(engine, user, name, rest)
    return manner


def _help(engine: MemoryEngine) -> str:
    lines = [f"/{name}: {text}" for name, text in OWN.items()]
    for name in engine.operations:
        plan = engine.plan(name)
        inputs = " ".join(f"{held}=..." if slot.required else f"[{held}=...]" for held, slot in plan.inputs.items())
        lines.append(f"/{name}{' ' if inputs else ''}{inputs}: {plan.description}")
    return "\n".join([*lines, f"An operation with {REFRESH}=5 is shown again every 5 seconds until Ctrl-C."])


def _run(engine: MemoryEngine, user: str | None, name: str, rest: str) -> None:
    """Run an operation, once or again and again."""
    from memoryengine.errors import InputError
    from memoryengine.settings import locale

    from .inputs import read_inputs

    if name not in engine.operations:
        from memoryengine.yaml_tree import nearest

        near = nearest(name, (*engine.operations, *OWN))
        hint = f" Did you mean /{near}?" if near else " /help lists them."
        raise InputError(f"There is no command /{name}.{hint} A message that begins with a slash begins with two.")
    plan = engine.plan(name)
    given, pause = _pause(_arguments(plan, rest))
    if name == DANGEROUS and not _sure(given):
        say("Nothing was deleted.")
        return
    inputs = read_inputs(plan, [one for one in given if one != "yes"], locale(engine.settings).zone)
    memory = engine.user(user)
    _shown(lambda: print(memory.run(name, **inputs), flush=True), pause)


def _shown(show: Callable[[], None], pause: float | None) -> None:
    """Show something once, or on a clean screen every `pause` seconds until Ctrl-C."""
    if pause is None:
        show()
        return
    try:
        while True:
            _clear()
            show()
            time.sleep(pause)
    except KeyboardInterrupt:
        say("")


def _clear() -> None:
    """Clean the screen, where there is one."""
    if sys.stdout.isatty():
        print("\x1b[2J\x1b[H", end="")


def _arguments(plan: Plan, rest: str) -> list[str]:
    """The `name=value` arguments of a line; a text alone is the one input that the operation must have."""
    from memoryengine.errors import InputError

    required = [name for name, slot in plan.inputs.items() if slot.required]
    first = known_name(rest.strip().partition("=")[0], plan.inputs, required)
    if rest.strip() and len(required) == 1 and first not in (*plan.inputs, REFRESH):
        return [f"{required[0]}={rest.strip()}"]
    try:
        pairs = [one.partition("=") for one in shlex.split(rest)]
        return [f"{known_name(name, plan.inputs, required)}{equals}{value}" for name, equals, value in pairs]
    except ValueError:
        raise InputError("A quote in this line is never closed.") from None


def _pause(given: Sequence[str]) -> tuple[list[str], float | None]:
    from memoryengine.errors import InputError

    rest = [one for one in given if not one.startswith(f"{REFRESH}=")]
    told = [one.partition("=")[2] for one in given if one.startswith(f"{REFRESH}=")]
    if not told:
        return rest, None
    try:
        pause = float(told[-1])
    except ValueError:
        pause = 0.0
    if not 0 < pause <= LONGEST_PAUSE:
        raise InputError(f"{REFRESH} is a number of seconds from above 0 to {LONGEST_PAUSE}, not {told[-1]!r}.")
    return rest, pause


def _sure(given: Sequence[str]) -> bool:
    """Whether everything may go: said in the line, or asked for where somebody types."""
    if "yes" in given:
        return True
    if not sys.stdin.isatty():
        from memoryengine.errors import InputError

        raise InputError("Deleting everything must be confirmed: /delete_all yes")
    return typer.confirm("Delete every memory of this user?", err=True)
