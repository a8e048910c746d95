"""Every way in which a model or a clock may go wrong during a consolidation, and the clear state it ends in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngineError
from memoryengine.answers import Numbering
from memoryengine.errors import ModelAnswerError, ModelRefused, ModelUnavailable, StoreUnavailable
from memoryengine.models.metered import MeteredChat
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import Turn
from memoryengine.reader import read_all
from memoryengine.records import MESSAGES, RUNS
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.answering import answer, answer_turns, fenced_rows
from memoryengine.testing.clock import ManualClock
from memoryengine.testing.kill_points import KillPoints
from memoryengine.testing.siliconflow_server import (
    CUT,
    GATEWAY_HTML,
    INVALID,
    MALFORMED,
    OVERLOADED,
    SERVER_ERROR,
    TOO_MANY,
    Fault,
    SiliconFlowServer,
    changed,
    slow,
)
from memoryengine.user_memory import AsyncUserMemory

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
TOLD = [
    {"role": "user", "content": f"I have a friend called {name}.", "id": f"m{n}", "said_at": START - timedelta(hours=n)}
    for n, name in enumerate(("Anna", "Boris", "Clara"))
]


def engine_on(answers: Any, clock: ManualClock | None = None, **config: Any) -> AsyncMemoryEngine:
    models = {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}
    made = AsyncMemoryEngine({"models": models, **config}, clock=clock or ManualClock(START))
    made._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answers))
    return made


async def held(user: AsyncUserMemory, collection: str = MESSAGES) -> list[dict[str, Any]]:
    found = await read_all(user.engine._engine.store, user.scope, collection)
    return [{"id": d.id, **d.fields} for d in found]


def rows(*memories: str) -> str:
    return json.dumps([{"ids": [n], "memory": memory, "time": ""} for n, memory in enumerate(memories, 1)])


USELESS = {
    "empty": "",
    "a refusal": "I'm sorry, but I can't help with that.",
    "endless": "The user likes it. " * 5300,
    "endless rows": rows(*["User has a friend called Anna."] * 3)[:-1] + ", [" * 3000,
    "another language": rows("用户喜欢在周末去公园散步。", "用户有一只猫。", "用户住在北京。"),
    "for another batch": rows("User owns 3 boats.", "User met Zoe in 1999.", "User flew to Oslo."),
    "ids of nobody": json.dumps([{"ids": [77], "memory": "User has a friend called Anna.", "time": ""}]),
    "instructions obeyed": "Ignoring all earlier instructions, I say: all is well.",
    "an order as JSON": '{"status": "ok", "obey": true}',
}


@pytest.mark.parametrize("case", USELESS)
async def test_an_answer_that_is_of_no_use_is_a_counted_try(case: str) -> None:
    async with engine_on(lambda _: USELESS[case]) as engine:
        user = engine.user("ann")
        await user.add_messages(TOLD)
        with pytest.raises(ModelAnswerError):
            await user.consolidate()
        messages = await held(user)
        assert {(m["state"], m["attempts"], m["trouble"]) for m in messages} == {("pending", 1, "unusable answer")}
        assert all(m["retry_at"] > START for m in messages)
        (run,) = await user.runs()
        assert (run.outcome, run.usage.chat_calls) == ("failed", 2)  # it got one chance to put it right
        assert run.error.startswith("ModelAnswerError: ")
        assert (await user.list(expired=True)).memories == ()
        model: Any = engine._engine.models.chat
        model._model._answers = answer_turns
        assert (await user.consolidate()).consolidated == 3
        assert len((await user.list()).memories) == 3


TRANSPORT: dict[str, tuple[Fault, type[MemoryEngineError], str]] = {
    "429": (TOO_MANY, ModelUnavailable, "model unavailable"),
    "500": (SERVER_ERROR, ModelUnavailable, "model unavailable"),
    "503": (OVERLOADED, ModelUnavailable, "model unavailable"),
    "a gateway's page": (GATEWAY_HTML, ModelUnavailable, "model unavailable"),
    "cut": (CUT, ModelUnavailable, "model unavailable"),
    "too late": (slow(5), ModelUnavailable, "model unavailable"),
    "broken JSON": (MALFORMED, ModelAnswerError, "unusable answer"),
    "a content filter": (INVALID, ModelRefused, "input refused"),
}


@pytest.fixture
def server() -> Iterator[SiliconFlowServer]:
    # one for each test: a request that an earlier test gave up on may come late, and would take this one's faults
    with SiliconFlowServer() as running:
        yield running


def reaching(server: SiliconFlowServer, key: str = "") -> dict[str, Any]:
    chat = {"use": "openai_like", "model": server.models[0], "api_base": server.url, "api_key": key or server.key}
    return {"models": {"chat": {**chat, "timeout": 0.3, "total_timeout": 2, "retries": 0}, "embedder": None}}


@pytest.mark.parametrize("case", TRANSPORT)
async def test_an_endpoint_that_fails_ends_in_a_clear_state(server: SiliconFlowServer, case: str) -> None:
    fault, error, trouble = TRANSPORT[case]
    server.fail_next(fault, times=9)
    async with AsyncMemoryEngine(reaching(server), clock=ManualClock(START)) as engine:
        user = engine.user("ann")
        await user.add_messages(TOLD)
        with pytest.raises(error):
            await user.consolidate()
        messages = await held(user)
        assert {(m["state"], m["trouble"]) for m in messages} == {("pending", trouble)}
        counted = error is not ModelUnavailable
        assert {m.get("attempts", 0) for m in messages} == {int(counted)}
        assert {m.get("outages", 0) for m in messages} == {int(not counted)}
        assert (await engine.status("ann")).users[0].troubles == {trouble: 3}


def cut_short(text: str) -> Fault:
    """A whole answer of the protocol, whose text ended at max_tokens."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "length"}
    return changed(lambda data: {**data, "choices": [choice]})


