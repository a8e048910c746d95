"""Many processes, threads and event loops; processes that end without closing, or are killed."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from memoryengine.errors import StoreError
from memoryengine.ports import HISTORY, KeywordQuery
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.testing.kill_points import KillPoints
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, all_pages, ids_of, note, put
from memoryengine.values import Scope

from .children import command, ended, files, lines, run_child

# Appends and commits for ever; says what was acknowledged, a line each, when it was acknowledged.
WRITER = """
    import asyncio, sys
    from memoryengine.ports import Document, Patch, Writes
    from memoryengine.stores.sqlite import SqliteStore
    from memoryengine.testing.store_samples import ALICE, COLLECTIONS, ENTRY, SPACE, note

    async def main(path, name):
        store = SqliteStore(path)
        await store.open(COLLECTIONS, SPACE)
        print("open", flush=True)
        i = 0
        while True:
            ids = [f"{name}-{i}-{j}" for j in range(7)]
            await store.append(ALICE, "note", [note(id_, "word " * 30, rank=0) for id_ in ids])
            print("appended", *ids, flush=True)
            revision = await store.revision(ALICE)
            made = [f"{name}-made-{i}-{j}" for j in range(5)]
            writes = Writes(
                put=tuple(("note", note(id_, "word " * 30, rank=revision + 1)) for id_ in made),
                patch=tuple(Patch("note", id_, {"rank": revision + 1}) for id_ in ids),
                delete=(("note", ids[0]),) if i % 4 == 0 else (),
                entry={**ENTRY, "ids": made + ids[i % 4 == 0:]},
            )
            await store.commit(ALICE, writes, expect=revision)
            print("committed", revision + 1, *writes.entry["ids"], flush=True)
            i += 1

    asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


async def test_killed_at_random_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store"
    chance = random.Random(11)
    appended: set[str] = set()
    committed: dict[int, list[str]] = {}
    for run in range(8):
        lines = killed_after(chance.uniform(0.0, 0.25), path, f"run{run}")
        for verb, *rest in lines:
            if verb == "appended":
                appended.update(rest)
            elif verb == "committed":
                committed[int(rest[0])] = rest[1:]
        store = SqliteStore(path)
        await store.open(COLLECTIONS, SPACE)
        revision = await store.revision(ALICE)
        history = {int(one.id): one.body["ids"] for one in await all_pages(store, ALICE, collection=HISTORY)}
        assert sorted(history) == list(range(1, revision + 1))
        assert {n: history[n] for n in committed} == committed
        notes = {one.id: one for one in await all_pages(store, ALICE, limit=1000)}
        for number, ids in history.items():  # whole commits only
            assert [notes[id_].fields["rank"] for id_ in ids] == [number] * len(ids)
        touched = {id_ for ids in history.values() for id_ in ids}
        assert all(notes[id_].fields["rank"] == 0 for id_ in notes.keys() - touched)
        missing = appended - notes.keys()
        deleted = [id_ for id_ in missing if id_.endswith("-0")]
        assert sorted(missing) == sorted(deleted)
        (found,) = await store.search(ALICE, [KeywordQuery("note", ("word",), top_k=100_000)])
        assert len(found) == len(notes)
        await store.close()
    assert len(committed) > 5


def killed_after(seconds: float, path: Path, name: str) -> list[list[str]]:
    """The acknowledgements of a writer that was killed so long after it had opened the store."""
    words, environment = command(WRITER, path, name)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(seconds)
    process.kill()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()
    return [line.split() for line in rest.splitlines(keepends=True) if line.endswith("\n")]


UNCLOSED = """
    import asyncio, sys, threading
    from memoryengine.stores.sqlite import SqliteStore
    from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note
    from memoryengine.ports import KeywordQuery

    async def main(path):
        store = SqliteStore(path)
        await store.open(COLLECTIONS, SPACE)
        await store.append(ALICE, "note", [note(sys.argv[2], "word")])
        (found,) = await store.search(ALICE, [KeywordQuery("note", ("word",))])
        print(len(found), flush=True)
        return store

    how = sys.argv[2]
    if how == "plain":
        held = asyncio.run(main(sys.argv[1]))
    elif how == "forgotten":
        asyncio.run(main(sys.argv[1]))
    elif how == "cycle":
        one = [asyncio.run(main(sys.argv[1]))]
        one.append(one)
        del one
    else:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        held = asyncio.run_coroutine_threadsafe(main(sys.argv[1]), loop).result()
        if how == "busy":
            async def for_ever():
                i = 0
                while True:
                    await held.append(ALICE, "note", [note(f"busy{i}")])
                    i += 1
            asyncio.run_coroutine_threadsafe(for_ever(), loop)
"""


