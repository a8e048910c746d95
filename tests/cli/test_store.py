"""`memoryengine store`: making, reindexing, copying and comparing, as a person does it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
import yaml
from elasticsearch import Elasticsearch

from .conftest import Invoke, said

Write = Callable[..., str]
COUNT = 60


@pytest.fixture
def prefix(es_url: str, tmp_path: Path) -> Iterator[str]:
    """A prefix of the test's own; its indices are gone afterwards."""
    prefix = "c-" + blake2b(str(tmp_path).encode(), digest_size=6).hexdigest()
    yield prefix
    with Elasticsearch(es_url) as client:
        found = client.indices.get(index=f"{prefix}-*", allow_no_indices=True, features=["aliases"])
        if found.body:
            client.indices.delete(index=",".join(found.body))


@pytest.fixture
def configs(folder: Path) -> Callable[..., str]:
    """Write a config: a store, and the number of dimensions of its embedder."""

    def write(name: str, dimensions: int = 384, **store: object) -> str:
        content = {"store": store, "models": {"embedder": {"use": "lexical", "dimensions": dimensions}}}
        (folder / name).write_text(yaml.safe_dump({"extends": "embedded", **content}))
        return name

    return write


@pytest.fixture
def in_elasticsearch(configs: Callable[..., str], es_url: str, prefix: str) -> Callable[..., str]:
    """Write a config of a store on the server."""

    def write(name: str = "es.yaml", dimensions: int = 384, more: str = "", **store: object) -> str:
        return configs(name, dimensions, use="elasticsearch", url=es_url, index_prefix=prefix + more, **store)

    return write


def fill(invoke: Invoke, write_lines: Write, config: str) -> None:
    """Two users: messages, memories of them, one memory deleted with its messages, and all of a third one's."""
    places = ("Rome", "Lyon", "Oslo", "Kyoto", "Quito", "上海")
    lines = [said(f"I visited {places[n % 6]} with friend number {n}.", "alice") for n in range(COUNT)]
    lines += [said("我的爱好是吉他。", "bob"), said("I live in Rome.", "bob"), said("I like tea.", "carol")]
    invoke("import", write_lines(*lines), "-c", config)
    invoke("consolidate", "-u", "bob", "-c", config)
    invoke("consolidate", "-u", "carol", "-c", config)
    held = invoke("list", "-u", "bob", "--json", "-c", config).json["memories"]
    assert len(held) == 2
    assert invoke("delete", held[0]["id"], "--with-messages", "-u", "bob", "-c", config).code == 0
    assert invoke("delete", "--all", "--with-messages", "--yes", "-u", "carol", "-c", config).code == 0
    assert invoke("retrieve", "Where was I?", "-u", "alice", "-c", config).code == 0  # embeds what waits


def hashes(invoke: Invoke, config: str) -> dict[str, tuple[int, int, int, str]]:
    found = invoke("store", "verify", "--json", "-c", config).json["users"]
    return {one["user"]: (one["documents"], one["deleted"], one["vectors"], one["hash"]) for one in found}


# --- init -------------------------------------------------------------------------------------------------------


def test_init_of_an_embedded_store_makes_the_file(invoke: Invoke, configs: Callable[..., str], folder: Path) -> None:
    config = configs("own.yaml", use="sqlite", path="own.db")
    assert invoke("store", "verify", "-c", config).code == 2
    assert not (folder / "own.db").exists()
    assert invoke("store", "init", "-c", config).out == f"made   {folder / 'own.db'}\n"
    assert invoke("store", "init", "-c", config).out == f"there  {folder / 'own.db'}\n"


@pytest.mark.elasticsearch
def test_init_makes_the_indices_also_where_the_program_may_not(
    invoke: Invoke, in_elasticsearch: Callable[..., str], prefix: str
) -> None:
    config = in_elasticsearch(create=False)
    refused = invoke("status", "-c", config)
    assert refused.code == 3
    assert "memoryengine store init" in refused.err
    made = invoke("store", "init", "-c", config, "--json").json
    kinds = ("agenda", "embeddings", "history", "memories", "messages", "runs", "scopes")
    names = [f"{prefix}-{kind}-000001" for kind in kinds]
    assert made == {"made": names, "there": []}
    assert invoke("store", "init", "-c", config).out == "".join(f"there  {name}\n" for name in names)
    assert invoke("status", "-c", config).code == 0


# --- reindex ----------------------------------------------------------------------------------------------------


