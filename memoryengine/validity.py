"""When what a memory says was true: from its time and its words, by rules and without a model.

A statement holds from when it says that it began, else from when it was said, until another takes its place. Of two
that contradict each other the later one stands: later by the time they speak of, and where those times meet, by the
time they were said.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from .values import Memory

TICK = timedelta(microseconds=1)  # moments are exact to it

# A state that the past tense closes, and not what happened once: that has happened ever since.
_WAS = re.compile(
    r"\b(?:lived|resided|worked|studied|taught|dated|owned|rented|belonged|used to|(?:was|were|had been) (?:an?|in|at|"
    r"with|living|working|studying|teaching|based|employed|unemployed|single|married to|engaged to|dating))\b",
    re.IGNORECASE,
)
_ZH_WAS = re.compile(
    r"[住呆待]在|住过|在.{1,12}(?:工作|上班|读书|上学|念书|就读|任职|实习|生活|当|租房|教书)|是一?[名位]|当过|做过"
)
_ZH_BEGAN = re.compile(r"搬|开始|以来|至今|一直|成为|入职|加入|结婚|毕业|出生|换|转|升|调到|起[，,]?就|就[住在]")
_EXACT = re.compile(r"\b(?:since|from|as of|for)\b|从|自|起|以来|开始", re.IGNORECASE)


def dated(memory: Memory) -> Memory:
    """The memory with `valid_from`, and with `valid_to` where it tells of a state that is over; what is set stays.

    It begins with its event where that has begun by when it was said ("since May", "moved last week"), else when it
    was said: a plan and a birthday hold from then on. A past state in a time that is over ("in 2023 I lived in Paris")
    ended with that time.
    """
    if memory.valid_from is not None:
        return memory
    event = memory.event
    if memory.kind == "insight" or event is None or event.recurs or event.start > memory.said_at:
        return replace(memory, valid_from=memory.said_at)
    over = event.end <= memory.said_at and _is_past_state(memory.content)
    return replace(memory, valid_from=event.start, valid_to=event.end if over else memory.valid_to)


def begins(memory: Memory) -> datetime:
    """When what a memory says became true."""
    return dated(memory).valid_from or memory.said_at


def is_later(one: Memory, other: Memory) -> bool:
    """Whether `one` stands against `other` where both cannot hold.

    By the times they speak of where these lie apart: a move in April beats one in March that was told in June. Else by
    when they were last said, then by when they were recorded. A message from the future, of a clock that ran ahead,
    was said at an unknown time: it stands against nothing that was recorded since, or with it.
    """
    if _from_future(one) or _from_future(other):
        return (one.recorded_at, _from_future(other)) > (other.recorded_at, _from_future(one))
    (one_from, one_to), (other_from, other_to) = _spoken_of(one), _spoken_of(other)
    before, after = one_to <= other_from, other_to <= one_from
    if before != after:
        return after
    return (one.confirmed_at or one.said_at, one.recorded_at) > (other.confirmed_at or other.said_at, other.recorded_at)


def are_apart(one: Memory, other: Memory) -> bool:
    """Whether one is over and the other is not, or both are over at different times: then neither denies the other."""
    one, other = dated(one), dated(other)
    one_over, other_over = _is_over(one), _is_over(other)
    if one_over != other_over:
        return True
    return one_over and (_ends_before(one, other) or _ends_before(other, one))


def begins_after(new: Memory, old: Memory) -> datetime:
    """When `new` took the place of `old`.

    Where all that is known of the beginning is a time in which the old one was said ("last month I moved", with the
    old home told in that month), the old one held to the end of that time.
    """
    began = begins(new)
    event = new.event
    vague = event is not None and not event.recurs and not _EXACT.search(event.text)
    if event is not None and vague and event.start < old.said_at < min(event.end, new.said_at):
        return max(began, min(event.end, new.said_at))
    return began


def ends(old: Memory, began: datetime) -> datetime:
    """When a memory ended whose place another took that began at `began`; never before its own beginning."""
    ended = max(begins(old), began)
    return min(ended, old.valid_to) if old.valid_to is not None else ended


def _from_future(memory: Memory) -> bool:
    return memory.said_at > memory.recorded_at


def _spoken_of(memory: Memory) -> tuple[datetime, datetime]:
    """The time in which a statement places what it says: its event where that is over, else the moment it was said."""
    event, said_at = memory.event, memory.confirmed_at or memory.said_at
    if event is None or event.recurs or event.end > memory.said_at:
        return said_at, said_at
    return event.start, event.end


def _is_over(memory: Memory) -> bool:
    """Whether it told of its end itself; an end that a successor brought does not count."""
    event = memory.event
    return event is not None and not event.recurs and event.end <= memory.said_at and _is_past_state(memory.content)


def _ends_before(one: Memory, other: Memory) -> bool:
    return one.event is not None and one.event.end <= begins(other)


def _is_past_state(content: str) -> bool:
    if _WAS.search(content):
        return True
    return bool(_ZH_WAS.search(content)) and not _ZH_BEGAN.search(content)
