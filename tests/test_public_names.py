"""The public names and signatures, pinned: a change here is a change for users and belongs in the changelog."""

from __future__ import annotations

import inspect
import subprocess
import sys
from functools import cached_property

import pytest

import memoryengine
from memoryengine import AsyncMemoryEngine, MemoryEngine, api, sync

NAMES = """
__version__ AsyncMemoryEngine Changes ChatResponse ConfigError Hit InputError Memory MemoryEngine MemoryEngineError
Message ModelError Period Result StoreError
"""
CHAT_INPUTS = (
    "(self, query: 'str', role_name: 'str | None' = None, system_prompt: 'str | None' = None, "
    "memory_prompt: 'str | None' = None, temporary_memories: 'str | Sequence[str] | None' = None, "
    "history_message_strategy: 'HistoryStrategy' = 'configured', remember_response: 'bool' = True)"
)
OPERATION_INPUTS = "(self, name: 'str', role_name: 'str | None' = None, **kwargs: 'object') -> 'Result'"
FURTHER = "(self, role_name: 'str | None' = None, **kwargs: 'object') -> 'Result'"
NO_INPUTS = "(self, role_name: 'str | None' = None) -> 'Result'"
SIGNATURES = {
    "MemoryEngine": {
        "__init__": "(self, config_path: 'Config' = None, *, clock: 'Clock | None' = None, "
        "store: 'Store | None' = None) -> 'None'",
        "open": "(self) -> 'Self'",
        "close": "(self) -> 'None'",
        "settings": "property",
        "operations": "property",
        "plan": "(self, operation: 'str') -> 'Plan'",
        "user": "(self, user: 'str | None' = None, *, namespace: 'str | None' = None) -> 'UserMemory'",
        "default_memory_chat": "property",
        "default_memory_service": "property",
        "users": "(self, namespace: 'str | None' = None) -> 'tuple[str, ...]'",
        "status": "(self, user: 'str | None' = None) -> 'Status'",
        "check_online": "(self) -> 'Report'",
        "consolidate_all": "(self, users: 'Iterable[str] | None' = None, *, concurrency: 'int' = 32, "
        "told: 'Callable[[Done], None] | None' = None) -> 'tuple[Done, ...]'",
        "start": "(self) -> 'None'",
        "stop": "(self, seconds: 'float' = 20.0) -> 'None'",
        "run_due": "(self, limit: 'int | None' = None) -> 'tuple[Ran, ...]'",
    },
    "UserMemory": {
        "add_messages": "(self, messages: 'Iterable[MessageLike]') -> 'Appended'",
        "retrieve": "(self, query: 'str', **inputs: 'object') -> 'Result'",
        "consolidate": "(self, *, dry_run: 'bool' = False, told: 'Told | None' = None) -> 'Result'",
        "reflect": "(self, *, dry_run: 'bool' = False) -> 'Result'",
        "list": "(self, kind: 'str | None' = None, *, expired: 'bool | None' = None, "
        "limit: 'int | None' = None, as_of: 'Moment | None' = None, known_at: 'Moment | None' = None) -> 'Result'",
        "add": "(self, content: 'str') -> 'Result'",
        "delete": "(self, memory_id: 'str', *, with_messages: 'bool | None' = None) -> 'Result'",
        "delete_message": "(self, message_id: 'str') -> 'Result'",
        "delete_all": "(self, *, with_messages: 'bool | None' = None) -> 'Result'",
        "restore": "(self, memory_id: 'str', *, instead: 'bool | None' = None) -> 'Result'",
        "expire": "(self, memory_id: 'str', *, by: 'str | None' = None) -> 'Result'",
        "why": "(self, item_id: 'str') -> 'Why'",
        "history": "(self, memory_id: 'str | None' = None, *, limit: 'int' = 100, cursor: 'str | None' = None) "
        "-> 'History'",
        "messages": "(self, limit: 'int | None' = None) -> 'Result'",
        "run": "(self, operation: 'str', *, dry_run: 'bool' = False, told: 'Told | None' = None, **inputs: 'object') "
        "-> 'Result'",
        "runs": "(self, limit: 'int | None' = 20) -> 'tuple[Run, ...]'",
        "find_run": "(self, run_id: 'str') -> 'Run'",
        "quarantined": "(self, limit: 'int | None' = None) -> 'tuple[SetAside, ...]'",
        "retry": "(self, message_id: 'str | None' = None) -> 'tuple[Message, ...]'",
        "discard": "(self, message_id: 'str | None' = None) -> 'tuple[Message, ...]'",
    },
    "MemoryService": {
        "run_service_operation": OPERATION_INPUTS,
        "retrieve_memory": "(self, query: 'str', role_name: 'str | None' = None, **kwargs: 'object') -> 'Result'",
        "consolidate_memory": NO_INPUTS,
        "reflect_and_reconsolidate": NO_INPUTS,
        "list_memory": FURTHER,
        "add_memory": "(self, content: 'str', role_name: 'str | None' = None) -> 'Result'",
        "delete_memory": "(self, memory_id: 'str', role_name: 'str | None' = None, **kwargs: 'object') -> 'Result'",
        "delete_all": FURTHER,
        "read_message": FURTHER,
        "start_backend_service": "(self) -> 'None'",
        "stop_backend_service": "(self) -> 'None'",
    },
    "MemoryChat": {
        "memory_service": "property",
        "chat_with_memory": f"{CHAT_INPUTS} -> 'ChatResponse'",
        "stream_with_memory": f"{CHAT_INPUTS} -> 'Iterator[str]'",
        "run_service_operation": OPERATION_INPUTS,
        "start_backend_service": "(self) -> 'None'",
    },
}
# Where the two sides differ on purpose: the sync facade hides its event loop and takes a scope apart by `user`.
ASYNC_ALONE = {"MemoryEngine": {"run_operation"}}
HELD = {"engine", "scope", "inner", "settings"}
HEAVY = ("llama_index", "numpy", "aiohttp", "requests", "openai", "pydantic", "typer", "rich", "sqlite3", "asyncio")


