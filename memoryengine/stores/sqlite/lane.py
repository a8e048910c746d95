"""A connection with a thread of its own, and a write that sees its deletions through."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from ...errors import DeletionPending, StoreError
from .schema import checkpoint, store_error, writing

Result = TypeVar("Result")


class Lane:
    """One connection, and the one thread that uses it."""

    def __init__(self, path: Path, name: str, connection: Callable[[], sqlite3.Connection]) -> None:
        self._path = path
        self._connect = connection
        self._connection: sqlite3.Connection | None = None
        self._threads = ThreadPoolExecutor(1, f"memoryengine-{name}")
        self._process = os.getpid()
        self._using = threading.Lock()  # held by the thread while it does a job
        self._released = False

    async def run(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do a job with the connection, in the thread; errors of SQLite become `StoreError`."""
        if os.getpid() != self._process:
            raise StoreError(f"The store {self._path} was opened before this process was forked: open it anew here.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, job)
        except sqlite3.Error as error:
            raise store_error(error, self._path) from error

    async def close(self) -> None:
        """Close the connection after all jobs that were begun, and let the thread end."""
        try:
            await self.run(sqlite3.Connection.close)
        finally:
            self.release()

    def release(self) -> None:
        """Let the thread end, and have the connection closed by whoever uses it last; never waits.

        While the thread is inside SQLite nobody else may close the connection under it: the process would crash. So a
        job that goes on, such as one that nobody waits for any more, closes it behind itself. A closing job in the
        thread's queue would not do: finalizers come here, maybe while their own thread holds the locks of that queue.
        """
        if os.getpid() != self._process:  # the thread and what it has open stayed with the parent
            return
        self._threads.shutdown(wait=False)
        self._released = True
        self._close_if_free()

    def _do(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            with self._using:
                if self._connection is None:
                    self._connection = self._connect()
                return job(self._connection)
        finally:
            if self._released:
                self._close_if_free()

    def _close_if_free(self) -> None:
        """Close the connection, unless a job uses it: that one sees behind itself that the lane was released."""
        if self._using.acquire(blocking=False):
            try:
                if self._connection is not None:
                    self._connection.close()
                self._connection = None
            finally:
                self._using.release()


def written(
    connection: sqlite3.Connection,
    path: Path,
    job: Callable[[sqlite3.Connection], Result],
    erase_within: float | None,
) -> Result:
    """Do a job in one transaction; with `erase_within` seconds also see that nothing deleted is left in the files.

    What an earlier write could not erase is tried again behind every write. Raises `DeletionPending` when the time is
    over and another process still reads from before the deletion.
    """
    with writing(connection):
        result = job(connection)
        if erase_within is not None:
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('erase', hex(randomblob(8)))")
        mark = connection.execute("SELECT value FROM facts WHERE name = 'erase'").fetchone()
    if mark and not _erased(connection, mark[0], erase_within or 0) and erase_within is not None:
        raise DeletionPending(
            f"The deletion stands, but its bytes are still in {path}-wal, because another process goes on reading from "
            "before it. The next write or opening after that process let go removes them.",
            cast(Any, result),
        )
    return result


def _erased(connection: sqlite3.Connection, mark: str, patience: float) -> bool:
    try:
        if not checkpoint(connection, patience):
            return False
        # only the mark that was seen: another process may have deleted more by now
        connection.execute("DELETE FROM facts WHERE name = 'erase' AND value = ?", (mark,))
    except sqlite3.OperationalError:  # the write itself has succeeded, and the mark stays for the next one
        return False
    return True
