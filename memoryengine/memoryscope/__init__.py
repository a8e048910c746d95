"""Configs of MemoryScope 0.1.1.0 turned into ours, with a line for whatever could not be carried over."""

from __future__ import annotations

from .convert import Converted, convert
from .source import is_memoryscope
from .written import written, written_workflow

__all__ = ["Converted", "convert", "is_memoryscope", "written", "written_workflow"]
