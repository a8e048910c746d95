"""The engine runs operations and commits: what fails leaves messages waiting and no words behind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memoryengine import AsyncMemoryEngine, InputError, ModelError, StoreError
from memoryengine.commits import COMMIT_ATTEMPTS
from memoryengine.errors import IdConflict, ModelUnavailable, Moved, NotFound, StoreUnavailable, WorkerError
from memoryengine.execution import OVERTAKEN
from memoryengine.filters import Is
from memoryengine.models.metered import MeteredChat, MeteredEmbedder
from memoryengine.models.scripted import Answers, ScriptedChat, ScriptedEmbedder
from memoryengine.ports import Document
from memoryengine.records import MESSAGES, RUNS
from memoryengine.results import Result
from memoryengine.testing.answering import answer_turns
from memoryengine.testing.clock import ManualClock

START = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
BY_MODEL = {"models": {"chat": {"use": "offline"}, "embedder": {"use": "lexical"}}}
TOLD = {"role": "user", "content": "My hobby is playing the marimba.", "id": "m1"}
Make = Callable[..., AsyncMemoryEngine]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Engines that are closed at the end, with a chat model or an embedder of the test's own."""
    made: list[AsyncMemoryEngine] = []

    def engine(
        config: Any = "embedded", *, answers: Answers | None = None, embedder: ScriptedEmbedder | None = None
    ) -> AsyncMemoryEngine:
        new = AsyncMemoryEngine(config, clock=ManualClock(START))
        models = new._engine.models.__dict__
        if answers is not None:
            models["chat"] = MeteredChat(ScriptedChat(answers))
        if embedder is not None:
            models["embedder"] = MeteredEmbedder(embedder)
        made.append(new)
        return new

    yield engine
    for one in made:
        await one.close()


async def runs(engine: AsyncMemoryEngine, user: str = "ann") -> tuple[Document, ...]:
    await engine.open()
    return (await engine._engine.store.page(engine.user(user).scope, RUNS, limit=1000)).documents


def bytes_of(home: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file())


async def test_a_failed_run_is_recorded_without_a_word_of_the_model_or_the_person(make: Make, home: Path) -> None:
    engine = make(BY_MODEL, answers=["The marimba is a strange xylophone."] * 2)
    user = engine.user("ann")
    await user.add_messages([TOLD])
    with pytest.raises(ModelError) as caught:
        await user.consolidate()
    assert "xylophone" in str(caught.value)
    (run,) = await runs(engine)
    assert run.fields["outcome"] == "failed"
    assert run.body["error"].startswith("ModelAnswerError: ")
    assert [step["instance"] for step in run.body["steps"]] == ["load_messages", "extract_observations"]
    assert run.body["steps"][1]["chat_calls"] == 2
    assert (await engine.status("ann")).users[0].pending == 1
    await user.delete_all(with_messages=True)
    assert b"marimba" not in bytes_of(home)
    assert b"xylophone" not in bytes_of(home)
    assert await runs(engine) == ()


async def test_what_the_caller_gave_wrongly_is_no_run(make: Make, home: Path) -> None:
    engine = make()
    user = engine.user("ann")
    with pytest.raises(NotFound):
        await user.delete("a secret that is no id")
    with pytest.raises(InputError):
        await user.retrieve("Which tea?", limit=-1)
    with pytest.raises(InputError):
        await user.run("list_memory", colour="red")
    with pytest.raises(NotFound, match="Did you mean 'list_memory'"):
        await user.run("list_memories")
    assert await runs(engine) == ()
    assert b"secret" not in bytes_of(home)
    assert await engine.users() == ()


