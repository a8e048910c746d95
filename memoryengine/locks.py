"""Turns for work that would only get into its own way: one lock for each scope."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from .values import Scope


class ScopeLocks:
    """One lock for each scope and event loop, kept as long as somebody holds it or waits.

    Event loops and processes do not wait for each other, so nothing that must be right may rest on these locks; they
    save work that would have to be done again.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, Scope], asyncio.Lock] = WeakValueDictionary()

    def of(self, scope: Scope) -> asyncio.Lock:
        """The lock of a scope in the running event loop."""
        return self._locks.setdefault((asyncio.get_running_loop(), scope), asyncio.Lock())