@pytest.mark.parametrize("how", ["plain", "forgotten", "cycle", "daemon", "busy"])
async def test_a_process_may_end_without_closing(tmp_path: Path, how: str) -> None:
    """At once, without a warning, and with everything on the disk; a daemon thread's loop included."""
    path = tmp_path / "store"
    start = time.monotonic()
    assert run_child(UNCLOSED, path, how) == "1\n"
    assert time.monotonic() - start < 20
    assert files(tmp_path) == ["store"]
    store = SqliteStore(path)
    await store.open(COLLECTIONS, SPACE)
    ids = ids_of(await all_pages(store, ALICE, limit=1000))
    assert [id_ for id_ in ids if not id_.startswith("busy") or id_ == how] == [how]
    await store.close()


async def test_numpy_is_loaded_by_the_first_search_only(tmp_path: Path) -> None:
    said = run_child(
        """
        import asyncio, sys
        from memoryengine.filters import Is
        from memoryengine.stores.sqlite import SqliteStore
        from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

        async def main(path):
            store = SqliteStore(path)
            await store.open(COLLECTIONS, SPACE)
            await store.append(ALICE, "note", [note("a", "word", rank=1)])
            print("numpy" in sys.modules, await store.count(ALICE, "note"), await store.revision(ALICE))
            print(await store.count(ALICE, "note", Is("rank", 1)), "numpy" in sys.modules)
            await store.close()

        asyncio.run(main(sys.argv[1]))
        """,
        tmp_path / "store",
    )
    assert said == "False 1 0\n1 True\n"


