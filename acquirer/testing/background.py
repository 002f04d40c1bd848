"""An asyncio loop in a thread of its own, so that blocking code can stand beside what runs on it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from math import inf
from typing import Any, Generic, TypeVar

from acquirer.errors import PeerError

T = TypeVar("T")
R = TypeVar("R")

START_S = 30.0
"""A host that is not ready by then never will be: migrations on a slow disk take a second."""


LOOK_S = 0.5
"""Between two looks whether a loop that is waited for still runs: one that ends may leave a call behind."""


class HostEndedError(PeerError, RuntimeError):
    """The loop does not run any more."""

    def __init__(self) -> None:
        super().__init__("the host has ended")


class Background(Generic[T]):
    """A value that lives on the loop, and a way to use it from the thread that waits outside."""

    def __init__(self, value: T, loop: asyncio.AbstractEventLoop) -> None:
        self.value = value
        self._loop = loop

    def call(self, function: Callable[[], R]) -> R:
        """Run `function` on the loop's thread and return what it returns. Raises HostEndedError."""
        outcome: Future[R] = Future()

        def run() -> None:
            try:
                outcome.set_result(function())
            except BaseException as exc:
                outcome.set_exception(exc)

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError:
            raise HostEndedError from None
        return self._result(outcome, START_S)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` on the loop to its end, however long it takes, and return what it returns.

        Raises:
            HostEndedError: the loop has ended, or ends before it is done.
        """
        try:
            outcome = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise HostEndedError from None
        try:
            return self._result(outcome, inf)
        except HostEndedError:
            work.close()
            raise
        except BaseException:  # Ctrl-C too
            outcome.cancel()
            raise

    def _result(self, outcome: Future[R], most_s: float) -> R:
        end_s = time.monotonic() + most_s
        while True:
            try:
                return outcome.result(timeout=LOOK_S)
            except TimeoutError:
                if outcome.done() or time.monotonic() >= end_s:
                    raise
                if self._loop.is_closed():
                    raise HostEndedError from None


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