def test_reindex_of_an_embedded_store_takes_another_embedder(
    invoke: Invoke, configs: Callable[..., str], write_lines: Write
) -> None:
    old = configs("old.yaml", 384, use="sqlite", path="own.db")
    new = configs("new.yaml", 64, use="sqlite", path="own.db")
    fill(invoke, write_lines, old)
    refused = invoke("retrieve", "guitar", "-u", "bob", "-c", new)
    assert refused.code == 3
    assert "memoryengine store reindex" in refused.err
    before = hashes(invoke, old)
    done = invoke("store", "reindex", "--batch", "7", "-c", new)
    assert (done.code, done.out) == (0, "The store was reindexed.\n")
    assert re.search(r"documents: (\d+) of \1\n", done.err)
    after = hashes(invoke, new)
    assert [one[:3] for one in after.values()] == [one[:3] for one in before.values()]
    assert invoke("retrieve", "Where was I?", "-u", "alice", "-c", new).out
    assert "needs no taking back" in invoke("store", "reindex", "--abandon", "-c", new).out
    assert invoke("retrieve", "Where was I?", "-u", "alice", "-c", old).code == 3


@pytest.mark.elasticsearch
def test_reindex_killed_half_way_goes_on(
    invoke: Invoke, in_elasticsearch: Callable[..., str], write_lines: Write, prefix: str, es_url: str
) -> None:
    """From 384 to 64 dimensions: killed for good, written against, gone on with; nothing is lost."""
    old, new = in_elasticsearch("old.yaml", 384), in_elasticsearch("new.yaml", 64)
    fill(invoke, write_lines, old)
    before = hashes(invoke, old)
    killed(DIE_AT_THE_FIFTH_BATCH, "store", "reindex", "--batch", "8", "-c", new)
    with Elasticsearch(es_url) as client:
        client.indices.refresh(index=f"{prefix}-messages-000002")
        assert client.count(index=f"{prefix}-messages-000002")["count"] == 4 * 8
    assert len(invoke("retrieve", "friend number 3", "-u", "alice", "-c", old).out.splitlines()) > 3
    told_to_wait = invoke("import", write_lines(said("I am late.", "alice")), "-c", old)
    assert told_to_wait.code == 3
    assert "reindex" in told_to_wait.err
    done = invoke("store", "reindex", "-c", new)
    assert (done.code, done.out) == (0, "The store was reindexed.\n"), done.err
    assert re.search(r"messages: (\d+) of \1\n", done.err)
    after = hashes(invoke, new)
    assert {user: one[:3] for user, one in after.items()} == {user: one[:3] for user, one in before.items()}
    assert invoke("import", write_lines(said("I am late.", "alice")), "-c", new).code == 0
    assert "late" in invoke("retrieve", "Who is late?", "-u", "alice", "-c", new).out
    assert invoke("retrieve", "friend", "-u", "alice", "-c", old).code == 3
    with Elasticsearch(es_url) as client:
        names = sorted(client.indices.get(index=f"{prefix}-m*", features=["aliases"]).body)
    assert names == [f"{prefix}-memories-000002", f"{prefix}-messages-000002"]
    assert "nothing was done" in invoke("store", "reindex", "--abandon", "-c", new).out


def killed(program: str, *arguments: str) -> None:
    """Run a command in a process of its own that kills itself."""
    words = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


DIE_AT_THE_FIFTH_BATCH = """
import os, signal
from memoryengine import maintenance

calls = 0

class Embedding(maintenance._Embedding):
    async def __call__(self, collection, documents):
        global calls
        calls += 1
        if calls == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().__call__(collection, documents)

maintenance._Embedding = Embedding
from memoryengine.cli import main
main()
"""


# --- migrate ----------------------------------------------------------------------------------------------------


@pytest.mark.elasticsearch
def test_migrate_to_the_server_and_back_leaves_equal_hashes(
    invoke: Invoke, configs: Callable[..., str], in_elasticsearch: Callable[..., str], write_lines: Write
) -> None:
    one, two = configs("one.yaml", use="sqlite", path="one.db"), in_elasticsearch("two.yaml")
    three = configs("three.yaml", use="sqlite", path="three.db")
    fill(invoke, write_lines, one)
    before = hashes(invoke, one)
    assert before["bob"][1] > 0
    assert before["carol"][1] > 0
    assert before["alice"][2] == COUNT
    assert "would be copied" in invoke("store", "migrate", "--to", two, "--dry-run", "-c", one).out
    assert invoke("store", "verify", "-c", two).code == 2
    copied = invoke("store", "migrate", "--to", two, "-c", one)
    assert copied.code == 0, copied.err
    assert copied.out.startswith("3 users with ")
    assert copied.out.endswith("and all hashes are equal.\n")
    assert hashes(invoke, two) == before
    assert invoke("store", "migrate", "--to", three, "-c", two).code == 0
    assert hashes(invoke, three) == before
    compared = invoke("store", "verify", "--to", three, "-c", one)
    assert (compared.code, compared.out.count("equal  ")) == (0, 3)
    answers = [invoke("retrieve", "guitar 吉他", "-u", "bob", "-c", config).out for config in (one, two, three)]
    assert answers[0] == answers[1] == answers[2]
    again = invoke("import", "said.jsonl", "-c", three, "--json").json
    assert (again["new"], again["deleted"]) == (0, before_deleted(invoke, one))
    refused = invoke("store", "migrate", "--to", three, "-c", one)
    assert refused.code == 3
    assert "holds something already" in refused.err


