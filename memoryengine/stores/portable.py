"""What all stores write alike, so that one can be copied into another without loss; pure functions.

**What was deleted.** A deleted id must stay deleted in the copy. Elasticsearch keeps no ids of deleted documents, and
need not: ids may be personal. It keeps the key of one, a hash of scope and id. A hash cannot be turned back into an
id, but every store can make it of an id that it is asked about. So the key, with the revision of the deletion, is what
is carried; the embedded store writes a key that was carried to it into the place of an id (see `sqlite.documents`).

**Vectors.** The embedded store keeps float32, Elasticsearch decimals with seven digits. Both are carried as whole
numbers of 1e-7: a float32 below 1 lies within 3e-8 of its decimal, so neither way changes a number, and copies can be
compared by hash: see `vectors.carried_vector`.
"""

from __future__ import annotations

from base64 import b32encode
from hashlib import blake2b

from ..values import Scope


def scope_key(scope: Scope) -> str:
    """24 characters that stand for a scope."""
    return _short(f"{scope.namespace}\0{scope.user}".encode())


def document_key(scope: str, id_: str) -> str:
    """24 characters that stand for a document of the scope with this key."""
    return _short(f"{scope}\0{id_}".encode("utf-8", "surrogatepass"))


def _short(text: bytes) -> str:
    # base32, for a `preference` in Elasticsearch may not begin with an underscore
    return b32encode(blake2b(text, digest_size=15).digest()).decode().lower()
