"""An asyncio loop in a thread of its own, so that blocking code can stand beside what runs on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

START_S = 30.0
"""A host that is not ready by then never will be: migrations on a slow disk take a second."""


class Background(Generic[T]):
    """A value that lives on the loop, and a way to use it from the thread that waits outside."""

    def __init__(self, value: T, loop: asyncio.AbstractEventLoop) -> None:
        self.value = value
        self._loop = loop

    def call(self, function: Callable[[], R]) -> R:
        """Run `function` on the loop's thread and return what it returns."""
        outcome: Future[R] = Future()

        def run() -> None:
            try:
                outcome.set_result(function())
            except BaseException as exc:
                outcome.set_exception(exc)

        self._loop.call_soon_threadsafe(run)
        return outcome.result(timeout=START_S)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` on the loop to its end, however long it takes, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def in_background(
    make: Callable[[], AbstractAsyncContextManager[T]],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Iterator[Background[T]]:
    """Enter an async context manager on a loop in a new thread; leave it, and end the thread, at the end of the block.

    What the manager raises, on the way in or out, is raised here.

    Args:
        loop_factory: makes the loop; None: asyncio does.
    """
    ready: Future[Background[T]] = Future()
    over: dict[str, Any] = {}

    async def live() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        over["stop"] = lambda: loop.call_soon_threadsafe(stop.set)
        async with make() as value:
            ready.set_result(Background(value, loop))
            await stop.wait()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(live())
        except BaseException as exc:
            over["error"] = exc
            if not ready.done():
                ready.set_exception(exc)

    thread = threading.Thread(target=run, name="acquirer-host", daemon=True)
    thread.start()
    try:
        yield ready.result(timeout=START_S)
    finally:
        if "error" not in over:
            over["stop"]()
        thread.join(timeout=START_S)
    if "error" in over:
        raise over["error"]
