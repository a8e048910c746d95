"""A connection with a thread of its own, and a write that sees its deletions through."""

from __future__ import annotations

import asyncio
import os
import sqlite3
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
        await self.run(sqlite3.Connection.close)
        self.release()

    def release(self) -> None:
        """Close the connection and let the thread end; for a lane on which nothing runs any more."""
        self._threads.shutdown(wait=False)  # this may run in that very thread, when it collects garbage
        if self._connection is not None and os.getpid() == self._process:
            self._connection.close()
        self._connection = None

    def _do(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._connection is None:
            self._connection = self._connect()
        return job(self._connection)


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
