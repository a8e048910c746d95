"""The file itself: its tables, the migrations between versions of them, and how to open it and say what went wrong.

Everything readable lies in `contents`, whose rows are added at the end and never moved: they are erased by
overwriting them in place with zeros. SQLite's `secure_delete` alone is not enough, because copies of rows that were
moved from page to page can stay behind in the gaps of pages (seen: 2 of 600 deleted texts). `documents` holds ids and
numbers only. Each write gives the rows it touches the next `seq` of their scope, and by it readers find what is new.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ...errors import StoreError, StoreUnavailable, StoreUnreadable

APPLICATION = 0x4D656D45  # "MemE", in the header of the file
HEADER = b"SQLite format 3\0"

Migration = Sequence[str]
Result = TypeVar("Result")

# The n-th entry leads from version n to version n + 1. An entry that was released is never changed.
MIGRATIONS: tuple[Migration, ...] = (
    (
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE collections (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kinds TEXT NOT NULL)",
        "CREATE TABLE scopes (key INTEGER PRIMARY KEY, namespace TEXT NOT NULL, user TEXT NOT NULL,"
        " revision INTEGER NOT NULL, seq INTEGER NOT NULL, UNIQUE (namespace, user))",
        # fields, terms, body and vector are keys of contents; all are NULL in a tombstone
        "CREATE TABLE documents (key INTEGER PRIMARY KEY, scope INTEGER NOT NULL, collection INTEGER NOT NULL,"
        " id TEXT NOT NULL, seq INTEGER NOT NULL, revision INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,"
        " fields INTEGER, terms INTEGER, body INTEGER, vector INTEGER, UNIQUE (scope, collection, id))",
        "CREATE INDEX changed ON documents (scope, collection, seq)",
        "CREATE TABLE contents (key INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    ),
)


def connect(path: Path, patience: float, *, reader: bool = False) -> sqlite3.Connection:
    """A connection that waits `patience` seconds for locks; a reader's can write nothing."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-65536")  # KiB
        if reader:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA secure_delete=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def open_file(path: Path, patience: float, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """The writing connection to the file, which is made if it is not there and migrated if it is older.

    Raises `StoreUnreadable` for a directory, another kind of file, another program's database, a newer version and a
    truncated file; `StoreUnavailable` for what the operating system refuses.
    """
    _prepare(path)
    connection = connect(path, patience)
    try:
        _check_owner(connection, path)
        _use_wal(connection, path, patience)
        migrate(connection, path, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the tables to the newest version, whole or not at all; returns the version that was found."""
    if _pragma(connection, "user_version") == len(migrations):
        return len(migrations)
    with writing(connection):
        found = _pragma(connection, "user_version")
        if found > len(migrations):
            raise StoreUnreadable(
                f"The store {path} has version {found}, and this program knows versions up to {len(migrations)}: "
                "it was written by a newer version of memoryengine. Update memoryengine, or choose another path."
            )
        for migration in migrations[found:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION}")
        connection.execute(f"PRAGMA user_version={len(migrations)}")
    return found


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from its beginning; rolled back on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    yield from _transaction(connection)


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction in which every statement sees the same state."""
    connection.execute("BEGIN")
    yield from _transaction(connection)


def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def checkpoint(connection: sqlite3.Connection, patience: float) -> bool:
    """Move everything from the -wal file to the database and empty it; whether that could be done in time.

    It cannot while another connection reads a state from before; it waits up to `patience` seconds for that.
    """
    usual = _pragma(connection, "busy_timeout")
    connection.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        busy = 1
    finally:
        connection.execute(f"PRAGMA busy_timeout={usual}")
    return not busy


# --- errors -----------------------------------------------------------------------------------------------------


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error; 0 where there is none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """The `StoreError` that says what an error of SQLite means for the file at `path`."""
    kind, sentence = _MEANINGS.get(primary_code(error), (StoreError, "SQLite could not do its part: {error}."))
    return kind(f"The store {path}: " + sentence.format(error=str(error).rstrip(".")))


_UNREADABLE = "{error}. The file is damaged or no store: restore a copy, or choose another path"
_MEANINGS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnavailable, "another process holds the lock too long. Nothing was written; try again."),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, "the file is locked. Nothing was written; try again."),
    sqlite3.SQLITE_FULL: (StoreUnavailable, "the disk is full. Nothing was written; make room and try again."),
    sqlite3.SQLITE_READONLY: (
        StoreUnavailable,
        "the file or its folder is read-only ({error}). Give this user the right to write there, or choose another "
        "path.",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreUnavailable,
        "the file could not be read or written ({error}). Nothing was written; look at the disk (full? a limit on "
        "file sizes?) and try again.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailable,
        "the file cannot be opened ({error}). Look at the rights on it and on its folder, or choose another path.",
    ),
    sqlite3.SQLITE_PERM: (StoreUnavailable, "the operating system refused access ({error}). Look at the rights."),
    sqlite3.SQLITE_CORRUPT: (StoreUnreadable, _UNREADABLE + "."),
    sqlite3.SQLITE_NOTADB: (StoreUnreadable, _UNREADABLE + "."),
}


# --- the file ---------------------------------------------------------------------------------------------------


def _prepare(path: Path) -> None:
    """Make the folder and, for this user alone, the file; look at what can be seen without SQLite."""
    try:
        if path.is_dir():
            raise StoreUnreadable(f"The store {path} is a directory, and must be a file: name a file inside it.")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _check_header(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise StoreUnavailable(
            f"The store {path} cannot be opened for writing: {error}. "
            "Look at the rights on the file and its folder, or choose another path."
        ) from error


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(100)
    if head and not head.startswith(HEADER):
        raise StoreUnreadable(f"The file {path} is no store: it is no SQLite database. Choose another path.")
    pages, page_size = int.from_bytes(head[28:32], "big"), int.from_bytes(head[16:18], "big")
    size = path.stat().st_size
    # with a -wal file beside it the file may rightly be shorter than its header says
    if size < pages * (65536 if page_size == 1 else page_size) and not _size(path.with_name(path.name + "-wal")):
        raise StoreUnreadable(
            f"The store {path} is truncated: it has {size} bytes and should have {pages * page_size}. Restore a copy, "
            "or choose another path."
        )


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    with reading(connection):
        ours = _pragma(connection, "application_id") == APPLICATION
        if not ours and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreUnreadable(f"The file {path} is the database of another program. Choose another path.")


def _use_wal(connection: sqlite3.Connection, path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:  # SQLite does not wait here while another process opens the file
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    # what a process that was killed left there may be of things deleted since
    if _size(path.with_name(path.name + "-wal")):
        checkpoint(connection, 0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def chunks(items: Sequence[Result], size: int = 500) -> Iterator[Sequence[Result]]:
    """The items in slices that fit the number of parameters which every SQLite takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def marks(items: Sequence[object]) -> str:
    """As many question marks as there are items."""
    return ",".join("?" * len(items))
