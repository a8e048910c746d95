"""Which message answers which: a short answer is nothing without its question.

Nobody is asked for it: within what one process takes in, the order tells. So a message whose forerunner came in through
another process, or before a restart, stands alone, which costs retrieval a little and ingest nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock

from .values import PAUSE, Message, Scope

MOST = 10_000
Side = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """That somebody said something, and not what."""

    id: str
    side: Side
    at: datetime


@dataclass
class Heard:
    """Who speaks in the scopes that were in use lately, and the last that each side said in their sessions."""

    most: int = MOST
    speakers: OrderedDict[Scope, frozenset[str]] = field(default_factory=OrderedDict)
    _last: OrderedDict[tuple[Scope, str], tuple[Said, ...]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def linked(self, scope: Scope, messages: Sequence[Message]) -> list[Message]:
        """The messages in their order, each with the id of the one that it answers."""
        with self._lock:
            if scope in self.speakers:
                self.speakers[scope] |= {message.speaker for message in messages} - {""}
            return [self._linked(scope, message) for message in messages]

    def _linked(self, scope: Scope, message: Message) -> Message:
        said = Said(message.id, side(message), message.said_at)
        last = self._last.pop((scope, message.session), ())
        self._last[scope, message.session] = (*[one for one in last if one.side != said.side][-1:], said)
        if len(self._last) > self.most:
            self._last.popitem(last=False)
        return replace(message, answers=answered(last, said))

    def known(self, scope: Scope) -> frozenset[str] | None:
        """The speakers of a scope as far as they are known; None where nobody has looked."""
        with self._lock:
            return self.speakers.get(scope)

    def learn(self, scope: Scope, names: Iterable[str]) -> frozenset[str]:
        """Note speakers of a scope that was looked at; returns all that are known."""
        with self._lock:
            known = self.speakers.pop(scope, frozenset()) | frozenset(names)
            self.speakers[scope] = known
            if len(self.speakers) > self.most:
                self.speakers.popitem(last=False)
        return known


def side(message: Message) -> Side:
    """Whose words these are: two people may share a role."""
    return message.role, message.speaker


def answered(last: Sequence[Said], said: Said) -> str:
    """The id of the newest before this one that another said, at most six hours ago; "" if there is none."""
    for one in reversed(last):
        if one.side != said.side and timedelta() <= said.at - one.at <= PAUSE:
            return one.id
    return ""
