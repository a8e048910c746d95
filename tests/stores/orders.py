"""What processes called and were answered, and whether one order of the calls explains all of it.

The measure is `NaiveStore`, which does one call after another. An order explains the answers if a call that had
returned before another began comes before it, each call gets the same answer from the model, and a call whose process
died is done whole or not at all. A read that overlaps a write may see a part of it: each document as it was at some
moment between call and return.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from memoryengine.errors import DeletionPending, MemoryEngineError
from memoryengine.filters import EVERYTHING
from memoryengine.ports import Document, Page
from memoryengine.values import Scope

from .naive import NaiveStore, Shelf
from .program import equal

UNKNOWN = object()
Id = tuple[str, int]


@dataclass(eq=False)
class Call:
    """One call of one process; when it began, `before` had returned and the processes of `gone` had died."""

    id: Id
    name: str
    args: tuple[Any, ...]
    before: frozenset[Id] = frozenset()
    gone: frozenset[Id] = frozenset()
    answer: Any = UNKNOWN
    returned: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changed something, or may have."""
        return self.name in ("append", "commit", "attach", "purge") and not isinstance(self.answer, type)

    def overlaps(self, other: Call) -> bool:
        """Whether neither was over when the other began."""
        return other.id not in self.before | self.gone and self.id not in other.before | other.gone

    def __str__(self) -> str:
        return f"{self.id[0]}: {self.name}{self.args} -> {'?' if self.answer is UNKNOWN else self.answer}"


async def outcome(store: Any, scope: Scope, name: str, args: Sequence[Any]) -> Any:
    """What a call returns, or the class of what it raises."""
    try:
        if name == "commit":
            return await store.commit(scope, args[0], expect=args[1])
        if name == "purge":
            return await store.purge(scope, args[0], entry=args[1])
        answer = await getattr(store, name)(scope, *args)
    except DeletionPending as pending:
        return pending.result
    except MemoryEngineError as error:
        return type(error)
    return answer.documents if isinstance(answer, Page) else answer


def explain(scope: Scope, calls: Sequence[Call], start: Shelf) -> None:
    """Raise `AssertionError` if no order of the calls gives these answers."""
    overlapping = [
        one
        for one in calls
        if not one.writes
        and one.answer is not UNKNOWN
        and not isinstance(one.answer, type)
        and any(other.writes and one.overlaps(other) for other in calls)
    ]
    strict = [one for one in calls if one not in overlapping and (one.writes or one.answer is not UNKNOWN)]
    if not _Search(scope, overlapping).found(strict, [start], []):
        raise AssertionError("\n  ".join(["no order of the calls explains the answers:", *map(str, calls)]))


@dataclass(frozen=True)
class _Search:
    scope: Scope
    overlapping: Sequence[Call]

    def found(self, open_: list[Call], states: list[Shelf], order: list[Call]) -> bool:
        """Whether the calls that are left can follow those that were placed; `states` lie around these."""
        open_ = self._without_easy(open_, states[-1])
        if all(one.answer is UNKNOWN for one in open_) and self._parts_seen(states, order):
            return True
        for call in _ready(open_):
            after = _twin(states[-1])
            answer = self._model(call, after)
            if isinstance(answer, type) or not (call.answer is UNKNOWN or equal(call.answer, answer)):
                continue
            if call.writes and self.found([o for o in open_ if o is not call], [*states, after], [*order, call]):
                return True
        return False

    def _without_easy(self, open_: list[Call], state: Shelf) -> list[Call]:
        """What is left when all that changes nothing is placed which fits here: that never hinders another."""
        while True:
            fits = next(
                (one for one in _ready(open_) if not one.writes and equal(one.answer, self._model(one, _twin(state)))),
                None,
            )
            if fits is None:
                return open_
            open_ = [one for one in open_ if one is not fits]

    def _model(self, call: Call, shelf: Shelf) -> Any:
        model = NaiveStore()
        model.shelves[self.scope] = shelf
        answer = at_once(outcome(model, self.scope, call.name, call.args))
        if call.writes and model.shelves[self.scope] is not shelf:
            vars(shelf).update(vars(model.shelves[self.scope]))
        return answer

    def _parts_seen(self, states: Sequence[Shelf], order: Sequence[Call]) -> bool:
        """Whether each overlapping read saw of each document what it was at some moment meanwhile."""
        for read in self.overlapping:
            first = max((n + 1 for n, write in enumerate(order) if write.id in read.before), default=0)
            last = min((n for n, write in enumerate(order) if read.id in write.before), default=len(order))
            if not _saw_parts(read, states[first : last + 1]):
                return False
        return True


def _ready(open_: Sequence[Call]) -> list[Call]:
    answered = {one.id for one in open_ if one.answer is not UNKNOWN}
    return [one for one in open_ if not one.before & answered]


def _saw_parts(read: Call, states: Sequence[Shelf]) -> bool:
    match read.name:
        case "revision":
            return read.answer in [state.revision for state in states]
        case "get":
            collection, ids = read.args
            return all(
                document in [state.documents.get((collection, id_)) for state in states]
                for id_, document in zip(ids, read.answer, strict=True)
            )
        case "page":
            collection, where = (*read.args, EVERYTHING)[:2]
            return _each({one.id: one for one in read.answer}, [state.living(collection, where) for state in states])
        case "search":
            ((query,),) = read.args
            (matches,) = read.answer
            wanted = {*query.terms}
            held = [[one for one in state.living(query.collection) if wanted & {*one.terms}] for state in states]
            found = {match.document.id: replace(match.document, terms=()) for match in matches}
            return _each(found, [[replace(one, terms=()) for one in some] for some in held])
    raise NotImplementedError(read.name)


def _each(seen: dict[str, Document], states: Iterable[Sequence[Document]]) -> bool:
    held = [{one.id: one for one in documents} for documents in states]
    ids = {id_ for one in (seen, *held) for id_ in one}
    return all(seen.get(id_) in [one.get(id_) for one in held] for id_ in ids)


def _twin(shelf: Shelf) -> Shelf:
    return replace(shelf, documents=dict(shelf.documents), vectors=dict(shelf.vectors))


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")
