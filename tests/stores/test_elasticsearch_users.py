"""Who is listed as a user when a process dies in the midst of a first commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from memoryengine.errors import StoreUnavailable
from memoryengine.ports import Writes
from memoryengine.stores.elasticsearch.changes import fold
from memoryengine.stores.elasticsearch.codec import Codec
from memoryengine.stores.elasticsearch.connect import Connection
from memoryengine.stores.elasticsearch.layout import Names
from memoryengine.stores.elasticsearch.log import Log
from memoryengine.stores.elasticsearch.server import Action, Done, RealServer
from memoryengine.testing.store_samples import ALICE, COLLECTIONS, ENTRY, all_pages, ids_of, note

from .elasticsearch_stores import opened_store, prefix_for

pytestmark = pytest.mark.elasticsearch


class Dying(RealServer):
    """A server that is out of reach once a pending entry was created, as for a process that died then."""

    dead: ClassVar[bool] = False

    async def bulk(self, actions: Sequence[Action]) -> list[Done]:
        if self.dead:
            raise StoreUnavailable("The process is dead.")
        type(self).dead = any("payload" in action.body for action in actions)
        return await super().bulk(actions)


async def test_a_first_commit_that_others_finish_lists_its_user(es_url: str) -> None:
    async with prefix_for(es_url) as prefix, opened_store(es_url, prefix) as store:
        server = Dying(Connection(es_url).client, es_url, 10)
        codecs = {one.name: Codec(one) for one in COLLECTIONS}
        writes = Writes(put=(("note", note("a", "word")),), entry=ENTRY)
        changes, _ = fold(codecs, ALICE, writes, 1)
        with pytest.raises(StoreUnavailable, match="dead"):
            await Log(server, Names(prefix), codecs).commit(ALICE, changes, ENTRY, 0, lambda _: None)
        await server.close()
        assert ids_of(await all_pages(store, ALICE)) == ["a"]
        assert await store.revision(ALICE) == 1
        assert await store.scopes(ALICE.namespace) == (ALICE.user,)
