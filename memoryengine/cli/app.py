"""The commands by name, and the options before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .consolidating import consolidate, reflect
from .convert import convert_config
from .edge import EXIT_CODES, Edge
from .importing import import_messages
from .inspection import check, status, workers, workflow
from .lineage import expire, history, restore, why
from .operations import delete, list_memories, retrieve, run
from .options import AsJson, Chosen, Config
from .runs import discard, retry, runs
from .schedule import run_due, schedule
from .starting import chat, demo, init
from .store import app as store

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich help takes twice the time to start
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from memoryengine import __version__

        print(f"memoryengine {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")]


@app.callback()
def before(ctx: typer.Context, config: Config = None, as_json: AsJson = False, version: Version = False) -> None:  # noqa: ARG001  # its callback prints
    """Long-term memory for AI agents.

    Try `memoryengine demo` first. --config and --json may stand before or after a command's name.
    """
    ctx.obj = Chosen(config, as_json)


COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "init": init,
    "chat": chat,
    "import": import_messages,
    "consolidate": consolidate,
    "reflect": reflect,
    "retrieve": retrieve,
    "list": list_memories,
    "delete": delete,
    "why": why,
    "history": history,
    "restore": restore,
    "expire": expire,
    "run": run,
    "runs": runs,
    "retry": retry,
    "discard": discard,
    "schedule": schedule,
    "run-due": run_due,
    "status": status,
    "check": check,
    "workflow": workflow,
    "workers": workers,
    "convert-config": convert_config,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(store, name="store")
