"""An asyncio loop in a thread of its own, so that blocking code can stand beside what runs on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

START_S = 30.0
"""A host that is not ready by then never will be: migrations on a slow disk take a second."""


class Background(Generic[T]):
    """What stands on the loop, and a way to reach it from the thread that waits outside."""

    def __init__(self, value: T, loop: asyncio.AbstractEventLoop) -> None:
        self.value = value
        self._loop = loop

    def call(self, function: Callable[[], R]) -> R:
        """Run `function` on the loop's thread and return what it returns."""
        outcome: Future[R] = Future()

        def run() -> None:
            try:
                outcome.set_result(function())
            except BaseException as wrong:
                outcome.set_exception(wrong)

        self._loop.call_soon_threadsafe(run)
        return outcome.result(timeout=START_S)


@contextmanager
def in_background(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[Background[T]]:
    """Enter an async context manager on a loop in a new thread; leave it, and end the thread, at the end of the block.

    Whatever the manager raises, on the way in or out, is raised here.
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
            asyncio.run(live())
        except BaseException as wrong:
            over["wrong"] = wrong
            if not ready.done():
                ready.set_exception(wrong)

    thread = threading.Thread(target=run, name="acquirer-host", daemon=True)
    thread.start()
    try:
        yield ready.result(timeout=START_S)
    finally:
        if "wrong" not in over:
            over["stop"]()
        thread.join(timeout=START_S)
    if "wrong" in over:
        raise over["wrong"]
