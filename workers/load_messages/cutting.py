"""Where a batch of messages ends: how much each costs, and where the talk has a seam."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

from memoryengine.text import clip, token_estimate
from memoryengine.values import Message

MESSAGE_TOKENS = 30
"""What a message costs beside its text: its number, time and role in a line of JSON."""


def message_tokens(message: Message, longest_context: int) -> int:
    """The tokens that a message takes in a prompt, where one of the assistant is shown clipped."""
    shown = message.content if message.role == "user" else clip(message.content, longest_context)
    return MESSAGE_TOKENS + token_estimate(shown)


def batch_length(messages: Sequence[Message], costs: Sequence[int], budget: int, pause: timedelta) -> int:
    """How many of the messages, in the order in which they were said, are the next batch; at least one of them."""
    spent = list(accumulate(costs))
    fitting = sum(cost <= budget for cost in spent)
    if fitting == len(messages):
        return fitting
    # Smaller batches would be more calls: a seam counts only where the batch is at least half full.
    places = [place for place in range(1, fitting + 1) if 2 * spent[place - 1] >= budget]
    pauses = [p for p in places if messages[p].said_at - messages[p - 1].said_at >= pause]
    seams = pauses or sorted(turn_ends(messages, pause).intersection(places))
    return max(1, seams[-1] if seams else fitting)


def halved(length: int, attempts: int, limit: int) -> int:
    """How many of a batch are tried, whose oldest message has failed so often: half of it at `limit`, and so on.

    At least one; what is tried in parts in the end leaves the message at fault alone.
    """
    return max(1, length >> max(0, attempts - limit + 1))


def turn_ends(messages: Sequence[Message], pause: timedelta) -> set[int]:
    """The places before which every turn is over: no session goes on with an answer to what stands before it.

    A turn is what a person says and what is answered to it; it is over as well after a `pause` in its session.
    """
    begins = []
    latest: dict[str, Message] = {}
    for message in messages:
        before = latest.get(message.session)
        begins.append(before is None or _begins(message, before, pause))
        latest[message.session] = message
    whole = set()
    torn: set[str] = set()  # the sessions whose next message belongs to a turn that began before it
    for place in range(len(messages) - 1, 0, -1):
        (torn.discard if begins[place] else torn.add)(messages[place].session)
        if not torn:
            whole.add(place)
    return whole


def _begins(message: Message, before: Message, pause: timedelta) -> bool:
    return message.said_at - before.said_at >= pause or (message.role == "user" and before.role != "user")
