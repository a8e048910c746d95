"""What can be wrong with the file, and that each of it is the right error and loses nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from memoryengine.errors import StoreError, StoreUnavailable, StoreUnreadable
from memoryengine.ports import Collection, KeywordQuery, Sort, VectorQuery, VectorSpace
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.stores.sqlite.schema import APPLICATION, MIGRATIONS, migrate, open_file
from memoryengine.testing.store_samples import ALICE, BOB, COLLECTIONS, SPACE, all_pages, ids_of, note, put

from .children import files, run_child


@asynccontextmanager
async def opened(path: Path, vectors: VectorSpace | None = SPACE, patience: float = 0.3) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, patience=patience)
    await store.open(COLLECTIONS, vectors)
    try:
        yield store
    finally:
        await store.close()


async def failure(path: Path) -> StoreError:
    """The error of opening; afterwards nothing is left open."""
    store = SqliteStore(path, patience=0.2)
    with pytest.raises(StoreError) as caught:
        await store.open(COLLECTIONS, SPACE)
    with pytest.raises(StoreError, match="not open"):
        await store.revision(ALICE)
    assert str(path.name) in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "content", [b"this is a diary, not a database", b"x" * 5000, b"SQLite format 4\0" + b"\0" * 4096, b"\0" * 100]
)
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    error = await failure(path)
    assert isinstance(error, StoreUnreadable)
    assert "another path" in str(error)
    assert path.read_bytes() == content
    assert files(tmp_path) == ["diary.txt"]


async def test_a_directory(tmp_path: Path) -> None:
    error = await failure(tmp_path)
    assert isinstance(error, StoreUnreadable)
    assert "directory" in str(error)
    assert files(tmp_path) == []


async def test_the_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE documents (key INTEGER)")
    connection.close()
    before = path.read_bytes()
    error = await failure(path)
    assert isinstance(error, StoreUnreadable)
    assert "another program" in str(error)
    assert path.read_bytes() == before


async def test_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with opened(path) as store:
        await put(store, ALICE, note("a"))
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    error = await failure(path)
    assert isinstance(error, StoreUnreadable)
    assert f"version {len(MIGRATIONS) + 1}" in str(error)
    assert "newer" in str(error)


async def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with opened(path) as store:
        await put(store, ALICE, *(note(f"n{i}", "word " * 200) for i in range(50)))
    whole = path.read_bytes()
    for length in (len(whole) // 2, 5000, 60):
        path.write_bytes(whole[:length])
        assert isinstance(await failure(path), StoreUnreadable)
    path.write_bytes(whole)
    async with opened(path) as store:
        assert await store.count(ALICE, "note") == 50


async def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with opened(path) as store:
        await put(store, ALICE, *(note(f"n{i:03d}", f"word{i} " * 50) for i in range(200)))
    damaged = bytearray(path.read_bytes())
    for page in range(2, len(damaged) // 4096):
        damaged[page * 4096 : page * 4096 + 40] = b"\x55" * 40
    path.write_bytes(damaged)
    errors = []
    store = SqliteStore(path)
    try:
        await store.open(COLLECTIONS, SPACE)
        await all_pages(store, ALICE)
    except StoreError as error:
        errors.append(error)
    await store.close()
    assert isinstance(errors[0], StoreUnreadable)
    assert "damaged" in str(errors[0])


async def test_what_is_damaged_of_one_user_is_never_read_for_another(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    notes = [note(f"n{i}", f"guitar town{i}", rank=i) for i in range(9)]
    queries = (KeywordQuery("note", ("guitar", "town3")), VectorQuery("note", [1.0, 2.0, 3.0, 4.0]))
    async with opened(path) as store:
        for scope in (ALICE, BOB):
            await put(store, scope, *notes)
            await store.attach(scope, "note", {one.id: [1.0, 0.0, float(i), 1.0] for i, one in enumerate(notes)})
        before = await store.search(ALICE, queries), await all_pages(store, ALICE, order=[Sort("rank")])
    connection = sqlite3.connect(path)
    of_bob = "SELECT {} FROM documents WHERE scope = (SELECT key FROM scopes WHERE user = 'bob')"
    wanted = " UNION ".join(of_bob.format(held) for held in ("fields", "terms", "body", "vector"))
    with connection:
        changed = connection.execute(f"UPDATE contents SET data = x'ff00ff' WHERE key IN ({wanted})").rowcount
    connection.close()
    async with opened(path) as store:
        assert changed > 4 * len(notes)
        assert (await store.search(ALICE, queries), await all_pages(store, ALICE, order=[Sort("rank")])) == before
        for damaged in (store.search(BOB, queries), store.page(BOB, "note"), store.get(BOB, "note", ["n1"])):
            with pytest.raises(StoreUnreadable, match="damaged"):
                await damaged


@pytest.mark.parametrize("name", ["store/under/a/file", "missing/\0/x"])
async def test_a_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").write_bytes(b"")
    store = SqliteStore(tmp_path / name)
    with pytest.raises(StoreError) as caught:
        await store.open(COLLECTIONS, SPACE)
    assert isinstance(caught.value, StoreUnavailable)
    assert "another path" in str(caught.value)
    assert (tmp_path / "store").read_bytes() == b""


async def test_an_empty_file_becomes_a_store_of_this_user_alone(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    deep = tmp_path / "a" / "b" / "store"
    for path in (empty, deep):
        async with opened(path) as store:
            assert await put(store, ALICE, note("a")) == 1
            described = await store.describe()
        assert described["kind"] == "sqlite"
        assert described["location"] == str(path)
        assert described["erasure"] == "complete"
        assert int(described["schema"]) == len(MIGRATIONS)
    assert deep.stat().st_mode & 0o077 == 0
    with sqlite3.connect(deep) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


# The permissions of a file do not bind root: such a child first becomes somebody else.
READ_ONLY = """
    import asyncio, os, sys
    from pathlib import Path
    from memoryengine.errors import StoreError
    from memoryengine.stores.sqlite import SqliteStore
    import memoryengine.stores.sqlite.index
    from memoryengine.testing.store_samples import COLLECTIONS, SPACE

    async def main(path):
        store = SqliteStore(path, patience=0.2)
        try:
            await store.open(COLLECTIONS, SPACE)
        except StoreError as error:
            print(type(error).__name__, error)
        else:
            print("opened")
            await store.close()

    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    asyncio.run(main(Path(sys.argv[1])))
