"""`schedule` and `run-due`: operations at their time, in a process of their own or from another scheduler."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from .edge import UNAVAILABLE, say
from .options import AsJson, Chosen, Config, choose

if TYPE_CHECKING:
    from memoryengine import AsyncMemoryEngine
    from memoryengine.schedule import Ran, Scheduler

Grace = Annotated[float, typer.Option("--stop-seconds", min=0, help="How long runs under way may go on at the end.")]
Most = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Look at this many due entries at most.")]


def schedule(ctx: typer.Context, stop_seconds: Grace = 20, config: Config = None, as_json: AsJson = False) -> None:
    """Run operations at their time until stopped; one line a run.

    The config's `schedule` says what and when. Any number of processes may do so on one store. SIGTERM or Ctrl-C stops
    it: runs under way may go on for a while, and are then given up for others; a second signal does not wait.
    """
    import asyncio

    asyncio.run(_serve(choose(ctx, config, as_json), stop_seconds))


def run_due(ctx: typer.Context, limit: Most = None, config: Config = None, as_json: AsJson = False) -> None:
    """Run once what is due, and end; for cron or a systemd timer.

    Exits with 3 if a run failed; it is tried again by a later call.
    """
    import asyncio

    chosen = choose(ctx, config, as_json)
    done = asyncio.run(_once(chosen, limit))
    failed = sum(ran.outcome == "failed" for ran in done)
    if not chosen.as_json:
        print(f"{len(done)} runs, {failed} failed." if done else "Nothing was due.")
    if failed:
        raise typer.Exit(UNAVAILABLE)


async def _serve(chosen: Chosen, stop_seconds: float) -> None:
    from memoryengine.schedule.background import scheduler_of

    engine = _engine(chosen)
    scheduler = scheduler_of(engine._engine, _printer(engine, chosen))
    async with engine:
        _stop_on_signals(scheduler, stop_seconds)
        if not chosen.as_json:
            jobs = ", ".join(alarm.id for alarm in engine._engine.agenda.alarms)
            say(f"The schedule runs: {jobs}. Stop it with Ctrl-C or SIGTERM.")
        await scheduler.run()
    if not chosen.as_json:
        say("The schedule was stopped.")


async def _once(chosen: Chosen, limit: int | None) -> tuple[Ran, ...]:
    from memoryengine.schedule.background import run_due as run_once

    async with _engine(chosen) as engine:
        return await run_once(engine._engine, limit, _printer(engine, chosen))


def _engine(chosen: Chosen) -> AsyncMemoryEngine:
    from memoryengine import AsyncMemoryEngine

    engine = AsyncMemoryEngine(chosen.config)
    for warning in engine.settings.warnings:
        say(f"Warning: {warning}")
    return engine


def _printer(engine: AsyncMemoryEngine, chosen: Chosen) -> Callable[[Ran], None]:
    """Prints a line a run: for people with the local time, for programs one JSON document a line."""
    zone = engine._engine.locale

    def tell(ran: Ran) -> None:
        if chosen.as_json:
            import json
            from dataclasses import asdict

            print(json.dumps({**asdict(ran), "at": ran.at.isoformat()}, ensure_ascii=False), flush=True)
        else:
            print(f"{zone.local(ran.at):%Y-%m-%d %H:%M:%S} {ran}", flush=True)

    return tell


def _stop_on_signals(scheduler: Scheduler, seconds: float) -> None:
    """The first signal stops in peace, the second at once."""
    import asyncio

    loop, again = asyncio.get_running_loop(), False

    def stop() -> None:
        nonlocal again
        scheduler.stop(0.0 if again else seconds)
        again = True

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # on Windows
            with suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
