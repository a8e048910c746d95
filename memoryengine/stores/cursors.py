"""Cursors of paging: the place behind one document, as an opaque text."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from ..errors import StoreError
from ..ports import Sort


def write_cursor(order: Sequence[Sort], values: Sequence[Any], id_: str) -> str:
    """The place behind the document of these plain values and this id."""
    plain = [[[one.field, one.descending] for one in order], list(values), id_]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode()


def read_cursor(order: Sequence[Sort], cursor: str) -> tuple[list[Any], str]:
    """The values and the id that a cursor was written with; raises `StoreError` if it is not one of this order."""
    try:
        made_for, values, id_ = json.loads(base64.urlsafe_b64decode(cursor))
        if made_for == [[one.field, one.descending] for one in order] and len(values) == len(order):
            return list(values), str(id_)
    except (ValueError, TypeError):
        pass
    raise alien_cursor()


def alien_cursor() -> StoreError:
    """The error of a cursor that was not written for this order."""
    return StoreError("This cursor does not belong to this order: pass the cursor of the page before, or none.")
