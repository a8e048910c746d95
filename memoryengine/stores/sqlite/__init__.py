"""The embedded store: one SQLite file, no service; several processes may share it."""

from .store import SqliteStore

__all__ = ["SqliteStore"]
