"""An event loop in which nothing happens by itself, so that a test says what comes next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


class QuietLoop(asyncio.AbstractEventLoop):
    """An event loop without time or sockets: it runs until everybody waits for somebody else."""

    def __init__(self) -> None:
        self._ready: deque[tuple[asyncio.Handle, Context]] = deque()
        self.errors: list[Any] = []

    def settle(self) -> None:
        """Run everything that can run."""
        asyncio._set_running_loop(self)
        try:
            while self._ready:
                handle, context = self._ready.popleft()
                if not handle.cancelled():
                    context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
        finally:
            asyncio._set_running_loop(None)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]  # any arguments
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, context or copy_context()))
        return handle

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, **kwargs)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: Any) -> None:
        self.errors.append(context)


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that waits for nothing but itself."""
    loop = QuietLoop()  # type: ignore[abstract]  # tasks need no more of a loop
    asyncio._set_running_loop(loop)
    try:
        task: asyncio.Task[Result] = loop.create_task(coroutine)
    finally:
        asyncio._set_running_loop(None)
    loop.settle()
    return task.result()
