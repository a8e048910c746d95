"""`demo`, `init` and `chat`: the first steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say
from .options import Config, User, choose, opened

if TYPE_CHECKING:
    from memoryengine import MemoryEngine

    from .chatting import Manner

Folder = Annotated[str, typer.Argument(metavar="[DIR]", help="Where to write; made if it is not there.")]
Memories = Annotated[bool, typer.Option("--memories", "-m", help="Show which memories an answer was given.")]
Background = Annotated[bool, typer.Option("--background", "-b", help="Run the config's schedule meanwhile.")]

TALES = (
    ("我的爱好是吉他。", "你知道我的乐器爱好是什么?"),
    ("My hobby is playing the guitar.", "Do you know what my musical hobby is?"),
)


def demo(ctx: typer.Context, config: Config = None) -> None:
    """Show the walk-through, in Chinese and in English.

    It runs on a store of its own, of the kind that the config names, that is thrown away afterwards.
    """
    from memoryengine import MemoryEngine

    from .throwaway import throwaway

    chosen = choose(ctx, config)
    for told, asked in TALES:
        with throwaway(chosen.config) as store, MemoryEngine(chosen.config, store=store) as engine:
            _tell(engine, told, asked)


def init(folder: Folder = ".") -> None:
    """Write a config, a worker and a workflow to begin from.

    Nothing is overwritten: if one of the files is there, none is written.
    """
    from pathlib import Path

    from .starter import write_starter

    for path in write_starter(Path(folder)):
        print(f"wrote {path}")
    print(f"Next: {'' if folder == '.' else f'cd {folder}; '}memoryengine check; memoryengine chat")


def chat(
    ctx: typer.Context,
    user: User = None,
    memories: Memories = False,
    background: Background = False,
    config: Config = None,
) -> None:
    """Talk with an assistant that remembers.

    /help lists the commands, among them every operation, as /list_memory or /consolidate_memory. /quit or the end of
    the input (Ctrl-D) ends the chat. Lines from a pipe are answered one by one.
    """
    chosen = choose(ctx, config)
    with opened(chosen) as engine:
        scope = engine.user(user).inner.scope
        if background:
            engine.default_memory_service.start_backend_service()
        _converse(engine, user, memories)
        if background:
            engine.default_memory_service.stop_backend_service()
        pending = engine.status(scope.user).users[0].pending
    if pending:
        say(f"{pending} messages of {scope.user} wait to be remembered: memoryengine consolidate")


def _converse(engine: MemoryEngine, user: str | None, memories: bool) -> None:
    """Answer line after line, and obey those that begin with a slash."""
    from memoryengine.errors import MemoryEngineError

    from .chatting import Manner, is_command, obey

    manner = Manner(memories=memories)
    for said in _said():
        if not said.strip():
            continue
        try:
            if is_command(said.strip()):
                went_on = obey(engine, user, said.strip(), manner)
                if went_on is None:
                    return
                manner = went_on
            else:
                _answer(engine, said[1:] if said.startswith("//") else said, user, manner)
        except MemoryEngineError as error:
            # One turn that failed does not end a conversation; where nobody types, it does.
            if not sys.stdin.isatty():
                raise
            say(f"memoryengine: {error}")


def _tell(engine: MemoryEngine, told: str, asked: str) -> None:
    """The walk-through as a transcript: what is called, and what came back."""
    _shown_turn(engine, told)
    print('>>> print(memory_chat.run_service_operation("consolidate_memory"))')
    print(engine.default_memory_chat.run_service_operation("consolidate_memory"))
    _shown_turn(engine, asked)
    print()


def _shown_turn(engine: MemoryEngine, query: str) -> None:
    print(f'>>> response = memory_chat.chat_with_memory(query="{query}")')
    response = engine.default_memory_chat.chat_with_memory(query=query)
    print(">>> print(response.message.content)", response.message.content, sep="\n")
    print('>>> print(response.meta_data["memories"])', response.meta_data["memories"], sep="\n", flush=True)


def _answer(engine: MemoryEngine, said: str, user: str | None, manner: Manner) -> None:
    memory_chat = engine.default_memory_chat
    if manner.memories or not manner.stream:
        response = memory_chat.chat_with_memory(said, user)
        for warning in response.warnings:
            say(f"Warning: {warning}")
        for line in (response.meta_data["memories"] or "").splitlines() if manner.memories else ():
            say(f"  {line}")
        print(response.message.content, flush=True)
        return
    for piece in memory_chat.stream_with_memory(said, user):
        print(piece, end="", flush=True)
    print(flush=True)


def _said() -> Iterator[str]:
    """The lines of a person, with a prompt where one types, or of a pipe."""
    if not sys.stdin.isatty():
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    import contextlib

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # input() then edits lines and knows earlier ones
    while True:
        try:
            said = input("> ")
        except EOFError:
            print()
            return
        yield said
