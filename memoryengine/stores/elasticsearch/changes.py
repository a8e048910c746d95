"""From writes to one change a document, and from what is there to what may be or became of them; pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ...errors import IdConflict, StoreError
from ...ports import Appended, Document, Writes
from ...values import Scope
from .codec import GONE, Change, Codec
from .keys import document_key, scope_key
from .server import Got

Need = tuple[Literal["new", "there"], str]
"""Whether a document may not be deleted (`new`) or must live (`there`) before the commit, and its id for an error."""


def fold(codecs: Mapping[str, Codec], scope: Scope, writes: Writes, revision: int) -> tuple[list[Change], list[Need]]:
    """One change for each document that is touched, as if put, patched and deleted in this order."""
    scope_, held, needs = scope_key(scope), dict[tuple[str, str], Change](), dict[tuple[str, str], Need]()
    for name, document in writes.put:
        key = document_key(scope_, document.id)
        held[name, key] = Change(name, key, "put", codecs[name].source(scope_, document, revision))
        needs[name, key] = ("new", document.id)
    for patch in writes.patch:
        key, codec = document_key(scope_, patch.id), codecs[patch.collection]
        before = held.get((patch.collection, key), Change(patch.collection, key, "patch", {}))
        held[patch.collection, key] = _patched(codec, before, codec.plain(patch.fields), revision)
        needs.setdefault((patch.collection, key), ("there", patch.id))
    for name, id_ in writes.delete:
        key = document_key(scope_, id_)
        held[name, key] = Change(name, key, "delete")
        needs.setdefault((name, key), ("there", id_))
    return list(held.values()), [needs[where] for where in held]


def _patched(codec: Codec, change: Change, fields: dict[str, object], revision: int) -> Change:
    content = dict(change.content or {})
    if change.verb == "patch":
        return replace(change, content=content | fields)
    more = codec.patched(content, fields, revision)
    kept = {name: value for name, value in (content["fields"] | more["fields"]).items() if value is not None}
    return replace(change, content=content | more | {"fields": kept})


def check_documents(changes: Sequence[Change], needs: Sequence[Need], found: Sequence[Got]) -> None:
    """Raise `StoreError` for a put of what was deleted, and a patch or deletion of what is not there."""
    for change, (need, id_), got in zip(changes, needs, found, strict=True):
        gone = got.source is not None and got.source["state"] == GONE
        if need == "new" and gone:
            raise StoreError(f"The document {id_!r} of {change.collection!r} was deleted and cannot be put again.")
        if need == "there" and (gone or got.source is None):
            fate = "was deleted" if gone else "is not there"
            raise StoreError(
                f"The document {id_!r} of {change.collection!r} {fate}, so it cannot be patched or deleted."
            )


def appended(codec: Codec, scope: str, documents: Sequence[Document], held: Mapping[str, Got], call: str) -> Appended:
    """What became of each document; `held` are those that were there. A 409 may be the echo of this very call."""
    new, known, deleted, conflicts = [], [], [], []
    for document in documents:
        got = held.get(document_key(scope, document.id))
        if got is None or got.source is None or got.source.get("call") == call:
            new.append(document.id)
        elif got.source["state"] == GONE:
            deleted.append(document.id)
        elif codec.document(got.source["document"]).digest == document.digest:
            known.append(document.id)
        else:
            conflicts.append(document.id)
    if conflicts:
        raise IdConflict(conflicts)
    return Appended(tuple(new), tuple(known), tuple(deleted))
