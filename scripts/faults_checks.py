"""What must hold after faults.py: looked at in the store itself, against the script's own record."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from memoryengine.ports import Document, Store
from memoryengine.reader import read_all
from memoryengine.records import CONSOLIDATED, MEMORIES, MESSAGES, QUARANTINED
from memoryengine.values import Scope

NONCE = re.compile(r"nonce[g-v]{16}")


@dataclass(frozen=True, slots=True)
class Told:
    """A message that a store said it had taken."""

    id: str
    role: str
    content: str


@dataclass
class Found:
    """What the messages came to, why some were set aside, and what does not hold."""

    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


async def check_user(
    store: Store, scope: Scope, told: Sequence[Told], answered: Mapping[str, frozenset[str]], found: Found
) -> None:
    """Look at all messages and memories of one user."""
    messages = {d.id: d for d in await read_all(store, scope, MESSAGES)}
    memories = await read_all(store, scope, MEMORIES)
    found.problems += [f"{scope.user}: {p}" for p in problems_of(told, messages, memories, answered)]
    for document in messages.values():
        state = str(document.fields["state"])
        found.states[state] += 1
        if state == QUARANTINED:
            found.reasons[str(document.fields.get("trouble"))] += 1


def problems_of(
    told: Sequence[Told],
    messages: Mapping[str, Document],
    memories: Sequence[Document],
    answered: Mapping[str, frozenset[str]],
) -> Iterator[str]:
    """What does not hold, as sentences: lost, changed, waiting, said twice, made up, set aside without a reason."""
    made: defaultdict[str, list[str]] = defaultdict(list)
    for memory in memories:
        for source in memory.fields.get("sources") or ():  # type: ignore[union-attr]  # a field of several texts
            made[source].append(memory.body["content"])
    for one in told:
        document = messages.get(one.id)
        if document is None:
            yield f"the message {one.id} is lost"
        elif document.body["content"] != one.content:
            yield f"the message {one.id} is changed"
        else:
            yield from _one(one, document, made[one.id], answered)
    known = {one.id for one in told}
    yield from (f"the message {id_} was never acknowledged" for id_ in messages.keys() - known)
    yield from (f"an observation cites {id_}, which is no message" for id_ in made.keys() - messages.keys())
    yield from (f"the observation {m.id} cites nothing" for m in memories if not m.fields.get("sources"))


def _one(told: Told, document: Document, made: Sequence[str], answered: Mapping[str, frozenset[str]]) -> Iterator[str]:
    state = document.fields["state"]
    wanted = int(told.role == "user" and state == CONSOLIDATED)
    if state not in (CONSOLIDATED, QUARANTINED):
        yield f"the message {told.id} is still {state}"
    if state == QUARANTINED and not document.fields.get("trouble"):
        yield f"the message {told.id} was set aside without a reason"
    if len(made) != wanted:
        yield f"the message {told.id} is {state} and stands behind {len(made)} observations, not {wanted}"
    for content in made:
        nonce = NONCE.search(content)
        if nonce is None or told.content not in answered.get(nonce[0], ()):
            yield f"an observation of the message {told.id} was not answered for it"
        elif content != f"{told.content} {nonce[0]}":
            yield f"an observation of the message {told.id} says something else than was answered"
