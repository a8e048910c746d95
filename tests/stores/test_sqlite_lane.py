"""A connection and its thread, let go while the thread is inside SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from memoryengine.stores.sqlite.lane import Lane

from .children import files, run_child


class Opened:
    """Makes connections, and remembers them and which thread made each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections: list[sqlite3.Connection] = []
        self.threads: list[threading.Thread] = []
        self.hold = threading.Event()
        self.began = threading.Event()

    def __call__(self) -> sqlite3.Connection:
        self.began.set()
        assert self.hold.wait(20)
        self.connections.append(sqlite3.connect(self.path, check_same_thread=False))
        self.threads.append(threading.current_thread())
        return self.connections[-1]

    def closed(self) -> list[bool]:
        """Whether each connection is closed, once the threads have ended."""
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()
        return [_is_closed(connection) for connection in self.connections]


def _is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError as error:
        return "closed" in str(error)
    return False


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path / "file")


async def test_a_job_under_way_is_carried_through_and_closes_behind_itself(opened: Opened) -> None:
    opened.hold.set()
    lane, begun, go = Lane(opened.path, "test", opened), threading.Event(), threading.Event()

    def job(connection: sqlite3.Connection) -> str:
        begun.set()
        assert go.wait(20)
        connection.execute("CREATE TABLE kept (word)")
        return str(connection.execute("SELECT name FROM sqlite_master").fetchone()[0])

    running = asyncio.create_task(lane.run(job))
    assert await asyncio.to_thread(begun.wait, 20)
    lane.release()
    go.set()
    assert await running == "kept"
    assert opened.closed() == [True]
    with pytest.raises(RuntimeError, match="after shutdown"):
        await lane.run(job)


async def test_a_lane_without_work_is_closed_at_once(opened: Opened) -> None:
    opened.hold.set()
    lane = Lane(opened.path, "test", opened)
    assert (await lane.run(lambda c: c.execute("SELECT 7").fetchone()[0])) == 7
    lane.release()
    assert _is_closed(opened.connections[0])
    lane.release()
    assert opened.closed() == [True]


async def test_a_connection_that_is_only_made_after_the_release_is_closed_too(opened: Opened) -> None:
    lane = Lane(opened.path, "test", opened)
    opening = asyncio.create_task(lane.run(lambda c: c.execute("CREATE TABLE made (word)")))
    assert await asyncio.to_thread(opened.began.wait, 20)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    lane.release()
    assert opened.connections == []
    opened.hold.set()
    for thread in filter(_is_lane, threading.enumerate()):
        await asyncio.to_thread(thread.join, 20)
    assert len(opened.connections) == 1
    assert opened.closed() == [True]


def _is_lane(thread: threading.Thread) -> bool:
    return thread.name.startswith("memoryengine-test")


async def test_a_closing_that_is_cancelled_closes_all_the_same(opened: Opened) -> None:
    opened.hold.set()
    lane, begun, go = Lane(opened.path, "test", opened), threading.Event(), threading.Event()

    def job(_: sqlite3.Connection) -> bool:
        begun.set()
        return go.wait(20)

    running = asyncio.create_task(lane.run(job))
    assert await asyncio.to_thread(begun.wait, 20)
    closing = asyncio.create_task(lane.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert not _is_closed(opened.connections[0])
    go.set()
    assert await running is True
    assert opened.closed() == [True]


def test_openings_and_writes_that_are_cancelled_do_not_crash_the_process(tmp_path: Path) -> None:
    said = run_child(
        """
        import asyncio, gc, os, sys, threading, time
        from pathlib import Path
        from memoryengine.stores.sqlite import SqliteStore
        from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

        async def main(folder):
            late = 0
            for i in range(80):
                store = SqliteStore(folder / f"opened-{i}")
                try:
                    async with asyncio.timeout(0.0005 * (i % 40)):
                        await store.open(COLLECTIONS, SPACE)
                except TimeoutError:
                    late += 1
                await store.close()
                store = SqliteStore(folder / f"written-{i}")
                await store.open(COLLECTIONS, SPACE)
                try:
                    async with asyncio.timeout(0.0005 * (i % 40)):
                        await store.append(ALICE, "note", [note(f"n{k}", "word") for k in range(200)])
                except TimeoutError:
                    late += 1
                del store
                gc.collect()
            print(late > 10)

        asyncio.run(main(Path(sys.argv[1])))
        for thread in threading.enumerate():
            if thread.name.startswith("memoryengine-"):
                thread.join(20)
        there = Path("/proc/self/fd")
        left = [fd for fd in map(os.path.realpath, there.iterdir()) if str(sys.argv[1]) in fd] if there.exists() else []
        print(len(left), "open")
        """,
        tmp_path,
    )
    assert said.split() == ["True", "0", "open"]
    assert len([name for name in files(tmp_path) if name.startswith("written-") and "-wal" not in name]) >= 80