async def test_a_repeating_operation_runs_until_no_message_waits_and_adds_up(make: Make) -> None:
    engine = make({**BY_MODEL, "instances": {"load_messages": {"most": 20}}}, answers=answer_turns)
    user = engine.user("ann")
    await user.add_messages([{"role": "user", "content": f"My friend {n} is called Person{n}."} for n in range(45)])
    done = await user.consolidate()
    assert (done.consolidated, len(done.actions), done.stopped) == (45, 45, "no message waits")
    assert [len(trace.steps) for trace in done.traces] == [5, 5, 5, 1]
    assert done.usage.chat_calls == sum(step.usage.chat_calls for trace in done.traces for step in trace.steps) <= 6
    assert [run.fields["outcome"] for run in await runs(engine)] == ["committed"] * 3
    assert str(done).count("\nnew observation: ") == 45


async def test_the_rest_is_consolidated_when_a_whole_batch_is_deleted_meanwhile(make: Make) -> None:
    engine = make(BY_MODEL, answers=answer_turns)
    user, store = engine.user("ann"), engine._engine.store
    told = [{"role": "user", "content": f"I like food number {n}.", "id": f"m{n:02d}"} for n in range(25)]
    await user.add_messages(told)
    revision, asked = store.revision, 0

    async def delete_the_first_batch(scope: Any) -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            first = Is("recorded_at", *[d.fields["recorded_at"] for d in await batch()])  # type: ignore[arg-type]
            await store.purge(scope, [(MESSAGES, first)], entry={"at": START.isoformat()})
        return await revision(scope)

    async def batch() -> Sequence[Document]:
        return [d for d in await store.get(user.scope, MESSAGES, [m["id"] for m in told[:20]]) if d]

    object.__setattr__(store, "revision", delete_the_first_batch)
    done = await user.consolidate()
    assert (done.consolidated, len(done.actions)) == (5, 5)
    assert done.stopped == "no message waits"
    assert (await engine.status("ann")).users[0].pending == 0


async def test_what_stands_stands_though_it_cannot_be_embedded(make: Make) -> None:
    embedder = ScriptedEmbedder()
    engine = make(embedder=embedder)
    user, store = engine.user("ann"), engine._engine.store
    embedder.failure = ModelUnavailable("The embedder is down.")
    done = await user.add("Ann likes tea.")
    assert done.actions[0].memory.content == "Ann likes tea."
    assert done.warnings == (
        "New texts wait for their vectors and are found by keyword alone until then: The embedder is down.",
    )
    found = await user.retrieve("What tea?")
    assert [h.item.content for h in found.hits] == ["Ann likes tea."]
    assert any("by keyword alone" in warning for warning in found.warnings)
    embedder.failure = None

    async def full(*_: object) -> int:
        raise StoreUnavailable("The disk is full.")

    attach = store.attach
    object.__setattr__(store, "attach", full)
    assert (await user.add("Ann likes cake.")).warnings[0].endswith("until then: The disk is full.")
    assert "cake" in str(await user.retrieve("Which cake?"))
    object.__setattr__(store, "attach", attach)
    hits = (await user.retrieve("Which cake?")).hits
    assert "vector" in hits[0].channels
    assert [run.fields["outcome"] for run in await runs(engine)] == ["committed"] * 2


async def test_a_deletion_asks_no_model(make: Make) -> None:
    embedder = ScriptedEmbedder()
    engine = make(embedder=embedder)
    user = engine.user("ann")
    memory = (await user.add("Ann likes tea.")).actions[0].memory
    await user.add_messages([TOLD])
    before = len(embedder.calls)
    await user.delete(memory.id)
    await user.delete_all()
    assert len(embedder.calls) == before > 0
    assert (await user.list(expired=True)).memories == ()


async def test_commits_of_others_without_end_are_given_up(make: Make) -> None:
    engine = make()
    user, store = engine.user("ann"), engine._engine.store
    await engine.open()
    tried = 0

    async def moved(*_: object, expect: int) -> int:
        nonlocal tried
        tried += 1
        raise Moved(expect, expect + 1)

    object.__setattr__(store, "commit", moved)
    with pytest.raises(StoreError, match=f"{COMMIT_ATTEMPTS} commits of others came first"):
        await user.add("Ann likes tea.")
    assert tried == COMMIT_ATTEMPTS
    assert [run.fields["outcome"] for run in await runs(engine)] == ["failed"]
    assert (await user.list()).memories == ()


