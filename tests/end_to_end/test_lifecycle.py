"""Engines in threads, in several event loops, in forked processes, abandoned, closed and interrupted."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from memoryengine import AsyncMemoryEngine, MemoryEngine, MemoryEngineError, StoreError
from memoryengine.loop_thread import wait_for
from memoryengine.sync import UserMemory


def fact(number: int) -> dict[str, object]:
    return {"role": "user", "content": f"My friend number {number} is called Person{number:03d}."}


def remembered(user: UserMemory, number: int) -> bool:
    user.add_messages([fact(number)])
    user.consolidate()
    return f"Person{number:03d}" in str(user.retrieve(f"Who is friend number {number}?"))


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Do work in threads that begin at once; what they raised."""
    raised: list[BaseException] = []
    begin = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            begin.wait(30)
            work(number)
        except BaseException as error:  # noqa: BLE001  # the test looks at it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def script(body: str, folder: Path, **options: str) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, with every warning an error."""
    program = folder / "program.py"
    program.write_text(
        "import asyncio, atexit, os, signal, sys, threading, time\n"
        "from memoryengine import AsyncMemoryEngine, MemoryEngine\n"
        "FACT = {'role': 'user', 'content': 'My hobby is chess.'}\n" + body
    )
    command = [sys.executable, "-X", "dev", "-W", "error", str(program)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, env={
        **os.environ, **options, "PYTHONPATH": str(Path(__file__).parents[2]),
    })  # fmt: skip
    # The event loop's debug mode names slow steps, which is no warning.
    loud = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    return subprocess.CompletedProcess(command, done.returncode, done.stdout, "\n".join(loud))


def test_twenty_threads_serve_fifty_users_with_one_engine_that_was_never_used_before(
    make_engine: Callable[..., MemoryEngine],
) -> None:
    engine = make_engine()
    found: dict[int, bool] = {}

    def work(thread: int) -> None:
        for number in range(thread, 50, 20):
            found[number] = remembered(engine.user(f"user {number}"), number)

    assert in_threads(20, work) == []
    assert len(found) == 50
    assert all(found.values())
    assert [t.name for t in threading.enumerate()].count("memoryengine") == 1


def test_threads_with_an_engine_each_share_one_file(make_engine: Callable[..., MemoryEngine]) -> None:
    def work(number: int) -> None:
        with make_engine() as engine:
            assert remembered(engine.user("ann"), number)

    assert in_threads(8, work) == []
    with make_engine() as engine:
        memories = engine.user("ann").list().memories
        assert sorted(m.content[-10:-1] for m in memories) == [f"Person{n:03d}" for n in range(8)]
        assert len(engine.user("ann").messages().messages) == 8


async def test_a_hundred_users_at_once_keep_apart() -> None:
    async with AsyncMemoryEngine("embedded") as engine:

        async def one(number: int) -> str:
            user = engine.user(f"user {number}")
            await user.add_messages([fact(number)])
            await user.consolidate()
            return str(await user.list())

        told = await asyncio.gather(*map(one, range(100)))
        assert all(f"Person{n:03d}" in text and text.count("Person") == 1 for n, text in enumerate(told))
        assert len(await engine.users()) == 100


async def test_a_hundred_additions_of_one_user_at_once_are_all_kept() -> None:
    async with AsyncMemoryEngine("embedded") as engine:
        user = engine.user("ann")
        done = await asyncio.gather(*(user.add(f"Ann keeps item {n}.") for n in range(100)))
        kept = (await user.list()).memories
        assert len({m.content for m in kept}) == len(kept) == 100
        assert [len(result.actions) for result in done] == [1] * 100


def test_one_engine_serves_event_loops_one_after_another_and_at_once() -> None:
    engine = AsyncMemoryEngine("embedded")

    async def work(number: int) -> int:
        user = engine.user("ann")
        await user.add_messages([fact(number)])
        asked = (user.retrieve("Which friend?") for _ in range(5))
        await asyncio.gather(*asked, user.consolidate(), user.consolidate())
        return len((await user.list()).memories)

    assert [asyncio.run(work(0)), asyncio.run(work(1))] == [1, 2]
    counts: list[int] = []
    assert in_threads(6, lambda thread: counts.append(asyncio.run(work(2 + thread)))) == []
    assert len(counts) == 6
    assert asyncio.run(work(8)) == 9
    asyncio.run(engine.close())


def test_many_event_loops_may_open_one_engine() -> None:
    engine = AsyncMemoryEngine("embedded")

    async def work() -> None:
        await asyncio.gather(*(engine.open() for _ in range(3)))

    assert in_threads(6, lambda _: asyncio.run(work())) == []
    assert asyncio.run(engine.status()).users == ()
    asyncio.run(engine.close())


