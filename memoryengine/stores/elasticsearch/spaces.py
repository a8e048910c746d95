"""Whether an index that was put into use meanwhile still holds vectors of this process's embedder.

A write of a vector to a field that is not there is refused by the server, but a search for one finds nothing. So the
index behind an alias, which every read learns of anyway, is looked at once when it is another one than before.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import VectorMismatch
from ...ports import VectorSpace
from .failures import MISMATCH
from .layout import vector_field
from .server import RealServer


class Spaces:
    """Remembers which indices hold vectors of a space."""

    def __init__(self, server: RealServer, space: VectorSpace | None) -> None:
        self._server, self._space = server, space
        self._known: set[str] = set()

    async def check(self, indices: Iterable[str]) -> None:
        """Raise `VectorMismatch` if one of these indices has no field for the vectors."""
        if self._space is None:
            return
        field = vector_field(self._space)
        for index in [one for one in indices if one not in self._known]:
            answer = await self._server.ask(lambda client, index=index: client.indices.get_mapping(index=index))  # type: ignore[misc]  # the default binds it
            if field not in answer[index]["mappings"]["properties"]:
                raise VectorMismatch(MISMATCH)
            self._known.add(index)
