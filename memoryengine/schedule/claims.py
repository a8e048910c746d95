"""What becomes of a document of the agenda, as pure functions: claimed, renewed, settled.

A claim sets `owner`, and `until` and `due_at` to the moment at which it runs out. A claim that ends sets `due_at` to
the next moment, or takes it away, and `owner` with it. So whoever dies leaves documents that become due again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ..agenda import moment
from ..filters import Value
from ..ports import Document
from ..triggers import Alarm

INSTANT = timedelta(microseconds=1)
Fields = dict[str, Value]
Outcome = Literal["done", "failed", "taken"]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run that the schedule began, without a text of anybody.

    `taken`: another process was at it, and it was left to that. `detail` counts what was done, or is the error.
    """

    at: datetime
    alarm: str
    operation: str
    user: str
    outcome: Outcome
    seconds: float
    detail: str = ""

    def __str__(self) -> str:
        head = f"{self.alarm} {self.operation} user={self.user!r} {self.outcome} in {self.seconds:.2f} s"
        return f"{head}: {self.detail}" if self.detail else head


@dataclass(frozen=True, slots=True)
class Claim:
    """One due document that a scheduler has taken on: since `at`, `until` at first; it was due at `due_at`."""

    id: str
    alarm: Alarm
    user: str
    due_at: datetime
    at: datetime
    failures: int = 0
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim ended: when it is due again (None: it rests), and what its next look must differ from to count.

    `looked_at` is when its look at the user's messages began, for an alarm that follows messages; one that was kept
    awake beyond that is due again when that ends, and `by` at the latest.
    """

    claim: Claim
    due_at: datetime | None
    failures: int = 0
    seen: str = ""
    looked_at: datetime | None = None
    by: datetime | None = None


def claim_of(held: Document, alarm: Alarm, now: datetime) -> Claim:
    """The claim that a scheduler makes of a due document."""
    failures, due_at = held.fields.get("failures"), moment(held, "due_at")
    return Claim(
        id=held.id,
        alarm=alarm,
        user=str(held.fields["user"]),
        due_at=due_at or now,
        at=now,
        failures=failures if isinstance(failures, int) else 0,
        seen=str(held.fields.get("seen") or ""),
    )


def claimed(owner: str, until: datetime) -> Fields:
    """What a claim, or its renewal, sets."""
    return {"owner": owner, "until": until, "due_at": until}


def settled(ending: Ending, held: Document) -> Fields:
    """What the end of a claim sets."""
    due_at, kept = ending.due_at, moment(held, "kept_until")
    if due_at is None and kept is not None and (ending.looked_at is None or ending.looked_at <= kept):
        due_at = min(kept + INSTANT, ending.by or kept + INSTANT)
    freed: Fields = {"owner": None, "until": None, "due_at": due_at}
    return freed | {"failures": ending.failures or None, "seen": ending.seen or None}


def given_up(claim: Claim) -> Ending:
    """The end of a claim that was not worked on to its end: due as it was."""
    return Ending(claim, claim.due_at, claim.failures, claim.seen)