"""


async def test_what_this_user_may_not_write(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    async with opened(shared / "store") as store:
        await put(store, ALICE, note("a"))
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        if folder.stat().st_mode & 0o055 != 0o055:
            folder.chmod(folder.stat().st_mode | 0o055)
    before = (shared / "store").read_bytes()
    for file_mode, folder_mode in ((0o444, 0o777), (0o666, 0o555), (0o000, 0o777)):
        (shared / "store").chmod(file_mode)
        shared.chmod(folder_mode)
        said = run_child(READ_ONLY, shared / "store")
        assert said.startswith("StoreUnavailable"), said
        assert "rights" in said or "right to write" in said
    assert run_child(READ_ONLY, shared / "new").startswith(("opened", "StoreUnavailable"))
    shared.chmod(0o755)
    (shared / "store").chmod(0o600)
    assert (shared / "store").read_bytes() == before


FULL = """
    import asyncio, resource, signal, sys
    from pathlib import Path
    from memoryengine.errors import StoreError
    from memoryengine.stores.sqlite import SqliteStore
    from memoryengine.testing.store_samples import ALICE, BOB, COLLECTIONS, SPACE, note

    async def main(path):
        store = SqliteStore(path)
        await store.open(COLLECTIONS, SPACE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
        for i in range(1000):
            try:
                await store.append(ALICE, "note", [note(f"n{i:04d}-{j}", "word " * 50) for j in range(10)])
            except StoreError as error:
                print(type(error).__name__, i, error)
                break
        print(await store.count(ALICE, "note"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.append(ALICE, "note", [note("after")])
        await store.close()

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "store"
    said, count = run_child(FULL, path).splitlines()
    name, calls, _ = said.split(" ", 2)
    assert name == "StoreUnavailable", said
    assert "Nothing was written" in said
    assert int(count) == 10 * int(calls) > 0
    async with opened(path) as store:
        assert await store.count(ALICE, "note") == int(count) + 1
        assert (await store.get(ALICE, "note", [f"n{int(calls):04d}-0", "after"]))[0] is None


async def test_a_full_disk(tmp_path: Path) -> None:
    async with opened(tmp_path / "store") as store:
        await put(store, ALICE, note("a"))
        writer, _ = store._open_lanes()
        await writer.run(lambda c: c.execute("PRAGMA max_page_count=30").fetchall())
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await put(store, ALICE, *(note(f"n{i}", "word " * 500) for i in range(100)))
        assert await store.revision(ALICE) == 1
        assert ids_of(await all_pages(store, ALICE)) == ["a"]
        await writer.run(lambda c: c.execute("PRAGMA max_page_count=100000").fetchall())
        assert await put(store, ALICE, note("b")) == 2


async def test_a_lock_held_for_long(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with opened(path, patience=0.2) as store:
        await put(store, ALICE, note("a"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreUnavailable, match="lock"):
            await put(store, ALICE, note("b"))
        assert time.monotonic() - start < 5
        assert ids_of(await all_pages(store, ALICE)) == ["a"]
        other.execute("COMMIT")
        other.close()
        assert await put(store, ALICE, note("b")) == 2


async def test_a_field_that_changes_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with opened(path) as store:
        await put(store, ALICE, note("a", rank=1))
    store = SqliteStore(path)
    with pytest.raises(StoreUnreadable, match="rank"):
        await store.open([Collection("note", {"rank": "keyword"}, True)], SPACE)
    with pytest.raises(StoreError, match="'vector'"):
        await store.open([Collection("new", {"vector": "keyword"})], SPACE)
    await store.open([Collection("note", {"colour": "keyword"}, True)], SPACE)
    assert await put(store, ALICE, note("b", colour="red", rank=2)) == 2
    with pytest.raises(StoreError, match="job"):
        await store.count(ALICE, "job")
    with pytest.raises(StoreError, match="already"):
        await store.open(COLLECTIONS, SPACE)
    await store.close()
    async with opened(path) as store:
        assert [dict(one.fields) for one in await all_pages(store, ALICE)] == [
            {"rank": 1},
            {"colour": "red", "rank": 2},
        ]


def test_migrations_lead_from_any_version_to_the_newest(tmp_path: Path) -> None:
    made_up = (
        ("CREATE TABLE things (id TEXT)", "INSERT INTO things VALUES ('first')"),
        ("ALTER TABLE things ADD COLUMN size INTEGER", "UPDATE things SET size = 7"),
        ("CREATE INDEX by_size ON things (size)", "INSERT INTO things VALUES ('last', 9)"),
    )
    for old in range(4):
        path = tmp_path / f"v{old}"
        open_file(path, 1, made_up[:old]).close()
        connection = open_file(path, 1, made_up)
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("SELECT * FROM things").fetchall() == [("first", 7), ("last", 9)]
        assert migrate(connection, path, made_up) == 3
        connection.close()
        with pytest.raises(StoreUnreadable, match="version 3"):
            open_file(path, 1, made_up[:2])


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store"
    good = (("CREATE TABLE things (id TEXT)",),)
    open_file(path, 1, good).close()
    with pytest.raises(sqlite3.OperationalError):
        open_file(path, 1, (*good, ("CREATE TABLE more (id TEXT)", "CREATE NONSENSE")))
    connection = open_file(path, 1, good)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("things",)]
    connection.close()


async def test_the_first_version_still_opens(tmp_path: Path) -> None:
    """A file as version 1 made it, with a document in it; never to be changed."""
    path = tmp_path / "store"
    connection = open_file(path, 1, MIGRATIONS[:1])
    for statement in (
        "INSERT INTO collections VALUES (1, 'note', '{\"rank\": \"number\"}')",
        "INSERT INTO scopes VALUES (1, 'default', 'alice', 3, 5)",
        "INSERT INTO contents VALUES (1, CAST('{\"rank\":2}' AS BLOB)), (2, CAST('one two one' AS BLOB)),"
        ' (3, CAST(\'["digest",{"text":"x"}]\' AS BLOB))',
        "INSERT INTO documents VALUES (1, 1, 1, 'a', 5, 3, 0, 1, 2, 3, NULL)",
    ):
        connection.execute(statement)
    connection.close()
    async with opened(path) as store:
        (held,) = await store.get(ALICE, "note", ["a"])
        assert held is not None
        assert (held.fields, held.body, held.terms) == ({"rank": 2}, {"text": "x"}, ("one", "two", "one"))
        assert (held.digest, held.revision, await store.revision(ALICE)) == ("digest", 3, 3)
