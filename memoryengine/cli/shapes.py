"""Values as JSON documents with keys that stay: moments in ISO 8601 and UTC, null where there is nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from memoryengine.errors import Problem
from memoryengine.results import Action, Result
from memoryengine.runs import Run
from memoryengine.status import Status, UserStatus
from memoryengine.values import Hit, Memory, Message, Period

Json = dict[str, Any]


def print_json(document: Json) -> None:
    """One document on stdout; characters that its encoding cannot show are escaped, so that it stays JSON."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(document, ensure_ascii=not unicode, indent=2))


def result_json(result: Result) -> Json:
    """What an operation did and found; `outputs` holds what else its workflow gives back."""
    known = {"hits", "memories", "messages"}
    return {
        "operation": result.operation,
        "actions": [action_json(action) for action in result.actions],
        "hits": [hit_json(hit) for hit in result.hits],
        "memories": [memory_json(memory) for memory in result.memories],
        "messages": [message_json(message) for message in result.messages],
        "outputs": {name: plain(value) for name, value in result.outputs.items() if name not in known},
        "consolidated": result.consolidated,
        "quarantined": result.quarantined,
        "deleted_memories": result.deleted_memories,
        "deleted_messages": result.deleted_messages,
        "stopped": result.stopped or None,
        "dry_run": result.dry_run,
        "warnings": list(result.warnings),
        "cuts": [asdict(cut) for cut in result.cuts],
        "usage": asdict(result.usage),
        "seconds": round(sum(trace.seconds for trace in result.traces), 6),
    }


def retrieved_json(result: Result) -> Json:
    """What was found and what was left out, by which step and rule."""
    return {
        "hits": [hit_json(hit) for hit in result.hits],
        "cuts": [asdict(cut) for cut in result.cuts],
        **{name: result.outputs[name] for name in ("answerable", "certainty") if name in result.outputs},
        "stopped": result.stopped or None,
        "warnings": list(result.warnings),
    }


def action_json(action: Action) -> Json:
    """What a commit did with one memory."""
    return {
        "action": action.verb,
        "memory": memory_json(action.memory),
        "by": memory_json(action.by) if action.by else None,
    }


def hit_json(hit: Hit) -> Json:
    """A memory or message that was found, with its score: `parts` add up to it, and each is a weight times a channel.

    `ranks` are its places, from 1, in the searches that found it.
    """
    item = message_json(hit.item) if isinstance(hit.item, Message) else memory_json(hit.item)
    made_of = {"channels": dict(hit.channels), "parts": dict(hit.parts), "ranks": dict(hit.ranks)}
    return {"score": hit.score, **made_of, **item, "kind": hit.kind}


def memory_json(memory: Memory) -> Json:
    """A memory."""
    return {
        "id": memory.id,
        "kind": memory.kind,
        "content": memory.content,
        "status": memory.status,
        "said_at": moment(memory.said_at),
        "recorded_at": moment(memory.recorded_at),
        "event": _period_json(memory.event),
        "valid_from": moment(memory.valid_from),
        "valid_to": moment(memory.valid_to),
        "retired_at": moment(memory.retired_at),
        "confirmed_at": moment(memory.confirmed_at),
        "reason": memory.reason,
        "superseded_by": memory.superseded_by or None,
        "sources": list(memory.sources),
        "evidence": list(memory.evidence),
        "subject": memory.subject or None,
        "speaker": memory.speaker or None,
        "session": memory.session or None,
        "agent": memory.agent or None,
        "metadata": dict(memory.metadata),
    }


def message_json(message: Message) -> Json:
    """A message."""
    return {
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "speaker": message.speaker or None,
        "said_at": moment(message.said_at),
        "recorded_at": moment(message.recorded_at),
        "session": message.session or None,
        "agent": message.agent or None,
        "metadata": dict(message.metadata),
    }


def status_json(status: Status) -> Json:
    """Where memory lies, by which models it works, and how much it holds."""
    users = [_user_status_json(user) for user in status.users]
    total = _user_status_json(status.total)
    del total["user"]
    return {"store": dict(status.store), "models": dict(status.models), "users": users, "total": total}


def _user_status_json(status: UserStatus) -> Json:
    return {**asdict(status), "waiting_since": moment(status.waiting_since), "troubles": dict(status.troubles)}


def run_json(run: Run) -> Json:
    """A run that was kept, with what each worker did and cost."""
    return {**asdict(run), "at": moment(run.at), "messages": list(run.messages), "usage": asdict(run.usage)}


def problem_json(problem: Problem) -> Json:
    """One thing wrong in a file; line and column are 0 where there is none."""
    return asdict(problem)


def moment(given: datetime | None) -> str | None:
    """A moment as ISO 8601 text."""
    return given.isoformat() if given else None


def plain(value: Any) -> Any:
    """Any value of a workflow as JSON; what has no shape of its own is shown as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return moment(value)
        case Memory():
            return memory_json(value)
        case Message():
            return message_json(value)
        case Hit():
            return hit_json(value)
        case Period():
            return _period_json(value)
        case Mapping():
            return {str(key): plain(held) for key, held in value.items()}
        case Sequence() | set() | frozenset():
            return [plain(held) for held in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return str(value)


def _period_json(period: Period | None) -> Json | None:
    if period is None:
        return None
    return {
        "start": moment(period.start),
        "end": moment(period.end),
        "recurs": period.recurs or None,
        "text": period.text or None,
    }
