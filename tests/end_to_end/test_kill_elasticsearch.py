"""Killed at any request to Elasticsearch, a commit is there whole or not at all; scripts/kill_points.py kills more."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stores.children import run_child
from tests.stores.elasticsearch_stores import remove

pytestmark = pytest.mark.elasticsearch

SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_points.py"
RANDOM_RUNS = os.environ.get("MEMORYENGINE_RANDOM_KILLS", "2")

ONE_COMMIT = """
    import asyncio, json, sys
    from kill_processes import KILLED, call, in_child, outcome
    from memoryengine.ports import HISTORY, Patch, Writes
    from memoryengine.stores.elasticsearch import ElasticsearchStore
    from memoryengine.testing.kill_requests import KillingElasticsearch
    from memoryengine.testing.store_samples import COLLECTIONS, SPACE, entry, note
    from memoryengine.values import Scope

    URL, PREFIX, LOG = sys.argv[1:]
    PUT, PATCH = (("note", note("b")), ("note", note("c"))), (Patch("note", "a", {"rank": 1}),)

    async def work(scope, at=0, when="before"):
        store = KillingElasticsearch(URL, index_prefix=PREFIX, at=at, when=when, log=LOG + scope.user)
        await store.open(COLLECTIONS, SPACE)
        await store.append(scope, "note", [note("a")])
        await store.commit(scope, Writes(put=PUT, patch=PATCH, entry=entry()), expect=0)
        await store.close()
        return [name.replace(PREFIX, "") for name in store.requests]

    async def look(scope):
        store = ElasticsearchStore(URL, index_prefix=PREFIX)
        await store.open(COLLECTIONS, SPACE)
        async with store.client as client:
            await client.indices.refresh(index=f"{PREFIX}-{HISTORY}")
            pending = await client.count(index=f"{PREFIX}-{HISTORY}", query={"term": {"state": "pending"}})
            page = await store.page(scope, "note")
            await client.indices.refresh(index=f"{PREFIX}-{HISTORY}")
            left = await client.count(index=f"{PREFIX}-{HISTORY}", query={"term": {"state": "pending"}})
        ids = [one.id + str(one.fields.get("rank", "")) for one in page.documents]
        revision = await store.revision(scope)
        await store.close()
        return {"pending": pending["count"], "ids": ids, "revision": revision, "left": left["count"]}

    call(lambda: asyncio.run(look(Scope("nobody"))))  # makes the indices
    names = call(lambda: asyncio.run(work(Scope("unkilled"))))
    found = []
    for at in range(names.index("mget,-scopes"), len(names) + 1):
        for when in ("before", "after"):
            scope = Scope(f"{at}{when}")
            assert outcome(*in_child(lambda: asyncio.run(work(scope, at, when)))) is KILLED
            found.append([at, when, call(lambda: asyncio.run(look(scope)))])
    print(json.dumps([names, found]))
    """


async def test_a_commit_is_there_from_the_moment_its_entry_is(es_url: str, tmp_path: Path) -> None:
    prefix = f"t-{secrets.token_hex(6)}"
    try:
        names, found = json.loads(run_child(ONE_COMMIT, es_url, prefix, f"{tmp_path}/"))
    finally:
        await remove(es_url, prefix)
    appended, created, reduced = (
        next(number for number, name in enumerate(names, start=1) if part in name)
        for part in ("bulk,create,-note,", "create,-history", "index,-history-000001-writer")
    )
    assert appended < created < reduced == len(names)
    assert len(found) == 2 * (len(names) + 1 - names.index("mget,-scopes"))
    for at, when, held in found:
        done = at if when == "after" else at - 1  # how many requests were answered
        stands = done >= created
        assert held["ids"] == (["a1", "b", "c"] if stands else ["a"] * (done >= appended)), (at, when)
        assert held["revision"] == stands
        assert held["pending"] == (created <= done < reduced)
        assert held["left"] == 0


def test_two_processes_of_which_one_is_killed(es_url: str) -> None:
    options = ["--store", "elasticsearch", "--messages", "3", "--every", "40", "--random", RANDOM_RUNS, "--json"]
    environment = {**os.environ, "MEMORYENGINE_TEST_ES_URL": es_url}
    command = [sys.executable, str(SCRIPT), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["problems"] == []
    assert done.returncode == 0
    points = found["points"]
    assert points["opening, before"] == points["opening, after"] == 1
    assert points["ahead, before"] == points["ahead, after"] >= 2
    assert points.get("racing, before", 0) + points.get("racing, after", 0) >= 2
    assert points.get("random", 0) == int(RANDOM_RUNS)
    assert found["counts"]["looks while a second process went on"] >= found["runs"]
