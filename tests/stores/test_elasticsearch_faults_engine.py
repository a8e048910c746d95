"""The engine over a server that fails, is killed and comes back: the same end as without, and sentences on the way."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from memoryengine import AsyncMemoryEngine, MemoryEngine
from memoryengine.errors import MemoryEngineError, StoreUnavailable
from memoryengine.ports import HISTORY
from memoryengine.records import MESSAGES, RUNS
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.testing.clock import ManualClock
from memoryengine.testing.store_samples import all_pages
from memoryengine.values import Scope

from ..elasticsearch_server import OwnServer, SecuredServer
from .elasticsearch_stores import prefix_for
from .flaky_proxy import Answer, Forward, Sent, flaky_proxy, half, refused

pytestmark = pytest.mark.elasticsearch

SATURDAY = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
DEAD = "http://127.0.0.1:1"
PLACES = ("Beijing", "Shanghai", "Berlin", "Lima", "Oslo", "Cairo")
Call = Callable[[], Awaitable[Any]]
FRIENDS = ("Anna", "Boris", "Chen", "Dora", "Emil", "Fang", "Greta", "Hugo", "Ines", "Jun")


def said(number: int) -> dict[str, object]:
    content = f"My friend {FRIENDS[number]} lives in {PLACES[number % len(PLACES)]}."
    return {"role": "user", "content": content, "id": f"m{number}", "said_at": f"2024-05-{number + 1:02d}T09:00:00"}


def config(url: str, prefix: str, **settings: Any) -> dict[str, object]:
    store = {"use": "elasticsearch", "url": url, "index_prefix": prefix, **settings}
    return {"extends": "elasticsearch", "store": store}


@asynccontextmanager
async def engine_on(url: str, prefix: str, **settings: Any) -> AsyncIterator[AsyncMemoryEngine]:
    async with AsyncMemoryEngine(config(url, prefix, **settings), clock=ManualClock(SATURDAY)) as engine:
        yield engine


async def ingest(engine: AsyncMemoryEngine, user: str) -> None:
    for number in range(len(FRIENDS)):
        await engine.user(user).add_messages([said(number)])


async def state(engine: AsyncMemoryEngine, user: str) -> dict[str, Any]:
    """What of a user must be the same however often something failed; raises where a message has not one run."""
    store, scope = engine._engine.store, Scope(user)
    messages = await all_pages(store, scope, collection=MESSAGES)
    runs = {one.id: one for one in await all_pages(store, scope, collection=RUNS)}
    history = await all_pages(store, scope, collection=HISTORY)
    for one in messages:
        if one.fields.get("state") == "consolidated":
            assert runs[str(one.fields["run"])].fields["outcome"] == "committed", one
    assert len(history) == await store.revision(scope)
    listed = (await engine.user(user).list(expired=True)).memories
    return {
        "messages": [(one.id, one.body["content"], one.fields.get("state")) for one in messages],
        "memories": [(one.content, one.said_at, one.status, one.sources) for one in listed],
        "commits": len(history),
    }


async def wanted() -> dict[str, Any]:
    """The state that a run without faults ends in, on the embedded store."""
    async with AsyncMemoryEngine("embedded", clock=ManualClock(SATURDAY)) as engine:
        await ingest(engine, "alice")
        await engine.user("alice").consolidate()
        return await state(engine, "alice")


@pytest_asyncio.fixture
async def prefix(es_url: str) -> AsyncIterator[str]:
    async with prefix_for(es_url) as made:
        yield made


# --- a server that is killed ------------------------------------------------------------------------------------


async def test_the_server_is_killed_while_three_users_are_served(own_es: OwnServer) -> None:
    """One is ingested, one consolidated and one looks for something when the server dies; all of it succeeds."""
    url = await asyncio.to_thread(own_es.start)
    without = await wanted()
    killed = asyncio.Event()
    async with engine_on(url, "memoryengine", patience=300) as engine:
        for user in ("consolidated", "searching"):
            await ingest(engine, user)
        await engine.user("searching").consolidate()

        async def search() -> list[int]:
            found: list[int] = []
            while not killed.is_set() or len(found) < 5:
                found.append(len((await engine.user("searching").retrieve("Where does Anna live?")).hits))
            return found

        async def kill() -> None:
            await asyncio.sleep(0.2)
            await asyncio.to_thread(own_es.kill)
            killed.set()
            await asyncio.to_thread(own_es.start)

        found, *_ = await asyncio.gather(
            search(), ingest(engine, "ingested"), engine.user("consolidated").consolidate(), kill()
        )
        assert set(found) == {found[0]}
        assert found[0] > 0
        assert await state(engine, "consolidated") == without
        await engine.user("ingested").consolidate()
        assert await state(engine, "ingested") == without


async def test_the_server_is_killed_beyond_patience_in_the_midst_of_a_commit(own_es: OwnServer) -> None:
    """Killed when the entry of the commit stands and nothing of it is applied: who comes next finishes it."""
    url = await asyncio.to_thread(own_es.start)
    without = await wanted()
    user = "beyond"

    async def killing(sent: Sent, forward: Forward) -> Answer | None:
        await asyncio.to_thread(own_es.kill)
        return None

    async with flaky_proxy(url) as proxy, engine_on(proxy.url, "memoryengine", patience=1) as engine:
        await ingest(engine, user)
        proxy.order(killing, on=lambda sent: proxy.sent[-2:] != [] and any(map(creates_entry, proxy.sent[:-1])))
        calls: list[Call] = [
            engine.user(user).consolidate,
            lambda: ingest(engine, user),
            lambda: hits(engine, user),
        ]
        for call in calls:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
                await call()
            assert proxy.url in caught.value.message
            assert time.monotonic() - began < 30, "no call waits for more than a few requests' patience"
        proxy.calm()
        await asyncio.to_thread(own_es.start)
        async with engine_on(url, "memoryengine") as other:
            assert await hits(other, user) > 0, "the commit stood, and whoever reads next finishes it"
            await ingest(engine, user)
            await engine.user(user).consolidate()
            assert await state(other, user) == await state(engine, user) == without


async def hits(engine: AsyncMemoryEngine, user: str) -> int:
    return len((await engine.user(user).retrieve("Where does Anna live?")).hits)


def creates_entry(sent: Sent) -> bool:
    return sent.name == "_bulk" and "payload" in sent.lines[1]


# --- a server that fails ----------------------------------------------------------------------------------------


async def test_a_run_whose_commit_is_not_known_is_no_conflict(es_url: str, prefix: str) -> None:
    """The answer to the commit is lost for good: that is the error, though the record of the run is there already."""
    without = await wanted()
    async with flaky_proxy(es_url) as proxy, engine_on(proxy.url, prefix, patience=0) as engine:
        await ingest(engine, "alice")
        proxy.order(half, on=creates_entry)
        with pytest.raises(StoreUnavailable, match="history tells"):
            await engine.user("alice").consolidate()
        assert proxy.done == 1
        await engine.user("alice").consolidate()
        assert await state(engine, "alice") == without
        runs = await all_pages(engine._engine.store, Scope("alice"), collection=RUNS)
        assert [one.fields["outcome"] for one in runs] == ["committed"] * without["commits"]


async def test_a_run_that_failed_is_told_and_done_by_the_next(es_url: str, prefix: str) -> None:
    without = await wanted()
    async with flaky_proxy(es_url) as proxy, engine_on(proxy.url, prefix, patience=0) as engine:
        await ingest(engine, "alice")
        proxy.order(refused(503), on=creates_entry)
        with pytest.raises(StoreUnavailable, match="HTTP 503"):
            await engine.user("alice").consolidate()
        runs = await all_pages(engine._engine.store, Scope("alice"), collection=RUNS)
        assert [one.fields["outcome"] for one in runs] == ["failed"]
        assert "StoreUnavailable" in runs[0].body["error"]
        await engine.user("alice").consolidate()
        assert await state(engine, "alice") == without


# --- loops and threads ------------------------------------------------------------------------------------------


def test_one_engine_in_several_event_loops(es_url: str, es_prefix: str) -> None:
    engine = AsyncMemoryEngine(config(es_url, es_prefix), clock=ManualClock(SATURDAY))

    async def use(number: int) -> int:
        await engine.user("alice").add_messages([said(number)])
        await engine.user("alice").consolidate()
        return len((await engine.user("alice").list()).memories)

    assert [asyncio.run(use(number)) for number in range(3)] == [1, 2, 3]

    async def close() -> None:
        await engine.close()
        await engine.close()

    asyncio.run(close())
    gc.collect()  # a connection that was left open would complain here
    with pytest.raises(MemoryEngineError, match="closed"):
        asyncio.run(use(3))


def test_one_engine_in_many_threads(es_url: str, es_prefix: str) -> None:
    raised: list[BaseException] = []
    with MemoryEngine(config(es_url, es_prefix)) as engine:

        def use(number: int) -> None:
            try:
                user = engine.user(f"user {number % 2}")
                user.add_messages([said(number)])
                user.consolidate()
                assert FRIENDS[number] in str(user.retrieve(f"Where does {FRIENDS[number]} live?"))
            except BaseException as error:  # noqa: BLE001  # the test looks at it
                raised.append(error)

        threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert raised == []
        assert [len(engine.user(f"user {n}").list().memories) for n in range(2)] == [3, 3]
    engine.close()
    gc.collect()


async def test_a_store_that_is_closed_while_it_waits(es_url: str, prefix: str) -> None:
    async with flaky_proxy(es_url) as proxy:
        store = ElasticsearchStore(proxy.url, index_prefix=prefix)
        async with engine_on(es_url, prefix):
            pass
        await store.open([], None)
        proxy.order(refused(503), times=1000)
        waiting = asyncio.ensure_future(store.revision(Scope("alice")))
        await asyncio.sleep(0.5)
        await store.close()
        assert proxy.done > 1
        proxy.calm()
        assert await asyncio.wait_for(waiting, 20) == 0, "a call that was under way is finished"
        await store.close()
        gc.collect()


@pytest.fixture
def es_prefix(es_url: str) -> Iterator[str]:
    """A prefix for tests that have no event loop of their own."""
    holder = prefix_for(es_url)
    made = asyncio.run(enter(holder))
    yield made
    asyncio.run(leave(holder))


async def enter(holder: Any) -> str:
    return str(await holder.__aenter__())


async def leave(holder: Any) -> None:
    await holder.__aexit__(None, None, None)


# --- the command line -------------------------------------------------------------------------------------------


def command(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a user calls it, with every warning an error."""
    call = [sys.executable, "-W", "error", "-m", "memoryengine", "--config", "elasticsearch", *arguments]
    home = {"MEMORYENGINE_HOME": str(folder / "home"), "PYTHONPATH": str(Path(__file__).parents[2])}
    environ = home | environ
    return subprocess.run(call, capture_output=True, text=True, timeout=120, check=False, cwd=folder, env=environ)


def test_the_command_line_says_one_sentence(tmp_path: Path, es_secured: SecuredServer) -> None:
    right = {"ELASTICSEARCH_URL": es_secured.url, "ELASTICSEARCH_CA_CERTS": es_secured.ca}
    wrong = right | {"ELASTICSEARCH_USER": es_secured.user, "ELASTICSEARCH_PASSWORD": "geheim"}
    cases: list[tuple[dict[str, str], tuple[str, ...], int, str]] = [
        ({"ELASTICSEARCH_URL": DEAD}, ("list", "--user", "alice", "--json"), 3, f"{DEAD} cannot be reached"),
        (wrong, ("status",), 3, "refused the credentials"),
        ({"ELASTICSEARCH_URL": "http://me:geheim@host:x"}, ("store", "init"), 2, "...@host:x"),
    ]
    for environ, arguments, code, words in cases:
        done = command(tmp_path, *arguments, **environ)
        assert done.returncode == code, done.stderr
        assert words in done.stderr
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert "geheim" not in done.stderr
        assert "Traceback" not in done.stderr
