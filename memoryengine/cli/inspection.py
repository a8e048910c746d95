"""`status`, `check`, `workflow` and `workers`: what there is, and whether it is sound."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from .edge import PROBLEM, say
from .options import AsJson, Chosen, Config, Users, choose, opened
from .tables import print_table

if TYPE_CHECKING:
    from memoryengine.assembly import Checked
    from memoryengine.errors import Problem
    from memoryengine.online_check import Report
    from memoryengine.status import Status, UserStatus
    from memoryengine.worker import WorkerSpec

Online = Annotated[bool, typer.Option("--online", help="Try the configured endpoints too; costs some model calls.")]
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The operation. Else all are listed.")]


def status(ctx: typer.Context, user: Users = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show where memory lies, how much it holds and what waits.

    Of each user: messages, those that wait to be consolidated (pending), failed too often and were set aside
    (quarantined) or were given up by hand (discarded), memories that hold, and expired ones; how long the oldest
    message has waited, and why messages failed that wait or were set aside.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        found, file = engine.status(user), engine.settings.file
    if chosen.as_json:
        from .shapes import print_json, status_json

        print_json({"config": file, **status_json(found)})
    else:
        _print_status(found, file)


def check(ctx: typer.Context, online: Online = False, config: Config = None, as_json: AsJson = False) -> None:
    """Check config, workers and workflows; report all problems.

    Each is reported with file, line and column. Exits with 1 if there is any, or if an endpoint cannot be used.
    """
    from memoryengine.assembly import check_config

    chosen = choose(ctx, config, as_json)
    checked = check_config(chosen.config, os.environ)
    problems = (*checked.problems, *checked.settings.missing)
    report = _tried(chosen) if online and not problems else None
    if chosen.as_json:
        _print_check_json(checked, problems, report)
    else:
        _print_check(checked, problems, report)
    if problems or (report is not None and report.verdict == "failed"):
        raise typer.Exit(PROBLEM)


def workflow(ctx: typer.Context, name: Name = None, config: Config = None, as_json: AsJson = False) -> None:
    """Draw an operation's workflow, or list the operations.

    The drawing shows what each step reads and writes, with types.
    """
    from memoryengine.annotations import type_name
    from memoryengine.workflow import draw_plan

    chosen = choose(ctx, config, as_json)
    with opened(chosen, start=False) as engine:
        plans = [engine.plan(name)] if name is not None else [engine.plan(one) for one in engine.operations]
    if chosen.as_json:
        from .shapes import print_json

        described = [
            {
                "operation": plan.operation,
                "description": plan.description,
                "file": plan.place.file,
                "inputs": {key: type_name(slot.type) for key, slot in plan.inputs.items()},
                "outputs": {key: type_name(kind) for key, kind in plan.outputs.items()},
                "workers": [step.worker.name for step in plan.bound_steps()],
            }
            for plan in plans
        ]
        print_json({"operations": described})
    elif name is not None:
        print(draw_plan(plans[0]))
    else:
        print_table(("operation", "what it does"), [(plan.operation, plan.description) for plan in plans])


def workers(ctx: typer.Context, config: Config = None, as_json: AsJson = False) -> None:
    """List the workers that the config loads.

    Each with what it reads, what it gives and where it is defined.
    """
    from memoryengine.assembly import check_config
    from memoryengine.errors import ConfigError

    chosen = choose(ctx, config, as_json)
    checked = check_config(chosen.config, os.environ)
    specs = [checked.workers[name] for name in sorted(checked.workers)]
    if chosen.as_json:
        from .shapes import print_json

        print_json({"workers": [_worker_json(spec) for spec in specs]})
    else:
        for spec in specs:
            given = ", ".join(spec.outputs) or "nothing"
            print(f"{spec.name}: {', '.join(spec.inputs) or 'nothing'} -> {given}", f"    {spec.summary}", sep="\n")
            print(f"    {spec.file}:{spec.line}")
    if checked.problems:
        raise ConfigError(checked.problems)


def _tried(chosen: Chosen) -> Report:
    with opened(chosen, start=False) as engine:
        return engine.check_online()


def _print_check(checked: Checked, problems: tuple[Problem, ...], report: Report | None) -> None:
    for problem in problems:
        print(problem)
    for warning in checked.settings.warnings:
        say(f"Warning: {warning}")
    counts = f"{len(checked.workers)} workers and {len(checked.plans)} workflows were checked"
    print(f"{counts}: {len(problems)} problem{'' if len(problems) == 1 else 's'}." if problems else f"{counts}: sound.")
    if report is not None:
        print(report)


def _print_check_json(checked: Checked, problems: tuple[Problem, ...], report: Report | None) -> None:
    from dataclasses import asdict

    from .shapes import print_json, problem_json

    online = {"verdict": report.verdict, "findings": [asdict(f) for f in report.findings]} if report else None
    print_json(
        {
            "config": checked.settings.file,
            "workers": len(checked.workers),
            "workflows": len(checked.plans),
            "problems": [problem_json(problem) for problem in problems],
            "warnings": [problem_json(problem) for problem in checked.settings.warnings],
            "online": online,
        }
    )


def _worker_json(spec: WorkerSpec) -> dict[str, object]:
    from memoryengine.annotations import type_name

    return {
        "worker": spec.name,
        "summary": spec.summary,
        "inputs": {name: type_name(slot.type) for name, slot in spec.inputs.items()},
        "outputs": {name: type_name(kind) for name, kind in spec.outputs.items()},
        "settings": {name: type_name(slot.type) for name, slot in spec.settings.items()},
        "ports": {name: type_name(slot.type) for name, slot in spec.ports.items()},
        "file": spec.file,
        "line": spec.line,
    }


def _print_status(found: Status, file: str) -> None:
    print(f"config     {file}")
    for name, value in (*found.store.items(), *found.models.items()):
        print(f"{name:<10} {value}")
    print()
    if not found.users:
        print("There is no user in memory yet.")
        return
    now = datetime.now(UTC)
    rows = [_status_row(one, now) for one in (*found.users, *([found.total] if len(found.users) > 1 else []))]
    print_table(STATUS_HEADS, rows)


STATUS_HEADS = (
    "user", "messages", "pending", "quarantined", "discarded", "memories", "expired", "waits for", "troubles",
)  # fmt: skip


def _status_row(one: UserStatus, now: datetime) -> tuple[str, ...]:
    counts = (one.messages, one.pending, one.quarantined, one.discarded, one.memories, one.expired)
    waits = age(now - one.waiting_since) if one.waiting_since else "-"
    troubles = ", ".join(f"{count} {why}" for why, count in sorted(one.troubles.items())) or "-"
    return (one.user, *map(str, counts), waits, troubles)


def age(span: timedelta) -> str:
    """A span of time in its largest unit, as in `3 h`."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
