"""`convert-config`: a config of MemoryScope made into one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say

if TYPE_CHECKING:
    from pathlib import Path

    from memoryengine.memoryscope import Converted

File = Annotated[str, typer.Argument(metavar="FILE", help="A config of MemoryScope 0.1.1.0.")]
Out = Annotated[str | None, typer.Option("--out", "-o", metavar="FILE", help="Where to write it. Else it is printed.")]


def convert_config(file: File, out: Out = None) -> None:
    """Make a config of ours from one of MemoryScope.

    There is a line for whatever could not be carried over.
    Workflows that are not the demo's are written into a folder beside the new file; nothing is overwritten.
    """
    from pathlib import Path

    from memoryengine.errors import ConfigError
    from memoryengine.memoryscope import convert, is_memoryscope, written
    from memoryengine.yaml_tree import read_yaml

    root, problems = read_yaml(Path(file))
    if root is None or problems:
        raise ConfigError(problems)
    if not is_memoryscope(root):
        raise ConfigError([root.place.problem("This is no config of MemoryScope.")])
    converted = convert(root)
    if out is None:
        print(written(converted), end="")
    else:
        _write(converted, Path(out))
    for note in converted.notes:
        say(str(note)) if out is None else print(note)
    if out is None and converted.workflows:
        say(f"Its own workflows are written with --out alone: {', '.join(converted.workflows)}.")


def _write(converted: Converted, out: Path) -> None:
    """Write the config, and its workflows into a folder beside it; raises `InputError` where one of them is there."""
    from memoryengine.errors import InputError
    from memoryengine.memoryscope import written, written_workflow

    folder = out.with_name(f"{out.stem}_workflows")
    texts = {out: written(converted, f"./{folder.name}")}
    texts |= {folder / f"{name}.yaml": written_workflow(held) for name, held in converted.workflows.items()}
    there = [path for path in texts if path.exists()]
    if there:
        raise InputError(f"{there[0]} is there already, and nothing is overwritten; name another file.")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}.") from None