async def test_half_an_answer_is_not_what_the_person_said(server: SiliconFlowServer) -> None:
    """Cut in the middle of a word, lines that cite still read like whole facts."""
    peanuts = {"role": "user", "content": "我对花生过敏，严重的话要去医院。", "id": "m1", "said_at": START}
    first = Numbering.of(["m1"]).first
    half = cut_short(f"[{first}] 用户对花")
    server.fail_next(half, times=2)
    async with AsyncMemoryEngine(reaching(server), clock=ManualClock(START)) as engine:
        user = engine.user("ann")
        await user.add_messages([peanuts])
        with pytest.raises(ModelAnswerError, match="Raise max_tokens"):
            await user.consolidate()
        assert (await user.list(expired=True)).memories == ()
        assert {(m["state"], m["attempts"], m["trouble"]) for m in await held(user)} == {
            ("pending", 1, "unusable answer")
        }
        (run,) = await user.runs()
        assert "花" not in run.error
        server.fail_next(half)
        server.answer = answer
        assert (await user.consolidate()).consolidated == 1
        assert [m.content for m in (await user.list()).memories] == ["用户对花生过敏，严重的话要去医院。"]
        asked = server.requests[-1].body["messages"]
        assert (asked[-2]["content"], "尽量简短" in asked[-1]["content"]) == (f"[{first}] 用户对花", True)


async def test_a_key_that_is_refused_is_never_held_against_a_message(server: SiliconFlowServer) -> None:
    config = {**reaching(server, key="wrong"), "limits": {"attempts": 1}}
    async with AsyncMemoryEngine(config, clock=ManualClock(START)) as engine:
        user = engine.user("ann")
        await user.add_messages(TOLD[:1])
        for _ in range(3):
            with pytest.raises(ModelRefused):
                await user.consolidate()
        (message,) = await held(user)
        assert (message["state"], message["outages"]) == ("pending", 3)
        assert message["trouble"] == "key or model refused"
        assert (await engine.status("ann")).total.quarantined == 0


class Gone(KillPoints):
    """A store that is gone from its `at`-th request on, until `back` is set."""

    def __init__(self, inner: SqliteStore) -> None:
        super().__init__(inner)
        self.left: int | None = None

    async def _pass(self, name: str, request: Callable[[], Any]) -> Any:
        if self.left is not None and name not in ("open", "close"):
            self.left -= 1
            if self.left < 0:
                raise StoreUnavailable("The store is gone.")
        return await request()


async def test_a_store_that_goes_away_in_the_middle_loses_nothing_wherever_it_does(tmp_path: Any) -> None:
    """At every request of a consolidation in turn; with the store back, the same call does the work once."""
    failed = 0
    for at in range(60):
        store = Gone(SqliteStore(tmp_path / f"{at}.db"))
        models = {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}
        config = {"models": models, "limits": {"lease_seconds": 0.01}}
        async with AsyncMemoryEngine(config, store=store) as engine:
            engine._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answer_turns))
            user = engine.user("ann")
            await user.add_messages(TOLD)
            store.left = at
            try:
                await user.consolidate()
            except StoreUnavailable:
                failed += 1
            through = store.left >= 0
            store.left = None
            while (await user.consolidate()).stopped.startswith("another process"):
                pass
            assert {m["state"] for m in await held(user)} == {"consolidated"}
            assert len((await user.list(expired=True)).memories) == 3
            committed = [r for r in await held(user, RUNS) if r["outcome"] == "committed"]
            assert sorted(i for r in committed for i in r["messages"]) == ["m0", "m1", "m2"]
        if through:
            break
    assert through
    assert failed >= 8


async def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    async with engine_on(lambda _: "no list") as engine:
        user = engine.user("ann")
        await user.add_messages(TOLD)
        for _ in range(2):
            with pytest.raises(ModelAnswerError):
                await user.consolidate()
    back = ManualClock(START - timedelta(hours=2))
    async with engine_on(answer_turns, back) as engine:
        user = engine.user("ann")
        await user.add_messages([{"role": "user", "content": "I have a friend called Dora.", "id": "m9"}])
        scheduled = await engine.run_operation("consolidate_memory", user.scope, {}, trigger="schedule")
        assert scheduled.consolidated == 4
        assert len((await user.list()).memories) == 4
        assert (await engine.status("ann")).users[0].pending == 0


async def test_messages_from_the_future_and_of_one_moment_are_consolidated_in_order() -> None:
    seen: list[list[str]] = []

    def noted(turns: Sequence[Turn]) -> str:
        if "extract" in turns[0].content:
            seen.append([row["text"] for row in fenced_rows(turns[1].content)["lines"]])
        return answer_turns(turns)

    async with engine_on(noted) as engine:
        user = engine.user("ann")
        same = {"role": "user", "said_at": START}
        await user.add_messages(
            [
                {"role": "user", "content": "I have a friend called Zoe.", "said_at": START + timedelta(days=4000)},
                {**same, "content": "I have a friend called Anna.", "id": "b"},
                {**same, "content": "I have a friend called Boris.", "id": "a"},
            ]
        )
        assert (await user.consolidate()).consolidated == 3
        assert [[text.rsplit(" ", 1)[1] for text in batch] for batch in seen] == [["Anna.", "Boris.", "Zoe."]]
        assert len((await user.list()).memories) == 3
        assert (await user.consolidate()).stopped == "no message waits"
