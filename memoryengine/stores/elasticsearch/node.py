"""How the official client sends one request: large bodies in pieces, and logs written only for who reads them."""

from __future__ import annotations

import io
import logging
from typing import Any

from elastic_transport import AiohttpHttpNode, HttpHeaders
from elastic_transport.client_utils import DEFAULT, DefaultType

PIECE = 2**18
_logger = logging.getLogger("elastic_transport.node")


class Node(AiohttpHttpNode):
    """A node of a cluster over aiohttp, which would write a large body at once while the event loop waits."""

    async def perform_request(  # type: ignore[override]  # as in the class above, which is async
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        """The answer to one request; raises what the transport raises."""
        sent: Any = _Large(body) if body is not None and len(body) > PIECE else body
        return await super().perform_request(method, target, sent, headers, request_timeout)

    def _log_request(self, *args: Any, **named: Any) -> None:
        # else it makes a text of every request and answer, as soon as any logger of the program has a handler
        if _logger.isEnabledFor(logging.DEBUG):
            super()._log_request(*args, **named)


class _Large(io.BytesIO):
    """A body that is read and sent piece by piece; in a log stands its length."""

    def decode(self, *_: str) -> str:
        return f"{len(self.getbuffer()):,} bytes"
