"""A store in Elasticsearch that kills its process at a chosen request to the server.

One call of that store is several requests, so this kills at more points than `kill_points` can. In a config:

    store:
      class: memoryengine.testing.kill_requests:KillingElasticsearch
      url: ${ELASTICSEARCH_URL}
      at: ${KILL_AT:-0}
      when: ${KILL_WHEN:-before}
      log: ${KILL_LOG:-}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..stores.elasticsearch import ElasticsearchStore
from ..stores.elasticsearch.node import Node
from .kill_points import Counted, When, logging_to

_OF = re.compile(rb'\{"(create|index|update)":\{"_index":"([^"]+)"|[{,]"_?index":\[?"([^"]+)"')


class KillingElasticsearch(ElasticsearchStore):
    """The store in Elasticsearch, which kills the process with SIGKILL at its `at`-th HTTP request.

    `when` says whether before the request is sent, or after its answer has come; see `Counted`. `at` may be text, as
    environment variables are. `requests` are the names of all requests so far, and `log` is a file to write them to.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        at: int | str = 0,
        when: When = "before",
        log: Path | str = "",
        **settings: Any,
    ) -> None:
        counted = Counted(at=int(at or 0), when=when, told=logging_to(log) if log else None)
        self.requests = counted.names

        class Counting(Node):
            async def perform_request(  # type: ignore[override]  # of the rest this need know nothing
                self, method: str, target: str, body: bytes | None = None, *rest: Any, **more: Any
            ) -> Any:
                request = partial(super().perform_request, method, target, body, *rest, **more)
                return await counted.pass_on(name_of(method, target, body), request)

        super().__init__(url, node_class=Counting, **settings)


def name_of(method: str, target: str, body: bytes | None) -> str:
    """What a request does, without spaces: `bulk,create,memoryengine-history` or `GET,/memoryengine-*`.

    Of a request that holds several things, each that it does and each index is named once.
    """
    path = target.partition("?")[0]
    if path not in ("/_bulk", "/_mget", "/_msearch"):
        return f"{method},{path}"
    named = {",".join(part.decode() for part in found if part): None for found in _OF.findall(body or b"")}
    return ",".join([path[2:], *named])
