"""Long-term memory for AI agents: workers, chained by checked YAML workflows, over a pluggable store.

    from memoryengine import MemoryEngine

    engine = MemoryEngine()
    engine.default_memory_chat.chat_with_memory(query="My hobby is playing the guitar.")
    print(engine.default_memory_service.run_service_operation("consolidate_memory"))

The names below are public and stay; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import AsyncMemoryEngine as AsyncMemoryEngine
    from .chat import ChatResponse as ChatResponse
    from .errors import ConfigError as ConfigError
    from .errors import InputError as InputError
    from .errors import MemoryEngineError as MemoryEngineError
    from .errors import ModelError as ModelError
    from .errors import StoreError as StoreError
    from .results import Result as Result
    from .sync import MemoryEngine as MemoryEngine
    from .values import Changes as Changes
    from .values import Hit as Hit
    from .values import Memory as Memory
    from .values import Message as Message
    from .values import Period as Period

__version__ = "0.1.0"

_HOMES = {
    "api": ("AsyncMemoryEngine",),
    "chat": ("ChatResponse",),
    "errors": ("ConfigError", "InputError", "MemoryEngineError", "ModelError", "StoreError"),
    "results": ("Result",),
    "sync": ("MemoryEngine",),
    "values": ("Changes", "Hit", "Memory", "Message", "Period"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # the names are texts, gathered above


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