async def test_a_run_that_takes_too_long_fails_and_writes_nothing(make: Make) -> None:
    engine = make({**BY_MODEL, "limits": {"run_seconds": 1}})
    engine._engine.models.__dict__["chat"] = MeteredChat(ScriptedChat(answer_turns, delay=5))
    user = engine.user("ann")
    await user.add_messages([TOLD])
    with pytest.raises(WorkerError, match=r"limits\.run_seconds \(1 s\)"):
        await user.consolidate()
    assert (await engine.status("ann")).users[0].pending == 1
    assert (await user.list()).memories == ()


async def test_an_overtaken_run_asks_no_model_again(make: Make) -> None:
    free = {**BY_MODEL, "limits": {"lease_seconds": 0}}
    one, two = make(free, answers=answer_turns), make(free, answers=answer_turns)
    await one.user("ann").add_messages([{**TOLD, "id": f"m{n}", "content": f"I like food {n}."} for n in range(5)])
    first, second = await asyncio.gather(one.user("ann").consolidate(), two.user("ann").consolidate())
    assert first.consolidated + second.consolidated == 5
    assert {first.stopped, second.stopped} == {"no message waits"}
    stops = [trace.stopped for result in (first, second) for trace in result.traces]
    assert stops.count(OVERTAKEN) <= 1
    assert max(first.usage.chat_calls, second.usage.chat_calls) <= 3


async def test_a_known_id_with_other_words_is_refused_and_the_rest_may_be_sent_again(make: Make) -> None:
    user = make().user("ann")
    await user.add_messages([TOLD])
    more = [{"role": "user", "content": f"I like food {n}.", "id": f"n{n}"} for n in range(600)]
    with pytest.raises(IdConflict) as caught:
        await user.add_messages([*more, {**TOLD, "content": "Other words."}])
    assert caught.value.ids == ("m1",)
    again = await user.add_messages([*more, TOLD])
    assert len(again.new) + len(again.known) == 601
    assert len((await user.messages()).messages) == 601
    assert (await user.messages()).messages[0].content == TOLD["content"]


async def test_lists_are_taken_as_tuples_and_nothing_found_says_so(make: Make) -> None:
    user = make().user("ann")
    assert str(await user.list()) == "nothing found"
    assert str(await user.delete_all()) == "nothing to change"
    await user.add("Ann likes tea.")
    assert len((await user.retrieve("Which tea?", kinds=["custom"])).hits) == 1
    assert str(await user.retrieve("Which tea?", kinds=["insight"])) == "nothing found"
    assert str(await user.retrieve("Hello!")) == "a greeting or a reply needs no memory"


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on file sizes is of Unix")
def test_a_full_disk_ends_writing_and_not_reading(tmp_path: Path) -> None:
    from .end_to_end.test_lifecycle import script

    done = script(
        """
import resource
engine = MemoryEngine()
user = engine.user("ann")
said = lambda n: {"role": "user", "content": f"My friend {n} is called Person{n:04d}. " + "x" * 200, "id": f"m{n}"}
engine.open()
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
kept = 0
try:
    for start in range(0, 20_000, 50):
        kept += len(user.add_messages([said(n) for n in range(start, start + 50)]).new)
except Exception as error:
    print(type(error).__name__)
print("Person0003" in str(user.retrieve("Who is Person0003?")))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(kept == len(user.messages().messages) > 0)
print(len(user.consolidate().actions) == kept)
""",
        tmp_path,
        MEMORYENGINE_HOME=str(tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["StoreUnavailable", "True", "True", "True"]


def test_a_result_reads_as_what_happened() -> None:
    assert str(Result(operation="x", stopped="no message waits")) == "no message waits"
    assert str(Result(operation="x", deleted_messages=2)) == "deleted: 0 memories, 2 messages"
    assert Result(operation="x").usage.chat_calls == 0
