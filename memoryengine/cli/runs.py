"""`runs`, `retry` and `discard`: what was done and what it cost, and what went wrong for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .edge import say
from .options import AsJson, Chosen, Config, User, choose, opened
from .tables import print_table

if TYPE_CHECKING:
    from memoryengine.quarantine import SetAside
    from memoryengine.runs import Run
    from memoryengine.settings import Settings
    from memoryengine.sync import UserMemory
    from memoryengine.values import Locale, Message
    from memoryengine.workflow import StepTrace

RunId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The run's id. Else the newest are listed.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many are listed.")]
MessageId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The message's id. Else they are listed.")]
All = Annotated[bool, typer.Option("--all", help="All messages of the user that were set aside.")]


def runs(
    ctx: typer.Context,
    run_id: RunId = None,
    limit: Limit = 20,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List what was run and what it cost, newest first.

    With an ID what each worker of that run did. Kept are runs that wrote something, failed, or asked a chat model in
    vain.
    """
    from memoryengine.settings import locale

    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        found = memory.runs(limit) if run_id is None else (memory.find_run(run_id),)
        zone = locale(engine.settings)
    if chosen.as_json:
        _print_json(memory, found, run_id is not None)
    elif run_id is not None:
        _print_run(found[0], zone)
    elif found:
        rows = [_run_row(one, zone) for one in found]
        print_table(("run", "ended", "operation", "by", "outcome", "s", "chat", "tokens", "messages", "error"), rows)
    else:
        say("Nothing was run yet.")


def retry(
    ctx: typer.Context,
    message_id: MessageId = None,
    everything: All = False,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Try messages again that were set aside, or list them.

    They failed too often; taken up again they wait as if they never had.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        if _is_meant(message_id, everything, chosen, memory, engine.settings):
            _tell(chosen, memory, "retried", memory.retry(message_id), "wait again")


def discard(
    ctx: typer.Context,
    message_id: MessageId = None,
    everything: All = False,
    user: User = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Give up messages that were set aside, or list them.

    They stay in the conversation, and no run takes them any more.
    """
    chosen = choose(ctx, config, as_json)
    with opened(chosen) as engine:
        memory = engine.user(user)
        if _is_meant(message_id, everything, chosen, memory, engine.settings):
            _tell(chosen, memory, "discarded", memory.discard(message_id), "were given up")


def _is_meant(message_id: str | None, everything: bool, chosen: Chosen, memory: UserMemory, settings: Settings) -> bool:
    """Whether any message is named; if none is, those that were set aside are listed."""
    from memoryengine.errors import InputError

    if message_id is not None and everything:
        raise InputError("Name one message's id, or --all, not both.")
    if message_id is None and not everything:
        _list(chosen, memory, settings)
        return False
    return True


def _list(chosen: Chosen, memory: UserMemory, settings: Settings) -> None:
    """The messages that were set aside."""
    from memoryengine.results import show
    from memoryengine.settings import locale

    found = memory.quarantined()
    if chosen.as_json:
        from .shapes import print_json

        print_json({"user": memory.inner.scope.user, "quarantined": [_set_aside_json(one) for one in found]})
        return
    spoken = locale(settings)
    for one in found:
        print(f"{one.message.id}  {one.trouble}, {one.message.attempts} times  {show(one.message, spoken)}")
    if not found:
        say("No message was set aside.")


def _tell(chosen: Chosen, memory: UserMemory, key: str, done: tuple[Message, ...], what: str) -> None:
    if chosen.as_json:
        from .shapes import print_json

        print_json({"user": memory.inner.scope.user, key: [message.id for message in done]})
    else:
        print(f"{len(done)} message{'' if len(done) == 1 else 's'}: {what}.")


def _set_aside_json(one: SetAside) -> dict[str, object]:
    from .shapes import message_json

    return {**message_json(one.message), "attempts": one.message.attempts, "trouble": one.trouble}


def _run_row(run: Run, locale: Locale) -> tuple[str, ...]:
    usage = run.usage
    tokens = usage.input_tokens + usage.output_tokens
    counts = (usage.chat_calls, tokens, len(run.messages))
    ended = f"{locale.local(run.at):%Y-%m-%d %H:%M:%S}"
    seconds = f"{run.seconds:.2f}"
    error = run.error.partition(":")[0]
    return (run.id, ended, run.operation, run.trigger, run.outcome, seconds, *map(str, counts), error or "-")


def _print_run(run: Run, locale: Locale) -> None:
    usage = run.usage
    print(f"run        {run.id}")
    print(f"operation  {run.operation} ({run.trigger})")
    print(f"ended      {locale.local(run.at):%Y-%m-%d %H:%M:%S}, after {run.seconds:.2f} s")
    print(f"outcome    {run.outcome}" + (f": {run.error}" if run.error else ""))
    print(f"calls      {usage.chat_calls} chat, {usage.embed_calls} embedding, {usage.rerank_calls} rerank")
    print(f"tokens     {usage.input_tokens} in, {usage.output_tokens} out")
    print(f"messages   {len(run.messages)} consolidated")
    print()
    print_table(("step", "s", "chat", "embed", "rerank", "tokens", "in", "out"), [_step_row(s) for s in run.steps])
    for step in run.steps:
        for note, times in step.notes.items():
            print(f"{step.instance}: {times} x {note}")


def _step_row(step: StepTrace) -> tuple[str, ...]:
    usage = step.usage
    calls = (usage.chat_calls, usage.embed_calls, usage.rerank_calls, usage.input_tokens + usage.output_tokens)
    name = step.instance if step.instance == step.worker else f"{step.instance} ({step.worker})"
    moved = (_counts(step.counts_in), _counts(step.counts_out))
    return (name, f"{step.seconds:.3f}", *map(str, calls), *moved)


def _counts(counts: object) -> str:
    held = counts.items() if isinstance(counts, dict) else ()
    return ", ".join(f"{count} {name}" for name, count in held) or "-"


def _print_json(memory: UserMemory, found: tuple[Run, ...], one: bool) -> None:
    from .shapes import print_json, run_json

    whose = memory.inner.scope.user
    print_json({"user": whose, **({"run": run_json(found[0])} if one else {"runs": [run_json(r) for r in found]})})