def test_a_closed_engine_says_so(make_engine: Callable[..., MemoryEngine]) -> None:
    used, unused = make_engine(), make_engine()
    used.user("ann").add("Ann keeps bees.")
    for engine in (used, unused):
        engine.close()
        engine.close()
        user = engine.user("ann")
        for call in (
            user.list,
            user.consolidate,
            engine.open,
            engine.status,
            partial(user.add_messages, [fact(1)]),
            partial(engine.default_memory_chat.chat_with_memory, "Hello?"),
        ):
            with pytest.raises(StoreError, match=r"This engine was closed\. Make a new one"):
                call()
        with pytest.raises(StoreError, match="was closed"):
            next(engine.default_memory_chat.stream_with_memory("Hello?"))
    assert "bees" in str(make_engine().user("ann").list())


def test_an_opening_that_failed_can_be_tried_again(make_engine: Callable[..., MemoryEngine], tmp_path: Path) -> None:
    place = tmp_path / "memory.db"
    place.mkdir()
    engine = make_engine({"extends": "embedded", "store": {"use": "sqlite", "path": str(place)}})
    for _ in range(2):
        with pytest.raises(StoreError, match="is a directory"):
            engine.user("ann").add_messages([fact(1)])
    place.rmdir()
    assert len(engine.user("ann").add_messages([fact(1)]).new) == 1


def test_an_engine_that_nobody_holds_gives_its_files_back(make_engine: Callable[..., MemoryEngine]) -> None:
    def files() -> int:
        return sum("embedded.db" in os.path.realpath(fd) for fd in Path("/proc/self/fd").iterdir())

    if not Path("/proc/self/fd").exists():
        pytest.skip("open files are counted in /proc")
    for number in range(5):
        make_engine().user("ann").add_messages([fact(number)])
    gc.collect()
    until = time.monotonic() + 10
    while files() and time.monotonic() < until:
        time.sleep(0.05)
    assert files() == 0
    assert len(make_engine().user("ann").messages().messages) == 5


def test_the_sync_engine_called_in_its_own_loop_says_so(make_engine: Callable[..., MemoryEngine]) -> None:
    user = make_engine().user("ann")

    async def nested() -> object:
        return user.list()

    with pytest.raises(MemoryEngineError, match="use AsyncMemoryEngine there"):
        wait_for(nested())
    assert user.list().memories == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_uses_an_engine_of_its_own(tmp_path: Path) -> None:
    done = script(
        """
engine = MemoryEngine()
engine.user("ann").add("Ann keeps bees.")
if os.fork() == 0:
    try:
        engine.user("ann").list()
    except Exception as error:
        print(type(error).__name__, error)
    print(MemoryEngine().user("ann").list())
    sys.stdout.flush()
    os._exit(7)  # as multiprocessing ends a child: what the parent has open is not the child's to close
print(os.waitstatus_to_exitcode(os.wait()[1]))
engine.user("ann").add("Ann keeps hens.")
print(engine.user("ann").list())
""",
        tmp_path,
    )
    assert done.stderr == ""
    child, parent = done.stdout.split("7\n")
    assert "before this process was forked" in child
    assert "bees" in child
    assert "hens" in parent


@pytest.mark.parametrize(
    "body",
    [
        "MemoryEngine().user('ann').add_messages([FACT])",
        "stream = MemoryEngine().default_memory_chat.stream_with_memory('My hobby is chess.')\nassert next(stream)",
        "stream = MemoryEngine().default_memory_chat.stream_with_memory('My hobby is chess.')\n"
        "assert next(stream)\ndel stream",
        "async def main():\n    await AsyncMemoryEngine().user('ann').add_messages([FACT])\nasyncio.run(main())",
        "async def main():\n    engine = AsyncMemoryEngine()\n"
        "    async for _ in engine.default_memory_chat.stream_with_memory('My hobby is chess.'):\n        break\n"
        "asyncio.run(main())",
        "MemoryEngine()\nAsyncMemoryEngine()",
        "engine = MemoryEngine()\nengine.open()\nengine.me = engine",
    ],
)
def test_a_process_that_closes_nothing_ends_in_silence(body: str, tmp_path: Path) -> None:
    began = time.monotonic()
    done = script(body, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 30


def test_at_the_end_of_a_process_the_engine_says_that_it_is_too_late(tmp_path: Path) -> None:
    done = script(
        """
def late():
    try:
        engine.user("ann").list()
    except Exception as error:
        print(type(error).__name__, error)
engine = MemoryEngine()
atexit.register(late)
engine.user("ann").add_messages([FACT])
""",
        tmp_path,
    )
    assert done.stdout.startswith("MemoryEngineError This process is ending")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupt_ends_the_call_and_loses_nothing(tmp_path: Path) -> None:
    done = script(
        """
engine = MemoryEngine()
user = engine.user("ann")
user.add_messages([{"role": "user", "content": f"My friend {n} is called Person{n:04d}."} for n in range(400)])
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    user.consolidate()
    print("in time")
except KeyboardInterrupt:
    print("interrupted")
user.consolidate()
status = engine.status("ann").users[0]
print(status.messages, status.pending, status.memories)
""",
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] in ("interrupted", "in time")
    assert done.stdout.splitlines()[1] == "400 0 400"