def members(cls: type) -> dict[str, str]:
    """The public methods and properties of a class, each with its signature."""
    found = {}
    for name, member in vars(cls).items():
        if isinstance(member, property | cached_property):
            found[name] = "property"
        elif inspect.isfunction(member):
            found[name] = str(inspect.signature(member))
    return {name: shown for name, shown in found.items() if not name.startswith("_") or name == "__init__"}


def test_the_public_names_are_these() -> None:
    assert memoryengine.__all__ == NAMES.split()
    assert dir(memoryengine) == sorted(NAMES.split())
    assert [n for n in memoryengine.__all__ if getattr(memoryengine, n, None) is None] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'MemoryScope'"):
        memoryengine.__getattr__("MemoryScope")
    assert not hasattr(memoryengine, "memory_scope")
    assert memoryengine.MemoryEngine is MemoryEngine


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_pinned(name: str) -> None:
    found = members(getattr(sync, name))
    if name != "MemoryEngine":
        found.pop("__init__", None)
    assert found.keys() == SIGNATURES[name].keys()
    assert found == SIGNATURES[name]
    assert inspect.getdoc(getattr(sync, name))


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_sync_facade_mirrors_the_async_engine(name: str) -> None:
    ours, theirs = members(getattr(sync, name)), members(getattr(api, f"Async{name}"))
    assert theirs.keys() - ours.keys() - HELD == ASYNC_ALONE.get(name, set())
    assert ours.keys() - theirs.keys() - HELD == set()
    for member in (ours.keys() & theirs.keys()) - {"__init__"}:
        same = theirs[member].replace("AsyncGenerator[str, None]", "Iterator[str]")
        same = same.replace("AsyncUserMemory", "UserMemory")
        assert ours[member] == same, member


def test_both_engines_are_made_alike() -> None:
    made = inspect.signature(AsyncMemoryEngine.__init__)
    assert made == inspect.signature(MemoryEngine.__init__)
    assert list(made.parameters) == ["self", "config_path", "clock", "store"]
    assert inspect.iscoroutinefunction(AsyncMemoryEngine.__aenter__)


def loaded_by(code: str) -> list[str]:
    """Which heavy packages a fresh process has loaded after `code`."""
    probe = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


def test_importing_loads_nothing_heavy() -> None:
    assert loaded_by("import memoryengine; memoryengine.__version__") == []
    engine = loaded_by("from memoryengine import AsyncMemoryEngine, MemoryEngine, Memory")
    assert set(engine) <= {"asyncio"}
    assert "llama_index" not in loaded_by("import memoryengine.cli.app")


def test_an_embedded_engine_needs_neither_llama_index_nor_a_network_client() -> None:
    found = loaded_by("from memoryengine import MemoryEngine; print(MemoryEngine().user('alice').add('I like tea.'))")
    assert not {"llama_index", "aiohttp", "requests", "openai", "pydantic"} & set(found)
    assert "I like tea." in " ".join(found)
    assert "asyncio" in found
