"""What memory held true at a moment, as far as it knew by another: the two times that every memory has.

Each change of a memory's standing (valid, or expired with an end) is kept with the moment since when memory knew it.
So one can ask what was true in May, and what memory would have answered in June. The newest standing lies in fields of
its own, so that a store finds by them; the older ones matter only where somebody asks for what was known earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

from .filters import EVERYTHING, AllOf, AnyOf, Between, Filter, Has, Is, Not, Value
from .ports import Document
from .validity import TICK
from .values import Memory, Reason, Status

_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a memory stood since a moment: `valid_to` is when it stopped being true, as far as was known then."""

    since: datetime
    status: Status
    valid_to: datetime | None = None
    reason: Reason | None = None
    superseded_by: str = ""

    @property
    def end(self) -> datetime | None:
        """When the memory stopped being true; one that expired without an end did so when that was known."""
        return self.valid_to or (self.since if self.status == "expired" else None)

    def fields(self) -> dict[str, Value]:
        """The fields of a memory's document that hold it."""
        return {
            "status": self.status,
            "valid_to": self.valid_to,
            "retired_at": self.since if self.status == "expired" else None,
            "reason": self.reason,
            "superseded_by": self.superseded_by or None,
        }


@dataclass(frozen=True, slots=True)
class Then:
    """The two moments of a question: what was true at `as_of`, by what memory knew at `known_at`; None is now.

    With `as_of` it does not matter what became of a memory, only whether it was true then. Without, the memories that
    were valid are meant, and with `expired` all of them.
    """

    as_of: datetime | None = None
    known_at: datetime | None = None
    expired: bool = False

    @property
    def is_now(self) -> bool:
        """Whether nobody looks back."""
        return self.as_of is None and self.known_at is None


def born(memory: Memory) -> Standing:
    """How a new memory stands."""
    return Standing(memory.recorded_at, memory.status, memory.valid_to, memory.reason, memory.superseded_by)


def standing_fields(past: tuple[Standing, ...], now: Standing) -> dict[str, Value]:
    """The fields by which a store keeps and finds the newest standing, and the list of all of them."""
    written = tuple(_written(one) for one in (*past, now))
    return {**now.fields(), "standings": written, "changed_at": now.since}


def standings(fields: Mapping[str, Value], recorded_at: datetime) -> tuple[Standing, ...]:
    """How a stored memory stood, oldest first; of one that version 0.1.0 wrote only its last change is known."""
    held = fields.get("standings")
    if isinstance(held, tuple) and held:
        return tuple(map(_read, held))
    first = Standing(recorded_at, "valid")
    if _of(fields, "status") == "valid":
        return (first,)
    retired_at = _of(fields, "retired_at") or recorded_at
    ended = _of(fields, "valid_to") or retired_at
    last = Standing(retired_at, "expired", ended, _of(fields, "reason"), _of(fields, "superseded_by") or "")
    return (first, last) if retired_at > recorded_at else (last,)


def next_moment(past: tuple[Standing, ...], wanted: datetime) -> datetime:
    """The moment of a new standing: `wanted`, or a microsecond after the last one if the clock was set back."""
    return max(wanted, past[-1].since + TICK) if past else wanted


def known(document: Document, then: Then) -> Document | None:
    """A memory's document as it stood for the question, or None if it is no answer to it."""
    recorded_at = _of(document.fields, "recorded_at")
    if then.known_at is not None and recorded_at > then.known_at:
        return None
    told = [s for s in standings(document.fields, recorded_at) if then.known_at is None or s.since <= then.known_at]
    if not told:
        return None
    stood = told[-1]
    if then.as_of is None:
        wanted = then.expired or stood.status == "valid"
    else:
        begun = (_of(document.fields, "valid_from") or _of(document.fields, "said_at")) <= then.as_of
        wanted = begun and (stood.end is None or then.as_of < stood.end)
    return replace(document, fields={**document.fields, **stood.fields()}) if wanted else None


def memories_then(then: Then) -> Filter:
    """The memories that may answer: exact for what has not changed since `known_at`, else more than `known` keeps."""
    stands = _stands(then)
    if then.known_at is None:
        return stands
    by_then = Between("changed_at", high=then.known_at + TICK)
    begun = EVERYTHING if then.as_of is None else _begun(then.as_of)
    recorded = Between("recorded_at", high=then.known_at + TICK)
    return AllOf(recorded, AnyOf(AllOf(by_then, stands), AllOf(Not(by_then), begun)))


def messages_then(then: Then) -> Filter:
    """The messages that were said and recorded by then, and any of which memories came that may show.

    One that is hidden, or was said later of an earlier time, gives its place to them; see `is_shown`.
    """
    shown: Filter = Not(Is("hidden", True))
    if then.is_now:
        return shown
    told = said_by(Then(known_at=then.known_at))
    return AllOf(told, AnyOf(AllOf(shown, said_by(Then(as_of=then.as_of))), Has("memories")))


def said_by(then: Then) -> Filter:
    """The messages that were said and recorded by then, hidden ones too."""
    said = EVERYTHING if then.as_of is None else Between("said_at", high=then.as_of + TICK)
    told = EVERYTHING if then.known_at is None else Between("recorded_at", high=then.known_at + TICK)
    return AllOf(said, told)


def is_shown(message: Document, then: Then) -> bool:
    """Whether a message may be shown itself."""
    said_at = _of(message.fields, "said_at")
    return not message.fields.get("hidden") and (then.as_of is None or said_at <= then.as_of)


def _stands(then: Then) -> Filter:
    if then.as_of is None:
        return EVERYTHING if then.expired else Is("status", "valid")
    not_over = Between("valid_to", low=then.as_of + TICK)
    # What version 0.1.0 expired has no end but that.
    retired_later = AnyOf(Is("status", "valid"), Between("retired_at", low=then.as_of + TICK))
    return AllOf(_begun(then.as_of), AnyOf(not_over, AllOf(Not(Has("valid_to")), retired_later)))


def _begun(as_of: datetime) -> Filter:
    began = Between("valid_from", high=as_of + TICK)
    return AnyOf(began, AllOf(Not(Has("valid_from")), Between("said_at", high=as_of + TICK)))


def _written(standing: Standing) -> str:
    end = standing.valid_to.isoformat() if standing.valid_to else ""
    parts = (standing.since.isoformat(), standing.status, end, standing.reason or "", standing.superseded_by)
    return _SEPARATOR.join(parts)


def _read(text: str) -> Standing:
    since, status, end, reason, by = text.split(_SEPARATOR, 4)
    return Standing(
        datetime.fromisoformat(since),
        "valid" if status == "valid" else "expired",
        datetime.fromisoformat(end) if end else None,
        next((known for known in get_args(Reason) if known == reason), None),
        by,
    )


def _of(fields: Mapping[str, Value], name: str) -> Any:
    """A field whose type the collection's declaration vouches for."""
    return fields.get(name)
