"""Names of fixed length for scopes, documents and terms, so that any text can be one and none stands in the index.

Elasticsearch ends an `_id` at 512 bytes and a token at 255 characters, and takes no white space in a token.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, starmap

import numpy as np
import numpy.typing as npt

from ..portable import document_key as document_key
from ..portable import scope_key as scope_key

TERM_BYTES = 7
KNOWN_SCOPES, KNOWN_TERMS = 32, 10_000
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
        self._known: dict[str, tuple[int, str]] = {}

    def number(self, term: str) -> int:
        """The term as a number below 2**56."""
        return self._both(term)[0]

    def token(self, term: str) -> str:
        """The term as ten characters without white space."""
        return self._both(term)[1]

    def tokens(self, terms: Iterable[str]) -> str:
        """Terms as a line that the `whitespace` analyzer takes apart again."""
        return " ".join(map(self.token, terms))

    def counts(self, terms: Iterable[str]) -> bytes:
        """How often each term occurs: little-endian numbers of 64 bits, the term above, its count in the last byte.

        A term that occurs more than 255 times has several entries, whose counts add up.
        """
        held = Counter(map(self.number, terms))
        return np.array(list(chain.from_iterable(starmap(_entries, held.items()))), "<u8").tobytes()

    def _both(self, term: str) -> tuple[int, str]:
        both = self._known.get(term)
        if both is None:
            state = self._seed.copy()
            state.update(b"\0" + term.encode("utf-8", "surrogatepass"))
            digest = state.digest()
            both = int.from_bytes(digest), urlsafe_b64encode(digest).rstrip(b"=").decode()
            if len(self._known) >= KNOWN_TERMS:
                self._known.clear()
            self._known[term] = both
        return both


@lru_cache(maxsize=KNOWN_SCOPES)
def term_keys(scope: str) -> TermKeys:
    """The keys of the terms of a scope, kept for a while, for most words come again."""
    return TermKeys(scope)


def read_counts(data: bytes) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The numbers of terms and how often each occurs, from what `TermKeys.counts` wrote."""
    entries = np.frombuffer(data, "<u8")
    return entries >> np.uint64(8), (entries & np.uint64(255)).astype(np.int64)


def _entries(number: int, count: int) -> Iterable[int]:
    whole, rest = divmod(count, 255)
    return [number << 8 | 255] * whole + ([number << 8 | rest] if rest else [])
