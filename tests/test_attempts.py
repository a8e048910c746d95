"""Messages whose consolidation fails are tried again with pauses, in halves, until the one at fault is set aside."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngineError, ModelError
from memoryengine.attempts import cleared, is_about_messages, pause, setback, trouble_of, waits_until
from memoryengine.engine import SCHEDULE
from memoryengine.errors import ConfigError, ModelAnswerError, ModelRefused, ModelUnavailable, StoreError, WorkerError
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import HISTORY, Document, Turn
from memoryengine.reader import read_all
from memoryengine.records import MESSAGES, RUNS
from memoryengine.results import Result
from memoryengine.settings import Limits
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock
from memoryengine.workers.load_messages.cutting import halved

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
LIMITS = Limits(attempts=3, retry_seconds=30, retry_longest=3600)
GARBLED = ModelAnswerError("The answer cannot be read.")
AWAY = ModelUnavailable("The model is away.")
Make = Callable[..., AsyncMemoryEngine]


def message(number: int, **fields: Any) -> Document:
    return Document(f"m{number}", {"state": "pending", **fields}, {})


def test_a_batch_is_halved_from_the_limit_on_and_never_empty() -> None:
    assert [halved(20, failed, 3) for failed in range(9)] == [20, 20, 20, 10, 5, 2, 1, 1, 1]
    assert [halved(101, failed, 3) for failed in (2, 3, 4, 9, 10, 400)] == [101, 50, 25, 1, 1, 1]
    assert halved(1, 0, 3) == halved(1, 7, 3) == 1
    assert halved(8, 1, 1) == 4


def test_pauses_double_up_to_a_limit_and_are_spread() -> None:
    assert [pause(n, LIMITS, 0).total_seconds() for n in (1, 2, 3, 7, 8, 500)] == [30, 60, 120, 1920, 3600, 3600]
    assert pause(1, LIMITS, 0.5) == timedelta(seconds=22.5)
    spread = [pause(4, LIMITS, draw / 10).total_seconds() for draw in range(10)]
    assert max(spread) == 240
    assert min(spread) > 120
    assert pause(3, Limits(retry_seconds=0), 0.3) == timedelta(0)


@pytest.mark.parametrize(
    ("error", "counts", "trouble"),
    [
        (GARBLED, True, "unusable answer"),
        (ModelRefused("No."), True, "input refused"),
        (WorkerError("find_conflicts", "it raised KeyError."), True, "worker failed"),
        (AWAY, False, "model unavailable"),
        (ModelRefused("The key is wrong.", access=True), False, "key or model refused"),
        (ConfigError("The prompt lacks a place."), False, "config at fault"),
        (StoreError("The disk is full."), False, "failed"),
    ],
)
def test_only_what_may_be_due_to_the_messages_counts(error: MemoryEngineError, counts: bool, trouble: str) -> None:
    assert is_about_messages(error) is counts
    assert trouble_of(error) == trouble
    what = setback([message(1)], True, error, START, Limits(attempts=1), 0)
    assert bool(what.quarantined) is counts
    late = WorkerError("extract", "too long")
    late.__cause__ = TimeoutError()
    assert trouble_of(late) == "took too long"


def test_a_batch_that_fails_waits_as_long_as_its_most_tried_message() -> None:
    what = setback([message(1), message(2, attempts=2)], False, GARBLED, START, LIMITS, 0)
    fields = {p.id: dict(p.fields) for p in what.patches}
    due = START + timedelta(seconds=120)
    assert what.quarantined == ""
    assert fields["m1"] == {"attempts": 1, "retry_at": due, "trouble": "unusable answer"}
    assert fields["m2"] == {"attempts": 3, "retry_at": due, "trouble": "unusable answer"}
    assert setback([], True, GARBLED, START, LIMITS, 0).patches == ()


def test_a_message_that_fails_alone_often_enough_is_set_aside_and_an_outage_never_does_it() -> None:
    first, last = message(1, attempts=7), message(1, attempts=9, alone=2, retry_at=START, outages=4)
    again = setback([first], True, GARBLED, START, LIMITS, 0)
    assert again.quarantined == "", "how often its batches failed is not held against it"
    assert again.patches[0].fields == {
        "attempts": 8, "alone": 1, "trouble": "unusable answer", "retry_at": START + timedelta(seconds=30),
    }  # fmt: skip
    what = setback([last], True, GARBLED, START, LIMITS, 0)
    assert what.quarantined == "m1"
    assert what.patches[0].fields == {
        "state": "quarantined", "attempts": 10, "alone": 3, "trouble": "unusable answer",
        "retry_at": None, "outages": None,
    }  # fmt: skip
    # one that was alone only because the others of its batch are gone was not tried alone
    assert setback([last], False, GARBLED, START, LIMITS, 0).quarantined == ""
    away = setback([message(1, attempts=9, outages=2)], True, AWAY, START, LIMITS, 0)
    assert away.quarantined == ""
    assert away.patches[0].fields == {
        "outages": 3, "retry_at": START + timedelta(seconds=120), "trouble": "model unavailable",
    }  # fmt: skip
    assert [p.fields["attempts"] for p in cleared([message(2, attempts=7), message(3, attempts=1)], LIMITS)] == [2, 1]


# --- in the engine ------------------------------------------------------------------------------------------------


class Poisoned:
    """Answers like the stand-in model, but garbles whatever holds one of its words; `away` makes it unreachable."""

    def __init__(self, *words: str) -> None:
        self.words, self.away, self.batches = words, False, list[int]()

    def __call__(self, turns: Sequence[Turn]) -> str:
        if self.away:
            raise AWAY
        asked = next(turn.content for turn in turns if turn.role == "user")
        if "extract" in turns[0].content:
            self.batches.append(len(re.findall(r'^\{"id"', asked, re.MULTILINE)))
        return "I would rather not." if any(word in asked for word in self.words) else answer_turns(turns)


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[AsyncMemoryEngine] = []

    def engine(answers: Any, clock: ManualClock | None = None, **limits: float) -> AsyncMemoryEngine:
        config = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}, "limits": limits}
        made.append(AsyncMemoryEngine(config, clock=clock or ManualClock(START)))
        made[-1]._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answers))
        return made[-1]

    yield engine
    for one in made:
        await one.close()


async def held(engine: AsyncMemoryEngine, collection: str = MESSAGES) -> list[Document]:
    return await read_all(engine._engine.store, engine.user("ann").scope, collection)


async def states(engine: AsyncMemoryEngine) -> dict[str, str]:
    return {d.id: str(d.fields["state"]) for d in await held(engine)}


def foods(count: int, poison: Sequence[int] = ()) -> list[dict[str, object]]:
    """Messages a minute apart; those whose number is in `poison` hold a word that the model cannot stand."""
    return [
        {
            "role": "user",
            "id": f"m{n:02d}",
            "content": f"I like {'arsenic' if n in poison else 'food'} number {n}.",
            "said_at": START - timedelta(minutes=count - n),
        }
        for n in range(count)
    ]


async def until_done(engine: AsyncMemoryEngine, most: int = 60) -> tuple[int, list[Result]]:
    """Consolidate by hand again and again until it goes through; how often it failed, and what came of it."""
    results = []
    for failures in range(most):
        try:
            results.append(await engine.user("ann").consolidate())
        except ModelError:
            continue
        return failures, results
    raise AssertionError("it never went through")


@pytest.mark.parametrize("poison", [(0,), (7,), (19,), (3, 11)])
async def test_the_message_at_fault_alone_is_set_aside_and_all_others_are_consolidated(
    make: Make, poison: tuple[int, ...]
) -> None:
    model = Poisoned("arsenic")
    engine = make(model)
    await engine.user("ann").add_messages(foods(20, poison))
    failures, results = await until_done(engine)
    found = await states(engine)
    assert sorted(id_ for id_, state in found.items() if state == "quarantined") == [f"m{n:02d}" for n in poison]
    assert set(found.values()) == {"quarantined", "consolidated"}
    assert failures <= 10 * len(poison)
    memories = (await engine.user("ann").list()).memories
    assert sorted(m.sources[0] for m in memories) == [f"m{n:02d}" for n in range(20) if n not in poison]
    assert len({m.content for m in memories}) == 20 - len(poison)
    left = next(d for d in await held(engine) if d.id == f"m{poison[-1]:02d}")
    assert left.fields["trouble"] == "unusable answer"
    assert left.fields["attempts"] >= 3  # type: ignore[operator]
    assert "retry_at" not in left.fields
    warned = [w for r in results for w in r.warnings]
    assert any(f"m{poison[-1]:02d} was set aside" in w and "arsenic" not in w for w in warned)
    assert sum(r.quarantined for r in results) >= 1


async def test_a_good_message_that_was_in_every_batch_that_failed_is_not_set_aside_at_its_first_failure_alone(
    make: Make,
) -> None:
    model = Poisoned("arsenic", "number 2")
    engine = make(model)
    user = engine.user("ann")
    await user.add_messages(foods(3, [0]))
    while "quarantined" not in (await states(engine)).values():
        with pytest.raises(ModelError):
            await user.consolidate()
    for _ in range(2):  # of those that are left the last fails too, for a while
        with pytest.raises(ModelError):
            await user.consolidate()
    assert (await states(engine)).get("m02") == "pending"
    model.words = ()
    await user.consolidate()
    assert await states(engine) == {"m00": "quarantined", "m01": "consolidated", "m02": "consolidated"}


async def test_a_try_by_hand_is_at_once_and_a_scheduled_one_waits_its_turn(make: Make) -> None:
    model, clock = Poisoned("arsenic"), ManualClock(START)
    engine = make(model, clock)
    user = engine.user("ann")
    await user.add_messages(foods(4, [2]))
    for _ in range(2):
        with pytest.raises(ModelError):
            await user.consolidate()
    tried = len(model.batches)
    (first, *_) = await held(engine)
    due = first.fields["retry_at"]
    assert isinstance(due, datetime)
    assert timedelta(seconds=30) < due - START <= timedelta(seconds=61)
    assert (first.fields["attempts"], first.fields["trouble"]) == (2, "unusable answer")

    async def scheduled() -> Result:
        return await engine.run_operation("consolidate_memory", user.scope, {}, trigger=SCHEDULE)

    waiting = await scheduled()
    assert waiting.stopped == f"the last try failed; the next one is due at {due:%F %T} UTC"
    assert len(model.batches) == tried
    assert await waits_until(engine._engine.store, user.scope, clock.now(), LIMITS) == due
    reflected = await engine.run_operation("reflect_and_reconsolidate", user.scope, {}, trigger=SCHEDULE)
    assert "last try" not in reflected.stopped  # it takes no messages, so it need not wait
    clock.advance(timedelta(seconds=62))
    model.words = ()
    assert (await scheduled()).consolidated == 4
    assert await waits_until(engine._engine.store, user.scope, clock.now(), LIMITS) is None


async def test_an_endpoint_that_is_away_makes_messages_wait_and_sets_none_aside(make: Make) -> None:
    model, clock = Poisoned(), ManualClock(START)
    engine = make(model, clock)
    user = engine.user("ann")
    await user.add_messages(foods(1))
    model.away = True
    pauses = []
    for _ in range(12):
        with pytest.raises(ModelUnavailable):
            await user.consolidate()
        (document,) = await held(engine)
        retry_at = document.fields["retry_at"]
        assert isinstance(retry_at, datetime)
        pauses.append((retry_at - clock.now()).total_seconds())
    assert document.fields["state"] == "pending"
    assert document.fields["outages"] == 12
    assert "attempts" not in document.fields
    assert pauses[0] <= 30
    assert 1790 <= pauses[-1] <= 3600
    assert all(late > early for early, late in zip(pauses[:5], pauses[2:7], strict=True))
    model.away = False
    assert (await user.consolidate()).consolidated == 1


async def test_a_model_that_answers_nonsense_for_a_while_sets_few_aside(make: Make) -> None:
    """One call by hand sets one message aside at most: after it the others are tried together again."""
    model = Poisoned("number")
    engine = make(model)
    await engine.user("ann").add_messages(foods(20))
    aside = []
    for _ in range(20):
        with pytest.raises(ModelError):
            await engine.user("ann").consolidate()
        aside.append(list((await states(engine)).values()).count("quarantined"))
    assert aside[5] == 0
    assert aside[-1] <= 4
    assert all(after - before <= 1 for before, after in pairwise(aside))
    model.words = ()
    assert (await engine.user("ann").consolidate()).consolidated == 20 - aside[-1]


async def test_what_takes_too_long_is_tried_in_parts_and_never_set_aside(make: Make) -> None:
    """The endpoint may be slow, and the messages are not to blame for that."""
    engine = make(answer_turns, run_seconds=0.2, attempts=1)
    models = engine._engine.models.__dict__
    models["chat"] = MeteredChat(ScriptedChat(answer_turns, delay=5))
    user = engine.user("ann")
    await user.add_messages(foods(2))
    for _ in range(4):
        with pytest.raises(WorkerError):
            await user.consolidate()
    first, second = sorted(await held(engine), key=lambda document: document.id)
    assert (first.fields["state"], first.fields["trouble"]) == ("pending", "took too long")
    assert second.fields["attempts"] == 1, "from the second try on the first message was tried alone"
    models["chat"] = MeteredChat(ScriptedChat(answer_turns))
    assert (await user.consolidate()).consolidated == 2


async def test_what_failed_is_told_without_a_word(make: Make) -> None:
    model = Poisoned("arsenic")
    engine = make(model, attempts=1)
    user = engine.user("ann")
    await user.add_messages(foods(1, [0]))
    done = await user.consolidate()
    assert done.quarantined == 1
    entries = [d.body for d in await held(engine, HISTORY)]
    failed = [e for e in entries if "failed" in e]
    assert [(e["failed"], e["quarantined"], e["operation"]) for e in failed] == [
        ("unusable answer", ["m00"], "consolidate_memory")
    ]
    runs = await held(engine, RUNS)
    assert [d.fields["outcome"] for d in runs] == ["failed"]
    assert failed[0]["run"] == runs[0].id
    kept = json.dumps([entries, [d.body for d in runs]], default=str)
    assert "arsenic" not in kept
    assert "rather" not in kept


async def test_what_somebody_else_finished_or_deleted_is_not_touched_by_a_failure(make: Make) -> None:
    model = Poisoned("arsenic")
    engine, other = make(model, lease_seconds=0), make(answer_turns, lease_seconds=0)
    user = engine.user("ann")
    await user.add_messages(foods(3, [1]))

    class Late(Poisoned):
        def __call__(self, turns: Sequence[Turn]) -> str:
            task = asyncio.get_running_loop().create_task(other.user("ann").consolidate())
            task.add_done_callback(lambda _: done.set())
            raise GARBLED

    done = asyncio.Event()
    engine._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(Late()))
    append = engine._engine.store.append

    async def after(scope: Any, collection: str, documents: Any) -> Any:
        await done.wait()
        return await append(scope, collection, documents)

    object.__setattr__(engine._engine.store, "append", after)
    with pytest.raises(ModelError):
        await user.consolidate()
    documents = await held(other)
    assert {d.fields["state"] for d in documents} == {"consolidated"}
    assert not any("attempts" in d.fields or "retry_at" in d.fields for d in documents)
    assert len((await other.user("ann").list()).memories) == 3
