"""Names of fixed length for scopes, documents and terms, so that any text can be one and none stands in the index.

Elasticsearch ends an `_id` at 512 bytes and a token at 255 characters, and takes no white space in a token.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain

import numpy as np
import numpy.typing as npt

from ..portable import document_key as document_key
from ..portable import scope_key as scope_key

TERM_BYTES = 7
SLOTS = 1024


def slot_of(key: str) -> int:
    """A number below `SLOTS`, spread evenly: by ranges of it a scope can be searched in parts."""
    return int.from_bytes(blake2b(key.encode(), digest_size=2).digest()) % SLOTS


class TermKeys:
    """Turns the terms of one scope into numbers of 56 bits and tokens; equal terms of two scopes differ.

    So the postings of a token are one scope's alone: other people's texts make no search of it slower.
    """

    def __init__(self, scope: str) -> None:
        self._seed = blake2b(scope.encode(), digest_size=TERM_BYTES)

    def number(self, term: str) -> int:
        """The term as a number below 2**56."""
        return int.from_bytes(self._digest(term))

    def token(self, term: str) -> str:
        """The term as ten characters without white space."""
        return urlsafe_b64encode(self._digest(term)).rstrip(b"=").decode()

    def tokens(self, terms: Iterable[str]) -> str:
        """Terms as a line that the `whitespace` analyzer takes apart again."""
        return " ".join(map(self.token, terms))

    def counts(self, terms: Iterable[str]) -> bytes:
        """How often each term occurs: little-endian numbers of 64 bits, the term above, its count in the last byte.

        A term that occurs more than 255 times has several entries, whose counts add up.
        """
        held: dict[int, int] = {}
        for term in terms:
            number = self.number(term)
            held[number] = held.get(number, 0) + 1
        entries = chain.from_iterable(_entries(number, count) for number, count in held.items())
        return np.fromiter(entries, "<u8").tobytes()

    def _digest(self, term: str) -> bytes:
        state = self._seed.copy()
        state.update(b"\0" + term.encode("utf-8", "surrogatepass"))
        return state.digest()


def read_counts(data: bytes) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The numbers of terms and how often each occurs, from what `TermKeys.counts` wrote."""
    entries = np.frombuffer(data, "<u8")
    return entries >> np.uint64(8), (entries & np.uint64(255)).astype(np.int64)


def _entries(number: int, count: int) -> Iterable[int]:
    whole, rest = divmod(count, 255)
    return [number << 8 | 255] * whole + ([number << 8 | rest] if rest else [])