def before_deleted(invoke: Invoke, config: str) -> int:
    """How many lines of the file were deleted, as the first store says."""
    deleted = invoke("import", "said.jsonl", "-c", config, "--json").json["deleted"]
    assert isinstance(deleted, int)
    assert deleted >= 2
    return deleted


@pytest.mark.elasticsearch
@pytest.mark.parametrize("back", [False, True])
def test_migrate_killed_half_way_goes_on(
    invoke: Invoke,
    configs: Callable[..., str],
    in_elasticsearch: Callable[..., str],
    write_lines: Write,
    back: bool,
) -> None:
    embedded, server = configs("one.yaml", use="sqlite", path="one.db"), in_elasticsearch("two.yaml")
    source, target = (server, embedded) if back else (embedded, server)
    fill(invoke, write_lines, source)
    killed(DIE_AT_THE_SECOND_LOAD, "store", "migrate", "--to", target, "-c", source)
    wrong = invoke("store", "verify", "--to", target, "-c", source)
    assert (wrong.code, wrong.out.count("differs "), wrong.out.count("equal  ")) == (1, 2, 1)
    done = invoke("store", "migrate", "--to", target, "-c", source)
    assert done.code == 0, done.err
    assert hashes(invoke, target) == hashes(invoke, source)
    assert invoke("consolidate", "-u", "bob", "-c", target).code == 0


DIE_AT_THE_SECOND_LOAD = """
import os, signal
from memoryengine.stores.elasticsearch.copying import ElasticsearchCopying
from memoryengine.stores.sqlite.copying import SqliteCopying

loads = 0
for cls in (ElasticsearchCopying, SqliteCopying):
    async def load(self, scope, part, load=cls.load):
        global loads
        await load(self, scope, part)
        loads += 1
        if loads == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    cls.load = load

from memoryengine.cli import main
main()
"""


def test_migrate_between_files_and_what_it_refuses(
    invoke: Invoke, configs: Callable[..., str], write_lines: Write, folder: Path
) -> None:
    one = configs("one.yaml", use="sqlite", path="one.db")
    two = configs("two.yaml", 64, use="sqlite", path="two.db")
    fill(invoke, write_lines, one)
    missing = invoke("store", "migrate", "--to", one, "-c", two)
    assert missing.code == 2
    assert "There is no store yet" in missing.err
    same = invoke("store", "migrate", "--to", one, "-c", one)
    assert same.code == 2
    assert "the same store" in same.err
    assert invoke("store", "migrate", "--to", two, "-c", one).code == 0
    compared = invoke("store", "verify", "--to", two, "-c", one, "--json").json["users"]
    assert [pair["equal"] for pair in compared] == [True, True, True]
    assert compared[0]["there"]["vectors"] == 0
    assert invoke("retrieve", "Where was I?", "-u", "alice", "-c", two).out
    invoke("import", write_lines(said("One more.", "alice")), "-c", two)
    differs = invoke("store", "verify", "--to", two, "-c", one)
    assert (differs.code, differs.out.count("differs "), differs.out.count("equal  ")) == (1, 1, 2)


def test_a_source_that_is_written_to_is_noticed(
    invoke: Invoke, configs: Callable[..., str], write_lines: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memoryengine.stores.sqlite import copying
    from memoryengine.upkeep import Part
    from memoryengine.values import Scope

    one, two = (configs(f"{name}.yaml", use="sqlite", path=f"{name}.db") for name in ("one", "two"))
    fill(invoke, write_lines, one)
    load, written = copying.SqliteCopying.load, list[int]()

    async def load_and_write(self: copying.SqliteCopying, scope: Scope, part: Part) -> None:
        await load(self, scope, part)
        if scope.user == "bob" and not written:
            line = write_lines(said("I write to alice's memory meanwhile.", "alice"), name="late.jsonl")
            written.append(await asyncio.to_thread(lambda: invoke("import", line, "-c", one).code))

    monkeypatch.setattr(copying.SqliteCopying, "load", load_and_write)
    refused = invoke("store", "migrate", "--to", two, "-c", one)
    assert (refused.code, written) == (3, [0])
    assert "Something was written for default/alice" in refused.err
    done = invoke("store", "migrate", "--to", two, "-c", one)
    assert done.code == 0, done.err
    assert hashes(invoke, two) == hashes(invoke, one)