def test_several_event_loops_share_one_store(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    store = SqliteStore(tmp_path / "store")
    asyncio.run(store.open(COLLECTIONS, SPACE))
    problems: list[BaseException] = []

    async def write(name: str) -> None:
        for i in range(20):
            await store.append(ALICE, "note", [note(f"{name}-{i}", "word")])
            await store.search(ALICE, [KeywordQuery("note", ("word",))])

    def loop(name: str) -> None:
        try:
            asyncio.run(write(name))
        except BaseException as error:  # noqa: BLE001  # a thread's failure must reach the test
            problems.append(error)

    threads = [threading.Thread(target=loop, args=(f"t{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert asyncio.run(store.count(ALICE, "note")) == 80
    asyncio.run(store.close())
    after = set(threading.enumerate()) - before
    assert not [thread for thread in after if "memoryengine-" in thread.name and alive(thread)]


def alive(thread: threading.Thread) -> bool:
    thread.join(2)
    return thread.is_alive()


async def test_many_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store"
    program = """
        import asyncio, sys
        from memoryengine.stores.sqlite import SqliteStore
        from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

        async def main(path, name):
            store = SqliteStore(path)
            await store.open(COLLECTIONS, SPACE)
            for i in range(10):
                await store.append(ALICE, "note", [note(f"{name}-{i}")])
            await store.close()

        asyncio.run(main(*sys.argv[1:]))
        """
    said = await asyncio.gather(*(asyncio.to_thread(run_child, program, path, f"p{i}") for i in range(4)))
    assert said == [""] * 4
    store = SqliteStore(path)
    await store.open(COLLECTIONS, SPACE)
    assert await store.count(ALICE, "note") == 40
    assert await store.revision(ALICE) == 0
    await store.close()


async def test_a_search_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store", patience=30)
    await store.open(COLLECTIONS, SPACE)
    await put(store, ALICE, note("a", "word"))
    writer, _ = store._open_lanes()
    release = threading.Event()
    busy = asyncio.create_task(writer.run(lambda _: release.wait(20)))
    (found,) = await asyncio.wait_for(store.search(ALICE, [KeywordQuery("note", ("word",))]), 10)
    assert ids_of(found) == ["a"]
    waiting = asyncio.create_task(store.append(ALICE, "note", [note("b")]))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    release.set()
    assert await busy is True
    assert (await waiting).new == ("b",)
    await store.close()


async def test_a_forked_child_is_told_to_open_anew(tmp_path: Path) -> None:
    said = run_child(
        """
        import asyncio, os, sys, warnings
        from memoryengine.errors import StoreError
        from memoryengine.stores.sqlite import SqliteStore
        from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note

        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of any fork with threads
        store = SqliteStore(sys.argv[1])
        asyncio.run(store.open(COLLECTIONS, SPACE))
        asyncio.run(store.append(ALICE, "note", [note("a")]))
        child = os.fork()
        if not child:
            try:
                asyncio.run(store.count(ALICE, "note"))
            except StoreError as error:
                print(error, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(asyncio.run(store.count(ALICE, "note")))
        """,
        tmp_path / "store",
    )
    first, second = said.splitlines()
    assert "fork" in first
    assert second == "1"


async def test_small_caches_forget_and_stay_exact(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store", cache_documents=25)
    await store.open(COLLECTIONS, SPACE)
    users = [Scope(f"u{i}") for i in range(10)]
    for user in users:
        await store.append(user, "note", [note(f"n{i}", "word", rank=i) for i in range(10)])
    for user in users * 3:
        (found,) = await store.search(user, [KeywordQuery("note", ("word",))])
        assert len(found) == 10
    assert store._indices is not None
    assert sum(len(rows.ids) for rows, _ in store._indices._held.values()) <= 25
    await store.append(users[0], "note", [note(f"m{i}", "word") for i in range(90)])
    (found,) = await store.search(users[0], [KeywordQuery("note", ("word",))])
    assert len(found) == 100
    assert len(store._indices._held) == 1
    await store.close()


async def test_indices_are_rebuilt_when_most_of_them_is_dead(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    await store.open(COLLECTIONS, SPACE)
    for turn in range(4):
        await put(store, ALICE, *(note(f"n{i}", f"word turn{turn}") for i in range(600)))
        (found,) = await store.search(ALICE, [KeywordQuery("note", ("word",), top_k=1000)])
        assert len(found) == 600
        assert await store.search(ALICE, [KeywordQuery("note", (f"turn{turn - 1}",))]) == ((),)
    assert store._indices is not None
    ((rows, _),) = store._indices._held.values()
    assert len(rows.ids) < 2400
    await store.close()


async def test_kill_points_die_before_and_after_each_request(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from memoryengine.testing.kill_points import KillingSqlite
        from memoryengine.testing.store_samples import ALICE, COLLECTIONS, SPACE, note, put

        async def main(path, at, when):
            store = KillingSqlite(path, at=at, when=when, log=path + ".log")
            await store.open(COLLECTIONS, SPACE)
            await store.append(ALICE, "note", [note("a")])
            await put(store, ALICE, note("b"))
            await store.close()
            print(len(store.requests))

        asyncio.run(main(*sys.argv[1:]))
        """
    names = ["open", "append", "revision", "commit", "close"]
    for at in range(6):
        for when in ("before", "after"):
            path = tmp_path / f"{at}{when}"
            code, _, complained = ended(program, path, at, when)
            told = [line.split()[1] for line in lines(tmp_path / f"{path.name}.log")]
            assert code == (-signal.SIGKILL if at else 0), complained
            assert told == names[: at or 5]
            store = KillPoints(SqliteStore(path))
            await store.open(COLLECTIONS, SPACE)
            reached = at - (when == "before") if at else 5
            there = ids_of(await all_pages(store, ALICE))
            assert there == ["a"] * (reached >= 2) + ["b"] * (reached >= 4)
            assert await store.revision(ALICE) == (reached >= 4)
            await store.close()
            assert store.requests == ["open", "page", "revision", "close"]


async def test_kill_points_refuse_another_when(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="before"):
        KillPoints(SqliteStore(tmp_path / "store"), when="sometimes")  # type: ignore[arg-type]
    store = KillPoints(SqliteStore(tmp_path / "store"))
    with pytest.raises(StoreError):
        await store.describe()
    assert store.requests == ["describe"]
    assert not (tmp_path / "store").exists()
